"""What every change of state has in common: the lock, the version, the timeline; and what is wrong with one."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from channels_cfg.models import Queue, User
from conversations.models import Conversation, Event, State


class WrongState(Exception):
    """The action does not fit the state. Says which state it is, and which it would need."""

    def __init__(self, conversation: Conversation, action: str, *needed: State) -> None:
        self.state = State(conversation.state)
        self.needed = needed
        wanted = " or ".join(state.label.lower() for state in needed)
        super().__init__(
            _("The conversation is %(state)s; to %(action)s it, it would have to be %(wanted)s.")
            % {"state": self.state.label.lower(), "action": action, "wanted": wanted}
        )


class TakenByAnother(WrongState):
    """Another agent has it."""

    def __init__(self, conversation: Conversation, action: str) -> None:
        super().__init__(conversation, action, State.QUEUED)
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
    """The conversation, held until the transaction ends."""
    return Conversation.objects.locked(conversation_id)


def save(conversation: Conversation) -> None:
    conversation.version += 1
    conversation.save()


def tell(conversation: Conversation, kind: Event.Kind, *, at: datetime, by: User | None = None, **detail: Any) -> None:
    Event.objects.create(conversation=conversation, kind=kind, at=at, actor=by, detail=detail)


def latest(conversation: Conversation, *kinds: Event.Kind) -> tuple[int | None, dict[str, Any]] | None:
    """By whom the latest event of these kinds was, and its detail."""
    events = Event.objects.filter(conversation=conversation, kind__in=kinds).order_by("-id")
    return events.values_list("actor", "detail").first()
