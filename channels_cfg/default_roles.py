"""The groups every installation starts with."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, Permission

CONFIGURATOR = "System Configurator"
SUPERVISOR = "Supervisor"
AGENT = "Agent"
REPORTING_ADMINISTRATOR = "Reporting Administrator"
API_CLIENT = "API Client"

DEFAULT_ROLES = (CONFIGURATOR, SUPERVISOR, AGENT, REPORTING_ADMINISTRATOR, API_CLIENT)

_CONFIGURED_APPS = ("channels_cfg", "auth", "django_celery_beat")


def ensure_default_roles(**_: Any) -> None:
    """Make the groups that are missing. The configurator may change every setting; what the others see is
    granted on queues."""
    for name in DEFAULT_ROLES:
        Group.objects.get_or_create(name=name)
    configurator = Group.objects.get(name=CONFIGURATOR)
    missing = Permission.objects.filter(content_type__app_label__in=_CONFIGURED_APPS).exclude(group=configurator)
    configurator.permissions.add(*missing)
