from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class ReportingConfig(AppConfig):
    """What is told about conversations: the Contact Log and its files."""

    name = "reporting"
    verbose_name = gettext_lazy("Reporting")
    default_auto_field = "django.db.models.BigAutoField"
