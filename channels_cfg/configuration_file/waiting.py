"""An uploaded file on its way: planned, shown record by record, confirmed or forgotten. Nothing counts before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels_cfg.configuration_file import wording
from channels_cfg.configuration_file.entries import SecretsEntry, changed_items
from channels_cfg.configuration_file.nodes import Node
from channels_cfg.configuration_file.plan import Change, Plan, Step
from channels_cfg.configuration_file.planning import Environment, plan_file, plan_sections
from channels_cfg.configuration_file.reading import read_yaml
from channels_cfg.configuration_file.tables import TABLES, cells_of, read_table
from channels_cfg.history.change_set import Action, ChangeSet, Confirmation, RecordChange
from channels_cfg.models import PlannedRecord, User, WaitingUpload

SECRETS_OF_UPLOADS = "KEEPSAKE_SECRET_"
"""Uploaded files may name only such variables: others are none of an administrator's business."""

BATCH = 2000
SENSITIVE_NAMED = 10


def take_in(
    content: bytes, *, kind: str, name: str, user: User, environment: Mapping[str, str], now: datetime
) -> WaitingUpload:
    """Keep the file for an hour, with what it would do; or raise ``Unreadable``."""
    root = _read(content, kind)
    plan = _plan(root, kind, by=user, environment=environment)
    WaitingUpload.objects.forget_old(now=now)
    with transaction.atomic():
        upload = WaitingUpload.objects.create(
            user=user, kind=kind, name=name[:200], content=content, uploaded_at=now, fingerprint=plan.fingerprint
        )
        _show(plan, upload)
    return upload


def plan_again(upload: WaitingUpload, *, environment: Mapping[str, str], without_refused: bool = False) -> Plan:
    """What the file would do now. ``without_refused`` leaves refused rows of a table out."""
    root = _read(bytes(upload.content), upload.kind)
    plan = _plan(root, upload.kind, by=upload.user, environment=environment)
    if without_refused and upload.kind in TABLES:
        plan.steps = [step for step in plan.steps if not step.problems]
    return plan


def show_again(upload: WaitingUpload, *, environment: Mapping[str, str]) -> None:
    """Show what the file would do now, in place of what was shown."""
    plan = plan_again(upload, environment=environment)
    with transaction.atomic():
        upload.records.all().delete()
        upload.fingerprint = plan.fingerprint
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
        """Removing, showing sensitive keys in more places, and marking one no more, asks for typed words."""
        removed = self.upload.records.filter(outcome=PlannedRecord.Outcome.REMOVE).count()
        sensitive = sensitive_keys(self.upload)
        consequences = []
        if removed:
            sentence = ngettext(
                "%(count)d record is removed, with what belongs to it.",
                "%(count)d records are removed, with what belongs to them.",
                removed,
            )
            consequences.append(sentence % {"count": removed})
        if sensitive:
            keys = ", ".join(sensitive[:SENSITIVE_NAMED]) + (", …" if len(sensitive) > SENSITIVE_NAMED else "")
            consequences.append(_("Sensitive keys are kept, or shown in more places: %(keys)s.") % {"keys": keys})
        consequences += no_longer_sensitive(self.upload)[:SENSITIVE_NAMED]
        if not consequences:
            return None
        words = _("show sensitive keys") if sensitive else _("not sensitive")
        words = _("remove %(count)d") % {"count": removed} if removed else words
        return Confirmation(_("Apply the file?"), consequences, words, _("Apply"))


def _read(content: bytes, kind: str) -> Node:
    return read_table(content, TABLES[kind]) if kind in TABLES else read_yaml(content)


def _plan(root: Node, kind: str, *, by: User, environment: Mapping[str, str]) -> Plan:
    allowed = Environment(environment, beginning=SECRETS_OF_UPLOADS)
    if kind not in TABLES:
        return plan_file(root, environment=allowed, by=by)
    plan = plan_sections({kind: root}, complete=False, environment=allowed, by=by)
    plan.kept, plan.left_alone = [], []
    return plan


# Showing


def _show(plan: Plan, upload: WaitingUpload) -> None:
    """Write the plan down record by record, so that its pages cost the same however long it is."""
    upload.notes = list(wording.notes(plan))
    upload.save(update_fields=["notes", "fingerprint"])
    records = list(_records(plan, is_table=upload.kind in TABLES))
    for number, record in enumerate(records):
        record.upload, record.number = upload, number
    PlannedRecord.objects.bulk_create(records, batch_size=BATCH)


