"""The session metadata file over the API."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from channels_cfg.api.problems import problems
from channels_cfg.models import Right
from conversations.api.caller import caller
from conversations.api.contact_data_schema import CONTACT_ID
from conversations.models import Conversation
from reporting.session_metadata.document import as_bytes, session_metadata
from reporting.session_metadata.reading import KINDS, read_sessions


class SessionMetadataView(APIView):
    """One document."""

    @extend_schema(
        operation_id="session_metadata_read",
        tags=["Session metadata"],
        summary="The session metadata file",
        description="The document of a voice or chat conversation, as it is delivered once the session has ended; "
        "before, as it stands. Of attached data it holds what was kept, where the settings say so. Unknown members may "
        "appear at any time.",
        parameters=[CONTACT_ID],
        responses={200: {"type": "object", "additionalProperties": True}, **problems(401, 404)},
    )
    def get(self, request: Request, conversation_id: uuid.UUID) -> HttpResponse:
        granted = Conversation.objects.granting(Right.VIEW_REPORTS, to=caller(request))
        conversation = get_object_or_404(granted.filter(channel__kind__in=KINDS), pk=conversation_id)
        (stored,) = read_sessions([conversation.pk])
        return HttpResponse(as_bytes(session_metadata(stored)), content_type="application/json")
