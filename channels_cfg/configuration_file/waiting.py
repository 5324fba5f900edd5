"""An uploaded file on its way: planned, shown record by record, confirmed or discarded. Nothing counts before.

A small file is planned while its sender waits, a large one by a worker, who tells how far it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import count, islice
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels_cfg import jobs
from channels_cfg.configuration_file import wording
from channels_cfg.configuration_file.draft import Environment
from channels_cfg.configuration_file.nodes import Node, Tell, UnreadableFile, silently
from channels_cfg.configuration_file.plan import Plan, RecordPlan, words_to_type
from channels_cfg.configuration_file.planning import plan_file, plan_sections
from channels_cfg.configuration_file.reading import read_yaml
from channels_cfg.configuration_file.table_writing import cells_of
from channels_cfg.configuration_file.tables import TABLES, read_table, weight
from channels_cfg.history.change_set import Action, ChangeSet, Confirmation, RecordChange
from channels_cfg.models import PlannedRecord, User, WaitingUpload

SECRETS_OF_UPLOADS = "KEEPSAKE_SECRET_"
"""Uploaded files may name only such variables: others are none of an administrator's business."""

MOST_NODES = 200_000
"""Of a file that is uploaded, since its sender waits some seconds while it is confirmed. A command takes more."""

READ = 0.4
"""What share of the work is done once the file is read; then it is compared with what is set."""

BATCH = 2000
KEYS_NAMED = 10


def take_in(
    content: bytes, *, kind: str, name: str, user: User, environment: Mapping[str, str], now: datetime
) -> WaitingUpload:
    """Keep the file for an hour, with what it would do; of one above ``UPLOAD_READ_AT_ONCE`` a worker finds that out.

    Raises ``UnreadableFile`` for a small one.
    """
    WaitingUpload.objects.delete_expired(now=now)
    language = translation.get_language() or ""
    upload = WaitingUpload(user=user, kind=kind, name=name[:200], content=content, language=language, uploaded_at=now)
    with transaction.atomic():
        if weight(content) > settings.UPLOAD_READ_AT_ONCE:
            upload.save()
            jobs.announce(WaitingUpload)
        else:
            plan = plan_again(upload, environment=environment)
            upload.state, upload.finished_at = WaitingUpload.State.READY, now
            upload.save()
            _show(plan, upload)
    return upload


_works: dict[str, Callable[[WaitingUpload], None]] = {}


def work_by(kind: str, work: Callable[[WaitingUpload], None]) -> None:
    """Files of this kind are no settings, and worked on so."""
    _works[kind] = work


def work(upload: WaitingUpload, *, environment: Mapping[str, str]) -> None:
    """Find out what a large file would do, or why it cannot be read. Raises ``NoLongerHeld`` when it is discarded."""
    if upload.kind in _works:
        _works[upload.kind](upload)
        return
    progress = jobs.Progress(upload)

    def tell(share: float) -> None:
        progress.tell(percent=int(100 * share))

    with translation.override(upload.language or settings.LANGUAGE_CODE):
        try:
            plan = plan_again(upload, environment=environment, tell=tell)
        except UnreadableFile as unreadable:
            plan = Plan([], own_problems=unreadable.problems)
        with transaction.atomic():
            jobs.finish(upload, WaitingUpload.State.READY, percent=100)
            _show(plan, upload)


def plan_again(
    upload: WaitingUpload, *, environment: Mapping[str, str], without_refused: bool = False, tell: Tell = silently
) -> Plan:
    """What the file would do now. ``without_refused`` leaves refused rows of a table out."""

    def tell_of_plan(share: float) -> None:
        tell(READ + (1 - READ) * share)

    root = _read(bytes(upload.content), upload.kind, tell=lambda share: tell(READ * share))
    allowed = Environment(environment, beginning=SECRETS_OF_UPLOADS)
    plan = _plan(root, upload.kind, by=upload.user, environment=allowed, tell=tell_of_plan)
    if without_refused and upload.kind in TABLES:
        plan.records = [record for record in plan.records if not record.problems]
    return plan


def show_again(upload: WaitingUpload, *, environment: Mapping[str, str]) -> None:
    """Show what the file would do now, in place of what was shown."""
    plan = plan_again(upload, environment=environment)
    with transaction.atomic():
        upload.records.all().delete()
        _show(plan, upload)


class ShownPlan(ChangeSet):
    """The plan of an upload as it was shown to its sender, who agrees to that."""

    def __init__(self, upload: WaitingUpload) -> None:
        self.upload = upload

    @property
    def fingerprint(self) -> str:
        return self.upload.fingerprint

    def record_changes(self) -> tuple[RecordChange, ...]:
        """They are told by the upload's own records, and lost columns by its notes."""
        return ()

    @property
    def confirmation(self) -> Confirmation | None:
        """Removing, showing sensitive keys in more places, marking one no more, and adding one that looks like another
        ask for typed words."""
        removed = self.upload.records.filter(outcome=PlannedRecord.Outcome.REMOVE).count()
        sensitive = sorted({key for _name, line in _lines_about("sensitive", self.upload) for key in line["gained"]})
        unmarked = [_unmarked_in_words(name, line) for name, line in _lines_about("unmarked", self.upload)]
        alike = [line["new"] for _name, line in _lines_about("alike", self.upload)]
        consequences = []
        if removed:
            sentence = ngettext(
                "%(count)d record is removed, with what belongs to it.",
                "%(count)d records are removed, with what belongs to them.",
                removed,
            )
            consequences.append(sentence % {"count": removed})
        if sensitive:
            keys = ", ".join(sensitive[:KEYS_NAMED]) + (", …" if len(sensitive) > KEYS_NAMED else "")
            consequences.append(_("Sensitive keys are kept, or shown in more places: %(keys)s.") % {"keys": keys})
        consequences += [*unmarked[:KEYS_NAMED], *alike[:KEYS_NAMED]]
        words = words_to_type(removed=removed, sensitive=bool(sensitive), unmarked=bool(unmarked), alike=bool(alike))
        return Confirmation(_("Apply the file?"), consequences, words, _("Apply")) if words else None


