"""What every change of state has in common: the lock, the version, the timeline; and what is wrong with one."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from channels_cfg.models import Queue, User
from conversations.lifecycle.news import Happened, tell_followers, tell_routing
from conversations.lifecycle.participants import WHO_IS_THERE
from conversations.models import AgentPresence, Conversation, Event, State, note_event


class WrongState(Exception):
    """What was to be done does not fit the state. Says which state it is, and which it would need."""

    def __init__(self, conversation: Conversation, *needed: State) -> None:
        self.state = State(conversation.state)
        self.needed = needed
        wanted = get_text_list([state.label.lower() for state in needed], _("or"))
        super().__init__(
            _("The conversation is %(state)s; for this it would have to be %(wanted)s.")
            % {"state": self.state.label.lower(), "wanted": wanted}
        )


class TakenByAnother(WrongState):
    """Another agent has it."""

    def __init__(self, conversation: Conversation) -> None:
        super().__init__(conversation, State.QUEUED)
        self.agent = conversation.agent
        self.args = (
            _("%(agent)s has this conversation already (%(state)s).")
            % {"agent": conversation.agent, "state": self.state.label.lower()},
        )


class WrongChannel(ValueError):
    """A conversation waits in queues of its own channel only."""

    def __init__(self, conversation: Conversation, queue: Queue) -> None:
        super().__init__(
            _("Queue %(queue)s belongs to channel %(channel)s, not to %(other)s.")
            % {"queue": queue, "channel": queue.channel, "other": conversation.channel}
        )


def locked(conversation_id: uuid.UUID) -> Conversation:
    """The conversation with its participants, held until the transaction ends."""
    conversation, [legs] = Conversation.objects.locked_and(conversation_id, WHO_IS_THERE.about(conversation_id))
    conversation.legs_there = WHO_IS_THERE.read(legs)
    return conversation


def save(conversation: Conversation) -> None:
    """Desks and readers know a change by the version, also one that shows in other rows alone."""
    conversation.version += 1
    conversation.save_changes()


def tell(
    conversation: Conversation,
    kind: Event.Kind,
    *,
    at: datetime,
    by: User | None = None,
    to: Queue | None = None,
    came_from: Queue | None = None,
    **detail: Any,
) -> None:
    """On the timeline, and to whoever follows; they hear where it comes to and from."""
    note_event(conversation, kind, at=at, by=by, **detail)
    happened = Happened(
        conversation,
        kind,
        at,
        queue_id=to.pk if to else conversation.queue_id,
        agent_id=detail.get("agent") or conversation.agent_id or (by.pk if by else None),
        by_id=by.pk if by else None,
        came_from=came_from.pk if came_from else None,
    )
    tell_followers([happened])


def free(agent_id: int | None, *, at: datetime) -> None:
    """The agent is done with a conversation, and may be offered another."""
    if agent_id:
        AgentPresence.objects.available_since([agent_id], at)
        tell_routing()


def latest(conversation: Conversation, *kinds: Event.Kind) -> tuple[int | None, dict[str, Any]] | None:
    """By whom the latest event of these kinds was, and its detail."""
    events = Event.objects.filter(conversation=conversation, kind__in=kinds).order_by("-id")
    return events.values_list("actor", "detail").first()
