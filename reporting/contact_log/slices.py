"""Large files in slices, which any number of workers write, on any number of machines.

All slices of a file are read in the one state of the database that the worker sees who has claimed the file, and holds
until all are written. Should that worker die, the next compares what it sees with what the slices were planned for, and
only what differs is written again. So the file is the same however many write it, and whoever of them is killed.
"""

from __future__ import annotations

import hashlib
import json
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import (
    BooleanField,
    Count,
    DateTimeField,
    F,
    Func,
    IntegerField,
    QuerySet,
    Sum,
    UUIDField,
    Value,
    Window,
)
from django.db.models.functions import RowNumber
from django.utils import timezone

from channels_cfg import jobs
from channels_cfg.models import Channel, Queue, User
from reporting.contact_log.files import forget_parts
from reporting.contact_log.layouts import WrittenPart
from reporting.contact_log.part_processes import write_apart
from reporting.contact_log.parts import Facts, Part, SnapshotGone, Tell
from reporting.contact_log.table import all_of, sql_of
from reporting.models import ReportFile, ReportFileSlice
from reporting.models.contact_log import ContactLogQuerySet
from reporting.models.report_file_slice import Place

State = ReportFileSlice.State
NEWEST_FIRST = ("received_at", "conversation_id")
_PARTS_OF_PLACE = (("at", "timestamptz"), ("id", "uuid"))
_BEFORE_ALL = ("infinity", str(uuid.UUID(int=2**128 - 1)))
_TO_THE_LAST = ("-infinity", str(uuid.UUID(int=0)))
SECONDS_BETWEEN_LOOKS = 0.2


class SliceFailed(Exception):
    """A slice could not be written."""


# What a slice reads


def bounded(entries: ContactLogQuerySet) -> ContactLogQuerySet:
    """Those of the entries that are in the slice of which the session's settings say where it begins and ends, so that
    one statement does for every slice. The newest come first."""
    row = Func(*map(F, NEWEST_FIRST), function="ROW", output_field=BooleanField())
    for place, sign, lookup in (("before", "<", "lte"), ("from", ">=", "gte")):
        at, pk = (f"current_setting('slice.{place}_{part}')::{type}" for part, type in _PARTS_OF_PLACE)
        bound = Func(template=f"ROW({at}, {pk})", output_field=BooleanField())
        inside = Func(row, bound, template="(%(expressions)s)", arg_joiner=f" {sign} ", output_field=BooleanField())
        # The time alone, too: PostgreSQL passes over months by it, and over what an index holds outside the slice.
        time = Func(template=at, output_field=DateTimeField())
        entries = entries.filter(inside, **{f"received_at__{lookup}": time})
    return entries


def bounds(before: Place | None, last: Place | None) -> dict[str, str]:
    """The settings of a slice whose rows come after one place, and end with another."""
    newest, oldest = map(str, before) if before else _BEFORE_ALL, map(str, last) if last else _TO_THE_LAST
    names = [f"slice.{place}_{part}" for place in ("before", "from") for part, _type in _PARTS_OF_PLACE]
    return dict(zip(names, [*newest, *oldest], strict=True))


def plan_of(cursor: CursorWrapper, rows: QuerySet[Any, Any], *, zone: str, how: Mapping[str, Any]) -> dict[str, Any]:
    """How rows are read, in the state of the database that the cursor sees, and how they are written."""
    cursor.execute("SELECT pg_export_snapshot()")
    return {"snapshot": cursor.fetchone()[0], "statement": sql_of(cursor, rows), "zone": zone, "how": how}


def part_of(
    plan: Mapping[str, Any], path: Path, *, format: str, within: Mapping[str, str] | None = None, first_row: int = 0
) -> Part:
    """What the plan says, as one part; ``within`` the bounds of a slice, where its rows are ``bounded``."""
    connection.ensure_connection()
    info = connection.connection.info
    return Part(
        address={**info.get_parameters(), "password": info.password},
        snapshot=plan["snapshot"],
        settings={"TimeZone": plan["zone"], **(within or {})},
        statement=plan["statement"],
        format=format,
        how=plan["how"],
        first_row=first_row,
        path=path,
    )


# Planning


