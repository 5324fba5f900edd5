from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class ConfigConfig(AppConfig):
    """The portal as a whole: settings, addresses, schedule and the commands that run it."""

    name = "config"

    def ready(self) -> None:
        from config import checks, heartbeats  # noqa: F401  register themselves
        from config.schedule import ensure_schedule

        # Told when the scheduler's own tables are there.
        scheduler = apps.get_app_config("django_celery_beat")
        post_migrate.connect(ensure_schedule, sender=scheduler, dispatch_uid="schedule")
