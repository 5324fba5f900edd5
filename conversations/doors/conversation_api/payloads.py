"""What a callback says: words only, no database.

Field names and shapes are those of the Conversation API. Nearly every field may be missing, empty or null in a
legitimate callback, so nothing here insists: what is missing reads as an empty text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from conversations.doors.deliveries import keyed_digest
from conversations.pairs import Value
from conversations.storable import storable

DEEPEST = 100
LONGEST_ID = 50
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Years before the Conversation API. What is older stands for no time: 1970-01-01, 0001-01-01."""

TRIGGERS = {
    "message": "MESSAGE_INBOUND",
    "message_redaction": "MESSAGE_INBOUND_SMART_CONVERSATION_REDACTION",
    "message_submit_notification": "MESSAGE_SUBMIT",
    "message_delivery_report": "MESSAGE_DELIVERY",
    "event": "EVENT_INBOUND",
    "event_delivery_report": "EVENT_DELIVERY",
    "conversation_start_notification": "CONVERSATION_START",
    "conversation_stop_notification": "CONVERSATION_STOP",
    "conversation_delete_notification": "CONVERSATION_DELETE",
    "contact_create_notification": "CONTACT_CREATE",
    "contact_delete_notification": "CONTACT_DELETE",
    "contact_update_notification": "CONTACT_UPDATE",
    "contact_merge_notification": "CONTACT_MERGE",
    "duplicated_contact_identities_notification": "CONTACT_IDENTITIES_DUPLICATION",
    "capability_notification": "CAPABILITY",
    "opt_in_notification": "OPT_IN",
    "opt_out_notification": "OPT_OUT",
    "channel_event_notification": "CHANNEL_EVENT",
    "unsupported_callback": "UNSUPPORTED",
    "smart_conversation_notification": "SMART_CONVERSATIONS",
    "record_notification": "RECORD_NOTIFICATION",
    "batch_status_update_notification": "BATCH_STATUS_UPDATE",
}
"""The trigger is told by which of these keys is there; there is no type field on the wire."""

ENVELOPE = {"app_id", "project_id", "accepted_time", "event_time", "message_metadata", "correlation_id"}

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}", re.ASCII)


class Unreadable(ValueError):
    """Not a callback: not UTF-8, not JSON, not an object, or nested too deep."""


