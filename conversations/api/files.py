"""Files of a conversation: uploading one to be sent, and reading those that were sent."""

from __future__ import annotations

import uuid
from http import HTTPStatus
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from channels_cfg.api.bodies import StrictSerializer, checked
from channels_cfg.api.problems import Problem, problems
from channels_cfg.models import Right
from conversations.api.actions import conflict
from conversations.api.caller import caller
from conversations.api.contact_data_schema import CONTACT_ID
from conversations.api.conversations import TAGS
from conversations.api.visible import visible_to
from conversations.attachments.answer import send
from conversations.attachments.store import NotAllowed, store_upload
from conversations.attachments.visible import attachments_of
from conversations.lifecycle import WrongState
from conversations.models import Attachment, Conversation


class UploadSerializer(StrictSerializer):
    """A file, as browsers and curl send it (multipart/form-data)."""

    file = serializers.FileField(max_length=500, help_text="What may be sent, the system settings say")


UPLOAD = {
    "type": "object",
    "properties": {"file": {"type": "string", "format": "binary"}},
    "required": ["file"],
    "additionalProperties": False,
}


class AttachmentSerializer(serializers.ModelSerializer[Attachment]):
    """A file that was taken in."""

    type = serializers.CharField(source="media_type", help_text="By its bytes")

    class Meta:
        model = Attachment
        fields = ("id", "name", "type", "size")
        read_only_fields = fields


class FileListView(APIView):
    """Files to be sent."""

    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="file_upload",
        tags=TAGS,
        summary="Upload a file to be sent to the customer",
        description="Send it with a message within a day, or it is deleted. Largest size and allowed types are those "
        "of the system settings and of the conversation's messaging channel; the bytes must be what the name says.",
        parameters=[CONTACT_ID],
        request={"multipart/form-data": UPLOAD},
        responses={201: AttachmentSerializer, **problems(400, 401, 403, 404, 409, 413, 415, 422)},
    )
    def post(self, request: Request, conversation_id: uuid.UUID) -> Response:
        user = caller(request)
        granted = Conversation.objects.granting(Right.SERVE, to=user).with_places()
        conversation = get_object_or_404(granted, pk=conversation_id)
        file = checked(UploadSerializer, request.data)["file"]
        try:
            attachment = store_upload(
                conversation,
                by=user,
                name=file.name,
                chunks=file.chunks(),
                now=timezone.now(),
                origin=request.build_absolute_uri("/"),
            )
        except NotAllowed as refused:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(refused), errors={"file": [str(refused)]}) from None
        except WrongState as wrong:
            raise conflict(wrong) from None
        return Response(AttachmentSerializer(attachment).data, status=status.HTTP_201_CREATED)


class FileView(APIView):
    """One file."""

    @extend_schema(
        operation_id="file_read",
        tags=TAGS,
        summary="A file of the conversation",
        description="Answers HEAD and Range too.",
        parameters=[CONTACT_ID],
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY, **problems(401, 404)},
    )
    def get(self, request: Request, conversation_id: uuid.UUID, pk: uuid.UUID) -> Any:
        user = caller(request)
        conversation = get_object_or_404(visible_to(user), pk=conversation_id)
        return send(request, get_object_or_404(attachments_of(conversation, seen_by=user), pk=pk))
