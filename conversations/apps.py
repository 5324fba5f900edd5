from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class ConversationsConfig(AppConfig):
    """What happens: conversations, legs, messages, attached data, history."""

    name = "conversations"
    verbose_name = gettext_lazy("Conversations")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from conversations import jobs
        from conversations.doors.conversation_api import apply
        from conversations.models import InboundDelivery

        jobs.register(InboundDelivery, apply.work)
