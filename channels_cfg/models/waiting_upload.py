"""Uploaded settings that wait for the confirmation of whoever sent them."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from channels_cfg.models.encrypted import EncryptedBinaryField
from channels_cfg.models.job import Job, JobQuerySet
from channels_cfg.models.user import User

WAITS_FOR = timedelta(hours=1)
MOST_ATTEMPTS = 3


class WaitingUploadQuerySet(JobQuerySet["WaitingUpload"]):
    def of(self, user: User, *, now: datetime) -> WaitingUploadQuerySet:
        """What this user sent and may still confirm; nobody else sees it."""
        return self.filter(user=user, uploaded_at__gt=now - WAITS_FOR)

    def delete_expired(self, *, now: datetime) -> None:
        self.filter(uploaded_at__lte=now - WAITS_FOR).delete()


class WaitingUpload(Job):
    """A file with settings, or with contacts. Nothing in it counts before it is confirmed; after an hour it is gone.

    A small one is read at once, a large one by a worker: ready is one whose sender can be shown what it would do. One
    with many contacts is applied by a worker, too; then it is done, and only what was refused is still told.
    """

    class Kind(models.TextChoices):
        CONFIGURATION = "configuration", _("Configuration file")
        KEYS = "keys", _("Keys")
        QUEUES = "queues", _("Queues")
        USERS = "users", _("Users")
        CONTACTS = "contacts", _("Contacts")

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        READING = "reading", _("Being read")
        READY = "ready", _("Ready")
        DONE = "done", _("Done")
        FAILED = "failed", _("Given up")

    id = models.UUIDField(_("id"), primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.WAITING)
    percent = models.PositiveSmallIntegerField(_("percent"), default=0, db_default=0)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("user"), related_name="+")
    kind = models.CharField(_("kind"), max_length=13, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=200, help_text=_("Of the file, as its sender calls it"))
    language = models.CharField(
        _("language"),
        max_length=16,
        blank=True,
        default="",
        help_text=_("In which its sender is told what it would do"),
    )
    content = EncryptedBinaryField(_("content"), help_text=_("Encrypted: a file may hold a secret by mistake"))
    fingerprint = models.CharField(
        _("fingerprint"), max_length=64, blank=True, help_text=_("Of the plan that its sender was shown")
    )
    notes = models.JSONField(_("notes"), default=list, help_text=_("What the plan leaves as it is, in words"))
    uploaded_at = models.DateTimeField(_("uploaded at"), help_text=_("Or confirmed, where a worker then applies it"))
    confirmed_at = models.DateTimeField(
        _("confirmed at"), null=True, blank=True, help_text=_("Of a file that a worker applies, a part at a time")
    )
    rows_done = models.PositiveIntegerField(
        _("rows done"), default=0, db_default=0, help_text=_("The last row that was applied of such a file")
    )

    customer_data = ("content", "notes")
    when_claimed: ClassVar[dict[str, Any]] = {"state": State.READING, "percent": 0}
    input_erased: ClassVar[dict[str, Any]] = {"content": b""}
    oldest_first = ("uploaded_at", "pk")
    waits_since: ClassVar[str] = "uploaded_at"
    most_interruptions = 3

    objects = WaitingUploadQuerySet.as_manager()

    class Meta:
        verbose_name = _("waiting upload")
        verbose_name_plural = _("waiting uploads")
        ordering = ["-uploaded_at"]

    def __str__(self) -> str:
        return self.name

    def is_exhausted(self, *, now: datetime) -> bool:
        return self.attempts >= MOST_ATTEMPTS

    @property
    def is_ready(self) -> bool:
        return self.state == self.State.READY


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
