"""What telephone systems, bots and surveys tell of a session: each fact by name, and what it may be, as JSON Schema.

Names and values are those of the session metadata file (specification 003). The model, the API and its documentation
all go by this one description.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError as Mismatch
from jsonschema.validators import extend

Schema = Mapping[str, Any]

MOST_ITEMS = 500
LARGEST_ID = 2**53 - 1
"""Larger numbers lose digits in JavaScript."""

VOICE_TYPES = (
    "Voice Inbound (IVR)",
    "Voice Inbound (IVR using Mobile)",
    "Voice Inbound (Mobile)",
    "Voice Callback (Web)",
    "Voice Inbound (API)",
    "Voice Scheduled (Mobile)",
    "Voice Scheduled (Web)",
    "Voice Scheduled (API)",
    "Voice Outbound",
    "Voice Outbound (API)",
    "Voice Campaign",
    "Voice Internal",
)
CHAT_TYPES = (
    "Messaging Inbound (Web Chat)",
    "Messaging Inbound (Mobile Chat)",
    "Messaging (WhatsApp)",
    "Messaging Inbound (SMS)",
    "Messaging Outbound (SMS)",
    "Messaging Outbound (SMS by API)",
)
STATUS_CODES: dict[str, int | None] = {
    "scheduled": 0,
    "queued": 1,
    "assigned": 2,
    "connecting": 3,
    "switching": 4,
    "connected": 5,
    "finished": 8,
    "failed": 9,
    "recovered": 10,
    "deflected": 11,
    "selecting": 12,
    "va_assigned": 13,
    "va_connected": 14,
    "preview_pending": 15,
    "preview_ready": 16,
    "campaign_connecting": 17,
    "campaign_connected": 18,
    "requeued": 19,
    "predictive_waiting": 20,
    "progressive_waiting": 21,
    "preview_waiting": 22,
    "campaign_dialing": 23,
    "voicemail": 80,
    "voicemail_received": 81,
    "action_only": None,
    "action_only_finished": None,
    "voicemail_read": None,
}
"""The statuses of a call with their numbers (specification 003); three are without one in every source."""
CHAT_STATUSES = (
    "queued",
    "assigned",
    "finished",
    "no_response",
    "canceled",
    "failed",
    "va_assigned",
    "va_connected",
    "deflected",
)
PERMISSIONS = ("not_asked", "granted", "denied")


def text(longest: int, **more: Any) -> dict[str, Any]:
    return {"type": "string", "maxLength": longest, "pattern": r"^[^\x00]*$"} | more


def word(longest: int = 64, **more: Any) -> dict[str, Any]:
    """A name of a closed vocabulary elsewhere, such as ``after_hours_message_only``."""
    return {"type": "string", "maxLength": longest, "pattern": "^[a-z][a-z0-9_]*$"} | more


def word_or_none(**more: Any) -> dict[str, Any]:
    return word(**more) | {"pattern": "^([a-z][a-z0-9_]*)?$"}


def number(least: int = 0, most: int = LARGEST_ID, **more: Any) -> dict[str, Any]:
    return {"type": "integer", "minimum": least, "maximum": most} | more


def items(*required: str, **members: Schema) -> dict[str, Any]:
    return {
        "type": "array",
        "maxItems": MOST_ITEMS,
        "items": {
            "type": "object",
            "properties": {"id": ID, **members},
            "required": ["id", *required],
            "additionalProperties": False,
        },
    }


_URL = r"""(https?://)?[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?([/?#][^\s<>"\\^`{|}]*)?"""
ID = number(1, description="Told again, it is the same thing, with what is told of it then")
MOMENT = {"type": "string", "format": "date-time", "description": "With its offset from UTC"}
FLAG = {"type": "boolean"}
URL = text(
    2000,
    pattern=rf"^{_URL}$",
    description="http or https",
)
PARAMETERS = {
    "type": "object",
    "maxProperties": 100,
    "additionalProperties": {"anyOf": [text(4096), {"type": "number"}, FLAG]},
    "propertyNames": text(128),
}
PARTICIPANT = "participant_id"
SMS = items(
    "direction",
    "sent_at",
    direction={"type": "string", "enum": ["to_end_user", "from_end_user"]},
    body=text(4096),
    media={
        "type": "array",
        "maxItems": 20,
        "items": {
            "type": "object",
            "properties": {"id": ID, "photo_type": word(), "url": URL},
            "required": ["id", "url"],
            "additionalProperties": False,
        },
    },
    agent=text(150, description="User name of who sent it"),
    sent_at=MOMENT,
)

FACTS: dict[str, dict[str, Any]] = {
    "lang": text(
        35, pattern="^([a-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$", description="Selected language, ISO 639-1", example="en"
    ),
    "session_type_v2": {"type": "string", "enum": ["", *VOICE_TYPES, *CHAT_TYPES]},
    "status": {
        "type": "string",
        "enum": ["", *dict.fromkeys([*STATUS_CODES, *CHAT_STATUSES])],
        "description": "Where it is another than its life tells, such as voicemail_received",
    },
    "parent_id": number(1, description="Number of the session of which this is the recovery or the scheduled call"),
    "scheduled_at": MOMENT,
    "connected_at": MOMENT | {"description": "When customer and agent were connected, where later than the acceptance"},
    "customer_connected_at": MOMENT | {"description": "When the customer picked up a call that the centre made"},
    "support_number": text(320, description="The public number that the customer called"),
    "outbound_number": text(320, description="The number from which the agent dials"),
    "menu_path": items(
        "name",
        name=text(200),
        position=number(most=32767),
        menu_type=word(example="ivr_menu"),
        output_msg=text(1000),
        hidden=FLAG,
        deleted=FLAG,
    )
    | {"description": "The menus chosen, from the root to the leaf: in this order. Told again, it is told whole"},
    "queue_priority_level": number(0, 8),
    "deflection": word_or_none(example="after_hours_message_only", description="no_deflection where not deflected"),
    "voicemail_reason": word_or_none(),
    "fail_reason": word_or_none(example="eu_abandoned"),
    "fail_details": text(1000),
    "offer_type": word_or_none(example="cascade"),
    "offer_events": items("casting_time", casting_time=MOMENT, group=text(200)),
    "recording_permission": {"type": "string", "enum": ["", *PERMISSIONS]},
    "recording_url": URL | {"pattern": f"^({_URL})?$"},
    "recordings": items(
        conference_sid=text(200),
        recording_type=word(example="default"),
        started_at=MOMENT,
        ended_at=MOMENT,
        duration={"type": "number", "minimum": 0, "maximum": LARGEST_ID},
        redaction_times={
            "type": "array",
            "maxItems": 200,
            "items": {
                "type": "object",
                "properties": {
                    "start": MOMENT,
                    "end": MOMENT,
                    "duration": {"type": "number", "minimum": 0, "maximum": LARGEST_ID},
                    "start_agent": text(150, description="User name"),
                    "end_agent": text(150, description="User name"),
                },
                "required": ["start"],
                "additionalProperties": False,
            },
        },
    ),
    "rating": number(0, 5, description="CSAT: 1 to 4, or to 5 where the survey goes so far"),
    "feedback": text(4096, description="CSAT comment", example="Great job, I love my agent"),
    "consumer_events": items(
        "type", "started_at", type=word(example="csat"), event=word(), started_at=MOMENT, ended_at=MOMENT
    ),
    "verified": FLAG | {"description": "By a SmartAction"},
    "photos": items("url", photo_type=word(example="photo"), url=URL),
    "videos": items("url", url=URL),
    "text_inputs": items("text", text=text(4096), created_at=MOMENT),
    "in_call_sms": SMS,
    "wait_time_sms": SMS,
    "out_ticket_id": text(255, description="Of the record in the CRM", example="12345"),
    "out_ticket_url": URL | {"pattern": f"^({_URL})?$", "example": "https://example.com/"},
    "is_out_ticket_account": FLAG | {"description": "Whether the CRM's record is an account, not an interaction"},
    "end_user_number": number(1, description="Of the customer, where it is called; end_user.id of the file"),
    "end_user_identifier": text(320),
    "out_contact_id": text(255, description="Of the customer in the CRM"),
    "virtual_agents": items(
        "virtual_agent_id",
        "started_at",
        **{PARTICIPANT: ID | {"description": "Its number among the participants, which we give", "readOnly": True}},
        virtual_agent_id=ID | {"description": "Which virtual agent"},
        name=text(200),
        va_alias=text(200),
        avatar_url=URL,
        started_at=MOMENT | {"description": "When it was assigned"},
        connected_at=MOMENT,
        ended_at=MOMENT,
        finish_reason=word(example="escalated"),
        escalation_reason=word(example="by_virtual_agent"),
        sentiment={"type": "number", "minimum": -LARGEST_ID, "maximum": LARGEST_ID},
        response_count=number(),
        fallback_response_count=number(),
        initiated_by=word(example="end_user"),
        virtual_agent_params=PARAMETERS,
    ),
    "dispositions": items(
        "code",
        code=text(100),
        custom_code_id=text(100),
        note=text(10_000),
        agent=text(150, description="User name"),
        created_at=MOMENT,
    )
    | {"description": "From another system; what agents choose in wrap-up comes first"},
}
LISTS = frozenset(name for name, schema in FACTS.items() if schema["type"] == "array")
MOMENTS = frozenset(name for name, schema in FACTS.items() if schema.get("format") == "date-time")
ORDERED = frozenset({"menu_path"})
"""Lists whose order says something; others are sorted by id."""


# Checking

_HALF_A_PAIR = re.compile("[\ud800-\udfff]")
"""JSON may hold half a surrogate pair, a text in UTF-8 may not."""
_formats = FormatChecker(formats=())


@_formats.checks("date-time")
def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or moment(value) is not None


def moment(value: str) -> datetime | None:
    """The time in UTC; None for what is no time with an offset."""
    try:
        instant = parse_datetime(value)
        return instant.astimezone(UTC) if instant and instant.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _matches_whole(validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[Mismatch]:
    if isinstance(value, str) and (_HALF_A_PAIR.search(value) or not re.fullmatch(pattern, value)):
        yield Mismatch(_("It is not of the form that is described."))


_Validator = extend(Draft202012Validator, {"pattern": _matches_whole})
_validators = {name: _Validator(schema, format_checker=_formats) for name, schema in FACTS.items()}


def check(facts: Mapping[str, Any]) -> None:
    """Raise ``ValidationError`` by name where there is no such fact, or the value is none for it; None is one for all.
    Its words never quote a value."""
    wrong = {name: message for name, value in facts.items() if (message := _wrong_with(name, value))}
    if wrong:
        raise ValidationError(wrong)


def _wrong_with(name: str, value: Any) -> str:
    if name not in FACTS:
        return _("There is no such fact. Known are: %(names)s.") % {"names": ", ".join(FACTS)}
    if value is None:
        return ""
    if mismatch := next(_validators[name].iter_errors(value), None):
        return _told(mismatch)
    is_repeated = name in LISTS and len({item["id"] for item in value}) < len(value)
    return _("Two items have the same id.") if is_repeated else ""


def _told(wrong: Mismatch) -> str:
    where = ".".join(str(part + 1) if isinstance(part, int) else part for part in wrong.absolute_path)
    says = {
        "type": _("It is of another type."),
        "anyOf": _("It is of another type."),
        "enum": _("It is none of the values that are described."),
        "required": _("Something required is missing: %(names)s."),
        "additionalProperties": _("It has members that are not known. Known are: %(names)s."),
        "format": _("Send a time with its offset, such as 2026-03-01T08:00:00Z."),
        "pattern": _("It is not of the form that is described."),
        "minimum": _("It is less than %(limit)s."),
        "maximum": _("It is more than %(limit)s."),
        "maxLength": _("It is longer than %(limit)s characters."),
    }.get(str(wrong.validator), _("It holds more than %(limit)s."))
    told = says % {"names": ", ".join(_names(wrong)), "limit": wrong.validator_value}
    return _("Item %(where)s: %(told)s") % {"where": where, "told": told} if where else told


def _names(wrong: Mismatch) -> list[str]:
    if wrong.validator == "required":
        return [name for name in wrong.validator_value if name not in wrong.instance]
    return sorted(wrong.schema.get("properties", ()))


def check_kind(kind: str, *, session_type: str, status: str) -> None:
    """Raise ``ValidationError`` where a call has what only chats have, or the other way round."""
    types, statuses = (VOICE_TYPES, tuple(STATUS_CODES)) if kind == "call" else (CHAT_TYPES, CHAT_STATUSES)
    told = {"session_type_v2": (session_type, types), "status": (status, statuses)}
    wrong = {name: value for name, (value, known) in told.items() if value and value not in known}
    if wrong:
        said = _("A chat is never so.") if kind == "chat" else _("A call is never so.")
        raise ValidationError(dict.fromkeys(wrong, said))


def tidied(value: Any) -> Any:
    """As it is stored: whole numbers without a point, which JSON counts among the integers."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {name: tidied(inner) for name, inner in value.items()}
    return [tidied(inner) for inner in value] if isinstance(value, list) else value
