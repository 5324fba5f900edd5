"""A task comes in with all its data and waits: one statement does what receiving, queuing and attaching do."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from channels_cfg.models import Channel, Source
from channels_cfg.prepared import write, written_together
from conversations.lifecycle.news import Happened, tell_followers, tell_routing
from conversations.models import Communication, Conversation, Event, Leg, State

_TAKE_IN = """
    WITH conversation AS (
        INSERT INTO conversations_conversation (
               id, channel_id, queue_id, messaging_channel, direction, state, customer_address, customer_name, subject,
               received_at, queued_at, ended_by, kept_data, kept_sources, kept_times, kept_flags, dropped_keys, version)
        VALUES (%(id)s, %(channel)s, %(queue)s, '', %(direction)s, %(state)s, %(address)s, '', %(subject)s,
                %(at)s, %(at)s, '', '{}', '{}', '{}', '{}', %(dropped)s::jsonb, 2)
    ), task AS (
        INSERT INTO conversations_task (conversation_id, kind, to_address) VALUES (%(id)s, %(kind)s, %(to)s)
    ), legs AS (
        INSERT INTO conversations_leg (conversation_id, purpose, entry, queue_id, started_at, connected_at)
        VALUES (%(id)s, %(customer)s, %(arrived)s, NULL, %(at)s, %(at)s),
               (%(id)s, %(waits)s, %(arrived)s, %(queue)s, %(at)s, %(at)s)
     RETURNING id
    ), communications AS (
        INSERT INTO conversations_communication (leg_id, medium, started_at, connected_at)
        SELECT id, %(medium)s, %(at)s, %(at)s FROM legs
    ), events AS (
        INSERT INTO conversations_event (conversation_id, kind, at, actor_id, detail, external_id)
        SELECT %(id)s, kind, %(at)s, %(by)s, detail::jsonb, ''
          FROM unnest(%(kinds)s::text[], %(details)s::text[]) AS event (kind, detail)
    )
    INSERT INTO conversations_livedatum (conversation_id, key, value, source, flag, attached_at)
    SELECT %(id)s, key, nullif(value, 'null'), %(source)s, coalesce(%(flags)s::jsonb ->> key, ''), %(at)s
      FROM jsonb_each(%(pairs)s::jsonb)
"""


@dataclass(frozen=True)
class ArrivingTask:
    """A task and the queue it waits in, which has room and is open; ``pairs`` as the key catalogue has them."""

    kind: str
    channel_id: int
    queue_id: int
    customer_address: str
    to_address: str
    subject: str
    pairs: Mapping[str, Any] = field(default_factory=dict)
    flags: Mapping[str, str] = field(default_factory=dict)
    dropped_keys: Mapping[str, str] = field(default_factory=dict)


@written_together()
def take_in(arrival: ArrivingTask, *, pk: uuid.UUID, by_id: int, now: datetime) -> None:
    """Leave the rows that ``receive`` and ``attach_data`` leave. Callers hold a transaction."""
    write(_TAKE_IN, _as_rows(arrival, pk=pk, by_id=by_id, now=now))
    conversation = Conversation(
        pk=pk,
        channel=Channel(pk=arrival.channel_id, kind=Channel.Kind.EMAIL),
        queue_id=arrival.queue_id,
        customer_address=arrival.customer_address,
        received_at=now,
        queued_at=now,
    )
    about = {"queue_id": arrival.queue_id, "agent_id": by_id, "by_id": by_id}
    tell_followers([Happened(conversation, kind, now, **about) for kind in (Event.Kind.RECEIVED, Event.Kind.QUEUED)])
    tell_routing()


def _as_rows(arrival: ArrivingTask, *, pk: uuid.UUID, by_id: int, now: datetime) -> dict[str, Any]:
    told: list[tuple[str, dict[str, Any]]] = [
        (Event.Kind.RECEIVED, {}),
        (Event.Kind.QUEUED, {"queue": arrival.queue_id}),
    ]
    if arrival.pairs:
        told.append((Event.Kind.ATTACHED, {"keys": sorted(arrival.pairs), "source": Source.CUSTOMER}))
    return {
        "id": pk,
        "kind": arrival.kind,
        "to": arrival.to_address,
        "channel": arrival.channel_id,
        "queue": arrival.queue_id,
        "direction": Conversation.Direction.INBOUND.value,
        "state": State.QUEUED.value,
        "address": arrival.customer_address,
        "subject": arrival.subject,
        "at": now,
        "by": by_id,
        "dropped": json.dumps(dict(arrival.dropped_keys)),
        "customer": Leg.Purpose.CUSTOMER.value,
        "waits": Leg.Purpose.QUEUE.value,
        "arrived": Leg.Entry.ARRIVED.value,
        "medium": Communication.Medium.EMAIL.value,
        "kinds": [str(kind) for kind, _detail in told],
        "details": [json.dumps(detail) for _kind, detail in told],
        "source": Source.CUSTOMER.value,
        "flags": json.dumps(dict(arrival.flags)),
        "pairs": json.dumps(dict(arrival.pairs)),
    }
