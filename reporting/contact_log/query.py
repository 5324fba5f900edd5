"""What is asked of the Contact Log: one object for the page, the API and the files, so that their counts agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    F,
    Func,
    JSONField,
    Q,
    QuerySet,
    TextField,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.utils.translation import gettext as _

from channels_cfg.models import Right, User
from channels_cfg.time_zones import zone_named
from conversations.attached_data.kept_condition import KeptCondition, Operator
from conversations.filters import DIRECT, is_id
from reporting.contact_log.asked import IN_IVR, KEY, NO_DATA, NONE, Others, Reader
from reporting.contact_log.columns import LogColumn, in_order
from reporting.contact_log.intervals import interval_start, starts
from reporting.contact_log.kept_key import REASON, VALUE, Missing, group_of, matching
from reporting.contact_log.measures import ANY, IN_TABLES, MEASURES
from reporting.contact_log.queue_groups import ONLY, combination, in_no_queue_group, in_queue_group
from reporting.models import ContactLogEntry, KeptKeyName
from reporting.models.contact_log import ContactLogQuerySet

MOST_KEYS = 200
"""Kept keys that are columns by themselves. Of more, somebody has to choose."""
KEYS_OF_NEWEST = 1_000

_WORDS_FOR_NONE = {"queue": DIRECT, **dict.fromkeys(["agent", "messaging_channel", "queue_group", "disposition"], NONE)}
NO_QUEUE_YET = 0
"""The group, among ids of queues, of what ended in the IVR."""
_NAMES = {"channel": "name", "queue": "name", "agent": "username"}
"""What is asked for by id or by this name."""

_EXPRESSIONS: dict[str, Any] = {name: measure.expression for name, measure in MEASURES.items()}


class TooManyKeys(ValidationError):
    """More than ``MOST_KEYS`` kept keys would be columns. None is left out silently; somebody has to choose."""

    def __init__(self) -> None:
        complaint = _("More than %(most)d kept keys occur in these rows. Choose those that become columns.")
        super().__init__({"column": complaint % {"most": MOST_KEYS}})


Group = tuple[Any, ...]
"""One value for each grouping: an id, a code or the text of ``group_of``; None for none."""


@dataclass(frozen=True)
class LogQuery:
    """Which entries, and counted how. ``parse`` reads it from an address, ``as_params`` writes it back."""

    start: datetime
    end: datetime
    """The first moment after the period."""
    zone: ZoneInfo
    period: str = ""
    """The period's name, where it was given in words; the address keeps the words."""
    interval: str = ""
    group_by: tuple[str, ...] = ()
    across: str = ""
    """The grouping the groups of which are columns."""
    measures: tuple[str, ...] = ()
    """What is counted, in order; none: ``IN_TABLES``. Where columns are groups, cells are the first."""
    compare: str = ""
    """What the counts are compared with, as in ``COMPARISONS``, or ``queue:`` and an id or name."""
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For each field the values of which an entry has one: ids or names; ``direct``, ``ivr`` and ``none`` for none."""
    kept: tuple[KeptCondition, ...] = ()
    missing: tuple[Missing, ...] = ()
    late: tuple[str, ...] = ()
    """What of an entry changed after it had been reported first, one of these; ``any`` for whatever."""
    others: tuple[Others, ...] = ()
    at: datetime | None = None
    """The start of the one interval that is looked into."""
    columns: tuple[str, ...] | None = None
    """The columns of rows, as ``in_order`` reads them; None: all, with the kept keys that occur."""
    headings: Mapping[str, str] = field(default_factory=dict)
    """What columns are called for people, where it is not their label."""
    empty_is_no_data: bool = False
    """Whether intervals in which nothing happened show that there is no data, rather than 0."""

    @classmethod
    def parse(cls, params: Mapping[str, Any], *, zone: ZoneInfo, now: datetime) -> LogQuery:
        """Read the query from an address: a ``QueryDict``, or a mapping of lists.

        ``zone`` counts where none is asked for. Raises ``ValidationError`` by parameter.
        """
        query, complaints = cls.read(params, zone=zone, now=now)
        if complaints:
            raise ValidationError(complaints)
        return query

    @classmethod
    def read(cls, params: Mapping[str, Any], *, zone: ZoneInfo, now: datetime) -> tuple[LogQuery, dict[str, list[str]]]:
        """The query as far as it makes sense, and what is wrong with the rest, by parameter."""
        reader = Reader(params, zone, now)
        return cls(**reader.facts()), reader.complaints

    def as_params(self) -> dict[str, list[str]]:
        """The query as parameters of an address."""
        params: dict[str, list[str]] = {}
        if self.period:
            params["period"] = [self.period]
        else:
            params["received_after"] = [self.start.astimezone(self.zone).isoformat()]
            params["received_before"] = [self.end.astimezone(self.zone).isoformat()]
        params["zone"] = [str(self.zone)]
        if self.interval:
            params["interval"] = [self.interval]
        params["empty"] = [NO_DATA] if self.empty_is_no_data else []
        params["by"] = list(self.group_by)
        params["across"] = [self.across] if self.across else []
        params["measure"] = list(self.measures)
        params["compare"] = [self.compare] if self.compare else []
        params |= {name: list(values) for name, values in self.fields.items()}
        params["kept"] = [str(condition) for condition in self.kept]
        params["missing"] = [str(condition) for condition in self.missing]
        params["late"] = list(self.late)
        params["others"] = [value for others in self.others for value in others.as_values()]
        if self.at:
            params["at"] = [self.at.astimezone(self.zone).isoformat()]
        if self.columns is not None:
            params["column"] = list(self.columns) or [""]
        params["heading"] = [f"{column}={heading}" for column, heading in self.headings.items()]
        return {name: values for name, values in params.items() if values}

    def as_address(self) -> str:
        return urlencode(self.as_params(), doseq=True, safe=":~")

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last day of its period, on its zone's calendar."""
        last = self.end - timedelta(microseconds=1)
        return self.start.astimezone(self.zone).date(), last.astimezone(self.zone).date()

    def frozen(self) -> LogQuery:
        """The same with its period in moments, for a file that is written later."""
        return replace(self, period="")

    # Rows

    def _granted(self, user: User) -> ContactLogQuerySet:
        """All entries of its period that the user may see."""
        return ContactLogEntry.objects.granting(Right.VIEW_REPORTS, to=user).received_during(self.start, self.end)

    def keys_not_kept(self, user: User) -> list[str]:
        """Of the kept keys about which it has conditions, those that no entry of its period has, of all that the user
        may see."""
        asked = [*dict.fromkeys(condition.key for condition in self.kept)]
        known = KeptKeyName.objects.received_during(self.start, self.end).filter(name__in=asked).values_list("name")
        names = {name for (name,) in known.distinct()}
        granted = self._granted(user)
        return [key for key in asked if key not in names or not granted.filter(kept_data__has_key=key).exists()]

    def entries(self, user: User) -> ContactLogQuerySet:
        """The entries asked for that the user may see, in no order."""
        entries = self._granted(user)
        for name, values in self.fields.items():
            entries = entries.filter(_any_of(name, values))
        conditions: list[KeptCondition | Missing] = [*self.kept, *self.missing]
        for condition in conditions:
            entries = matching(entries, condition)
        if self.late:
            entries = entries.late() if ANY in self.late else entries.filter(late_changes__overlap=list(self.late))
        for place, others in enumerate(self.others):
            group = Func(*map(grouping, others.group_by), function="jsonb_build_array", output_field=JSONField())
            largest = {f"_group_{place}__in": self._largest(others, user)}
            entries = entries.alias(**{f"_group_{place}": group}).exclude(**largest)
        if self.at:
            entries = entries.alias(_at=self.interval_start()).filter(_at=self.at)
        return entries

    def _largest(self, others: Others, user: User) -> list[list[Any]]:
        """The groups that the others are not in; of the whole period, also where one interval is looked into."""
        whole = replace(self, others=(), at=None).entries(user).order_by()
        names = {f"by_{place}": grouping(by) for place, by in enumerate(others.group_by)}
        sizes = whole.annotate(**names).values_list(*names).annotate(size=Count("pk"))
        # In the order in which tables of counts choose: an array in JSON has null before all else.
        by_size = sizes.order_by("-size", *(F(name).asc(nulls_first=True) for name in names))
        return [list(group) for *group, _size in by_size[: others.most]]

    def shown_columns(self, occurring: Callable[[], Sequence[str]]) -> list[LogColumn]:
        """The columns of rows, in order: those chosen, or all with the kept keys that occur.

        Raises ``TooManyKeys``.
        """
        chosen = occurring() if self.columns is None else self.columns
        if self.columns is None and len(chosen) > MOST_KEYS:
            raise TooManyKeys
        return [LogColumn(column, self.headings.get(column, "")) for column in in_order(chosen)]

    # Counts

    def totals(self, user: User) -> dict[str, Any]:
        """The measures over all entries."""
        return self.entries(user).order_by().aggregate(**_EXPRESSIONS)

    @property
    def row_groupings(self) -> tuple[str, ...]:
        """The groupings the groups of which are rows; none where intervals are."""
        return () if self.interval else self.group_by

    @property
    def column_groupings(self) -> tuple[str, ...]:
        """The groupings the groups of which are columns; none where measures are."""
        across = (self.across,) if self.across else ()
        return (*self.group_by, *across) if self.interval else across

    @property
    def groupings(self) -> tuple[str, ...]:
        return (*self.row_groupings, *self.column_groupings)

    @property
    def shown_measures(self) -> tuple[str, ...]:
        """The measures in the table."""
        return self.measures or IN_TABLES

    def intervals(self) -> list[datetime]:
        """The start of every interval of the period, in order, also of those in which nothing happened."""
        return [self.at] if self.at else starts(self.interval, self.start, self.end, self.zone)

    def interval_start(self) -> Combinable:
        return interval_start(F("received_at"), self.interval, self.zone)

    def drilled(
        self,
        *,
        at: datetime | None = None,
        groups: Mapping[str, Any] | None = None,
        beside: Sequence[Others] = (),
    ) -> LogQuery:
        """The query for the rows behind one count of this one; ``groups`` are the count's, by grouping, and ``beside``
        says for a count of others which groups it leaves out."""
        fields, kept, missing = dict(self.fields), list(self.kept), list(self.missing)
        for by, group in (groups or {}).items():
            if not by.startswith(KEY):
                fields[by] = (word_for(by, group),)
            elif group.startswith(REASON):
                missing.append(Missing(by.removeprefix(KEY), group.removeprefix(REASON)))
            else:
                kept.append(KeptCondition(by.removeprefix(KEY), Operator.EQUALS, group.removeprefix(VALUE)))
        return replace(
            self,
            group_by=(),
            across="",
            measures=(),
            compare="",
            fields=fields,
            kept=tuple(kept),
            missing=tuple(missing),
            others=(*self.others, *beside),
            at=at.astimezone(UTC) if at else self.at,
        )

    def narrowed(self, name: str, values: tuple[str, ...]) -> LogQuery:
        """The query for those of the entries that have one of the values, of the values it allows anyway."""
        if name == "late":
            return replace(self, late=self.late or values)
        allowed = self.fields.get(name)
        both = tuple(value for value in values if allowed is None or value in allowed)
        return replace(self, fields={**self.fields, name: both or values})


