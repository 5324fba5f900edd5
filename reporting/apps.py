from django.apps import AppConfig


class ReportingConfig(AppConfig):
    """What is told about conversations: the Contact Log and its files."""

    name = "reporting"
    default_auto_field = "django.db.models.BigAutoField"
