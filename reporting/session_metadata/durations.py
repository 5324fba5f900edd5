"""How long the customer waited, was served and was on hold: rows that add up to the sums of the document.

On every record seen (facts, section 0.2): the handle time is the sum of call, wrap-up and before-call work over the
handle rows; the wait that of the queue rows; the hold that of the handle rows. Wrap-up is a row of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from channels_cfg.models import Queue
from conversations.models import Leg
from conversations.session_facts import moment
from reporting.session_metadata.legs import SessionLegs, virtual_agent_json
from reporting.session_metadata.reading import CountedMessage, StoredSession
from reporting.session_metadata.times import rewritten, seconds, written

Row = dict[str, Any]


def lasted(stored: StoredSession) -> str:
    """What the length of a session is called."""
    return "call_duration" if stored.is_call else "chat_duration"


def _place(stored: StoredSession, queue: Queue | None) -> Row:
    return {
        "menu_path_id": queue and queue.pk,
        "menu_path": queue and queue.name,
        "lang": stored.told.lang or None,
    }


def _transfer(legs: SessionLegs, leg: Leg) -> Row:
    transfer = legs.transfer_of(leg)
    return {
        "transfer": transfer is not None,
        "transfer_id": transfer and transfer.pk,
        "transfer_cold": legs.is_cold(transfer) if transfer else None,
    }


# Waiting


def queue_durations(stored: StoredSession, legs: SessionLegs) -> list[Row]:
    """A row a queue, until the agent was offered it who then accepted."""
    return [_queue_row(stored, legs, leg) for leg in legs.waiting]


def _queue_row(stored: StoredSession, legs: SessionLegs, leg: Leg) -> Row:
    agent = legs.brought(leg)
    answered = agent if agent and agent.connected_at else None
    ended_at = answered.started_at if answered else leg.ended_at
    return {
        "id": leg.pk,
        "agent_id": answered and answered.agent_id,
        **_place(stored, leg.queue),
        "queue_duration": seconds(leg.started_at, ended_at),
        "started_at": written(leg.started_at),
        "ended_at": written(ended_at),
        **_transfer(legs, leg),
    }


# Handling


def handle_durations(stored: StoredSession, legs: SessionLegs) -> list[Row]:
    """A row for each agent's talk with the customer, and one for the wrap-up."""
    rows = [_talk_row(stored, legs, leg) for leg in legs.serving]
    wrap_up = seconds(stored.conversation.ended_at, stored.conversation.handled_at)
    if wrap_up and legs.serving:
        rows.append(_wrap_up_row(stored, legs, _wrapping_up(stored, legs.serving), wrap_up))
    return rows


def _wrapping_up(stored: StoredSession, serving: Sequence[Leg]) -> Leg:
    own = (leg for leg in reversed(serving) if leg.agent_id == stored.conversation.agent_id)
    return next(own, serving[-1])


def _talk_row(stored: StoredSession, legs: SessionLegs, leg: Leg) -> Row:
    return {
        "id": 2 * leg.pk,
        "agent_id": leg.agent_id,
        lasted(stored): seconds(leg.connected_at, leg.ended_at),
        "acw_duration": 0,
        **({"bcw_duration": 0} if stored.is_call else {}),
        "hold_duration": legs.seconds_on_hold(leg),
        "started_at": written(leg.connected_at),
        "ended_at": written(leg.ended_at),
        **_place(stored, legs.queue_of(leg)),
        "barged": False,
        **_transfer(legs, leg),
        "scheduled_at": written(stored.told.scheduled_at),
        "assigned_connection_duration": seconds(leg.started_at, leg.connected_at),
        **(_responses(stored, leg) if not stored.is_call else {}),
    }


def _wrap_up_row(stored: StoredSession, legs: SessionLegs, leg: Leg, wrap_up: int) -> Row:
    ended_at, handled_at = stored.conversation.ended_at, stored.conversation.handled_at
    no_responses = dict.fromkeys(RESPONSES, 0) if not stored.is_call else {}
    return _talk_row(stored, legs, leg) | {
        "id": 2 * leg.pk + 1,
        lasted(stored): 0,
        "acw_duration": wrap_up,
        "hold_duration": None,
        "started_at": written(ended_at),
        "ended_at": written(handled_at),
        "assigned_connection_duration": 0,
        **no_responses,
    }


def virtual_agent_handle_durations(stored: StoredSession, legs: SessionLegs) -> list[Row]:
    return [_virtual_row(stored, legs, item) for item in stored.told.virtual_agents]


