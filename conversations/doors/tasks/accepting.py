"""Accepting the e-mail tasks of other systems: each is kept with all its data, or is refused whole.

All that can be refused is refused here, and the queue is protected from then on: what is kept can be applied.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from uuid_utils.compat import uuid7

from channels_cfg import jobs
from channels_cfg.keys.catalogue import KNOWN_KEYS, read_known_keys
from channels_cfg.models import AttachedKey, Channel, Queue, Right, SystemSettings, User
from channels_cfg.prepared import rows
from conversations import lifecycle
from conversations.attached_data.known_pairs import KnownPairs, by_catalogue
from conversations.attached_data.reasons import INVALID
from conversations.doors.deliveries import keep, keyed_digest
from conversations.idempotency import REMEMBERED_FOR, KeyReused
from conversations.models import TASKS, InboundDelivery
from conversations.pairs import check_pairs, check_size, good_names


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
_PLACE = f"""
    SELECT queue.id, queue.channel_id, channel.kind, queue.opening_hours_id IS NULL AND queue.size IS NULL,
           system.value_characters, system.pairs_per_conversation, system.bytes_per_conversation,
           known.*
      FROM channels_cfg_queueaddress AS address
      JOIN channels_cfg_queue AS queue ON queue.id = address.queue_id
      JOIN channels_cfg_channel AS channel ON channel.id = queue.channel_id
      LEFT JOIN channels_cfg_systemsettings AS system ON system.id = 1
      LEFT JOIN ({KNOWN_KEYS}) AS known ON true
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


_FACTS = len(fields(_Place))


def accept(task: NewTask, *, by: User, now: datetime, request: Any = None, key: str | None = None) -> uuid.UUID:
    """Keep the task, and return the id of the conversation that is made of it. Within ``REMEMBERED_FOR`` the same
    request with the same key is the same task.

    Raises ``NoSuchQueue``, ``QueueIsShut``, ``TooManyPairs``, ``RefusedPairs`` and ``KeyReused``, having kept nothing.
    """
    pk = uuid7()
    digest = b"" if key is None else keyed_digest(json.dumps(request, sort_keys=True).encode())
    nonce = pk.hex if key is None else keyed_digest(f"{by.pk}:{key}".encode()).hex()
    if key is not None and (earlier := _kept_before(nonce, digest, now=now)):
        return earlier
    place, keys = _place_of(task, by=by)
    body = _body(task, _known(task.pairs, place, keys))
    if place.takes_all:
        kept = _keep(task, place, body, pk=pk, by=by, nonce=nonce, digest=digest, now=now)
    else:
        with transaction.atomic():
            if why := lifecycle.why_turned_away(Queue.objects.get(pk=place.queue_id), at=now):
                raise QueueIsShut(why)
            kept = _keep(task, place, body, pk=pk, by=by, nonce=nonce, digest=digest, now=now)
    if not kept:  # a twin came at the same time
        return accept(task, by=by, now=now, request=request, key=key)
    return pk


def _kept_before(nonce: str, digest: bytes, *, now: datetime) -> uuid.UUID | None:
    """The task that was posted with the key; a key is free again after ``REMEMBERED_FOR``. Raises ``KeyReused``."""
    posted = InboundDelivery.objects.filter(door=TASKS, service=None, nonce=nonce)
    earlier = posted.only("conversation_id", "body_digest", "received_at").first()
    if earlier is None or earlier.conversation_id is None:
        return None
    if earlier.received_at <= now - REMEMBERED_FOR:
        posted.filter(pk=earlier.pk).update(nonce=earlier.conversation_id.hex)
        return None
    if bytes(earlier.body_digest) != digest:
        raise KeyReused
    return earlier.conversation_id


def _keep(
    task: NewTask, place: _Place, body: bytes, *, pk: uuid.UUID, by: User, nonce: str, digest: bytes, now: datetime
) -> bool:
    """Whether it is kept, and no twin was."""
    kept = keep(
        TASKS,
        None,
        nonce=nonce,
        body=body,
        digest=digest,
        trigger=task.kind,
        now=now,
        queue_id=place.queue_id,
        sender_id=by.pk,
        conversation_id=pk,
    )
    jobs.announce(InboundDelivery)
    return kept is not None


def _body(task: NewTask, known: KnownPairs) -> bytes:
    """What ``apply`` reads: the facts of ``lifecycle.ArrivingTask`` that no column holds."""
    facts = {
        "customer_address": task.from_address,
        "to_address": task.to_address,
        "subject": task.subject,
        "pairs": known.pairs,
        "flags": known.flags,
        "dropped_keys": dict.fromkeys(known.invalid, INVALID),
    }
    return json.dumps(facts).encode()


def _place_of(task: NewTask, *, by: User) -> tuple[_Place, dict[str, AttachedKey]]:
    """Where the task goes, and the catalogued keys that its pairs name."""
    asked = {"address": task.queue_address, "right": Right.SERVE.value, "user": by.pk}
    found = rows(_PLACE, {**asked, "names": good_names(task.pairs)})
    if not found:
        raise NoSuchQueue(_("You serve no queue with this address."))
    facts = found[0][:_FACTS]
    if facts[-1] is None:  # nobody has saved system settings yet
        facts = (*facts[:4], *_usual_limits())
    place = _Place(*facts)
    if place.channel_kind != Channel.Kind.EMAIL:
        raise NoSuchQueue(
            _("The queue with this address is of a %(kind)s channel; tasks wait in queues of an e-mail channel.")
            % {"kind": Channel.Kind(place.channel_kind).label.lower()}
        )
    known = (row[len(facts) :] for row in found)
    return place, read_known_keys(key for key in known if key[0] is not None)


@cache
def _usual_limits() -> tuple[int, int, int]:
    usual = SystemSettings()
    return usual.value_characters, usual.pairs_per_conversation, usual.bytes_per_conversation


def _known(pairs: Mapping[str, Any], place: _Place, keys: Mapping[str, AttachedKey]) -> KnownPairs:
    if len(pairs) > place.pairs_per_conversation:
        raise TooManyPairs(
            _("There are %(count)s pairs; a task has at most %(most)s.")
            % {"count": len(pairs), "most": place.pairs_per_conversation}
        )
    sent = check_pairs(pairs, settings=place)
    known = by_catalogue(sent, keys=keys)
    check_size(known.pairs, to={}, settings=place, sent=sent)
    return known
