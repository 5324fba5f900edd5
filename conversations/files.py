"""Files of conversations, for people who may see them, and for messaging channels that were told where one lies."""

from __future__ import annotations

import uuid
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from conversations.api.visible import visible_to
from conversations.attachments.answer import send
from conversations.attachments.visible import attachments_of
from conversations.models import Attachment
from conversations.signed_in import page_for_people, viewer


@page_for_people
@require_safe
def file(request: HttpRequest, conversation_id: uuid.UUID, pk: uuid.UUID) -> Any:
    """One file of a conversation that the viewer serves, or may see in the history."""
    conversation = get_object_or_404(visible_to(viewer(request)), pk=conversation_id)
    return send(request, get_object_or_404(attachments_of(conversation, seen_by=viewer(request)), pk=pk))


@require_safe
def public_file(request: HttpRequest, token: str, name: str) -> Any:
    """What an agent sent, to whoever knows the address, until the retention time has passed; then 410."""
    attachment = get_object_or_404(Attachment, public_token=token)
    if attachment.public_until is None or attachment.public_until <= timezone.now():
        return HttpResponse(status=HTTPStatus.GONE)
    return send(request, attachment)