def plan_slices(
    file: ReportFile,
    plan: Mapping[str, Any],
    cursor: CursorWrapper,
    entries: ContactLogQuerySet,
    *,
    first_rows: Callable[[Sequence[int]], list[int]],
) -> None:
    """Note which slices are to be written as the plan says. Those stay as they are that are written, or in a worker's
    hand, with the same rows in the same way. Raises ``NoLongerHeld``."""
    ends = [one.end for one in file.slices.order_by("number") if one.end]
    found = _found(cursor, entries, ends) if ends else []
    if not found or max(rows for rows, _hash in found) > 2 * settings.REPORT_SLICE_ROWS:
        ends, found = _found_anew(cursor, entries)
    alike = [plan["statement"], plan["how"], _labels(cursor)]
    firsts = first_rows([rows for rows, _hash in found])
    with transaction.atomic():
        jobs.note(file, plan=plan)
        standing = dict(file.slices.exclude(state=State.FAILED).values_list("number", "fingerprint"))
        slices = []
        for number, ((rows, hash), first_row, end) in enumerate(zip(found, firsts, [*ends, (None, None)], strict=True)):
            fingerprint = _digest([*alike, number, *map(str, end), first_row, rows, hash])
            if standing.get(number) != fingerprint:
                slices.append(_waiting_slice(file, number, end, first_row, rows, fingerprint))
        file.slices.filter(number__gt=len(ends)).delete()
        ReportFileSlice.objects.bulk_create(
            slices,
            update_conflicts=True,
            unique_fields=["file", "number"],
            update_fields=[field.name for field in ReportFileSlice._meta.fields if field.name not in _STAYS],
        )


_STAYS = ("id", "file", "number")


def _waiting_slice(
    file: ReportFile, number: int, end: tuple[Any, Any], first_row: int, rows: int, fingerprint: str
) -> ReportFileSlice:
    return ReportFileSlice(
        file=file,
        number=number,
        ends_at=end[0],
        ends_with=end[1],
        first_row=first_row,
        rows_total=rows,
        fingerprint=fingerprint,
        made_at=timezone.now(),
    )


def _found_anew(cursor: CursorWrapper, entries: ContactLogQuerySet) -> tuple[list[Place], list[tuple[int, str]]]:
    """The last row of each slice but the last; and of each slice what ``_found`` says."""
    place = Window(RowNumber(), order_by=[f"-{name}" for name in NEWEST_FIRST]) - 1
    numbered = entries.order_by().annotate(place=place, row_version=_row_version())
    rows = sql_of(cursor, numbered.values_list(*NEWEST_FIRST, "place", "row_version"))
    size = settings.REPORT_SLICE_ROWS
    ends = f"FILTER (WHERE place % {size} = {size - 1})"
    cursor.execute(
        f"SELECT count(*), sum(row_version), max(received_at) {ends}, max(conversation_id::text) {ends}"
        f" FROM ({rows}) AS numbered GROUP BY place / {size} ORDER BY place / {size}"
    )
    slices = cursor.fetchall()
    ends_of_slices = [(at, uuid.UUID(pk)) for _rows, _hash, at, pk in slices[:-1]]
    return ends_of_slices, [(number, str(hash)) for number, hash, _at, _pk in slices]


def _row_version() -> Func:
    """Tells a row from others: one that is reported again is another."""
    row = Func(F("conversation_id"), F("version"), F("reported_at"), function="ROW", output_field=BooleanField())
    return Func(row, Value(0), function="hash_record_extended", output_field=IntegerField())


def _found(cursor: CursorWrapper, entries: ContactLogQuerySet, ends: Sequence[Place]) -> list[tuple[int, str]]:
    """Of each slice how many rows there are, and what tells them from others."""
    row = Func(*map(F, NEWEST_FIRST), function="ROW", output_field=BooleanField())
    places = [
        Func(Value(at, DateTimeField()), Value(pk, UUIDField()), function="ROW", output_field=BooleanField())
        for at, pk in reversed(ends)
    ]
    thresholds = Func(*places, template="ARRAY[%(expressions)s]", output_field=BooleanField())
    reached = Func(row, thresholds, function="width_bucket", output_field=IntegerField())
    counted = entries.order_by().values_list(reached).annotate(rows=Count("pk"), versions=Sum(_row_version()))
    found = {reached: (rows, str(hash)) for reached, rows, hash in all_of(cursor, counted)}
    return [found.get(len(ends) - number, (0, "")) for number in range(len(ends) + 1)]


