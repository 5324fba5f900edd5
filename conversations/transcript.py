"""The messages of a conversation as a reader sees them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from conversations.attachments.answer import SHOWN_IN_PAGES
from conversations.models import MAIL, Conversation, MediaFetch, Message
from conversations.quoting import quoted_by
from conversations.replies import deliveries
from conversations.replies.deliveries import Delivery
from conversations.safe_html import Body, body_of

MOST_FACTS = 20
SHOWN_AT_FIRST = 200

KINDS = {
    "media_message": gettext_lazy("File"),
    "media_card_message": gettext_lazy("File"),
    "location_message": gettext_lazy("Location"),
    "choice_response_message": gettext_lazy("Choice"),
    "product_response_message": gettext_lazy("Products"),
    "channel_specific_message": gettext_lazy("Form"),
    "comment_event": gettext_lazy("Comment"),
    "reaction_event": gettext_lazy("Reaction"),
    "mail_file": gettext_lazy("File"),
}
NOT_SHOWN = {
    "fallback_message": gettext_lazy("Not shown: the channel sent something that cannot be displayed."),
    "unsupported_callback": gettext_lazy("Not shown: the customer sent something that the channel does not hand on."),
}
NOT_SHOWN_OF_MAIL = {
    "large": gettext_lazy("The mail is larger than 25 MB; it is in the mail box still."),
    "broken": gettext_lazy("What it holds cannot be read: it is broken, or nested too deep."),
    "cut": gettext_lazy("It is too long to be shown whole."),
}
NOT_SHOWN_OF_FILE = {
    "type": gettext_lazy("it is of a type that is not shown, or not what its name says"),
    "large": gettext_lazy("it is too large"),
    "many": gettext_lazy("there are more files than are kept"),
    "winmail": gettext_lazy("Outlook wrapped what it holds in a form of its own"),
}
REACTION = "reaction_event"
TAKEN_BACK = "REACTION_ACTION_UNREACT"


@dataclass(frozen=True)
class ShownFile:
    """A file, at the address where those who see the conversation find it. ``size`` is in bytes."""

    address: str
    name: str
    media_type: str
    size: int

    @classmethod
    def of(cls, message: Message, *, seen_in: Conversation) -> ShownFile | None:
        attachment = message.held
        if attachment is None:
            return None
        address = reverse("file", args=[seen_in.pk, attachment.pk])
        return cls(address, attachment.name, attachment.media_type, attachment.size)

    @property
    def shown_as(self) -> str:
        """``image``, ``audio`` or ``video`` where a page shows it itself."""
        return self.media_type.partition("/")[0] if self.media_type in SHOWN_IN_PAGES else ""


@dataclass(frozen=True)
class Quoted:
    """What a customer answers to: the beginning of an agent's message, and its file."""

    id: int
    text: str
    author_name: str
    file: ShownFile | None


@dataclass(frozen=True)
class Line:
    """One message. Empty texts stand for what it does not have; ``missing`` says why something is not shown."""

    pk: int
    author: str
    author_name: str
    at: datetime
    text: str
    is_redacted: bool
    kind: str
    file: ShownFile | None
    missing: str
    place: str
    map_address: str
    facts: list[tuple[str, str]]
    quoted: Quoted | None
    delivery: Delivery | None
    body: Body | None = None
    reactions: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Transcript:
    """The last messages, the oldest of them first, and how many there were before."""

    lines: list[Line]
    earlier: int = 0


def transcript(conversation: Conversation, *, whole: bool = False) -> Transcript:
    """The last messages, or all; at most five queries."""
    said = Message.objects.filter(conversation=conversation)
    newest_first = said.select_related("agent", "attachment", "media_fetch").order_by("-sent_at", "-id")
    messages = list(newest_first if whole else newest_first[:SHOWN_AT_FIRST])[::-1]
    earlier = 0 if whole or len(messages) < SHOWN_AT_FIRST else said.count() - len(messages)
    delivered = deliveries.of(messages)
    quoted = quoted_by(messages)
    reactions = _reactions(messages)
    lines = [
        _line(conversation, message, delivered.get(message.pk), quoted.get(message.pk), reactions)
        for message in messages
        if message.content_type != REACTION or message.reply_to not in reactions
    ]
    return Transcript(lines, earlier)


def _reactions(messages: Iterable[Message]) -> dict[str, list[str]]:
    """By the external id of each message that is shown: how the customer reacts to it. The last reaction counts."""
    shown = {message.external_id for message in messages if message.content_type != REACTION} - {""}
    last = {message.reply_to: message for message in messages if message.content_type == REACTION}
    return {
        external_id: [] if reaction.content.get("action") == TAKEN_BACK or not reaction.text else [reaction.text]
        for external_id, reaction in last.items()
        if external_id in shown
    }


