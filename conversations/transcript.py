"""The messages of a conversation as a reader sees them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from conversations.models import Conversation, DeliveryStatus, Message


@dataclass(frozen=True)
class Line:
    """One message. Empty texts stand for what it does not have."""

    author: str
    author_name: str
    at: datetime
    text: str
    is_redacted: bool
    kind: str
    media_url: str
    media_name: str
    place: str
    quoted: str
    delivery: str
    failure: str


KINDS = {
    "media_message": gettext_lazy("Media"),
    "media_card_message": gettext_lazy("Media"),
    "location_message": gettext_lazy("Location"),
    "choice_response_message": gettext_lazy("Choice"),
    "product_response_message": gettext_lazy("Products"),
    "channel_specific_message": gettext_lazy("Form"),
    "fallback_message": gettext_lazy("Not shown: the channel sent something that cannot be displayed"),
}


SHOWN_AT_FIRST = 200


@dataclass(frozen=True)
class Transcript:
    """The last messages, the oldest of them first, and how many there were before."""

    lines: list[Line]
    earlier: int = 0


def transcript(conversation: Conversation, *, whole: bool = False) -> Transcript:
    """The last messages, or all; at most four queries."""
    said = Message.objects.filter(conversation=conversation)
    newest_first = said.select_related("agent").order_by("-sent_at", "-id")
    messages = list(newest_first if whole else newest_first[:SHOWN_AT_FIRST])[::-1]
    earlier = 0 if whole or len(messages) < SHOWN_AT_FIRST else said.count() - len(messages)
    statuses = DeliveryStatus.objects.of(messages)
    by_id = {message.external_id: message for message in messages if message.external_id}
    if earlier:
        by_id |= _quoted_from_before(said, messages, by_id)
    lines = [_line(conversation, message, statuses.get(message.external_id), by_id) for message in messages]
    return Transcript(lines, earlier)


def _quoted_from_before(
    said: QuerySet[Message], messages: Iterable[Message], known: Collection[str]
) -> dict[str, Message]:
    quoted = {message.reply_to for message in messages if message.reply_to} - set(known)
    return {message.external_id: message for message in said.filter(external_id__in=quoted)} if quoted else {}


def _line(
    conversation: Conversation, message: Message, status: DeliveryStatus | None, by_id: dict[str, Message]
) -> Line:
    quoted = by_id.get(message.reply_to)
    url = safe_link(message.content.get("url"))
    return Line(
        author=message.author,
        author_name=_name(conversation, message),
        at=message.sent_at,
        text=message.text,
        is_redacted=message.rank[:1] == [1],  # the sender's redaction replaced what was written
        kind=str(KINDS.get(message.content_type, "")),
        media_url=url,
        media_name=str(message.content.get("filename_override") or url.rsplit("/", 1)[-1].split("?")[0] or url),
        place=_place(message.content.get("coordinates")),
        quoted=(quoted.text or str(KINDS.get(quoted.content_type, ""))) if quoted else "",
        delivery=_delivery_label(status),
        failure=_worded(status.reason_code) if status and status.status == DeliveryStatus.Status.FAILED else "",
    )


def _name(conversation: Conversation, message: Message) -> str:
    match message.author:
        case Message.Author.CUSTOMER:
            return conversation.customer
        case Message.Author.AGENT:
            return str(message.agent or _("Agent"))
    return _("Automatic")


def _delivery_label(status: DeliveryStatus | None) -> str:
    if status is None:
        return ""
    known = status.status in DeliveryStatus.Status.values
    return str(DeliveryStatus.Status(status.status).label) if known else _worded(status.status)


def _worded(code: str) -> str:
    """``RECIPIENT_NOT_REACHABLE`` as ``Recipient not reachable``."""
    return code.replace("_", " ").capitalize()


def safe_link(url: Any) -> str:
    """The address where it is one that a browser may open; a message may hold anything."""
    try:
        parts = urlsplit(str(url or ""))
    except ValueError:
        return ""
    return str(url) if parts.scheme in ("http", "https") and parts.netloc else ""


def _place(coordinates: Any) -> str:
    if not isinstance(coordinates, dict):
        return ""
    numbers = [coordinates.get(name) for name in ("latitude", "longitude")]
    return ", ".join(str(number) for number in numbers) if all(isinstance(n, int | float) for n in numbers) else ""
