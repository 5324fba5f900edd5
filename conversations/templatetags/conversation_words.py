"""How pages word what a conversation is and has."""

from datetime import timedelta
from typing import Any

from django import template

from channels_cfg.messaging.messaging_channels import label_of
from channels_cfg.models import Source
from conversations.models import Conversation, State
from conversations.pairs import as_text

register = template.Library()

CHIP_OF_STATE = {
    State.RECEIVED: "chip--wait",
    State.QUEUED: "chip--wait",
    State.ALLOCATED: "chip--warn",
    State.ACCEPTED: "chip--good",
    State.WRAP_UP: "chip--info",
    State.HANDLED: "",
    State.ABANDONED: "chip--bad",
    State.FALSE_ATTEMPT: "chip--bad",
}

register.filter("as_text", as_text)
register.filter("channel_label", label_of)


@register.filter
def chip_of_state(conversation: Conversation) -> str:
    """The class that colours the state's chip."""
    return CHIP_OF_STATE[State(conversation.state)]


@register.filter
def source_label(source: str) -> str:
    return str(Source(source).label) if source in Source.values else source


@register.filter
def spoken(duration: timedelta | None) -> str:
    """``2 min 5 s``; two units at most, nothing for less than a second."""
    seconds = int(duration.total_seconds()) if duration else 0
    if seconds < 1:
        return ""
    units = [
        (seconds // 86400, "d"),
        (seconds % 86400 // 3600, "h"),
        (seconds % 3600 // 60, "min"),
        (seconds % 60, "s"),
    ]
    first = next(place for place, (count, _unit) in enumerate(units) if count)
    return " ".join(f"{count} {unit}" for count, unit in units[first : first + 2] if count)


@register.filter
def is_empty_text(value: Any) -> bool:
    return as_text(value) == ""
