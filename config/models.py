"""Signs of life of the programs that run beside the web server."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

SCHEDULER = "scheduler"
WORKER = "worker "


class HeartbeatQuerySet(models.QuerySet["Heartbeat"]):
    def note(self, name: str, *, now: datetime) -> None:
        """The program of this name is alive."""
        self.update_or_create(name=name, defaults={"at": now})

    def workers(self) -> HeartbeatQuerySet:
        return self.filter(name__startswith=WORKER)


class Heartbeat(models.Model):
    """When a program was last seen at work. Beat sends a task through the broker, and the worker that does it writes
    its row: so one fresh row of a worker says that scheduler, broker and worker are all well."""

    name = models.CharField(
        _("name"), max_length=200, primary_key=True, help_text=_("“scheduler”, or “worker celery@host”")
    )
    at = models.DateTimeField(_("at"))

    objects = HeartbeatQuerySet.as_manager()

    class Meta:
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")
        ordering = ["name"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.name
