"""Taking in the e-mail tasks of other systems: each waits in its queue with all its data, or is refused whole."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from channels_cfg.models import Channel, Queue, Right, SystemSettings, User
from channels_cfg.prepared import first_row
from conversations import lifecycle
from conversations.attached_data.known_pairs import KnownPairs, by_catalogue
from conversations.attached_data.reasons import INVALID
from conversations.pairs import check_pairs, check_size


class NoSuchQueue(Exception):
    """The address leads to no queue of tasks in which the sender serves. Says so in words."""


class QueueIsShut(Exception):
    """The queue is closed or full. Says which, in words."""


class TooManyPairs(Exception):
    """There are more pairs than a conversation holds. Says so in words."""


@dataclass(frozen=True)
class NewTask:
    """A task as its sender tells it. ``kind`` is one of ``Task.TaskKind``."""

    kind: str
    queue_address: str
    subject: str
    from_address: str
    to_address: str
    pairs: Mapping[str, Any]


# The right is that of ``Queue.objects.granting``; a test holds the two together.
_QUEUE = """
    SELECT queue.id, queue.channel_id, channel.kind, queue.opening_hours_id IS NULL AND queue.size IS NULL,
           system.value_characters, system.pairs_per_conversation, system.bytes_per_conversation
      FROM channels_cfg_queueaddress AS address
      JOIN channels_cfg_queue AS queue ON queue.id = address.queue_id
      JOIN channels_cfg_channel AS channel ON channel.id = queue.channel_id
      LEFT JOIN channels_cfg_systemsettings AS system ON system.id = 1
     WHERE lower(address.address) = lower(%(address)s)
       AND EXISTS (
            SELECT FROM channels_cfg_accessright AS held
             WHERE held.right = %(right)s
               AND (held.user_id = %(user)s
                    OR held.group_id IN (SELECT group_id FROM channels_cfg_user_groups WHERE user_id = %(user)s))
               AND (held.queue_id = queue.id
                    OR held.queue_group_id IN (
                        SELECT queuegroup_id FROM channels_cfg_queue_groups WHERE queue_id = queue.id)))
"""


@dataclass(frozen=True)
class _Place:
    """The queue that an address leads to, and how much a conversation there holds."""

    queue_id: int
    channel_id: int
    channel_kind: str
    takes_all: bool
    value_characters: int
    pairs_per_conversation: int
    bytes_per_conversation: int


def take_in(task: NewTask, *, pk: uuid.UUID, by: User, now: datetime) -> None:
    """Make a conversation of this id of the task, which waits.

    Raises ``NoSuchQueue``, ``QueueIsShut``, ``TooManyPairs`` and ``RefusedPairs``, having changed nothing.
    """
    place = _place_of(task.queue_address, by=by)
    known = _known(task.pairs, place)
    arriving = lifecycle.ArrivingTask(
        kind=task.kind,
        channel_id=place.channel_id,
        queue_id=place.queue_id,
        customer_address=task.from_address,
        to_address=task.to_address,
        subject=task.subject,
        pairs=known.pairs,
        flags=known.flags,
        dropped_keys=dict.fromkeys(known.invalid, INVALID),
    )
    with transaction.atomic():
        if not place.takes_all and (why := lifecycle.why_turned_away(Queue.objects.get(pk=place.queue_id), at=now)):
            raise QueueIsShut(why)
        lifecycle.take_in(arriving, pk=pk, by=by, now=now)


def _place_of(address: str, *, by: User) -> _Place:
    row = first_row(_QUEUE, {"address": address, "right": Right.SERVE.value, "user": by.pk})
    if row is None:
        raise NoSuchQueue(_("You serve no queue with this address."))
    if row[-1] is None:  # nobody has saved system settings yet
        row = (*row[:4], *_usual_limits())
    place = _Place(*row)
    if place.channel_kind != Channel.Kind.EMAIL:
        raise NoSuchQueue(
            _("The queue with this address is of a %(kind)s channel; tasks wait in queues of an e-mail channel.")
            % {"kind": Channel.Kind(place.channel_kind).label.lower()}
        )
    return place


@cache
def _usual_limits() -> tuple[int, int, int]:
    usual = SystemSettings()
    return usual.value_characters, usual.pairs_per_conversation, usual.bytes_per_conversation


def _known(pairs: Mapping[str, Any], place: _Place) -> KnownPairs:
    if len(pairs) > place.pairs_per_conversation:
        raise TooManyPairs(
            _("There are %(count)s pairs; a task has at most %(most)s.")
            % {"count": len(pairs), "most": place.pairs_per_conversation}
        )
    sent = check_pairs(pairs, settings=place)
    known = by_catalogue(sent)
    check_size(known.pairs, to={}, settings=place, sent=sent)
    return known
