"""Keeping and destroying attached data when a conversation ends. Callers hold the conversation's row lock."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from channels_cfg.key_names import is_listed
from channels_cfg.prepared import PreparedQuery, write
from conversations.attached_data.settings import settings_with_version
from conversations.key_usage.observations import note_observations
from conversations.models import Conversation, Event, LiveDatum, note_event

_LIVE_DATA = PreparedQuery(lambda conversation_id: LiveDatum.objects.filter(conversation=conversation_id))


def keep_what_the_settings_keep(conversation: Conversation, *, now: datetime) -> None:
    """Judge the live data of a conversation that ends accepted: keep the listed pairs, destroy the others.

    Sets the conversation's fields; the caller saves them.
    """
    settings, conversation.settings_version = settings_with_version(conversation)
    conversation.judged_keys = settings.statistics_keys.value
    data = _LIVE_DATA.all(conversation.pk)
    _judge(conversation, data)
    note_observations(conversation, data, keepable=True)
    if not settings.live_data_until_handled:
        destroy_live_data(conversation)
    note_event(
        conversation,
        Event.Kind.KEPT,
        at=now,
        kept=sorted(conversation.kept_data),
        destroyed=sorted({datum.key for datum in data} - conversation.kept_data.keys()),
    )


def _judge(conversation: Conversation, data: Iterable[LiveDatum]) -> None:
    for datum in data:
        if is_listed(datum.key, conversation.judged_keys or []):
            conversation.kept_data[datum.key] = datum.value
            conversation.kept_sources[datum.key] = datum.source
            conversation.kept_times[datum.key] = datum.attached_at.isoformat()
            if datum.flag:
                conversation.kept_flags[datum.key] = datum.flag
            conversation.dropped_keys.pop(datum.key, None)  # of another value, which was invalid
        else:
            conversation.dropped_keys[datum.key] = "not_kept"


def destroy_all(conversation: Conversation) -> None:
    """Destroy the live data of a conversation that ends unaccepted; the caller saves the conversation."""
    settings, conversation.settings_version = settings_with_version(conversation)
    conversation.judged_keys = settings.statistics_keys.value
    data = _LIVE_DATA.all(conversation.pk)
    keys = [*conversation.dropped_keys, *(datum.key for datum in data)]
    conversation.dropped_keys = dict.fromkeys(keys, "abandoned")
    note_observations(conversation, data, keepable=False)
    destroy_live_data(conversation)


def destroy_live_data(conversation: Conversation) -> None:
    """The caller saves the conversation: how a visitor is called is attached data too (rule 8)."""
    write("DELETE FROM conversations_livedatum WHERE conversation_id = %s", [conversation.pk])
    if conversation.is_web_chat:
        for field in ("customer_name", "customer_address"):
            if getattr(conversation, field) not in conversation.kept_data.values():
                setattr(conversation, field, "")
