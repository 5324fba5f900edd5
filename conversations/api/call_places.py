"""Where a call goes: what its teller names, as far as the teller serves there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.exceptions import ValidationError

from channels_cfg.addresses import tidied_address
from channels_cfg.models import Channel, IvrDefinition, Queue, Right, User
from conversations.api.whom import queue_served, servers
from conversations.doors.queue_addresses import WrongKind, queue_with_address
from conversations.doors.voice.calls import NewCall
from conversations.models import Conversation, direct_agents

PLACES = ("to", "ivr", "queue", "agent")


def place_of(order: Mapping[str, Any], *, by: User) -> NewCall:
    """The call that is told. Raises REST framework's ``ValidationError`` by field; what is not granted is as if it were
    not there."""
    is_outbound = order["direction"] == Conversation.Direction.OUTBOUND
    _check_places(order, is_outbound=is_outbound)
    ivr = _ivr_of(order, by=by, is_outbound=is_outbound)
    queue = None if ivr else _queue_of(order, by=by, is_outbound=is_outbound)
    agent = _agent_of(order, queue, by=by) if "agent" in order else None
    leads_to = queue or ivr
    return NewCall(
        call_id=order["call_id"],
        channel=leads_to.channel if leads_to else _channel_of(order),
        queue=queue,
        agent=agent,
        ivr=ivr,
        customer_address=order.get("to" if is_outbound else "from", ""),
        direction=order["direction"],
        centre_number=order.get("from" if is_outbound else "to", ""),
        attached_data=order.get("attached_data", {}),
        sip_headers=order.get("sip_headers", {}),
    )


def _check_places(order: Mapping[str, Any], *, is_outbound: bool) -> None:
    """One place, and beside an agent the queue in whose name the agent is called, or the number that was dialled."""
    named = [name for name in PLACES if name in order and not (is_outbound and name == "to")]
    if not named:
        missing = "queue" if is_outbound else "to"
        raise ValidationError({missing: f"Say where the call goes: {', '.join(PLACES[is_outbound:])}."})
    if "agent" in named and "ivr" not in named:
        named.remove("to") if named == ["to", "agent"] else None
        named = [name for name in named if name != "agent"] or ["agent"]
    if len(named) > 1:
        raise ValidationError({named[1]: f"Name it instead of {named[0]}, not beside it."})


def _ivr_of(order: Mapping[str, Any], *, by: User, is_outbound: bool) -> IvrDefinition | None:
    """The IVR of that name or number; one that leads to a queue which the teller does not serve is as if not there."""
    granted = IvrDefinition.objects.granting(Right.SERVE, to=by).select_related("channel")
    if "ivr" in order:
        found = granted.filter(name=order["ivr"]).first()
        if found is None:
            raise ValidationError({"ivr": "There is no IVR of this name all of whose queues you serve."})
        return found
    if "to" not in order or "agent" in order or is_outbound:
        return None
    return granted.reached_at(tidied_address(order["to"])).first()


def _queue_of(order: Mapping[str, Any], *, by: User, is_outbound: bool) -> Queue | None:
    if "queue" in order:
        queue = queue_served(order["queue"], by=by)
        if queue.channel.kind != Channel.Kind.VOICE:
            raise ValidationError({"queue": "Calls do not wait in this queue: its channel is no voice channel."})
        return queue
    if "agent" in order or "to" not in order or is_outbound:
        return None
    try:
        found = queue_with_address(tidied_address(order["to"]), kind=Channel.Kind.VOICE)
    except WrongKind:
        found = None
    if found is None or not Queue.objects.granting(Right.SERVE, to=by).filter(pk=found.pk).exists():
        raise ValidationError(
            {"to": "Neither a queue that you serve nor an IVR that leads to such queues has this number."}
        )
    return found


def _agent_of(order: Mapping[str, Any], queue: Queue | None, *, by: User) -> User:
    if queue:
        return servers("agent", [order["agent"]], queue)[0]
    agent = User.objects.filter(username=order["agent"], is_active=True).first()
    if agent is None or not all(agent.pk in direct_agents(Right.SERVE, user) for user in (agent, by)):
        raise ValidationError({"agent": "You serve no direct conversations of an agent of this user name."})
    return agent


def _channel_of(order: Mapping[str, Any]) -> Channel:
    """Of a direct call."""
    voice = Channel.objects.filter(kind=Channel.Kind.VOICE)
    if "channel" in order:
        voice = voice.filter(name=order["channel"])
    found = list(voice[:2])
    if len(found) == 1:
        return found[0]
    said = "There is no voice channel of this name." if "channel" in order else "Name the voice channel of the call."
    raise ValidationError({"channel": said})
