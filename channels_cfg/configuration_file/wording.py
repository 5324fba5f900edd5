"""A plan in words."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from django.utils.text import capfirst

from channels_cfg.configuration_file.entries import SecretsEntry, changed_items
from channels_cfg.configuration_file.plan import Change, Deed, Plan, Step

KEPT_AT_MOST = 10
_VERBS = {Deed.ADD: "add", Deed.CHANGE: "change", Deed.REMOVE: "remove"}


def summary(plan: Plan) -> str:
    """``1 to add, 2 to change, nothing to remove``"""
    if plan.is_empty:
        return "Nothing to do: everything is set as the file says."
    counts = [f"{plan.count(deed) or 'nothing'} to {verb}" for deed, verb in _VERBS.items()]
    return f"{', '.join(counts)}."


def heading(step: Step) -> str:
    """``change channel “Phone”``"""
    more = len(step.takes_along) - KEPT_AT_MOST
    along = ", ".join([*step.takes_along[:KEPT_AT_MOST], *([f"and {more} more"] if more > 0 else [])])
    along = f", and with it: {along}" if along else ""
    return f"{_VERBS[step.deed]} {step.called}{along}"


def change_in_words(change: Change, deed: Deed) -> str:
    """``Statistics: adds tier; removes customerId``; of a new record just what it has."""
    entry = change.entry
    if isinstance(entry, SecretsEntry):
        return f"{entry.label}: {_secrets_in_words(change, several=entry.several)}"
    if deed == Deed.ADD:
        return f"{entry.label}: {entry.in_words(change.new) or 'empty'}"
    if isinstance(change.old, list) or isinstance(change.new, list):
        gained, lost = changed_items(entry, change.old or [], change.new or [])
        parts = [f"adds {', '.join(gained)}" if gained else "", f"removes {', '.join(lost)}" if lost else ""]
        if not gained and not lost:
            parts = [f"order {', '.join(change.old)} → {', '.join(change.new)}"]
        return f"{entry.label}: {'; '.join(filter(None, parts))}"
    return f"{entry.label}: {_quoted(entry.in_words(change.old))} → {_quoted(entry.in_words(change.new))}"


def _secrets_in_words(change: Change, *, several: bool) -> str:
    new = [secret for secret in change.new if secret not in change.old]
    if not several:
        return f"{'replaced by the one' if change.old else 'set'} {new[0]}"
    gone = [secret for secret in change.old if secret not in change.new]
    parts = [f"adds one {secret}" for secret in new] + [
        f"removes {f'“{secret.note}”' if secret.note else 'one without a note'}" for secret in gone
    ]
    return "; ".join(parts)


def _quoted(text: str) -> str:
    return text or "empty"


def lines(plan: Plan) -> Iterator[str]:
    """The plan as text, for a terminal."""
    if problems := plan.problems:
        yield f"Refused: {len(problems)} {'problem' if len(problems) == 1 else 'problems'}. Nothing was changed."
        yield from (f"  {problem}" for problem in problems)
        return
    for section, steps in groupby(plan.effects, key=lambda step: step.section):
        yield f"{capfirst(section.model._meta.verbose_name_plural)}"
        for step in steps:
            yield f"  {heading(step)}"
            if step.deed != Deed.REMOVE:
                yield from (f"      {change_in_words(change, step.deed)}" for change in step.changes)
            if step.sensitive:
                yield f"      Sensitive, and kept or shown from then on: {', '.join(step.sensitive)}"
    yield summary(plan)
    yield from notes(plan)


def notes(plan: Plan) -> Iterator[str]:
    """What the plan leaves as it is."""
    if plan.kept:
        more = len(plan.kept) - KEPT_AT_MOST
        named = "; ".join(plan.kept[:KEPT_AT_MOST]) + (f"; and {more} more" if more > 0 else "")
        yield f"Not in the file, and kept: {named}."
    if plan.left_alone:
        names = ", ".join(name.replace("_", " ") for name in plan.left_alone)
        yield f"The file has no section for these, so they stay as they are: {names}."


def text(plan: Plan) -> str:
    return "\n".join(lines(plan))
