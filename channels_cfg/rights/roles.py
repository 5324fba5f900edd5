"""The groups every installation starts with."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Q

from channels_cfg.history.change_reason import changing_settings

CONFIGURATOR = "System Configurator"
SUPERVISOR = "Supervisor"
AGENT = "Agent"
REPORTING_ADMINISTRATOR = "Reporting Administrator"
API_CLIENT = "API Client"

DEFAULT_ROLES = (CONFIGURATOR, SUPERVISOR, AGENT, REPORTING_ADMINISTRATOR, API_CLIENT)

_CONFIGURED_APPS = ("channels_cfg", "auth", "django_celery_beat")
_MAY_SEE = (
    "add_deliveryrebuild",
    "view_dailymanifest",
    "view_datasetday",
    "view_deliveryrebuild",
    "view_filedelivery",
    "view_inbounddelivery",
    "view_integrationrun",
    "view_mediafetch",
    "view_outboundmessage",
    "view_seenkey",
)
"""What floors above let a configurator look at and send again, none of which shows customer data by itself: what comes
in and goes out, what integrations did, and which keys came in."""


def ensure_default_roles(**_: Any) -> None:
    """Make the groups that are missing. The configurator may change every setting; what the others see is
    granted on queues."""
    with (
        transaction.atomic(),
        changing_settings(command="migrate", why="The groups that every installation starts with"),
    ):
        for name in DEFAULT_ROLES:
            Group.objects.get_or_create(name=name)
    configurator = Group.objects.get(name=CONFIGURATOR)
    meant = Q(content_type__app_label__in=_CONFIGURED_APPS) | Q(codename__in=_MAY_SEE)
    missing = Permission.objects.filter(meant).exclude(group=configurator)
    configurator.permissions.add(*missing)