def read(body: bytes) -> dict[str, Any]:
    """The callback as an object, or ``Unreadable``."""
    try:
        callback = json.loads(body.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Unreadable("The body is not JSON.") from error
    if not isinstance(callback, dict):
        raise Unreadable("The body is not a JSON object.")
    if body.count(b"{") + body.count(b"[") > DEEPEST and _is_deeper_than(DEEPEST, callback):
        raise Unreadable(f"The body is nested more than {DEEPEST} levels deep.")
    return callback


def _refuse_constant(name: str) -> Any:
    raise ValueError(_("%(name)s is not JSON.") % {"name": name})


def _is_deeper_than(levels: int, callback: Any) -> bool:
    layer = [callback]
    for _level in range(levels):
        layer = [
            inner
            for outer in layer
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
    return bool(layer)


def trigger_of(callback: Mapping[str, Any]) -> str:
    """The trigger, or, where there is none that we know, the name of the key that is there in its place."""
    for key, trigger in TRIGGERS.items():
        if key in callback:
            return trigger
    unknown = [key for key in callback if key not in ENVELOPE and _NAME.fullmatch(key)]
    return min(unknown, default="UNKNOWN")


# Fields


def text(holder: Any, *path: str) -> str:
    """The text at the end of the path; empty where there is none."""
    for name in path:
        holder = holder.get(name) if isinstance(holder, Mapping) else None
    return storable(holder) if isinstance(holder, str) else ""


def part(holder: Any, *path: str) -> dict[str, Any]:
    """The object at the end of the path; empty where there is none."""
    for name in path:
        holder = holder.get(name) if isinstance(holder, Mapping) else None
    return holder if isinstance(holder, dict) else {}


def name(holder: Any, *path: str, longest: int = 60) -> str:
    """A name such as ``WHATSAPP`` or ``DELIVERED``; empty where it is none."""
    found = text(holder, *path)
    return found if _NAME.fullmatch(found) and len(found) <= longest else ""


def external_id(holder: Any, *path: str) -> str:
    """An id as its sender writes it; one longer than we store is told apart by its digest."""
    found = text(holder, *path)
    return found if len(found) <= LONGEST_ID else f"digest:{digest_of(found)[:40]}"


def moment(holder: Any, *path: str) -> datetime | None:
    """A time such as ``2024-06-06T14:42:42.1492634Z``, with 0 to 9 digits of a second; None where it is none, or one
    that nobody set."""
    try:
        found = datetime.fromisoformat(text(holder, *path))
        found = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if found >= EARLIEST else None


def storable_content(value: Any) -> Any:
    """The same for everything within; a number without a JSON form becomes null."""
    if isinstance(value, dict):
        return {storable(key): storable_content(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [storable_content(inner) for inner in value]
    if isinstance(value, str):
        return storable(value)
    return None if isinstance(value, float) and value - value != 0 else value


def digest_of(value: Any) -> str:
    """Tells one content from another without holding it."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return keyed_digest(canonical.encode()).hex()


# Messages


@dataclass(frozen=True)
class Content:
    """A message as it is stored: what a reader sees, and the parts of one that is more than text.

    ``media_url`` is where the channel keeps its file for a while. It is no part: nobody is to be led there.
    """

    content_type: str
    text: str
    parts: dict[str, Any]
    media_url: str = ""

    def erased(self) -> Content:
        """What is left of it once its conversation's data is destroyed: of what kind it was."""
        return Content(self.content_type, "", {})


def _plain(message: dict[str, Any]) -> str:
    return text(message, "text")


def _choice(choice: dict[str, Any]) -> str:
    # Without postback data of its own a choice answers “<message id>_<text>”.
    return text(choice, "postback_data").removeprefix(f"{text(choice, 'message_id')}_")


def _location(location: dict[str, Any]) -> str:
    place = part(location, "coordinates")
    coordinates = [place.get("latitude"), place.get("longitude")]
    spot = ", ".join(str(number) for number in coordinates if isinstance(number, int | float))
    return text(location, "title") or text(location, "label") or spot


MEDIA = {"media_message", "media_card_message"}
NOT_KEPT = {"url", "thumbnail_url", "raw_message"}
"""Addresses of a channel, and what nobody could map, which may hold some."""

_READ_AS: dict[str, Callable[[dict[str, Any]], str]] = {
    "text_message": _plain,
    "media_message": lambda message: "",
    "media_card_message": lambda message: text(message, "caption"),
    "location_message": _location,
    "choice_response_message": _choice,
    "product_response_message": lambda message: text(message, "text") or text(message, "title"),
    "channel_specific_message": lambda message: text(message, "message", "nfm_reply", "body"),
    "fallback_message": lambda message: "",
}


def content_of(message: dict[str, Any]) -> Content:
    """The one content of a contact or app message, whatever its kind; kinds unknown to us are kept as they are."""
    kinds = sorted(key for key, value in message.items() if isinstance(value, dict) and key.endswith("_message"))
    if not kinds:
        return Content("unknown", "", {})
    kind = kinds[0]
    told = {key: value for key, value in message[kind].items() if key not in NOT_KEPT and value not in ("", None)}
    parts = storable_content(told)
    seen = _READ_AS.get(kind, _plain)(message[kind])
    for shown in ("text", "caption"):
        if parts.get(shown) == seen:
            del parts[shown]
    address = text(message[kind], "url") if kind in MEDIA else ""
    return Content(name({"kind": kind}, "kind", longest=40) or "unknown", seen, parts, address)


# Metadata


class NotPairs(ValueError):
    """Metadata that is no flat JSON object of pairs."""


def pairs_of(metadata: Any) -> dict[str, Value]:
    """The pairs of a metadata field, which is a text that holds JSON, or an object; empty for an empty field.

    Raises ``NotPairs``. Of a key that is there twice the last value counts.
    """
    if metadata in ("", None):
        return {}
    if isinstance(metadata, str):
        try:
            metadata = json.loads(metadata, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise NotPairs(_("is not JSON")) from error
    if not isinstance(metadata, dict):
        raise NotPairs(_("is not an object of keys and values"))
    if any(isinstance(value, dict | list) for value in metadata.values()):
        raise NotPairs(_("is not flat: a value is itself an object or a list"))
    return metadata
