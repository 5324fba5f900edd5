"""Who sees which live data (rule 6 of the domain)."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from channels_cfg.key_names import is_listed
from channels_cfg.keys.effective_settings import effective_settings
from channels_cfg.models import Channel, SystemSettings, User
from conversations.models import Conversation, LiveDatum, State
from conversations.pairs import Pairs


def live_pairs(conversation: Conversation) -> Pairs:
    """All live data of the conversation."""
    return dict(LiveDatum.objects.filter(conversation=conversation).values_list("key", "value"))


def keys_shown_to_agent(conversation: Conversation, *, system: SystemSettings | None = None) -> list[str] | None:
    """The keys an agent may see of the active conversation; None means every key (rule 6).

    ``system`` saves a query where the caller has it.
    """
    kind = conversation.channel.kind
    if kind == Channel.Kind.CHAT:
        return None
    settings = effective_settings(channel=conversation.channel, queue=conversation.queue, system=system)
    shown = settings.allocation_keys.value
    if kind == Channel.Kind.VOICE and conversation.state == State.ACCEPTED:
        shown = [*shown, *settings.connection_keys.value]
    return shown


def is_at_work_on(conversation: Conversation, user: User) -> bool:
    """Whether live data shows to this user, who may serve: to whom the conversation is allocated, and, while it waits,
    to whoever may take it."""
    if conversation.state in (State.RECEIVED, State.QUEUED):
        return True
    return conversation.agent_id == user.pk and conversation.state in (State.ALLOCATED, State.ACCEPTED, State.WRAP_UP)


def shown_to_agent(conversation: Conversation) -> list[LiveDatum]:
    """Live data as the conversation's agent may see it at this moment, by key."""
    return shown_to_agents([conversation])[conversation.pk]


def shown_to_agents(conversations: Collection[Conversation]) -> dict[uuid.UUID, list[LiveDatum]]:
    """Live data of each as its agent may see it at this moment, by key; two queries however many there are."""
    shown: dict[uuid.UUID, list[LiveDatum]] = {conversation.pk: [] for conversation in conversations}
    if not shown:
        return shown
    system = SystemSettings.load()
    listed = {row.pk: keys_shown_to_agent(row, system=system) for row in conversations}
    for datum in LiveDatum.objects.filter(conversation__in=shown).order_by("key"):
        keys = listed[datum.conversation_id]
        if keys is None or is_listed(datum.key, keys):
            shown[datum.conversation_id].append(datum)
    return shown
