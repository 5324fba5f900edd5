"""Uploaded settings that wait for the confirmation of whoever sent them."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models

from channels_cfg.models.user import User

WAITS_FOR = timedelta(hours=1)


class WaitingUploadQuerySet(models.QuerySet["WaitingUpload"]):
    def of(self, user: User, *, now: datetime) -> WaitingUploadQuerySet:
        """What this user sent and may still confirm; nobody else sees it."""
        return self.filter(user=user, uploaded_at__gt=now - WAITS_FOR)

    def forget_old(self, *, now: datetime) -> None:
        self.filter(uploaded_at__lte=now - WAITS_FOR).delete()


class WaitingUpload(models.Model):
    """A file with settings. Nothing in it counts before it is confirmed; after an hour it is gone."""

    class Kind(models.TextChoices):
        CONFIGURATION = "configuration", "Configuration file"
        KEYS = "keys", "Keys"
        QUEUES = "queues", "Queues"
        USERS = "users", "Users"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=13, choices=Kind.choices)
    name = models.CharField(max_length=200, help_text="Of the file, as its sender calls it")
    content = models.BinaryField()
    fingerprint = models.CharField(max_length=64, help_text="Of the plan that its sender was shown")
    notes = models.JSONField(default=list, help_text="What the plan leaves as it is, in words")
    uploaded_at = models.DateTimeField()

    objects = WaitingUploadQuerySet.as_manager()

    class Meta:
        ordering = ["-uploaded_at"]

    def __str__(self) -> str:
        return self.name


class PlannedRecord(models.Model):
    """What confirming an upload would do with one record, in words; or why the record is refused."""

    class Outcome(models.TextChoices):
        ADD = "add", "Added"
        CHANGE = "change", "Changed"
        REMOVE = "remove", "Removed"
        SAME = "same", "Unchanged"
        REFUSED = "refused", "Refused"

    upload = models.ForeignKey(WaitingUpload, models.CASCADE, related_name="records", db_index=False)
    number = models.PositiveIntegerField(help_text="Its order in the plan")
    place = models.CharField(max_length=80, blank=True, help_text="Where the file names it. Example: row 12")
    outcome = models.CharField(max_length=7, choices=Outcome.choices)
    name = models.CharField(max_length=400)
    lines = models.JSONField(
        default=list, help_text="For each setting: label, old, new, gained, lost; or place and problem"
    )
    cells = models.JSONField(default=dict, help_text="Of a refused row, its cells by setting, as uploaded")

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["upload", "outcome", "number"], name="a_planned_record_has_its_number")
        ]

    def __str__(self) -> str:
        return f"{self.get_outcome_display()}: {self.name}"