def _lines_about(subject: str, upload: WaitingUpload) -> Iterator[tuple[str, dict[str, Any]]]:
    """The lines that tell it of a record, each with the record's name."""
    told = upload.records.filter(lines__contains=[{"about": subject}]).values_list("name", "lines")
    return ((name, line) for name, lines in told for line in lines if line.get("about") == subject)


def _unmarked_in_words(name: str, line: dict[str, Any]) -> str:
    """That the key is marked no more, and the lists that name it."""
    return " ".join(
        filter(None, [_("%(record)s is no longer marked as sensitive.") % {"record": name}, line.get("new", "")])
    )


def _read(content: bytes, kind: str, *, tell: Tell) -> Node:
    return (
        read_table(content, TABLES[kind], tell=tell)
        if kind in TABLES
        else read_yaml(content, most_nodes=MOST_NODES, tell=tell)
    )


def _plan(root: Node, kind: str, *, by: User, environment: Environment, tell: Tell) -> Plan:
    if kind not in TABLES:
        return plan_file(root, environment=environment, by=by, tell=tell)
    plan = plan_sections({kind: root}, complete=False, environment=environment, by=by, tell=tell)
    plan.kept, plan.left_alone = [], []
    return plan


# Showing


def _show(plan: Plan, upload: WaitingUpload) -> None:
    """Write the plan down record by record, so that its pages cost the same however long it is."""
    upload.fingerprint, upload.notes = plan.fingerprint, list(wording.notes(plan))
    upload.save(update_fields=["notes", "fingerprint"])
    records = _records(plan, upload)
    while batch := list(islice(records, BATCH)):
        PlannedRecord.objects.bulk_create(batch)


def _records(plan: Plan, upload: WaitingUpload) -> Iterator[PlannedRecord]:
    is_table = upload.kind in TABLES
    number = count()
    for problem in plan.own_problems:
        yield PlannedRecord(
            upload=upload,
            number=next(number),
            outcome=PlannedRecord.Outcome.REFUSED,
            name=_("The file"),
            place=str(problem.position or ""),
            lines=[{"place": problem.path, "problem": problem.text}],
        )
    for record in plan.records:
        outcome = PlannedRecord.Outcome.REFUSED if record.problems else PlannedRecord.Outcome(record.action.value)
        if not is_table and outcome == PlannedRecord.Outcome.SAME:
            continue
        yield PlannedRecord(
            upload=upload,
            number=next(number),
            outcome=outcome,
            name=capfirst(record.called)[:400],
            place=_place(record, is_table=is_table),
            lines=list(_problems(record, is_table=is_table) if record.problems else _changes(record)),
            cells=cells_of(record.node) if is_table and record.problems and record.node else {},
        )


def _place(record: RecordPlan, *, is_table: bool) -> str:
    if record.node is None:
        return ""
    return (
        _("row %(line)s") % {"line": record.node.position.line}
        if is_table
        else _("line %(line)s") % {"line": record.node.position.line}
    )


def _problems(record: RecordPlan, *, is_table: bool) -> Iterator[dict[str, Any]]:
    for problem in record.problems:
        position = problem.position
        where = (position.column_name if is_table else f"{position}, {problem.path}") if position else problem.path
        yield {"place": where, "problem": problem.text}


def _changes(record: RecordPlan) -> Iterator[dict[str, Any]]:
    if record.takes_along:
        which = "lost" if record.action == Action.REMOVE else "gained"
        yield {"label": _("With it"), which: record.takes_along}
    if record.action in (Action.ADD, Action.CHANGE):
        name = record.section.identity if record.action == Action.ADD else ()
        told = [change for change in record.changes if change.entry.name not in name]
        yield from (wording.told(change, record.action) for change in told)
    if record.loses_mark:
        label, names = _("No longer marked as sensitive"), [record.key[0]]
        yield {"label": label, "lost": names, "new": record.left_unmarked, "about": "unmarked"}
    if record.sensitive:
        yield {"label": _("Sensitive, and kept or shown"), "gained": record.sensitive, "about": "sensitive"}
    for sentence in record.look_alikes:
        yield {"label": _("Looks like another key"), "new": sentence, "about": "alike"}


def reasons(record: PlannedRecord) -> str:
    """Why a record is refused, in one text."""
    return " ".join(
        f"{line['place']}: {line['problem']}" if line.get("place") else line["problem"] for line in record.lines
    )
