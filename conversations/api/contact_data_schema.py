"""What ``/api/schema/`` says of contactData."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from channels_cfg.api.problems import problems
from conversations.api.contact_id import ContactIdField
from conversations.api.repeated import IDEMPOTENCY_KEY
from conversations.conversation_id import PATTERN

TAGS = ["contactData"]

_EXAMPLE = {"contact_id": "9C2D1E0FA1B24C3D8E4F5A6B7C8D9E0F", "attached_data": {"customerType": "gold"}}

CONTACT_ID = OpenApiParameter(
    "conversation_id",
    {"type": "string", "pattern": f"^(?:{PATTERN})$"},
    OpenApiParameter.PATH,
    description="32 hexadecimal digits or a UUID, in any case",
)


class AttachedDataField(serializers.DictField):
    """Pairs: each value is text, a number, true, false or null."""

    child = serializers.JSONField(allow_null=True)


class ContactData(serializers.Serializer[Any]):
    """The kept data of one conversation; empty where there is none, or not yet."""

    contact_id = ContactIdField()
    attached_data = AttachedDataField()


class WriteResultSerializer(serializers.Serializer[Any]):
    """What became of one pair, by the name it was sent under.

    * `stored`: it is kept, under the key's own name where it was sent under another. Where the value breaks the key's
      rules and the key catalogue keeps such values with a flag, the reason tells the rule.
    * `unchanged`: the value was there already.
    * `superseded`: the same key came under its own name as well, and that value counts.
    * `dropped`: the value breaks the key's rules, and the key catalogue drops such values. The other pairs are stored.
    * `rejected`: the pair, or another of the same request, breaks a rule; nothing of the request was stored.
    """

    verdict = serializers.ChoiceField(["stored", "unchanged", "superseded", "dropped", "rejected"])
    reason = serializers.CharField(allow_blank=True, help_text="In words; never the value")


class PostedContactData(ContactData):
    """The kept data after the post, and what became of each pair."""

    verdicts = serializers.DictField(child=WriteResultSerializer())


def _header(name: str, description: str, **limits: int) -> OpenApiParameter:
    return OpenApiParameter(name, {"type": "string", **limits}, OpenApiParameter.HEADER, description=description)


_ETAG = OpenApiParameter(
    "ETag",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    response=[200, 201],
    description="Changes when the kept data does",
)

READ: dict[str, Any] = {
    "operation_id": "contact_data_read",
    "tags": TAGS,
    "summary": "Kept data of a conversation",
    "description": "Kept data only, in every state: on an active conversation that is an empty object. "
    "Needs the right Manage contacts on the conversation's queue.",
    "parameters": [
        CONTACT_ID,
        _header("If-None-Match", "304 where the data still has this ETag"),
        _ETAG,
    ],
    "responses": {200: ContactData, 304: OpenApiResponse(description="Not modified"), **problems(401, 404)},
    "examples": [OpenApiExample("Kept", value=_EXAMPLE, response_only=True, status_codes=["200"])],
}

LIST: dict[str, Any] = {
    "operation_id": "contact_data_list",
    "tags": TAGS,
    "summary": "Kept data of many conversations, newest first",
    "responses": {200: ContactData(many=True), **problems(400, 401)},
}

POST_HEADERS = [
    _header("If-Match", "412 unless the kept data still has this ETag"),
    IDEMPOTENCY_KEY,
    _ETAG,
    OpenApiParameter(
        "Location", OpenApiTypes.STR, OpenApiParameter.HEADER, response=[201], description="Where to read it"
    ),
]

POST: dict[str, Any] = {
    "operation_id": "contact_data_post",
    "tags": TAGS,
    "summary": "Merge pairs into the kept data of a conversation",
    "description": "The conversation must be in wrap-up or handled. All pairs are stored or none; pairs that are not "
    "named stay as they are. A key of the catalogue is stored under its own name, and a value that breaks its rules is "
    "refused with the whole request, stored with a flag, or dropped, as the catalogue says. With dry_run the answer is "
    "200 and nothing is written.",
    "responses": {
        200: OpenApiResponse(PostedContactData, description="dry_run: what would be stored"),
        201: PostedContactData,
        **problems(400, 401, 403, 404, 409, 412, 413, 415, 422),
    },
    "examples": [
        OpenApiExample("One pair", value=_EXAMPLE, request_only=True),
        OpenApiExample(
            "Stored",
            value={**_EXAMPLE, "verdicts": {"customerType": {"verdict": "stored", "reason": ""}}},
            response_only=True,
            status_codes=["201"],
        ),
        OpenApiExample(
            "Refused",
            value={
                "type": "about:blank",
                "title": "Unprocessable Entity",
                "status": 422,
                "detail": "Nothing was stored. Correct what errors names, and post again.",
                "instance": "/RI/cmi/contactData",
                "errors": {"customer type": ["Character 9 is a space. After the first letter use letters, …"]},
                "verdicts": {"customer type": {"verdict": "rejected", "reason": "Character 9 is a space. …"}},
            },
            media_type="application/problem+json",
            response_only=True,
            status_codes=["422"],
        ),
    ],
}
