from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class ConversationsConfig(AppConfig):
    """What happens: conversations, legs, messages, attached data, history."""

    name = "conversations"
    verbose_name = gettext_lazy("Conversations")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from conversations import jobs
        from conversations.doors import deliveries, registry
        from conversations.doors.conversation_api.door import DOOR
        from conversations.models import InboundDelivery

        registry.register(DOOR)
        jobs.register(InboundDelivery, deliveries.work)
