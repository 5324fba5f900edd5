"""What was asked, in words: a period in dates, and each condition with a way to drop it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import time, timedelta
from typing import Any

from django.utils.dateformat import format as date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from channels_cfg.models import Right, User
from conversations.filters import GrantedPlaces
from conversations.periods import Period
from reporting.contact_log.asked import COMPARISONS, FIELDS, NONE, PARAMETERS
from reporting.contact_log.comparison import compared_with
from reporting.contact_log.intervals import INTERVALS
from reporting.contact_log.measures import ANY
from reporting.contact_log.query import LogQuery
from reporting.contact_log.words.group_words import GroupWords, grouping_label, interval_label
from reporting.models import ContactLogEntry

LATE_WORDS = {ANY: gettext_lazy("whatever it was"), **dict(ContactLogEntry.LateChange.choices)}


def asked_in_words(query: LogQuery, user: User, page: str) -> dict[str, Any]:
    """Zone, start and end, and as ``conditions`` the words of each with the address of the page without it."""
    return {
        "zone": str(query.zone),
        "start": query.start.astimezone(query.zone),
        "end": query.end.astimezone(query.zone),
        "conditions": [(words, f"{page}?{rest.as_address()}") for words, rest in conditions_in_words(query, user)],
    }


def conditions_in_words(query: LogQuery, user: User) -> list[tuple[str, LogQuery]]:
    """The words of each condition, which name nothing that is not granted, and the query without it."""
    conditions: list[tuple[str, LogQuery]] = []
    granted = GrantedPlaces(user, [Right.VIEW_REPORTS])
    for name, values in query.fields.items():
        words = GroupWords.asked(name, values, granted=granted)
        said = [words.word(_none(value)) for value in values]
        rest = {other: chosen for other, chosen in query.fields.items() if other != name}
        conditions.append((f"{FIELDS[name]}: {', '.join(said)}", replace(query, fields=rest)))
    for kept in query.kept:
        rest_kept = tuple(each for each in query.kept if each != kept)
        conditions.append((kept.in_words, replace(query, kept=rest_kept)))
    for missing in query.missing:
        rest_missing = tuple(each for each in query.missing if each != missing)
        conditions.append((missing.in_words, replace(query, missing=rest_missing)))
    if query.late:
        changes = ", ".join(str(LATE_WORDS[change]) for change in query.late)
        conditions.append((f"{PARAMETERS['late']}: {changes}", replace(query, late=())))
    for others in query.others:
        beside = {"most": others.most, "groupings": " · ".join(map(grouping_label, others.group_by))}
        rest_others = tuple(each for each in query.others if each != others)
        words_of_others = _("%(groupings)s: none of the %(most)s largest groups") % beside
        conditions.append((words_of_others, replace(query, others=rest_others)))
    if query.compare:
        conditions.append((_comparison_in_words(query, granted), replace(query, compare="")))
    if query.at:
        label = f"{INTERVALS[query.interval].label}: {interval_label(query.at, query.interval, query.zone)}"
        conditions.append((label, replace(query, at=None)))
    return conditions


def in_brief(query: LogQuery) -> str:
    """What is asked, in a line that needs no look into the database: period, what is counted by, conditions."""
    words = [f"{Period(query.period).label} ({query.zone})" if query.period else period_in_words(query)]
    if query.interval:
        words.append(_("by %(groups)s") % {"groups": str(INTERVALS[query.interval].label).lower()})
    if query.groupings:
        words.append(_("by %(groups)s") % {"groups": " × ".join(map(grouping_label, query.groupings))})
    conditions = sum(map(len, (query.fields, query.kept, query.missing, query.others))) + bool(query.late)
    conditions += query.at is not None
    if conditions:
        words.append(ngettext("%(count)s condition", "%(count)s conditions", conditions) % {"count": conditions})
    if query.compare:
        beside = str(COMPARISONS.get(query.compare, _("Another queue"))).lower()
        words.append(_("compared with %(what)s") % {"what": beside})
    if query.columns is not None:
        columns = len(query.columns)
        words.append(ngettext("%(count)s column", "%(count)s columns", columns) % {"count": columns})
    return " · ".join(words)


def period_in_words(query: LogQuery) -> str:
    """``2026-11-23 – 2026-11-29 (Europe/Helsinki)``, its last day the last that belongs to it; of what is no whole days
    its first moment, and the first after it."""
    start, end = query.start.astimezone(query.zone), query.end.astimezone(query.zone)
    if start.time() == end.time() == time.min:
        return f"{start:%Y-%m-%d} – {end - timedelta(days=1):%Y-%m-%d} ({query.zone})"
    return f"{start:%Y-%m-%d %H:%M} – {end:%Y-%m-%d %H:%M} ({query.zone})"


def cannot_be_asked(parameters: Iterable[str]) -> str:
    """Why a report that was saved cannot be asked, by the parameters that are wrong, and the way out."""
    wrong = ", ".join(dict.fromkeys(str(PARAMETERS[name]) for name in parameters))
    words = _("The saved report cannot be asked any more. Open it, mend it and save it again. Wrong: %(wrong)s.")
    return words % {"wrong": wrong}


def _comparison_in_words(query: LogQuery, granted: GrantedPlaces) -> str:
    other = compared_with(query)
    if query.compare in COMPARISONS:
        start, end = (date(moment.astimezone(query.zone), "Y-m-d H:i") for moment in (other.start, other.end))
        return _("Compared with %(start)s to before %(end)s") % {"start": start, "end": end}
    words = GroupWords.asked("queue", other.fields["queue"], granted=granted)
    return _("Compared with the queue %(queue)s") % {"queue": words.word(other.fields["queue"][0])}


def _none(value: str) -> str | None:
    return None if value in ("direct", NONE) else value
