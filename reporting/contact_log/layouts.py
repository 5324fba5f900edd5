"""Formats of files of the Contact Log: which rows are read, how parts of them are written, and how parts are joined."""

from __future__ import annotations

import csv
import io
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from django.db.backends.utils import CursorWrapper
from django.db.models import QuerySet

from channels_cfg.spreadsheets import harmless
from reporting.contact_log.columns import LogColumn, headings
from reporting.contact_log.json_lines import json_rows
from reporting.contact_log.parts import Facts, Tell
from reporting.contact_log.query import LogQuery
from reporting.contact_log.table import csv_rows
from reporting.models import ReportFile
from reporting.models.contact_log import ContactLogQuerySet

BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True)
class WrittenPart:
    path: Path
    facts: Facts


@dataclass
class Layout(ABC):
    """How one file is written. The cursor sees the entries that will be in it."""

    file: ReportFile
    query: LogQuery
    entries: ContactLogQuerySet
    columns: Sequence[LogColumn]
    cursor: CursorWrapper
    complete_up_to: datetime | None
    """Up to when the log told everything, as it is read."""

    needs_much: ClassVar[bool] = False
    """Whether even a small file is too much for the memory of a process that has the portal in it."""

    @property
    def zone(self) -> str:
        """The clock on which PostgreSQL tells times."""
        return "UTC"

    @property
    @abstractmethod
    def how(self) -> Mapping[str, Any]:
        """What writers of parts need to know, as JSON can say it."""

    @abstractmethod
    def rows(self, entries: ContactLogQuerySet) -> QuerySet[Any, Any]:
        """The rows as writers of parts want them."""

    def first_rows(self, counts: Iterable[int]) -> list[int]:
        """Where parts with so many rows begin, as far as their writers have to know."""
        return [0 for _count in counts]

    @abstractmethod
    def join(self, parts: Sequence[WrittenPart], target: Path, *, tell: Tell) -> None:
        """Write the whole file to the target, which exists. Beside it there may be other files meanwhile."""


class _Lines(Layout):
    """Lines that PostgreSQL writes."""

    @property
    def zone(self) -> str:
        return str(self.query.zone)

    def first(self) -> bytes:
        """What stands before the rows."""
        return b""

    def join(self, parts: Sequence[WrittenPart], target: Path, *, tell: Tell) -> None:
        with target.open("wb") as out:
            out.write(self.first())
            for part in parts:
                with part.path.open("rb") as lines:
                    shutil.copyfileobj(lines, out, 1024 * 1024)
                tell(0)


class Csv(_Lines):
    @property
    def how(self) -> Mapping[str, Any]:
        return {"copy": f"FORMAT csv, DELIMITER '{self.file.delimiter}'"}

    def first(self) -> bytes:
        mark = BYTE_ORDER_MARK if self.file.byte_order_mark else ""
        return mark.encode() + csv_line(headings(self.columns, zone=self.query.zone), delimiter=self.file.delimiter)

    def rows(self, entries: ContactLogQuerySet) -> QuerySet[Any, Any]:
        return csv_rows(entries, self.columns, for_people=True)


class JsonLines(_Lines):
    @property
    def how(self) -> Mapping[str, Any]:
        return {"copy": "FORMAT csv, DELIMITER '\x02', QUOTE '\x01'"}

    def rows(self, entries: ContactLogQuerySet) -> QuerySet[Any, Any]:
        return json_rows(entries, self.columns, are_chosen=self.query.columns is not None)


def csv_line(cells: Iterable[str], *, delimiter: str = ",") -> bytes:
    line = io.StringIO()
    # The writer puts quotes around what holds a character of its line's end: both, since readers end lines at either.
    csv.writer(line, lineterminator="\r\n", delimiter=delimiter).writerow(map(harmless, cells))
    return line.getvalue().removesuffix("\r\n").encode() + b"\n"
