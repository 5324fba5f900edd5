"""A plan in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from channels_cfg.configuration_file.entries import SecretsEntry, changed_items
from channels_cfg.configuration_file.plan import Change, Plan, Step
from channels_cfg.history.change_set import Action

KEPT_AT_MOST = 10
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
    counts = [
        str(some % {"count": count} if (count := plan.count(deed)) else none) for deed, (some, none) in _TO_DO.items()
    ]
    return f"{', '.join(counts)}."


def heading(step: Step) -> str:
    """``change channel “Phone”``"""
    done = _DOES[step.deed] % {"record": step.called}
    if not step.takes_along:
        return done
    return _("%(done)s, and with it: %(along)s") % {"done": done, "along": _first_ones(step.takes_along, ", ")}


def change_in_words(change: Change, deed: Action) -> str:
    """``Statistics: adds tier; removes customerId``; of a new record just what it has."""
    entry = change.entry
    if isinstance(entry, SecretsEntry):
        return f"{entry.label}: {_secrets_in_words(change, several=entry.several)}"
    if deed == Action.ADD:
        return f"{entry.label}: {_quoted(entry.in_words(change.new))}"
    if isinstance(change.old, list) or isinstance(change.new, list):
        gained, lost = changed_items(entry, change.old or [], change.new or [])
        parts = [
            _("adds %(gained)s") % {"gained": ", ".join(gained)} if gained else "",
            _("removes %(lost)s") % {"lost": ", ".join(lost)} if lost else "",
        ]
        if not gained and not lost:
            parts = [_("order %(old)s → %(new)s") % {"old": ", ".join(change.old), "new": ", ".join(change.new)}]
        return f"{entry.label}: {'; '.join(filter(None, parts))}"
    return f"{entry.label}: {_quoted(entry.in_words(change.old))} → {_quoted(entry.in_words(change.new))}"


def _secrets_in_words(change: Change, *, several: bool) -> str:
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


def _quoted(text: str) -> str:
    return text or _("empty")


def _first_ones(names: Sequence[str], separator: str) -> str:
    """The names, at most so many, and how many there are besides."""
    more = len(names) - KEPT_AT_MOST
    named = separator.join(names[:KEPT_AT_MOST])
    if more <= 0:
        return named
    return ngettext("%(names)s and %(count)d more", "%(names)s and %(count)d more", more) % {
        "names": named + separator.rstrip(),
        "count": more,
    }


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
    for section, steps in groupby(plan.effects, key=lambda step: step.section):
        yield f"{capfirst(section.model._meta.verbose_name_plural)}"
        for step in steps:
            yield f"  {heading(step)}"
            if step.loses_mark:
                yield f"      {' '.join(filter(None, [_('No longer marked as sensitive.'), step.left_unmarked]))}"
            if step.deed != Action.REMOVE:
                yield from (f"      {change_in_words(change, step.deed)}" for change in step.changes)
            if step.sensitive:
                said = _("Sensitive, and kept or shown from then on: %(keys)s") % {"keys": ", ".join(step.sensitive)}
                yield f"      {said}"
    yield summary(plan)
    yield from notes(plan)


def notes(plan: Plan) -> Iterator[str]:
    """What to look at in the plan: names that look alike, lost columns of reports, and what it leaves as it is."""
    yield from plan.look_alikes[:KEPT_AT_MOST]
    if lost := plan.lost_columns_in_words():
        yield lost
    if plan.kept:
        yield _("Not in the file, and kept: %(names)s.") % {"names": _first_ones(plan.kept, "; ")}
    if plan.left_alone:
        names = ", ".join(name.replace("_", " ") for name in plan.left_alone)
        yield _("The file has no section for these, so they stay as they are: %(names)s.") % {"names": names}


def text(plan: Plan) -> str:
    return "\n".join(lines(plan))
