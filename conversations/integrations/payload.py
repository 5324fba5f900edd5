"""What placeholders stand for in a request: the event, and the conversation, which the documentation calls contact."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from channels_cfg.models import Channel, Queue, User
from conversations.attached_data.visible import live_pairs
from conversations.models import Conversation, IntegrationRun

CHANNEL_TYPES = {Channel.Kind.VOICE: "phone", Channel.Kind.CHAT: "chat", Channel.Kind.EMAIL: "email"}


_NAMED = re.compile(r"\{\s*contact(?:\.(\w+))?")


def wanted_by(text: str) -> set[str] | None:
    """What of ``contact`` the placeholders in the text name; None for all of it."""
    names = {found[1] for found in _NAMED.finditer(text)}
    return None if None in names else names


def payload_of(run: IntegrationRun, conversation: Conversation, *, wanted: set[str] | None = None) -> dict[str, Any]:
    """``event`` and ``contact``; queue and agent are those of the moment at which it happened. Of what takes a query
    only what is wanted is there."""

    def if_wanted(name: str, make: Callable[[Any], Any], given: Any) -> Any:
        return make(given) if wanted is None or name in wanted else None

    facts = run.facts
    is_wanted = wanted is None or bool(wanted & {"cad", "attached_data", "language"})
    attached = nested(live_pairs(conversation) or conversation.kept_data) if is_wanted else {}
    contact = {
        "id": conversation.hex_id,
        "guid": str(conversation.pk),
        "source": conversation.customer_address or None,
        "channel_type": CHANNEL_TYPES[Channel.Kind(conversation.channel.kind)],
        "channel_sub_type": conversation.messaging_channel or None,
        "direction": conversation.direction,
        "created": conversation.received_at.isoformat(),
        "language": attached.get("language"),
        "priority": conversation.priority,
        "skills": [],
        "queue": if_wanted("queue", _queue, facts.get("queue")),
        "forwarding_queue": if_wanted("forwarding_queue", _queue, facts.get("forwarding_queue")),
        "agent": if_wanted("agent", _agent, facts.get("agent")),
        "preferred_agent": if_wanted("preferred_agent", _agent, conversation.preferred_agent_id),
        "required_agents": [_agent(pk) for pk in conversation.required_agents or []] or None,
        "transferring_agent": if_wanted("transferring_agent", _agent, facts.get("transferring_agent")),
        "attached_data": attached,
        "cad": attached,
    }
    event = {"name": run.get_event_display(), "datetime": run.happened_at.isoformat()}
    return {"event": event, "contact": {name: value for name, value in contact.items() if value is not None}}


def _queue(pk: int | None) -> dict[str, Any] | None:
    queue = Queue.objects.prefetch_related("addresses").filter(pk=pk).first() if pk else None
    if queue is None:
        return None
    addresses = [row.address for row in queue.addresses.all()]
    return {"id": str(queue.pk), "name": queue.name, **({"address": addresses[0]} if addresses else {})}


def _agent(pk: int | None) -> dict[str, Any] | None:
    agent = User.objects.filter(pk=pk).first() if pk else None
    if agent is None:
        return None
    facts = {"id": str(agent.pk), "name": str(agent), "number": agent.username, "chat_address": agent.email}
    return {name: value for name, value in facts.items() if value}


def nested(pairs: Mapping[str, Any]) -> dict[str, Any]:
    """``{"customer_data.id": 7, "tickets.0": "a"}`` → ``{"customer_data": {"id": 7}, "tickets": ["a"]}``."""
    tree: dict[str, Any] = {}
    for key, value in sorted(pairs.items()):
        below = tree
        *above, last = key.split(".")
        for name in above:
            if not isinstance(below.get(name), dict):
                below[name] = {}
            below = below[name]
        below[last] = value
    return {name: _with_lists(value) for name, value in tree.items()}


def _with_lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _with_lists(below) for name, below in value.items()}
    numbers = sorted(int(name) for name in inner if name.isascii() and name.isdecimal() and len(name) < 6)
    if inner and numbers == list(range(len(inner))):
        return [inner[str(number)] for number in numbers]
    return inner
