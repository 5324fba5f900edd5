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
        beat = self.model(name=name, at=now)
        self.bulk_create([beat], update_conflicts=True, unique_fields=["name"], update_fields=["at"])

    def latest_by_name(self) -> dict[str, datetime]:
        return dict(self.values_list("name", "at"))

    def workers(self) -> HeartbeatQuerySet:
        return self.filter(name__startswith=WORKER)


class Heartbeat(models.Model):
    """When a program that runs beside the web server last got on with its work."""

    name = models.CharField(
        _("name"), max_length=200, primary_key=True, help_text=_("“scheduler”, or “worker host:4711”")
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
