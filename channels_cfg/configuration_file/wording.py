"""A plan in words."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from channels_cfg.configuration_file.entries import SecretsEntry, changed_items, first_ones
from channels_cfg.configuration_file.plan import EntryChange, Plan, RecordPlan
from channels_cfg.history.change_set import Action

_TO_DO = {
    Action.ADD: (gettext_lazy("%(count)s to add"), gettext_lazy("nothing to add")),
    Action.CHANGE: (gettext_lazy("%(count)s to change"), gettext_lazy("nothing to change")),
    Action.REMOVE: (gettext_lazy("%(count)s to remove"), gettext_lazy("nothing to remove")),
}
_DOES = {
    Action.ADD: gettext_lazy("add %(record)s"),
    Action.CHANGE: gettext_lazy("change %(record)s"),
    Action.REMOVE: gettext_lazy("remove %(record)s"),
}


def summary(plan: Plan) -> str:
    """``1 to add, 2 to change, nothing to remove``"""
    if plan.is_empty:
        return _("Nothing to do: everything is set as the file says.")
    counts = {action: plan.count(action) for action in _TO_DO}
    said = [some % {"count": counts[action]} if counts[action] else none for action, (some, none) in _TO_DO.items()]
    return f"{', '.join(map(str, said))}."


def heading(record: RecordPlan) -> str:
    """``change channel “Phone”``"""
    done = _DOES[record.action] % {"record": record.called}
    if not record.takes_along:
        return done
    return _("%(done)s, and with it: %(along)s") % {"done": done, "along": first_ones(record.takes_along)}


def told(change: EntryChange, action: Action) -> dict[str, Any]:
    """The ``label`` of a changed setting with what it is ``new`` and was ``old``; of a list, what it ``gained`` and
    ``lost``; of a new record just what it has."""
    entry = change.entry
    if isinstance(entry, SecretsEntry):
        return {"label": entry.label, "new": _secrets_in_words(change, several=entry.several)}
    if action == Action.CHANGE and isinstance(change.new, list):
        gained, lost = changed_items(entry.items_in_words(change.old), entry.items_in_words(change.new))
        if gained or lost:
            return {"label": entry.label, "gained": gained, "lost": lost}
    line = {"label": entry.label, "new": entry.in_words(change.new) or _("empty")}
    return line if action == Action.ADD else line | {"old": entry.in_words(change.old) or _("empty")}


def change_in_words(change: EntryChange, action: Action) -> str:
    """``Statistics: adds tier; removes customerId``"""
    line = told(change, action)
    if "gained" in line:
        parts = [
            _("adds %(gained)s") % {"gained": ", ".join(line["gained"])} if line["gained"] else "",
            _("removes %(lost)s") % {"lost": ", ".join(line["lost"])} if line["lost"] else "",
        ]
        said = "; ".join(filter(None, parts))
    elif "old" in line:
        said = (_("order %(old)s → %(new)s") if isinstance(change.new, list) else "%(old)s → %(new)s") % line
    else:
        said = line["new"]
    return f"{line['label']}: {said}"


def _secrets_in_words(change: EntryChange, *, several: bool) -> str:
    new = [secret for secret in change.new if secret not in change.old]
    if not several:
        pattern = _("replaced by the one %(secret)s") if change.old else _("set %(secret)s")
        return pattern % {"secret": new[0]}
    gone = [secret for secret in change.old if secret not in change.new]
    parts = [_("adds one %(secret)s") % {"secret": secret} for secret in new] + [
        _("removes “%(note)s”") % {"note": secret.note} if secret.note else _("removes one without a note")
        for secret in gone
    ]
    return "; ".join(parts)


def lines(plan: Plan) -> Iterator[str]:
    """The plan as text, for a terminal."""
    if problems := plan.problems:
        yield ngettext(
            "Refused: %(count)d problem. Nothing was changed.",
            "Refused: %(count)d problems. Nothing was changed.",
            len(problems),
        ) % {"count": len(problems)}
        yield from (f"  {problem}" for problem in problems)
        return
    for section, records in groupby(plan.effects, key=lambda record: record.section):
        yield f"{capfirst(section.model._meta.verbose_name_plural)}"
        for record in records:
            yield f"  {heading(record)}"
            if record.loses_mark:
                yield "      " + " ".join(filter(None, [_("No longer marked as sensitive."), record.left_unmarked]))
            if record.action != Action.REMOVE:
                yield from (f"      {change_in_words(change, record.action)}" for change in record.changes)
            if record.sensitive:
                said = _("Sensitive, and kept or shown from then on: %(keys)s") % {"keys": ", ".join(record.sensitive)}
                yield f"      {said}"
            yield from (f"      {sentence}" for sentence in record.look_alikes)
    yield summary(plan)
    yield from notes(plan)


def notes(plan: Plan) -> Iterator[str]:
    """What to look at in the plan: lost columns of reports, and what it leaves as it is."""
    if lost := plan.lost_columns_in_words():
        yield lost
    if plan.kept:
        yield _("Not in the file, and kept: %(names)s.") % {"names": first_ones(plan.kept, "; ")}
    if plan.left_alone:
        names = ", ".join(name.replace("_", " ") for name in plan.left_alone)
        yield _("The file has no section for these, so they stay as they are: %(names)s.") % {"names": names}


def text(plan: Plan) -> str:
    return "\n".join(lines(plan))
