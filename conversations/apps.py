from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    """What happens: conversations, legs, messages, attached data, history."""

    name = "conversations"
    default_auto_field = "django.db.models.BigAutoField"