def zone_of(user: User) -> ZoneInfo:
    """The user's own time zone."""
    return zone_named(user.time_zone)


def kept_key_names(
    query: LogQuery,
    entries: ContactLogQuerySet,
    *,
    read: Callable[[QuerySet[Any, Any]], Sequence[tuple[Any, ...]]] = list,
) -> list[str]:
    """The kept keys that occur in the entries, which are of the query's period, by name; of many the first
    ``MOST_KEYS`` and one. ``read`` gives the rows of a query.

    Which there may be the months know; the newest entries show most of them, and the others are looked for.
    """
    possible = KeptKeyName.objects.received_during(query.start, query.end).order_by("name")
    names = [name for (name,) in read(possible.values_list("name").distinct())]
    keys = Func("kept_data", function="jsonb_object_keys", output_field=TextField())
    newest = entries.newest_first().annotate(_key=keys).values_list("_key")[:KEYS_OF_NEWEST]
    found = {key for (key,) in read(newest)} if names else set()
    if rest := [name for name in names if name not in found]:
        holders = entries.filter(kept_data__has_any_keys=rest).order_by().annotate(_key=keys)
        found.update(key for (key,) in read(holders.values_list("_key").distinct()))
    return [name for name in names if name in found][: MOST_KEYS + 1]


