"""Why a conversation has no value for a key (rule 14 of the domain)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from channels_cfg.key_names import is_listed
from conversations.models import POSTABLE_STATES, Conversation

INVALID = "invalid"

REASONS = {
    "not_provided": gettext_lazy("Not provided"),
    "not_kept": gettext_lazy("Not kept by the settings"),
    "abandoned": gettext_lazy("Abandoned: nothing is kept"),
    "still_active": gettext_lazy("Decided when the conversation ends"),
    INVALID: gettext_lazy("Invalid"),
    "superseded": gettext_lazy("Superseded"),
    "not_reported": gettext_lazy("Not yet reported"),
}


def missing_reason(conversation: Conversation, key: str) -> str:
    """Why the conversation has no kept value for the key: a code of ``REASONS`` (rule 14)."""
    if conversation.is_active:
        return "still_active"
    if conversation.state not in POSTABLE_STATES:
        return "abandoned"
    if key in conversation.dropped_keys:
        return str(conversation.dropped_keys[key])
    if not is_listed(key, conversation.judged_keys or []):
        return "not_kept"
    return "not_provided"
