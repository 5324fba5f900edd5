"""Attaching data to an active conversation."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from channels_cfg.api.bodies import ChoiceField, StrictSerializer, checked
from channels_cfg.api.problems import problems
from channels_cfg.models import Right, Source, User
from conversations.api.actions import conflict
from conversations.api.caller import caller
from conversations.api.contact_data_schema import CONTACT_ID, PostedContactData
from conversations.api.conversations import TAGS
from conversations.api.refused_pairs import refusal_of
from conversations.api.visible import data_seen_by
from conversations.api.whom import check_own
from conversations.attached_data.attach import attach_data
from conversations.attached_data.write_result import WriteResult
from conversations.lifecycle import WrongState, locked
from conversations.models import ACTIVE_STATES, Conversation
from conversations.pairs import RefusedPairs


class AttachedDataOrder(StrictSerializer):
    attached_data = serializers.DictField(
        help_text="Pairs to attach. Objects are flattened with dots, arrays with indexes"
    )
    source = ChoiceField(  # type: ignore[assignment]  # the serializer's own source is not used
        [Source.AGENT.value, Source.CUSTOMER.value],
        default=Source.AGENT.value,
        help_text="Who said so; customer is for API clients, which speak for the customer",
    )


class AttachedDataView(APIView):
    """Pairs for a conversation that is still active."""

    @extend_schema(
        operation_id="conversation_attach_data",
        tags=TAGS,
        summary="Attach data to an active conversation",
        description="All pairs are attached or none. Of two sources that set the same key the one that has precedence "
        "counts; `verdicts` tells of each pair. `attached_data` is what the caller may see then.",
        parameters=[CONTACT_ID],
        request=AttachedDataOrder,
        responses={200: PostedContactData, **problems(400, 401, 403, 404, 409, 413, 415, 422)},
    )
    def post(self, request: Request, conversation_id: uuid.UUID) -> Response:
        user = caller(request)
        conversation = get_object_or_404(Conversation.objects.granting(Right.SERVE, to=user), pk=conversation_id)
        order = checked(AttachedDataOrder, request.data)
        if order["source"] == Source.CUSTOMER and not user.is_api_client:
            raise ValidationError({"source": "Only an API client speaks for the customer."})
        try:
            results = attach(conversation, user, order)
        except WrongState as wrong:
            raise conflict(wrong) from None
        except RefusedPairs as refused:
            raise refusal_of(refused, order["attached_data"]) from None
        held = Conversation.objects.with_places().get(pk=conversation.pk)
        return Response(
            {
                "contact_id": conversation.pk.hex.upper(),
                "attached_data": data_seen_by(user, [held])[held.pk],
                "verdicts": {key: result.as_json() for key, result in results.items()},
            }
        )


@transaction.atomic
def attach(conversation: Conversation, user: User, order: dict[str, Any]) -> dict[str, WriteResult]:
    """Attach the pairs of an order. Raises ``WrongState`` and ``RefusedPairs``."""
    held = locked(conversation.pk)
    check_own(held, user)
    if not held.is_active:
        raise WrongState(held, *ACTIVE_STATES)
    return attach_data(held, order["attached_data"], source=Source(order["source"]), at=timezone.now(), by=user)