def _labels(cursor: CursorWrapper) -> str:
    """What tells the names that stand in rows from others."""
    named = (
        Channel.objects.order_by("pk").values_list("pk", "name"),
        Queue.objects.order_by("pk").values_list("pk", "name"),
        User.objects.order_by("pk").values_list("pk", "username", "first_name", "last_name"),
    )
    return _digest([all_of(cursor, names) for names in named])


def _digest(facts: Any) -> str:
    return hashlib.sha256(json.dumps(facts, ensure_ascii=False).encode()).hexdigest()


# Writing


def have_written(file: ReportFile, *, progress: jobs.Progress) -> list[WrittenPart]:
    """Have all slices written, in this process and wherever else a worker has time.

    Raises ``NoLongerHeld`` and ``SliceFailed``.
    """
    stop, busy = threading.Event(), set[Future[None]]()
    with ThreadPoolExecutor(settings.REPORT_PROCESSES) as threads:
        try:
            while not _are_done(file):
                free = settings.REPORT_PROCESSES - len(busy)
                busy |= {threads.submit(_help, file, stop) for _slice in _waiting(file)[:free]}
                done, busy = wait(busy, timeout=SECONDS_BETWEEN_LOOKS, return_when=FIRST_COMPLETED)
                for helper in done:
                    helper.result()
                if not busy and not done:  # others have what is left
                    stop.wait(SECONDS_BETWEEN_LOOKS)
                progress.tell(rows_done=file.slices.aggregate(rows=Sum("rows_done"))["rows"])
        finally:
            stop.set()
    return [WrittenPart(one.path, one.facts) for one in file.slices.order_by("number")]


def _are_done(file: ReportFile) -> bool:
    """Whether all slices are written. Raises ``SliceFailed`` where one could not be and all others are, which the next
    attempt finds written."""
    if file.slices.unfinished().exists():
        return False
    if file.slices.filter(state=State.FAILED).exists():
        file.refresh_from_db(fields=["attempts"])
        raise SliceFailed
    return True


def _waiting(file: ReportFile) -> QuerySet[ReportFileSlice, Any]:
    return file.slices.waiting(now=timezone.now()).order_by("number").values_list("pk", flat=True)


def _help(file: ReportFile, stop: threading.Event) -> None:
    """Write slices of the file as long as some wait; a thread with a connection of its own."""
    try:
        while not stop.is_set() and (pk := _waiting(file).first()):
            jobs.work_on(ReportFileSlice, pk)
    finally:
        connection.close()


def write(one: ReportFileSlice) -> None:
    """Write a slice that the caller holds. Raises ``NoLongerHeld``, ``TryLater`` and what goes wrong."""
    file = one.file
    if not file.is_unfinished or file.plan is None:
        forget_parts(file)
        raise jobs.NoLongerHeld
    if file.slices.waiting(now=timezone.now()).exists():
        jobs.announce(ReportFileSlice)
    before = file.slices.filter(number=one.number - 1).first()
    within = bounds(before.end if before else None, one.end)
    part = part_of(file.plan, one.path, format=file.format, within=within, first_row=one.first_row)
    try:
        facts = write_part(part, apart=True, tell=_progress_of(one))
        jobs.finish(one, part=one.holder, facts=facts, rows_done=facts["rows"])
        _note_that_it_gets_on(file)
    except BaseException as failure:
        one.path.unlink(missing_ok=True)
        if isinstance(failure, SnapshotGone):
            raise jobs.TryLater(after=timedelta(seconds=1)) from failure
        raise


def _note_that_it_gets_on(file: ReportFile) -> None:
    """Count the file's failures, and the deaths of its workers, anew: who gets on is not stuck."""
    ReportFile.objects.unfinished().filter(pk=file.pk).update(attempts=1, interruptions=0)


def write_part(part: Part, *, apart: bool, tell: Tell) -> Facts:
    """Write a part, which nobody but the portal can read, here or in another process."""
    part.path.touch(mode=0o600)
    return write_apart(part, tell) if apart else part.write(tell)


def _progress_of(one: ReportFileSlice) -> Tell:
    progress, done = jobs.Progress(one), 0

    def tell(more: int) -> None:
        nonlocal done
        done += more
        progress.tell(rows_done=done)

    return tell
