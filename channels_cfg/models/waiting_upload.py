"""Uploaded settings that wait for the confirmation of whoever sent them."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from channels_cfg.models.user import User

WAITS_FOR = timedelta(hours=1)


class WaitingUploadQuerySet(models.QuerySet["WaitingUpload"]):
    def of(self, user: User, *, now: datetime) -> WaitingUploadQuerySet:
        """What this user sent and may still confirm; nobody else sees it."""
        return self.filter(user=user, uploaded_at__gt=now - WAITS_FOR)

    def delete_expired(self, *, now: datetime) -> None:
        self.filter(uploaded_at__lte=now - WAITS_FOR).delete()


class WaitingUpload(models.Model):
    """A file with settings. Nothing in it counts before it is confirmed; after an hour it is gone."""

    class Kind(models.TextChoices):
        CONFIGURATION = "configuration", _("Configuration file")
        KEYS = "keys", _("Keys")
        QUEUES = "queues", _("Queues")
        USERS = "users", _("Users")

    id = models.UUIDField(_("id"), primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("user"), related_name="+")
    kind = models.CharField(_("kind"), max_length=13, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=200, help_text=_("Of the file, as its sender calls it"))
    content = models.BinaryField(_("content"))
    fingerprint = models.CharField(
        _("fingerprint"), max_length=64, help_text=_("Of the plan that its sender was shown")
    )
    notes = models.JSONField(_("notes"), default=list, help_text=_("What the plan leaves as it is, in words"))
    uploaded_at = models.DateTimeField(_("uploaded at"))

    customer_data = ("content", "notes")

    objects = WaitingUploadQuerySet.as_manager()

    class Meta:
        verbose_name = _("waiting upload")
        verbose_name_plural = _("waiting uploads")
        ordering = ["-uploaded_at"]

    def __str__(self) -> str:
        return self.name


class PlannedRecord(models.Model):
    """What confirming an upload would do with one record, in words; or why the record is refused."""

    class Outcome(models.TextChoices):
        ADD = "add", _("Added")
        CHANGE = "change", _("Changed")
        REMOVE = "remove", _("Removed")
        SAME = "same", _("Unchanged")
        REFUSED = "refused", _("Refused")

    upload = models.ForeignKey(
        WaitingUpload, models.CASCADE, verbose_name=_("upload"), related_name="records", db_index=False
    )
    number = models.PositiveIntegerField(_("number"), help_text=_("Its order in the plan"))
    place = models.CharField(
        _("place"), max_length=80, blank=True, help_text=_("Where the file names it. Example: row 12")
    )
    outcome = models.CharField(_("outcome"), max_length=7, choices=Outcome.choices)
    name = models.CharField(_("name"), max_length=400)
    lines = models.JSONField(
        _("lines"), default=list, help_text=_("For each setting: label, old, new, gained, lost; or place and problem")
    )
    cells = models.JSONField(
        _("cells"), default=dict, help_text=_("Of a refused row, its cells by setting, as uploaded")
    )

    customer_data = ("name", "lines", "cells")

    class Meta:
        verbose_name = _("planned record")
        verbose_name_plural = _("planned records")
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["upload", "outcome", "number"], name="a_planned_record_has_its_number")
        ]

    def __str__(self) -> str:
        return f"{self.get_outcome_display()}: {self.name}"
