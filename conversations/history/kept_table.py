"""What is left of a conversation's attached data, and why the rest is not there (rule 14 of the domain)."""

from __future__ import annotations

from dataclasses import dataclass

from channels_cfg.key_names import is_listed
from conversations.attached_data import REASONS, missing_reason, settings_of
from conversations.models import Conversation
from conversations.pairs import Value, as_text


@dataclass(frozen=True)
class Row:
    """One key: its value and source, or the reason why there is none."""

    key: str
    text: str = ""
    source: str = ""
    reason: str = ""


def kept_table(conversation: Conversation) -> list[Row]:
    """The kept keys by name, then configured ones without a value, then those that were destroyed."""
    kept: dict[str, Value] = conversation.kept_data
    rows = [
        Row(key, text=as_text(value), source=conversation.kept_sources.get(key, ""))
        for key, value in sorted(kept.items())
    ]
    for key in [*missing_configured_keys(conversation), *sorted(conversation.dropped_keys)]:
        if all(row.key != key for row in rows):
            reason = missing_reason(conversation, key)
            rows.append(Row(key, reason=REASONS.get(reason, reason)))
    return rows


def missing_configured_keys(conversation: Conversation) -> list[str]:
    """Keys on the list that judged, or on the list as it stands, that have neither a value nor, as parents, leaves."""
    configured = dict.fromkeys([*(conversation.judged_keys or []), *settings_of(conversation).statistics_keys.value])
    return [key for key in configured if not any(is_listed(kept, [key]) for kept in conversation.kept_data)]