def _line(
    conversation: Conversation,
    message: Message,
    delivery: Delivery | None,
    quoted: Message | None,
    reactions: Mapping[str, list[str]],
) -> Line:
    file = ShownFile.of(message, seen_in=conversation)
    place, map_address = _place(message.content.get("coordinates"))
    return Line(
        pk=message.pk,
        author=message.author,
        author_name=_name(conversation, message),
        at=message.sent_at,
        text="" if message.text == place else message.text,
        is_redacted=message.rank[:1] == [1],  # the sender's redaction replaced what was written
        kind=str(KINDS.get(message.content_type, "")),
        file=file,
        missing="" if file else _why_missing(message),
        place=place,
        map_address=map_address,
        facts=_facts(message),
        quoted=_quote(conversation, quoted) if quoted else None,
        delivery=delivery,
        body=_mail_body(message),
        reactions=reactions.get(message.external_id, []),
    )


def _mail_body(message: Message) -> Body | None:
    """Of a mail with HTML, which was cleaned of its images when it came in."""
    html = message.content.get("html", "") if message.content_type == MAIL else ""
    return replace(body_of(html), images=message.content.get("images", 0)) if html else None


def _quote(conversation: Conversation, quoted: Message) -> Quoted:
    return Quoted(
        quoted.pk,
        quoted.beginning,
        _name(conversation, quoted),
        ShownFile.of(quoted, seen_in=conversation),
    )


def _why_missing(message: Message) -> str:
    """Why a message that holds more than text does not show it."""
    fetch: MediaFetch | None = getattr(message, "media_fetch", None)
    if fetch and fetch.state == MediaFetch.State.WAITING:
        return _("The file is being fetched.")
    if fetch and fetch.state == MediaFetch.State.FAILED:
        return _("The file is not shown. %(reason)s") % {"reason": fetch.reason}
    if message.content_type in (MAIL, "mail_file"):
        return _why_missing_of_mail(message)
    words = str(NOT_SHOWN.get(message.content_type, ""))
    reason = message.content.get("reason")
    if words and isinstance(reason, dict) and isinstance(reason.get("code"), str):
        words += " " + _worded(reason["code"]) + "."
    return words


def _why_missing_of_mail(message: Message) -> str:
    why = str(message.content.get("why", ""))
    if message.content_type == MAIL:
        return str(NOT_SHOWN_OF_MAIL.get(why, ""))
    words = {"name": message.content.get("name", ""), "why": NOT_SHOWN_OF_FILE.get(why, why)}
    return _("“%(name)s” is not shown: %(why)s.") % words if why else ""


def _facts(message: Message) -> list[tuple[str, str]]:
    """What a form was filled in with, or which products were chosen."""
    match message.content_type:
        case "channel_specific_message":
            return _form_facts(message.content.get("message"))
        case "product_response_message":
            products = message.content.get("products")
            chosen = (
                [product for product in products if isinstance(product, dict)] if isinstance(products, list) else []
            )
            return [(str(one.get("id", "")), f"× {one.get('quantity', 1)}") for one in chosen[:MOST_FACTS]]
    return []


def _form_facts(told: Any) -> list[tuple[str, str]]:
    try:
        filled = json.loads(told["nfm_reply"]["response_json"])
        pairs = [(name, value) for name, value in filled.items() if name != "flow_token"]
    except (TypeError, KeyError, ValueError, AttributeError, RecursionError):
        return []
    return [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in pairs[:MOST_FACTS]]


def _name(conversation: Conversation, message: Message) -> str:
    match message.author:
        case Message.Author.CUSTOMER:
            return conversation.customer
        case Message.Author.AGENT:
            return str(message.agent or _("Agent"))
    return _("Automatic")


def _worded(code: str) -> str:
    """``RECIPIENT_NOT_REACHABLE`` as ``Recipient not reachable``."""
    return code.replace("_", " ").capitalize()


def _place(coordinates: Any) -> tuple[str, str]:
    """The coordinates in words, and a map of the place, which nobody asks for before it is followed."""
    told = coordinates if isinstance(coordinates, dict) else {}
    numbers = [told.get(name) for name in ("latitude", "longitude")]
    if not all(isinstance(number, int | float) for number in numbers):
        return "", ""
    latitude, longitude = numbers
    query = f"mlat={latitude}&mlon={longitude}#map=16/{latitude}/{longitude}"
    return f"{latitude}, {longitude}", f"https://www.openstreetmap.org/?{query}"
