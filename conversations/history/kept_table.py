"""What is left of a conversation's attached data, and why the rest is not there (rule 14 of the domain)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from channels_cfg.key_names import is_listed
from channels_cfg.keys.catalogue import known_keys
from channels_cfg.models import AttachedKey, Channel
from conversations.attached_data.reasons import REASONS, missing_reason
from conversations.attached_data.settings import settings_of
from conversations.attached_data.typed_values import TypedValue, typed
from conversations.models import XRI_BODY, Conversation
from conversations.pairs import Value


@dataclass(frozen=True)
class KeptRow:
    """One key: its value, source and the rule it breaks, or the reason why there is none. ``known`` is the key in the
    catalogue."""

    key: str
    value: Value = None
    source: str = ""
    flag: str = ""
    reason: str = ""
    known: AttachedKey | None = None

    @property
    def typed(self) -> TypedValue:
        return typed(self.value, self.known)


def kept_table(conversation: Conversation) -> list[KeptRow]:
    """The kept keys by name, then configured ones without a value, then those that were destroyed."""
    kept: dict[str, Value] = conversation.kept_data
    rows = [
        KeptRow(key, value, conversation.kept_sources.get(key, ""), flag=conversation.kept_flags.get(key, ""))
        for key, value in sorted(kept.items())
    ]
    for key in [*missing_configured_keys(conversation), *sorted(conversation.dropped_keys)]:
        if all(row.key != key for row in rows):
            reason = missing_reason(conversation, key)
            rows.append(KeptRow(key, reason=str(REASONS.get(reason, reason))))
    known = known_keys(row.key for row in rows)
    return [replace(row, known=known.get(row.key)) for row in rows]


def task_body_apart(conversation: Conversation, rows: list[KeptRow]) -> tuple[list[KeptRow], KeptRow | None]:
    """The rows without the body of an e-mail task, and that, where it was kept (rule 6 of the domain)."""
    if conversation.channel.kind != Channel.Kind.EMAIL:
        return rows, None
    body = next((row for row in rows if row.key == XRI_BODY and not row.reason), None)
    return [row for row in rows if row is not body], body


def missing_configured_keys(conversation: Conversation) -> list[str]:
    """Keys on the list that judged, or on the list as it stands, that have neither a value nor, as parents, leaves."""
    configured = dict.fromkeys([*(conversation.judged_keys or []), *settings_of(conversation).statistics_keys.value])
    return [key for key in configured if not any(is_listed(kept, [key]) for kept in conversation.kept_data)]