def _records(plan: Plan, *, is_table: bool) -> Iterator[PlannedRecord]:
    for problem in plan.own_problems:
        yield PlannedRecord(
            outcome=PlannedRecord.Outcome.REFUSED,
            name=_("The file"),
            place=str(problem.place or ""),
            lines=[{"place": problem.path, "problem": problem.text}],
        )
    for step in plan.steps:
        outcome = PlannedRecord.Outcome.REFUSED if step.problems else PlannedRecord.Outcome(step.deed.value)
        if not is_table and outcome == PlannedRecord.Outcome.SAME:
            continue
        yield PlannedRecord(
            outcome=outcome,
            name=_name(step)[:400],
            place=_place(step, is_table=is_table),
            lines=list(_problems(step, is_table=is_table) if step.problems else _changes(step)),
            cells=cells_of(step.node) if is_table and step.problems and step.node else {},
        )


def _name(step: Step) -> str:
    called = step.called
    return f"{called[:1].upper()}{called[1:]}"


def _place(step: Step, *, is_table: bool) -> str:
    if step.node is None:
        return ""
    return (
        _("row %(line)s") % {"line": step.node.place.line}
        if is_table
        else _("line %(line)s") % {"line": step.node.place.line}
    )


def _problems(step: Step, *, is_table: bool) -> Iterator[dict[str, Any]]:
    for problem in step.problems:
        place = problem.place
        where = (place.column_name if is_table else f"{place}, {problem.path}") if place else problem.path
        yield {"place": where, "problem": problem.text}


def _changes(step: Step) -> Iterator[dict[str, Any]]:
    if step.takes_along:
        which = "lost" if step.deed == Action.REMOVE else "gained"
        yield {"label": _("With it"), which: step.takes_along}
    if step.deed in (Action.ADD, Action.CHANGE):
        yield from (_change(change, step.deed) for change in step.changes if not _is_name(change, step))
    if step.loses_mark:
        yield {"label": _("No longer marked as sensitive"), "lost": [step.key[0]], "loses_mark": True}
        if step.left_unmarked:
            yield {"label": _("Lists that name it"), "new": step.left_unmarked}
    if step.sensitive:
        yield {"label": _("Sensitive, and kept or shown"), "gained": step.sensitive, "sensitive": True}


def sensitive_keys(upload: WaitingUpload) -> list[str]:
    """Sensitive keys that confirming the upload would keep, or show in more places."""
    marked = upload.records.filter(lines__contains=[{"sensitive": True}]).values_list("lines", flat=True)
    return sorted({key for lines in marked for line in lines if line.get("sensitive") for key in line["gained"]})


def no_longer_sensitive(upload: WaitingUpload) -> list[str]:
    """Sentences about the keys that confirming the upload would mark no more, and the lists that name them."""
    marked = upload.records.filter(lines__contains=[{"loses_mark": True}]).values_list("name", "lines")
    return [
        " ".join(
            [
                _("%(record)s is no longer marked as sensitive.") % {"record": name},
                *(line["new"] for line in lines if line["label"] == _("Lists that name it")),
            ]
        )
        for name, lines in marked
    ]


def _is_name(change: Change, step: Step) -> bool:
    return step.deed == Action.ADD and change.entry.name in step.section.identity


def _change(change: Change, deed: Action) -> dict[str, Any]:
    entry = change.entry
    if isinstance(entry, SecretsEntry):
        return {"label": entry.label, "new": wording.change_in_words(change, deed).partition(": ")[2]}
    if deed == Action.CHANGE and isinstance(change.new, list):
        gained, lost = changed_items(entry, change.old, change.new)
        if gained or lost:
            return {"label": entry.label, "gained": gained, "lost": lost}
    line = {"label": entry.label, "new": entry.in_words(change.new) or _("empty")}
    return line if deed == Action.ADD else line | {"old": entry.in_words(change.old) or _("empty")}


def reasons(record: PlannedRecord) -> str:
    """Why a record is refused, in one text."""
    return " ".join(
        f"{line['place']}: {line['problem']}" if line.get("place") else line["problem"] for line in record.lines
    )
