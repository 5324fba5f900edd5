"""Pairs that were sent before the end and arrive after it. Callers hold the conversation's row lock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from channels_cfg.key_names import is_listed
from channels_cfg.models import Source
from conversations.attached_data.attach import attach_data, result_beside
from conversations.attached_data.known_pairs import KnownPairs, by_catalogue
from conversations.attached_data.reasons import INVALID
from conversations.attached_data.settings import settings_of
from conversations.attached_data.write_result import STORED, UNCHANGED, WriteResult
from conversations.key_usage.observations import note_observations
from conversations.models import POSTABLE_STATES, Conversation, LiveDatum
from conversations.pairs import Value, check_pairs, check_size


def attach_said(
    conversation: Conversation, data: Mapping[str, Any], *, source: Source, at: datetime, message_id: str
) -> dict[str, WriteResult]:
    """Attach the pairs that a message carried, or judge them as the end has done where they come after it."""
    if conversation.is_active:
        return attach_data(conversation, data, source=source, at=at, message_id=message_id)
    return attach_late_data(conversation, data, source=source, at=at)


def attach_late_data(
    conversation: Conversation, data: Mapping[str, Any], *, source: Source, at: datetime
) -> dict[str, WriteResult]:
    """Judge pairs that were sent before the end and arrive after it, as the end would have judged them.

    Sets the conversation's fields; the caller saves them.
    """
    settings = settings_of(conversation)
    sent = check_pairs(data, settings=settings)
    known = by_catalogue(sent)
    pairs = known.pairs
    results = {
        key: _late_result(conversation, key, value, source, at, precedence=settings.precedence.value)
        for key, value in pairs.items()
    }
    late = {key: value for key, value in pairs.items() if results[key] is STORED}
    said_again = [
        key
        for key, result in results.items()
        if result is UNCHANGED and at > datetime.fromisoformat(conversation.kept_times[key])
    ]
    check_size(pairs, to={}, settings=settings, sent=sent)

    note_observations(
        conversation,
        [LiveDatum(key=key, value=value, source=source) for key, value in pairs.items()],
        keepable=conversation.state in POSTABLE_STATES,
        noted=conversation.kept_data.keys() | {key for key, why in conversation.dropped_keys.items() if why != INVALID},
    )
    conversation.kept_data |= late
    conversation.kept_sources |= dict.fromkeys(late, source)
    conversation.kept_times |= dict.fromkeys([*late, *said_again], at.isoformat())
    for key in [*late, *said_again]:
        conversation.kept_flags.pop(key, None)
        if key in known.flags:
            conversation.kept_flags[key] = known.flags[key]
    _drop_late(conversation, known)
    return known.as_sent(results)


def _drop_late(conversation: Conversation, known: KnownPairs) -> None:
    was_served = conversation.state in POSTABLE_STATES
    dropped = dict.fromkeys(known.invalid, INVALID if was_served else "abandoned") | conversation.dropped_keys
    dropped |= dict.fromkeys(known.pairs, "not_kept" if was_served else "abandoned")
    conversation.dropped_keys = {key: why for key, why in dropped.items() if key not in conversation.kept_data}


def _late_result(
    conversation: Conversation, key: str, value: Value, source: Source, at: datetime, *, precedence: list[str]
) -> WriteResult:
    if conversation.state not in POSTABLE_STATES:
        return WriteResult("dropped", _("The conversation was abandoned; nothing of it is kept."))
    if not is_listed(key, conversation.judged_keys or []):
        return WriteResult("dropped", _("The settings do not keep this key."))
    if key not in conversation.kept_data:
        return STORED
    if key not in conversation.kept_times:
        return WriteResult("superseded", _("A value was posted after the end."))
    kept = LiveDatum(
        key=key,
        value=conversation.kept_data[key],
        source=conversation.kept_sources[key],
        attached_at=datetime.fromisoformat(conversation.kept_times[key]),
    )
    return result_beside(value, source, at, held=kept, precedence=precedence)
