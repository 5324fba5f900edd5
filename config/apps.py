from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """The portal as a whole: settings, addresses, schedule and the commands that run it."""

    name = "config"

    def ready(self) -> None:
        from config import checks  # noqa: F401  registers the system checks
