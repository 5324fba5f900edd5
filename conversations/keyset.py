"""Pages of a long list, newest first, whose cost does not grow with depth.

A page continues from the row where its neighbour ended instead of counting rows off, so that each costs one short walk
along an index and rows that arrive meanwhile move nothing.
"""

from __future__ import annotations

import base64
import binascii
import struct
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import BooleanField, DateTimeField, F, Func, Model, QuerySet, UUIDField, Value
from django.utils.translation import gettext as _

M = TypeVar("M", bound=Model)
Rows = TypeVar("Rows", bound=QuerySet[Any])

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_POSITION = struct.Struct(">q16s")


class BadCursor(ValidationError):
    """A cursor that no page ever gave out; told by the name of the parameter it came in."""

    def __init__(self, parameter: str) -> None:
        super().__init__({parameter: [_("This is not a place in the list. Start again without it.")]})


@dataclass(frozen=True)
class KeysetPage(Generic[M]):
    """One page, newest first. ``next_cursor`` leads to older rows when given as ``after``, ``previous_cursor`` to newer
    ones when given as ``before``; None where there are none."""

    items: Sequence[M]
    next_cursor: str | None
    previous_cursor: str | None


def keyset_page(
    queryset: QuerySet[M],
    *,
    size: int,
    after: str | None = None,
    before: str | None = None,
    order: tuple[str, str] = ("received_at", "id"),
) -> KeysetPage[M]:
    """The newest ``size`` rows, or those that follow ``after``, or those that come just ``before``; one query.

    ``order`` names a time and the UUID that tells rows of the same time apart; both need an index, descending.
    Raises ``BadCursor``.
    """
    if before:
        newer = list(beyond(queryset, ">", _position(before, "before"), order).order_by(*order)[: size + 1])
        items = newer[:size][::-1]
        return KeysetPage(
            items,
            next_cursor=_cursor(items[-1], order) if items else None,
            previous_cursor=_cursor(items[0], order) if len(newer) > size else None,
        )
    if after:
        queryset = beyond(queryset, "<", _position(after, "after"), order)
    older = list(queryset.order_by(*(f"-{field}" for field in order))[: size + 1])
    items = older[:size]
    return KeysetPage(
        items,
        next_cursor=_cursor(items[-1], order) if len(older) > size else None,
        previous_cursor=_cursor(items[0], order) if after and items else None,
    )


def beyond(queryset: Rows, operator: str, position: tuple[datetime, uuid.UUID], order: tuple[str, str]) -> Rows:
    """Rows on one side of the position: those ``<`` it are older. A row comparison, since PostgreSQL walks the index
    from there."""
    at, pk = position
    row = Func(F(order[0]), F(order[1]), function="ROW", output_field=BooleanField())
    place = Func(Value(at, DateTimeField()), Value(pk, UUIDField()), function="ROW", output_field=BooleanField())
    return queryset.filter(
        Func(row, place, template="(%(expressions)s)", arg_joiner=f" {operator} ", output_field=BooleanField())
    )


def _cursor(row: Model, order: tuple[str, str]) -> str:
    at, pk = (getattr(row, field) for field in order)
    packed = _POSITION.pack((at - _EPOCH) // _MICROSECOND, pk.bytes)
    return base64.urlsafe_b64encode(packed).decode()


def _position(cursor: str, parameter: str) -> tuple[datetime, uuid.UUID]:
    try:
        microseconds, pk = _POSITION.unpack(base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True))
        return _EPOCH + timedelta(microseconds=microseconds), uuid.UUID(bytes=pk)
    except (binascii.Error, struct.error, OverflowError, ValueError) as error:
        raise BadCursor(parameter) from error