def word_for(by: str, group: Any) -> str:
    """How an address asks for the group of a field."""
    if by == "queue" and group == NO_QUEUE_YET:
        return IN_IVR
    if group in (None, ""):
        return _WORDS_FOR_NONE.get(by, NONE)
    if by == "queue_group":
        return f"{ONLY}{group}"
    return literal(group) if by == "disposition" else str(group)


def literal(text: str) -> str:
    """A text as an address asks for it, told apart from the word for none."""
    return f"={text}" if text == NONE or text.startswith("=") else text


def place() -> Combinable:
    """The id of the queue, ``NO_QUEUE_YET``, or None where it is direct."""
    return Case(
        When(ended_in_ivr=True, then=Value(NO_QUEUE_YET)), default=F("queue_id"), output_field=BigIntegerField()
    )


def grouping(by: str) -> Combinable:
    if by.startswith(KEY):
        return group_of(by.removeprefix(KEY))
    if by == "queue":
        return place()
    if by == "queue_group":
        return combination("queue")
    return F(f"{by}_id") if by in _NAMES else F(by)


def _any_of(name: str, values: tuple[str, ...]) -> Q:
    none = _WORDS_FOR_NONE.get(name)
    if name == "queue" and IN_IVR in values:
        rest = tuple(value for value in values if value != IN_IVR)
        return Q(ended_in_ivr=True) | (_any_of(name, rest) if rest else Q())
    some = [value for value in values if value != none]
    if name == "queue_group":
        asked = [in_queue_group(value) for value in some] + ([in_no_queue_group()] if none in values else [])
        return reduce(or_, asked)
    if name == "disposition":
        some = [value.removeprefix("=") for value in some]
    if name not in _NAMES:
        return Q(**{f"{name}__in": [*some, ""] if none in values else some})
    wanted = Q(**{f"{name}__in": [int(value) for value in some if is_id(value)]})
    wanted |= Q(**{f"{name}__{_NAMES[name]}__in": named}) if (named := [v for v in some if not is_id(v)]) else Q()
    if none not in values:
        return wanted
    return wanted | Q(**{f"{name}__isnull": True}) & (Q(ended_in_ivr=False) if name == "queue" else Q())
