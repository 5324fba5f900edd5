"""A file with contacts on its way: judged, shown row by row, confirmed or discarded, imported.

A small file is worked on while its sender waits, a large one by a worker, who tells how far it is. Rows are imported
a batch at a time: a worker that takes over goes on after the last one, and what is stopped keeps what is there then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Count
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels_cfg import jobs
from channels_cfg.configuration_file.nodes import UnreadableFile
from channels_cfg.configuration_file.tables import weight
from channels_cfg.models import PlannedRecord, User, WaitingUpload
from conversations.contact_pages.importing import MOST_ROWS, Judge, JudgedRow, batches_of, write
from conversations.contacts.rights import may_manage_contacts

Outcome = PlannedRecord.Outcome
LATER = 8
"""So much more work is a row of contacts than the same bytes of settings: a worker gets a file so much earlier."""


def take_in(content: bytes, *, name: str, user: User, now: datetime) -> WaitingUpload:
    """Keep the file for an hour, with what it would do. Raises ``UnreadableFile`` for a small one."""
    WaitingUpload.objects.delete_expired(now=now)
    upload = WaitingUpload(
        user=user,
        kind=WaitingUpload.Kind.CONTACTS,
        name=name[:200],
        content=content,
        language=translation.get_language() or "",
        uploaded_at=now,
    )
    with transaction.atomic():
        upload.save()
        if _is_small(content):
            _judge(upload)
            _settle(upload, WaitingUpload.State.READY)
        else:
            jobs.announce(WaitingUpload)
    return upload


def _is_small(content: bytes) -> bool:
    return weight(content) * LATER <= settings.UPLOAD_READ_AT_ONCE


def confirm(upload: WaitingUpload, *, now: datetime) -> None:
    """Import what was shown, but for the rows that are refused; of a large file a worker does so within the hour."""
    upload.state, upload.finished_at, upload.percent = WaitingUpload.State.WAITING, None, 0
    upload.attempts = upload.interruptions = 0
    upload.confirmed_at = upload.uploaded_at = now
    with transaction.atomic():
        upload.save()
        if _is_small(bytes(upload.content)):
            _import(upload)
            _settle(upload, WaitingUpload.State.DONE, content=b"", notes=_result(upload))
        else:
            jobs.announce(WaitingUpload)


def _settle(upload: WaitingUpload, state: str, **facts: object) -> None:
    """As ``jobs.finish``, of one that no worker has."""
    for name, value in {"state": state, "finished_at": timezone.now(), "percent": 100, **facts}.items():
        setattr(upload, name, value)
    upload.save()


def work(upload: WaitingUpload) -> None:
    """A worker's share: judging, or, once that is confirmed, importing. Raises ``NoLongerHeld`` when discarded."""
    progress = jobs.Progress(upload)
    with translation.override(upload.language or settings.LANGUAGE_CODE):
        if upload.confirmed_at:
            if not may_manage_contacts(upload.user):
                raise jobs.GiveUp(_("Its sender may no longer manage contacts."))
            _import(upload, holder=upload)
            jobs.finish(upload, WaitingUpload.State.DONE, percent=100, content=b"", notes=_result(upload))
            return
        try:
            _judge(upload, progress=progress)
        except UnreadableFile as unreadable:
            upload.records.all().delete()
            PlannedRecord.objects.bulk_create(_problems(upload, unreadable))
        jobs.finish(upload, WaitingUpload.State.READY, percent=100)


# Judging


def _judge(upload: WaitingUpload, *, progress: jobs.Progress | None = None) -> None:
    """Write down what becomes of each row. Raises ``UnreadableFile``."""
    upload.records.all().delete()  # of a worker that died
    content = bytes(upload.content)
    columns, batches = batches_of(content)
    judge = Judge(columns)
    whole = min(max(content.count(b"\n"), 1), MOST_ROWS)
    done = 0
    for batch in batches:
        PlannedRecord.objects.bulk_create([_record(upload, row) for row in judge.judged(batch)])
        done += len(batch)
        if progress:
            progress.tell(percent=min(100 * done // whole, 99))


def _record(upload: WaitingUpload, row: JudgedRow) -> PlannedRecord:
    outcome = Outcome.REFUSED if row.why else Outcome.ADD if row.is_new else Outcome.CHANGE
    return PlannedRecord(
        upload=upload,
        number=row.number,
        outcome=outcome,
        name=row.name[:400],
        place=_("row %(line)s") % {"line": row.number},
        lines=[{"place": "", "problem": row.why}] if row.why else [],
    )


def _problems(upload: WaitingUpload, unreadable: UnreadableFile) -> Iterator[PlannedRecord]:
    for number, problem in enumerate(unreadable.problems):
        place, lines = str(problem.position or "")[:80], [{"place": "", "problem": problem.text}]
        yield PlannedRecord(
            upload=upload, number=number, outcome=Outcome.REFUSED, name=_("The file"), place=place, lines=lines
        )


# Importing


def _import(upload: WaitingUpload, *, holder: WaitingUpload | None = None) -> None:
    """Write what is not refused, a batch in a transaction of its own, with how far that is."""
    columns, batches = batches_of(bytes(upload.content))
    judge = Judge(columns)
    refused = set(upload.records.filter(outcome=Outcome.REFUSED).values_list("number", flat=True))
    whole, done = max(upload.records.count(), 1), 0
    for batch in batches:
        done += len(batch)
        left = [(number, cells) for number, cells in batch if number > upload.rows_done and number not in refused]
        with transaction.atomic():
            _write(upload, judge.judged(left))
            upload.rows_done = max(upload.rows_done, batch[-1][0])
            if holder:
                jobs.note(holder, rows_done=upload.rows_done, percent=min(100 * done // whole, 99))


def _write(upload: WaitingUpload, rows: Sequence[JudgedRow]) -> None:
    """Those that cannot be written any more are refused now."""
    failed = [row for row in rows if row.why]
    failed += write([row for row in rows if not row.why], now=timezone.now())
    for row in failed:
        lines = [{"place": "", "problem": row.why}]
        upload.records.filter(number=row.number).update(outcome=Outcome.REFUSED, lines=lines)


def _result(upload: WaitingUpload) -> list[str]:
    """What was done, in words. What is left of the rows are those that were refused."""
    counts = dict(upload.records.order_by().values_list("outcome").annotate(Count("pk")))
    upload.records.exclude(outcome=Outcome.REFUSED).delete()
    added, changed = counts.get(Outcome.ADD, 0), counts.get(Outcome.CHANGE, 0)
    return [
        ngettext("%(count)s contact was added.", "%(count)s contacts were added.", added) % {"count": f"{added:,}"},
        ngettext("%(count)s was changed.", "%(count)s were changed.", changed) % {"count": f"{changed:,}"},
    ]