def _virtual_row(stored: StoredSession, legs: SessionLegs, item: Mapping[str, Any]) -> Row:
    start, end = virtual_times(stored, item)
    queue = legs.waiting[0].queue if legs.waiting else None
    return {
        "id": item["id"],
        "virtual_agent": virtual_agent_json(item),
        "started_at": written(start),
        "ended_at": written(end),
        lasted(stored): seconds(start, end),
        "escalation_reason": item.get("escalation_reason"),
        "finish_reason": item.get("finish_reason"),
        "sentiment": item.get("sentiment"),
        "response_count": item.get("response_count"),
        "fallback_response_count": item.get("fallback_response_count"),
        "initiated_by": item.get("initiated_by"),
        **_place(stored, queue),
        "transfer": False,
        "transfer_id": None,
    }


def virtual_times(stored: StoredSession, item: Mapping[str, Any]) -> tuple[datetime | None, datetime | None]:
    """From when to when a virtual agent had it: at the longest to the end of the session."""
    start = moment(item.get("connected_at") or item["started_at"])
    end = moment(item["ended_at"]) if "ended_at" in item else stored.conversation.ended_at
    return start, max(start, end) if start and end else None


def told_seconds(start: str | None, end: str | None) -> int | None:
    return seconds(moment(start) if start else None, moment(end) if end else None)


# The customer


def customer_connected_at(stored: StoredSession, leg: Leg) -> datetime | None:
    """Whom the centre calls is there once picked up; by what was told, else with the agent."""
    conversation, told = stored.conversation, stored.told
    if told.customer_connected_at:
        return told.customer_connected_at
    is_called = conversation.direction == conversation.Direction.OUTBOUND or told.scheduled_at
    return conversation.accepted_at if stored.is_call and is_called else leg.connected_at


def consumer_handle_durations(stored: StoredSession, legs: SessionLegs) -> list[Row]:
    """The whole time of the customer."""
    return [
        {
            "id": leg.pk,
            "started_at": written(connected_at),
            "ended_at": written(leg.ended_at),
            lasted(stored): seconds(connected_at, leg.ended_at),
            **({"hold_duration": legs.seconds_on_hold()} if stored.is_call else _answers(stored)),
        }
        for leg in legs.customers
        if (connected_at := customer_connected_at(stored, leg))
    ]


def consumer_in_menu_durations(stored: StoredSession, legs: SessionLegs) -> list[Row]:
    return [
        {
            "id": leg.pk,
            **_place(stored, None),
            "started_at": written(leg.started_at),
            "ended_at": written(leg.ended_at),
            "duration": seconds(leg.started_at, leg.ended_at),
            "event": "finished" if leg.ended_at else None,
        }
        for leg in legs.menus
    ]


def consumer_event_durations(stored: StoredSession, queue: Queue | None) -> list[Row]:
    return [
        {
            "id": item["id"],
            "type": item["type"],
            "event": item.get("event"),
            **_place(stored, queue),
            "started_at": rewritten(item["started_at"]),
            "ended_at": rewritten(item.get("ended_at")),
            "duration": told_seconds(item["started_at"], item.get("ended_at")),
        }
        for item in stored.told.consumer_events
    ]


# Answering in chats

RESPONSES = ("response_count", "response_time_total", "response_time_max", "response_time_avg")


def response_times(said: Iterable[CountedMessage], *, by: str, since: datetime | None = None) -> list[int]:
    """How many seconds each answer took: from the first message of the other that nobody had answered, or from when
    whoever answers was there."""
    times, asked_at = [], None
    for message in said:
        if message.author != by:
            asked_at = asked_at or message.sent_at
        elif asked_at:
            times.append(seconds(max(asked_at, since) if since else asked_at, message.sent_at) or 0)
            asked_at = None
    return times


def counted(times: Sequence[int]) -> Row:
    average = round(sum(times) / len(times), 1) if times else 0
    return dict(zip(RESPONSES, (len(times), sum(times), max(times, default=0), average), strict=True))


def _responses(stored: StoredSession, leg: Leg) -> Row:
    """Of the agent, as long as the chat was the agent's."""
    said = [
        message
        for message in stored.messages
        if (message.author != "agent" or message.agent_id == leg.agent_id)
        and (leg.ended_at is None or message.sent_at <= leg.ended_at)
    ]
    return counted(response_times(said, by="agent", since=leg.connected_at))


def _answers(stored: StoredSession) -> Row:
    """Of the customer to what agents wrote."""
    written_by_customer = sum(message.author == "customer" for message in stored.messages)
    return {"message_count": written_by_customer, **counted(response_times(stored.messages, by="customer"))}
