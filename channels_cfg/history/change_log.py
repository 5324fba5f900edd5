"""Who changed which setting, when, why, from what to what; read from the rows that database triggers write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, models
from django.db.models import Max, OuterRef, QuerySet, Subquery, Value
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_cfg.history.record_words import Difference, FieldChange, InWords, Pair, event_models
from channels_cfg.models import User

__all__ = ["OUTSIDE", "Change", "ChangeHistory", "FieldChange", "Made", "event_models", "who"]

OUTSIDE = gettext_lazy("Outside the configurator")


@dataclass(frozen=True)
class Made:
    """How a change came about."""

    at: datetime
    by: str
    why: str
    version: int | None


@dataclass(frozen=True)
class Change(Difference, Made):
    """One row that was created, changed or deleted, by whom and why."""


class ChangeHistory:
    """Changes, newest first; a ``Paginator`` can page through it, and only the page is read in full."""

    def __init__(self, events: Iterable[QuerySet[Any]]) -> None:
        self.events = list(events)

    @classmethod
    def of(cls, record: models.Model, *, parts: Iterable[tuple[type[models.Model], str]] = ()) -> ChangeHistory:
        """Changes of the record, and of the rows that point to it; ``parts`` names their model and foreign key."""
        recorded = event_models()
        own: list[QuerySet[Any]] = [QuerySet(recorded[type(record)]).filter(pgh_obj_id=record.pk)]
        return cls(
            own + [QuerySet(recorded[part]).filter(**{key: record.pk}) for part, key in parts if part in recorded]
        )

    @classmethod
    def of_everything(
        cls,
        *,
        kind: type[models.Model] | None = None,
        by: int | None = None,
        versions: Sequence[int] | None = None,
        since: datetime | None = None,
        before: datetime | None = None,
    ) -> ChangeHistory:
        """Changes of all settings, or of one kind, by one user, of some versions, of a period."""
        conditions = {
            "pgh_context__metadata__user": by,
            "pgh_version__in": versions,
            "pgh_created_at__gte": since,
            "pgh_created_at__lt": before,
        }
        wanted = {name: value for name, value in conditions.items() if value is not None}
        return cls(
            QuerySet(event_model).filter(**wanted)
            for model, event_model in event_models().items()
            if kind in (None, model)
        )

    def __len__(self) -> int:
        counts = [events.order_by().values(one=Value(1)) for events in self.events]
        return counts[0].union(*counts[1:], all=True).count() if counts else 0

    def count(self) -> int:
        return len(self)

    def __getitem__(self, wanted: slice) -> list[Change]:
        return self._described(self._index()[wanted]) if self.events else []

    def in_chunks(self, size: int) -> Iterator[list[Change]]:
        """All of them, so many at a time."""
        found = list(self._index()) if self.events else []
        for start in range(0, len(found), size):
            yield self._described(found[start : start + size])

    def _index(self) -> QuerySet[Any, Any]:
        """Version, number of the event and place of its model, newest first."""
        index = [
            events.order_by().values_list("pgh_version_id", "pgh_id", Value(number))
            for number, events in enumerate(self.events)
        ]
        return index[0].union(*index[1:], all=True).order_by("-pgh_version_id", "-pgh_id")

    def _described(self, index: Iterable[tuple[int, int, int]]) -> list[Change]:
        found = [(number, pgh_id) for _version, pgh_id, number in index]
        rows = {
            number: self._rows(number, [pgh_id for owner, pgh_id in found if owner == number])
            for number in {number for number, _ in found}
        }
        return list(_changes([rows[number][pgh_id] for number, pgh_id in found]))

    def first_of_each_version(self, versions: Sequence[int], *, most: int) -> dict[int, tuple[list[Change], int]]:
        """For each of the versions its first changes, at most so many, and how many there are."""
        index = [
            events.filter(pgh_version__in=versions).order_by().values_list("pgh_version_id", "pgh_id", Value(number))
            for number, events in enumerate(self.events)
        ]
        if not index or not versions:
            return {}
        asked, parameters = index[0].union(*index[1:], all=True).query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute(_FIRST_OF_EACH.format(index=asked), (*parameters, most))
            found = cursor.fetchall()
        rows = {
            number: self._rows(number, [pgh_id for _, owner, pgh_id, _ in found if owner == number])
            for number in {number for _, number, _, _ in found}
        }
        changes = _changes([rows[number][pgh_id] for _, number, pgh_id, _ in found])
        first: dict[int, tuple[list[Change], int]] = {}
        for (version, _number, _event, total), change in zip(found, changes, strict=True):
            first.setdefault(version, ([], total))[0].append(change)
        return first

    def _rows(self, number: int, pgh_ids: list[int]) -> dict[int, tuple[Any, Any]]:
        """Each event with the one before it of the same record, or None."""
        event_model = self.events[number].model
        earlier = (
            QuerySet(event_model)
            .filter(pgh_obj_id=OuterRef("pgh_obj_id"), pgh_id__lt=OuterRef("pgh_id"))
            .order_by()
            .values("pgh_obj_id")
            .annotate(latest=Max("pgh_id"))
            .values("latest")
        )
        rows = (
            QuerySet(event_model)
            .filter(pgh_id__in=pgh_ids)
            .prefetch_related("pgh_context")  # thousands of changes may share one
            .annotate(previous=Subquery(earlier))
        )
        events = list(rows)
        before: dict[int, Any] = QuerySet(event_model).in_bulk([event.previous for event in events if event.previous])
        return {event.pgh_id: (event, before.get(event.previous)) for event in events}


_FIRST_OF_EACH = """
    SELECT version, number, pgh_id, total
      FROM (SELECT version, number, pgh_id, count(*) OVER (PARTITION BY version) AS total,
                   row_number() OVER (PARTITION BY version ORDER BY number, pgh_id) AS place
              FROM ({index}) AS found (version, pgh_id, number)) AS numbered
     WHERE place <= %s
     ORDER BY version, place
"""


def _changes(events: Sequence[tuple[Any, Any]]) -> Iterator[Change]:
    contexts = {event.pgh_context_id: event for event, _ in events}  # thousands of changes may share one
    facts = {context: _facts(event) for context, event in contexts.items()}
    in_words = InWords(
        [_pair(event, before) for event, before in events], people=[(User, known["user"]) for known in facts.values()]
    )
    by = {context: who(known, names=in_words.names) for context, known in facts.items()}
    for (event, _before), difference in zip(events, in_words, strict=True):
        yield Change(
            at=event.pgh_created_at,
            by=by[event.pgh_context_id],
            why=facts[event.pgh_context_id]["why"],
            version=event.pgh_version_id,
            **difference.__dict__,
        )


def _pair(event: Any, before: Any) -> Pair:
    match event.pgh_label:
        case "insert":
            return None, event
        case "delete":
            return event, None
    return before or event, event


def _facts(event: Any) -> dict[str, Any]:
    metadata = event.pgh_context.metadata if event.pgh_context_id and event.pgh_context else {}
    return {"user": None, "why": "", **metadata}


def who(metadata: Mapping[str, Any], *, names: Mapping[Any, str]) -> str:
    """``Aino Virtanen``, ``Aino Virtanen, as planned`` or ``manage.py migrate``; ``names`` by (User, number)."""
    if user := metadata.get("user"):
        name = names.get((User, user)) or _("user number %(user)s") % {"user": user}
        return _("%(name)s, as scheduled") % {"name": name} if metadata.get("planned") else name
    command = metadata.get("command")
    return f"manage.py {command}" if command else metadata.get("by") or str(OUTSIDE)
