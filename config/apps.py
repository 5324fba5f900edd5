from django.apps import AppConfig
from django.db.models.signals import post_migrate

from config.schedule import ensure_schedule


class ConfigConfig(AppConfig):
    """The portal as a whole: settings, addresses, schedule and the commands that run it."""

    name = "config"

    def ready(self) -> None:
        from config import checks  # noqa: F401  registers the system checks

        post_migrate.connect(ensure_schedule, sender=self, dispatch_uid="schedule")
