"""The attached data of a conversation as its agent sees it, and how long each pair will be there."""

from __future__ import annotations

from dataclasses import dataclass

from channels_cfg.key_names import is_listed
from channels_cfg.models import Channel
from conversations.attached_data import settings_of, shown_to_agent
from conversations.models import Conversation
from conversations.pairs import as_text

TASK_BODY = "XRI-body"
"""The key whose value is the body of an e-mail task (rule 6 of the domain)."""


@dataclass(frozen=True)
class Shown:
    """One pair. ``is_kept`` says whether it outlives the conversation, as the settings stand."""

    key: str
    text: str
    source: str
    is_kept: bool


@dataclass(frozen=True)
class AttachedData:
    """What the agent sees at this moment; ``task_body`` is the text of an e-mail task."""

    pairs: list[Shown]
    task_body: str
    destroyed: int


def attached_data_for_agent(conversation: Conversation) -> AttachedData:
    """Live data while active. Afterwards kept data, and live data as long as the channel lets agents see it."""
    kept = [
        Shown(key, as_text(value), conversation.kept_sources.get(key, ""), is_kept=True)
        for key, value in sorted(conversation.kept_data.items())
    ]
    listed = conversation.judged_keys if conversation.ended_at else settings_of(conversation).statistics_keys.value
    live = [
        Shown(datum.key, as_text(datum.value), datum.source, is_kept=is_listed(datum.key, listed or []))
        for datum in shown_to_agent(conversation)
        if datum.key not in conversation.kept_data
    ]
    pairs = [*kept, *live]
    body = ""
    if conversation.channel.kind == Channel.Kind.EMAIL:
        body = next((pair.text for pair in pairs if pair.key == TASK_BODY), "")
        pairs = [pair for pair in pairs if pair.key != TASK_BODY]
    return AttachedData(pairs, body, destroyed=0 if live else len(conversation.dropped_keys))
