"""Reading a folder of session metadata files, ours or anybody's: what is wrong with each, and which are missing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from channels_cfg.models import Channel
from conversations.models import Conversation
from reporting.session_metadata.reading import KINDS
from reporting.session_metadata.valid import faults_of, kind_of, sums_that_differ

LARGEST_FILE = 50 * 1024 * 1024


@dataclass(frozen=True)
class CheckedFile:
    """A file, by its path below the folder: ``faults`` after the schema, and ``sums`` that do not add up.

    ``session`` is its kind and number; None where it tells none.
    """

    path: str
    faults: list[str] = field(default_factory=list)
    sums: list[str] = field(default_factory=list)
    session: tuple[str, int] | None = None

    @property
    def is_good(self) -> bool:
        return not self.faults and not self.sums


def check_folder(folder: Path, *, as_producer: bool = False) -> Iterator[CheckedFile]:
    """Each ``.json`` file below the folder, in the order of the paths. Raises ``OSError`` where the folder cannot be
    read; a file that cannot is a fault of it."""
    for path in sorted(folder.rglob("*.json")):
        if path.is_file():
            yield _check_file(path, path.relative_to(folder).as_posix(), as_producer=as_producer)


def _check_file(path: Path, name: str, *, as_producer: bool) -> CheckedFile:
    try:
        if path.stat().st_size > LARGEST_FILE:
            return CheckedFile(name, [_("It is larger than any session.")])
        document = json.loads(path.read_bytes())
    except OSError as error:
        return CheckedFile(name, [_("It cannot be read: %(why)s.") % {"why": error.strerror}])
    except (ValueError, RecursionError):
        return CheckedFile(name, [_("It is no JSON in UTF-8.")])
    faults = faults_of(document, as_producer=as_producer)
    if not isinstance(document, dict):
        return CheckedFile(name, faults)
    return CheckedFile(name, faults, sums_that_differ(document), _session_of(document))


def _session_of(document: dict[str, Any]) -> tuple[str, int] | None:
    kind, number = kind_of(document), document.get("id")
    return (kind, number) if kind and isinstance(number, int) and not isinstance(number, bool) else None


def told_twice(checked: list[CheckedFile]) -> dict[tuple[str, int], list[str]]:
    """Sessions that several files tell of, with their paths."""
    times = Counter(file.session for file in checked if file.session)
    twice = {session: [file.path for file in checked if file.session == session] for session in times}
    return {session: paths for session, paths in twice.items() if len(paths) > 1}


def missing_sessions(checked: list[CheckedFile], start: datetime, end: datetime) -> Iterator[tuple[str, int]]:
    """Kind and number of our sessions that ended at ``start`` or later, and before ``end``, and that no file tells
    of."""
    there = {file.session for file in checked}
    ended = Conversation.objects.ended().filter(ended_at__gte=start, ended_at__lt=end, channel__kind__in=KINDS)
    found = ended.order_by("ended_at", "pk").values_list("channel__kind", "number")
    for channel_kind, number in found.iterator():
        session = ("call" if channel_kind == Channel.Kind.VOICE else "chat", number)
        if session not in there:
            yield session
