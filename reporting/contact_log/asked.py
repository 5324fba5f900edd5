"""What an address may ask of the Contact Log, and reading it: as far as it makes sense, with what is wrong in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_cfg.key_names import check_key_name
from channels_cfg.time_zones import check_time_zone
from conversations.attached_data.kept_condition import KeptCondition
from conversations.filters import MomentTextField, is_id
from conversations.models import Conversation, State
from conversations.periods import Period, bounds
from reporting.contact_log.columns import (
    FIELD,
    FIELDS_OF_ROWS,
    LogColumn,
    check_heading,
    in_order,
    said_twice,
    shortened,
)
from reporting.contact_log.intervals import INTERVALS, MOST_INTERVALS
from reporting.contact_log.kept_key import Missing
from reporting.contact_log.measures import ANY, MEASURES
from reporting.models import ContactLogEntry

T = TypeVar("T")

DEFAULT_PERIOD = Period.LAST_7_DAYS
CUSTOM = "custom"
NONE = "none"
IN_IVR = "ivr"
"""Instead of a queue: what ended before it came to one."""
PREVIOUS = "previous"
OTHER_QUEUE = "queue:"
"""A comparison with another queue is written ``queue:3``."""
COMPARISONS = {
    PREVIOUS: gettext_lazy("The period before"),
    "weekdays": gettext_lazy("The same weekdays before"),
}
LONGEST_COMPARED = timedelta(days=3653)
ZERO, NO_DATA = "zero", "no_data"
"""What an interval shows in which nothing happened."""
MOST_GROUPINGS = 4
MOST_BESIDE = 50
MOST_CONDITIONS = 50
"""On kept keys, and as many on missing ones."""
MOST_COLUMNS = 500
"""PostgreSQL returns no more than 1,664."""

FIELDS = {
    "channel": gettext_lazy("Channel"),
    "messaging_channel": gettext_lazy("Messaging channel"),
    "queue": gettext_lazy("Queue"),
    "queue_group": gettext_lazy("Queue group"),
    "agent": gettext_lazy("Agent"),
    "direction": gettext_lazy("Direction"),
    "state": gettext_lazy("State"),
    "disposition": gettext_lazy("Disposition"),
}
"""What entries are filtered and grouped by, besides kept keys."""

PARAMETERS = {
    "period": gettext_lazy("Period"),
    "received_after": gettext_lazy("From"),
    "received_before": gettext_lazy("To before"),
    "zone": gettext_lazy("Time zone"),
    "interval": gettext_lazy("Interval"),
    "at": gettext_lazy("Interval"),
    "empty": gettext_lazy("Empty intervals"),
    "by": gettext_lazy("Group by"),
    "across": gettext_lazy("Across"),
    "measure": gettext_lazy("Measures"),
    "compare": gettext_lazy("Compare with"),
    **FIELDS,
    "kept": gettext_lazy("Kept data"),
    "missing": gettext_lazy("Kept data"),
    "late": gettext_lazy("Changed late"),
    "others": gettext_lazy("Others"),
    "column": gettext_lazy("Columns"),
    "heading": gettext_lazy("Headings"),
}
"""What people call the parameters of an address."""

_CODES: dict[str, list[str]] = {
    "direction": Conversation.Direction.values,
    "state": [State.WRAP_UP, State.HANDLED, State.ABANDONED, State.FALSE_ATTEMPT],
}

KEY = "key:"
"""A grouping by a kept key is written ``key:customerType``; no field's name has a colon."""


@dataclass(frozen=True)
class Others:
    """The condition to be in none of the largest groups. Written as a list: how many those are, then the groupings."""

    most: int
    group_by: tuple[str, ...]

    def as_values(self) -> list[str]:
        return [str(self.most), *self.group_by]


