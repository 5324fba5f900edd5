"""The session of a conversation: facts that telephone systems, bots and surveys tell of it."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from channels_cfg.api.problems import problems
from channels_cfg.models import Channel
from conversations.api.actions import conflict
from conversations.api.caller import caller
from conversations.api.contact_data_schema import CONTACT_ID
from conversations.api.conversations import TAGS
from conversations.api.whom import check_own
from conversations.doors.voice.calls import told_by
from conversations.lifecycle import WrongState
from conversations.models import Conversation, Session
from conversations.session_facts import FACTS, MOMENTS
from conversations.sessions import session_of, tell_facts


def _in_openapi(schema: Any) -> Any:
    """Without what OpenAPI 3.0 has no word for."""
    if isinstance(schema, dict):
        return {name: _in_openapi(part) for name, part in schema.items() if name != "propertyNames"}
    return schema


SESSION_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {name: {**_in_openapi(schema), "nullable": True} for name, schema in FACTS.items()},
    "additionalProperties": False,
}
"""What may be told, in the words of OpenAPI 3.0."""

_ANSWER: dict[str, Any] = {
    "type": "object",
    "properties": {
        "number": {"type": "integer", "description": "The session id of the session metadata file"},
        "told_at": {"type": "string", "format": "date-time", "nullable": True},
        "told_by": {"type": "string", "nullable": True, "description": "User name of who told the latest"},
        **SESSION_SCHEMA["properties"],
    },
    "required": ["number", "told_at", "told_by", *FACTS],
}
_DESCRIPTION = (
    "Facts have the names and values of the session metadata file. What is left out stays as it is; null takes a fact "
    "back. A thing in a list is known by its `id`: told again, it is replaced, and the others stay; `menu_path` is "
    "told whole. Facts may come late: those told after the end change the file too. Repeated, it changes nothing."
)


class SessionView(APIView):
    """Facts of one session."""

    @extend_schema(
        operation_id="session_read",
        tags=TAGS,
        summary="What was told of a session",
        parameters=[CONTACT_ID],
        responses={200: _ANSWER, **problems(401, 404)},
    )
    def get(self, request: Request, conversation_id: uuid.UUID) -> Response:
        conversation = get_object_or_404(_sessions_of(request), pk=conversation_id)
        return Response(_json(conversation, session_of(conversation)))

    @extend_schema(
        operation_id="session_tell",
        tags=TAGS,
        summary="Tell facts of a session",
        description=_DESCRIPTION,
        parameters=[CONTACT_ID],
        request={"application/json": SESSION_SCHEMA},
        responses={200: _ANSWER, **problems(400, 401, 403, 404, 409, 413, 415)},
        examples=[
            OpenApiExample(
                "A survey and a recording",
                value={
                    "lang": "en",
                    "rating": 4,
                    "feedback": "Great job, I love my agent",
                    "recording_permission": "granted",
                    "recording_url": "https://recordings.example.com/23453732",
                },
                request_only=True,
            )
        ],
    )
    def patch(self, request: Request, conversation_id: uuid.UUID) -> Response:
        conversation = get_object_or_404(_sessions_of(request), pk=conversation_id)
        user = caller(request)
        if not isinstance(request.data, dict):
            raise ValidationError("Send an object with facts by their names.")
        try:
            check_own(conversation, user)
        except WrongState as wrong:
            raise conflict(wrong) from None
        return Response(_json(*tell_facts(conversation.pk, request.data, by=user, now=timezone.now())))


def _sessions_of(request: Request) -> QuerySet[Conversation]:
    """Mail and tasks have none."""
    return told_by(caller(request)).filter(channel__kind__in=(Channel.Kind.VOICE, Channel.Kind.CHAT))


def _json(conversation: Conversation, session: Session) -> dict[str, Any]:
    told = {name: None if value == "" else value for name, value in session.facts.items()}
    told |= {name: at.isoformat() for name in MOMENTS if (at := told[name])}
    is_told = session.told_at is not None
    return {
        "number": conversation.number,
        "told_at": session.told_at,
        "told_by": session.told_by.get_username() if is_told else None,
        **told,
    }
