"""A signed callback may hold anything. It is taken in, and either applied or let go; it never fails."""

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from conversations.models import InboundDelivery
from tests.conversations.doors.conversation_api.conftest import CALLBACKS, Sender, message, needs_callbacks

ODD = [None, True, 0, -1, 1e300, 10**400, "", " ", "x" * 500, "NUL \x00", "half \ud800", "{}", "[1", [], [[]], {}]
ODD += [{"": {"": None}}, ["a", {"b": 1}], {"a" * 300: 1}, "2026-13-40T99:99:99Z", "9999-12-31T23:59:59-14:00"]

WAIT_FOR_THEIR_CONVERSATION = {"EVENT_INBOUND", "UNSUPPORTED"}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield (*path, key)
        yield from places(one, (*path, key))


def broken(callback: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """The callback with one to three of its parts replaced by something else, or gone."""
    callback = copy.deepcopy(callback)
    for _ in range(chance.randint(1, 3)):
        found = list(places(callback))
        if not found:
            break
        *path, last = chance.choice(found)
        holder = callback
        for key in path:
            holder = holder[key]
        if chance.random() < 0.15:
            del holder[last]
        else:
            holder[last] = copy.deepcopy(chance.choice(ODD))
    return callback


@needs_callbacks
@pytest.mark.parametrize("seed", range(5))
def test_a_callback_with_odd_parts_is_applied_or_let_go(sender: Sender, seed: int) -> None:
    chance = random.Random(seed)
    originals = [json.loads(file.read_text()) for file in sorted((CALLBACKS / "callbacks").glob("*.json"))]

    sender.tell(*[broken(original, chance) for original in originals])

    failed = InboundDelivery.objects.exclude(state__in=["applied", "ignored"])
    assert set(failed.values_list("trigger", flat=True)) <= WAIT_FOR_THEIR_CONVERSATION


def test_a_callback_of_two_triggers_is_taken_as_one(sender: Sender) -> None:
    both = message() | {"conversation_stop_notification": {"conversation": {"id": "01CONVERSATION"}}}

    delivery = sender.tell(both)

    assert (delivery.trigger, delivery.state) == ("MESSAGE_INBOUND", "applied")