class Reader:
    """Reads a query from parameters and collects what is wrong with them."""

    def __init__(self, params: Mapping[str, Any], zone: ZoneInfo, now: datetime) -> None:
        self.lists = {name: params.getlist(name) if hasattr(params, "getlist") else params[name] for name in params}
        self.zone = zone
        self.now = now
        self.complaints: dict[str, list[str]] = {}

    def facts(self) -> dict[str, Any]:
        """What ``LogQuery`` is made of, as far as it makes sense; what is wrong with the rest is in ``complaints``."""
        if name := self._one("zone"):
            self._read("zone", check_time_zone, name)
            self.zone = self.zone if "zone" in self.complaints else ZoneInfo(name)
        interval = self._choice("interval", INTERVALS)
        start, end, period = self._period()
        if interval and (number := int((end - start) / INTERVALS[interval].lasts)) > MOST_INTERVALS:
            self._complain("interval", _too_many(number))
        at, columns = self._moment("at", None), self._columns()
        if at and not interval:
            self._complain("at", _("A moment at which an interval starts needs the interval, too."))
            at = None
        return {
            "start": start,
            "end": end,
            "zone": self.zone,
            "period": period,
            "interval": interval,
            "empty_is_no_data": self._choice("empty", [ZERO, NO_DATA]) == NO_DATA,
            **self._sides(),
            "measures": self._measures(),
            "compare": self._compare(start, end),
            "fields": dict(self._fields()),
            "kept": tuple(self._conditions("kept", KeptCondition.parse)),
            "missing": tuple(self._conditions("missing", Missing.parse)),
            "late": self._late(),
            "others": self._others(),
            "at": at,
            "columns": columns,
            "headings": dict(self._headings(columns)),
        }

    def _complain(self, name: str, *messages: str) -> None:
        self.complaints.setdefault(name, []).extend(messages)

    def _one(self, name: str) -> str:
        return next((value.strip() for value in self.lists.get(name, []) if value.strip()), "")

    def _all(self, name: str) -> list[str]:
        return list(dict.fromkeys(value.strip() for value in self.lists.get(name, []) if value.strip()))

    def _read(self, name: str, read: Callable[[str], T], text: str) -> T | None:
        try:
            return read(text)
        except ValidationError as bad:
            self._complain(name, *bad.messages)
            return None

    def _choice(self, name: str, choices: Mapping[str, Any] | list[str]) -> str:
        chosen = self._one(name)
        if chosen and chosen not in choices:
            self._complain(name, _("Choose one of: %(choices)s.") % {"choices": ", ".join(choices)})
            return ""
        return chosen

    def _period(self) -> tuple[datetime, datetime, str]:
        name = self._choice("period", [*Period.values, CUSTOM])
        is_custom = name == CUSTOM or (not name and (self._one("received_after") or self._one("received_before")))
        period = Period(name) if name and not is_custom else DEFAULT_PERIOD
        start, end = bounds(period, now=self.now, zone=self.zone)
        if not is_custom:
            return start, end, period.value
        start = self._moment("received_after", start)
        end = self._moment("received_before", end)
        if start >= end and not {"received_after", "received_before"} & self.complaints.keys():
            self._complain("received_before", _("The period ends before it begins. Choose a later end."))
        return start, end, ""

    def _moment(self, name: str, default: Any) -> Any:
        if not self._one(name):
            return default
        moments = MomentTextField()
        moments.zone = self.zone
        return self._read(name, moments.clean, self._one(name)) or default

    def _sides(self) -> dict[str, Any]:
        """What is asked for as rows and as columns."""
        across = next(self._groupings("across", self._all("across")[:1]), "")
        group_by = tuple(by for by in self._groupings("by", self._all("by")) if by != across)
        if across and len(group_by) == MOST_GROUPINGS:
            self._complain("across", _too_many_groupings())
        return {"group_by": group_by, "across": across}

    def _measures(self) -> tuple[str, ...]:
        asked = self._all("measure")
        if not set(asked) <= set(MEASURES):
            self._complain("measure", _("Choose one of: %(choices)s.") % {"choices": ", ".join(MEASURES)})
            return ()
        return tuple(asked)

    def _compare(self, start: datetime, end: datetime) -> str:
        asked = self._one("compare")
        if asked and end - start > LONGEST_COMPARED:
            self._complain("compare", _("Only a period of at most ten years is compared. Choose a shorter one."))
            return ""
        if asked and self._one("at"):
            self._complain("compare", _("One interval alone is not compared. Leave out one of the two."))
        queue = asked.removeprefix(OTHER_QUEUE)
        if asked.startswith(OTHER_QUEUE) and queue and "\x00" not in queue:
            return asked
        if asked and asked not in COMPARISONS:
            choices = {"choices": ", ".join(COMPARISONS), "queue": f"{OTHER_QUEUE}3"}
            self._complain("compare", _("Choose one of: %(choices)s; or write %(queue)s for a queue.") % choices)
            return ""
        return asked

    def _others(self) -> tuple[Others, ...]:
        read: list[Others] = []
        for most, group_by in self._numbered(value.strip() for value in self.lists.get("others", [])):
            if not (is_id(most) and 0 < int(most) <= MOST_BESIDE and group_by):
                words = _("Write a number of groups, at most %(most)s, then what groups them.")
                self._complain("others", words % {"most": MOST_BESIDE})
                return ()
            read.append(Others(int(most), tuple(self._groupings("others", group_by))))
        if "others" not in self.complaints and sum(len(others.group_by) for others in read) > MOST_GROUPINGS:
            self._complain("others", _too_many_groupings())
            return ()
        return tuple(read)

    @staticmethod
    def _numbered(values: Iterable[str]) -> list[tuple[str, list[str]]]:
        """Each number with the values after it."""
        found: list[tuple[str, list[str]]] = []
        for value in filter(None, values):
            if not found or is_id(value):
                found.append((value, []))
            else:
                found[-1][1].append(value)
        return found

    def _groupings(self, name: str, asked: list[str]) -> Iterator[str]:
        if len(asked) > MOST_GROUPINGS:
            self._complain(name, _too_many_groupings())
        for by in asked:
            if by in FIELDS:
                yield by
            elif not by.startswith(KEY):
                self._complain(
                    name,
                    _("Choose of: %(fields)s; or write %(key)s and a kept key.")
                    % {"fields": ", ".join(FIELDS), "key": KEY},
                )
            elif key := self._read(name, check_key_name, by.removeprefix(KEY)):
                yield f"{KEY}{key}"

    def _fields(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        for name in FIELDS:
            values = self._all(name)
            if name in _CODES and not set(values) <= set(_CODES[name]):
                self._complain(name, _("Choose one of: %(choices)s.") % {"choices": ", ".join(_CODES[name])})
            elif any("\x00" in value for value in values):
                self._complain(name, _("No name contains NUL. Remove it."))
            elif values:
                yield name, tuple(values)

    def _late(self) -> tuple[str, ...]:
        asked, choices = self._all("late"), [ANY, *ContactLogEntry.LateChange.values]
        if not set(asked) <= set(choices):
            self._complain("late", _("Choose one of: %(choices)s.") % {"choices": ", ".join(choices)})
            return ()
        return tuple(asked)

    def _conditions(self, name: str, parse: Callable[[str], T]) -> Iterator[T]:
        # A text may begin or end with a blank, so nothing is stripped here.
        asked = dict.fromkeys(value for value in self.lists.get(name, []) if value.strip())
        if len(asked) > MOST_CONDITIONS:
            self._complain(name, _("At most %(most)s conditions at once.") % {"most": MOST_CONDITIONS})
        for written in islice(asked, MOST_CONDITIONS):
            if condition := self._read(name, parse, written):
                yield condition

    def _columns(self) -> tuple[str, ...] | None:
        if "column" not in self.lists:
            return None
        asked = self._all("column")
        if asked == [FIELD]:
            self._complain("column", _("Choose at least one column."))
            return None
        if len(asked) > MOST_COLUMNS:
            self._complain("column", _("At most %(most)s columns at once.") % {"most": MOST_COLUMNS})
            del asked[MOST_COLUMNS:]
        read = (FIELD if written == FIELD else self._column("column", written) for written in asked)
        return shortened([*dict.fromkeys(column for column in read if column)])

    def _column(self, name: str, written: str) -> str | None:
        if not written.startswith(FIELD):
            return self._read(name, check_key_name, written)
        if written.removeprefix(FIELD) in FIELDS_OF_ROWS:
            return written
        words = _("Write %(field)s and one of: %(choices)s; or a kept key.")
        self._complain(name, words % {"field": FIELD, "choices": ", ".join(FIELDS_OF_ROWS)})
        return None

    def _headings(self, columns: tuple[str, ...] | None) -> Iterator[tuple[str, str]]:
        shown = in_order(columns or ())
        found: dict[str, str] = {}
        for written in self._all("heading"):
            name, _equals, text = written.partition("=")
            column, heading = self._column("heading", name.strip()), self._read("heading", check_heading, text.strip())
            if not column or not heading:
                continue
            if column in found:
                self._complain(
                    "heading", _("The column %(column)s has two headings. Leave one out.") % {"column": name}
                )
            elif column not in shown and (columns is not None or column.startswith(FIELD)):
                words = _("The column %(column)s is not shown. Show it, or leave its heading out.")
                self._complain("heading", words % {"column": name})
            else:
                found[column] = heading
        titled = [LogColumn(column, found.get(column, "")) for column in dict.fromkeys([*shown, *found])]
        twice = said_twice(titled, zone=self.zone)
        for heading in twice:
            words = _("Two columns are called “%(heading)s”. Give one of them another heading.")
            self._complain("heading", words % {"heading": heading})
        return ((column, heading) for column, heading in found.items() if heading not in twice)


def _too_many_groupings() -> str:
    return _("At most %(most)s groupings at once.") % {"most": MOST_GROUPINGS}


def _too_many(intervals: int) -> str:
    return _(
        "The period has about %(number)s of these, and a page shows %(most)s at most. Choose a longer interval or a "
        "shorter period, or take the rows as a file."
    ) % {"number": f"{intervals:,}", "most": f"{MOST_INTERVALS:,}"}
