import os
from functools import partial

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy


class ChannelsCfgConfig(AppConfig):
    """What administrators decide: channels, queues, keys, rights."""

    name = "channels_cfg"
    verbose_name = gettext_lazy("Configuration")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from channels_cfg import jobs
        from channels_cfg.configuration_file import waiting
        from channels_cfg.ignored_triggers import ask_cheaply
        from channels_cfg.models import WaitingUpload
        from channels_cfg.planner_statistics import gather_none_of_customer_data
        from channels_cfg.rights.roles import ensure_default_roles

        jobs.register(WaitingUpload, partial(waiting.work, environment=os.environ))
        post_migrate.connect(gather_none_of_customer_data, dispatch_uid="planner statistics")
        post_migrate.connect(ask_cheaply, sender=self, dispatch_uid="ignored triggers")
        post_migrate.connect(ensure_default_roles, dispatch_uid="default roles")
