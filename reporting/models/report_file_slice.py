"""Slices of large files of the Contact Log."""

from __future__ import annotations

import uuid
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from channels_cfg.models import Job, JobQuerySet
from reporting.models.report_file import ReportFile

Place = tuple[datetime, uuid.UUID]
"""Of a row: when it was received, and its conversation."""


class ReportFileSliceQuerySet(JobQuerySet["ReportFileSlice"]):
    def waiting(self, *, now: datetime) -> Self:
        """Due, held by nobody, and of a file in the hand of a living worker, who holds the state of the database in
        which they are read. Whoever tried the others would keep workers from taking over the file."""
        return super().waiting(now=now).filter(file__in=ReportFile.objects.held(now=now).values("pk"))


class ReportFileSlice(Job):
    """Rows of a large file that follow one another. Any worker may write them, on any machine that shares the folder.

    It is written anew where it no longer is what the file's writer sees: ``fingerprint`` says which rows those are, and
    how they are written.
    """

    file = models.ForeignKey(ReportFile, models.CASCADE, verbose_name=_("report file"), related_name="slices")
    number = models.PositiveIntegerField(_("number"), help_text=_("From 0, in the order of the rows"))
    ends_at = models.DateTimeField(
        _("ends at"), null=True, help_text=_("When its last row was received; the last slice has no end")
    )
    ends_with = models.UUIDField(_("ends with"), null=True, help_text=_("The conversation of its last row"))
    first_row = models.PositiveIntegerField(_("first row"), help_text=_("Of the sheet, in a workbook"))
    rows_total = models.PositiveIntegerField(_("rows total"))
    rows_done = models.PositiveIntegerField(_("rows done"), default=0)
    fingerprint = models.CharField(_("fingerprint"), max_length=64)
    part = models.UUIDField(_("part"), null=True, help_text=_("The claim that has written it"))
    facts = models.JSONField(_("facts"), default=dict, help_text=_("What joining needs to know of it; numbers"))
    made_at = models.DateTimeField(_("made at"))

    oldest_first: ClassVar[tuple[str, ...]] = ("made_at", "number", "pk")
    waits_since: ClassVar[str] = "made_at"
    tells_attempts: ClassVar[bool] = False  # its reason becomes the file's, which counts its own

    objects = ReportFileSliceQuerySet.as_manager()

    class Meta:
        verbose_name = _("slice of a report file")
        verbose_name_plural = _("slices of report files")
        constraints = [models.UniqueConstraint(fields=["file", "number"], name="a_file_has_each_slice_once")]

    def __str__(self) -> str:
        return f"{self.file_id} · {self.number}"

    def is_exhausted(self, *, now: datetime) -> bool:
        """A failure is the file's, which is tried again."""
        return True

    @property
    def end(self) -> Place | None:
        """Where its last row stands."""
        return (self.ends_at, self.ends_with) if self.ends_at and self.ends_with else None

    @property
    def path(self) -> Path:
        """Where the claim that has it writes, or the one that had it last has written; a name of this claim alone."""
        return self.file.parts / str(self.holder or self.part)
