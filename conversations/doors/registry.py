"""Which doors there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.urls import URLPattern

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from conversations.models import InboundDelivery


@dataclass(frozen=True)
class Door:
    """A way in. ``urls`` are the addresses of its receivers, from the root. ``handle`` applies a delivery in the
    transaction of its caller, and returns the final state and notes: what was left out and why, never a value. It
    raises ``TooEarly``, or anything else where the delivery is to be tried again. ``triggers`` are what its deliveries
    may be about, each with what people call it."""

    name: str
    label: str | _StrPromise
    handle: Callable[[InboundDelivery], tuple[str, list[str]]]
    urls: Sequence[URLPattern] = ()
    triggers: Mapping[str, str | _StrPromise] = field(default_factory=dict)


_doors: dict[str, Door] = {}


def register(door: Door) -> None:
    _doors[door.name] = door


def door_named(name: str) -> Door:
    return _doors[name]


def doors() -> list[Door]:
    return list(_doors.values())


def urls() -> list[URLPattern]:
    """The addresses of all doors."""
    return [pattern for door in doors() for pattern in door.urls]
