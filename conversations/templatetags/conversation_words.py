"""How pages word what a conversation is and has."""

from datetime import datetime, timedelta
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import Urlizer
from django.utils.safestring import SafeString, mark_safe

from channels_cfg.messaging.messaging_channels import label_of
from channels_cfg.models import Source
from conversations.models import ContactIdentifier, Conversation, State
from conversations.pairs import as_text
from conversations.telephone import shown_number

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
def identifier_words(identifier: Any) -> str:
    """An identifier of a contact as people read it: ``+358 40 1234567``, ``WhatsApp: …``, ``crm: …``."""
    if identifier.kind == ContactIdentifier.IdentifierKind.PHONE:
        return shown_number(identifier.value)
    if identifier.kind == ContactIdentifier.IdentifierKind.CHANNEL:
        return f"{label_of(identifier.source)}: {identifier.value}"
    return f"{identifier.source}: {identifier.value}" if identifier.source else str(identifier.value)


@register.filter
def seconds_left(offered: Conversation) -> int | None:
    """Until an offer of the desk goes back to its queue; None where it stays."""
    seconds, since = offered.channel.pick_up_seconds, getattr(offered, "offered_at", None)
    if seconds is None or since is None:
        return None
    return max(round(seconds - (timezone.now() - since).total_seconds()), 0)


@register.filter
def seconds_since(moment: datetime) -> int:
    """Whole seconds that have passed; none where a clock runs ahead."""
    return max(int((timezone.now() - moment).total_seconds()), 0)


@register.filter
def as_clock(seconds: int) -> str:
    """``2:05``, ``1:02:05``"""
    minutes, rest = divmod(seconds, 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"


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


class _Linker(Urlizer):
    """Links lead to other hosts, which learn nothing of where the reader came from."""

    url_template = '<a href="{href}" rel="noopener noreferrer nofollow" target="_blank">{url}</a>'


@register.filter(is_safe=True)
def linked(text: str) -> SafeString:
    """The text, of which addresses of the web are links; all else in it stays text."""
    return mark_safe(_Linker()(text, autoescape=True))  # the linker escapes


@register.filter
def is_empty_text(value: Any) -> bool:
    return as_text(value) == ""
