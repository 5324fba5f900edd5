"""Calls: what a telephone system tells of them, and what it is answered."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from functools import cache
from http import HTTPStatus
from typing import Any, ClassVar

from django.db import transaction
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from channels_cfg.api.bodies import ChoiceField, InstantField, StrictSerializer, TextField, checked
from channels_cfg.api.problems import problems
from channels_cfg.models import User
from conversations import lifecycle
from conversations.api import actions, handing_over
from conversations.api.actions import STATUSES, ActionView, conflict
from conversations.api.call_places import place_of
from conversations.api.caller import caller
from conversations.api.contact_data_schema import CONTACT_ID
from conversations.api.conversations import ConversationSerializer, one_json
from conversations.api.refused_pairs import refusal_of
from conversations.api.whom import asked_in_consultation, declined_by
from conversations.doors.voice import calls
from conversations.doors.voice.passing_on import sip_headers_of
from conversations.lifecycle import WrongState
from conversations.models import Conversation, State
from conversations.models.external_reference import LONGEST_EXTERNAL_ID
from conversations.pairs import RefusedPairs

TAGS = ["Calls"]
MOST_HEADERS = 200
CLOCK_SKEW = timedelta(minutes=5)
"""So far ahead the clock of a telephone system may be."""


class CallSerializer(ConversationSerializer):
    """A call: a conversation, what the telephone system calls it, and what goes along where it is passed on."""

    call_id = serializers.CharField(
        read_only=True, allow_null=True, help_text="As the telephone system calls it; null where none told of it"
    )
    sip_headers = serializers.DictField(
        child=serializers.CharField(),
        read_only=True,
        help_text="Of an outbound call, a transfer and a consultation: the pairs of the outbound list, to be sent "
        "along. Otherwise empty",
    )

    class Meta(ConversationSerializer.Meta):
        fields: ClassVar[tuple[str, ...]] = (*ConversationSerializer.Meta.fields, "call_id", "sip_headers")
        read_only_fields: ClassVar[tuple[str, ...]] = fields


def call_json(
    request: Request, conversation: Conversation, call_id: str | None, *, is_passed_on: bool
) -> dict[str, Any]:
    """The call as it is now."""
    headers = sip_headers_of(conversation) if is_passed_on else {}
    return {**one_json(request, conversation), "call_id": call_id, "sip_headers": headers}


class MomentOrder(StrictSerializer):
    """When something happened, where it is told later."""

    happened_at = InstantField(
        required=False,
        help_text="Now where it is left out. Times of one call never run backwards: one before the latest change "
        "counts as that",
    )

    def validate_happened_at(self, value: datetime) -> datetime:
        if value > timezone.now() + CLOCK_SKEW:
            raise ValidationError("It lies in the future. Send when it happened; perhaps a clock is wrong.")
        return value


# A call arrives


class NewCallOrder(MomentOrder):
    """Where it goes is said by one of to, ivr, queue and agent."""

    in_schema: ClassVar = {"anyOf": [{"required": [name]} for name in ("to", "ivr", "queue", "agent")]}

    call_id = TextField(
        max_length=LONGEST_EXTERNAL_ID, help_text="What the telephone system calls it: told again, the same call"
    )
    to = TextField(
        max_length=320,
        required=False,
        help_text="The number that was dialled: of a queue or an IVR, or, outbound, of the customer",
    )
    ivr = TextField(max_length=100, required=False, help_text="Name of an IVR, instead of to")
    queue = TextField(max_length=100, required=False, help_text="Name of a queue, instead of to")
    agent = TextField(max_length=150, required=False, help_text="User name, for a direct call or in a queue's name")
    channel = TextField(
        max_length=100, required=False, help_text="Of a direct call, where there are several voice channels: its name"
    )
    direction = ChoiceField(Conversation.Direction.choices, default=Conversation.Direction.INBOUND)
    attached_data = serializers.DictField(required=False, help_text="Pairs; of what the customer said")
    sip_headers = serializers.DictField(
        child=serializers.CharField(allow_blank=True, trim_whitespace=False),
        required=False,
        help_text="Those with the channel's prefix become pairs; what is no good pair is left out",
    )

    def get_fields(self) -> Any:
        number = TextField(max_length=320, required=False, help_text="Who calls: a number or a SIP address")
        return {**super().get_fields(), "from": number}

    def validate_sip_headers(self, headers: dict[str, str]) -> dict[str, str]:
        if len(headers) > MOST_HEADERS:
            raise ValidationError(f"At most {MOST_HEADERS} headers.")
        return headers


class CallListView(APIView):
    """The door at which calls arrive."""

    @extend_schema(
        operation_id="call_tell",
        tags=TAGS,
        summary="A call arrives",
        description="Told again with the same `call_id`, it is the same call: the answer is 200, and nothing changes "
        "except that the telephone system is known to live. A queue that is closed or full turns the call away: the "
        "answer's state is abandoned then.",
        request=NewCallOrder,
        responses={
            200: CallSerializer,
            201: CallSerializer,
            **problems(400, 401, 403, 413, 415, 422),
        },
        examples=[
            OpenApiExample(
                "With a SIP header",
                value={
                    "call_id": "a84b4c76e66710",
                    "to": "+358401234567",
                    "from": "+358409876543",
                    "sip_headers": {"X-ACME-customerId": "1"},
                },
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        user, now = caller(request), timezone.now()
        order = checked(NewCallOrder, request.data)
        known = calls.told_before(order["call_id"], by=user)
        if known is not None:
            get_object_or_404(calls.calls_of(user), pk=known.pk)
            return self._answer(request, known, order["call_id"], now=now, is_new=False)
        try:
            conversation, is_new = calls.take_in(
                place_of(order, by=user), by=user, now=min(order.get("happened_at", now), now)
            )
        except RefusedPairs as refused:
            raise refusal_of(refused, order["attached_data"]) from None
        return self._answer(request, conversation, order["call_id"], now=now, is_new=is_new)

    def _answer(
        self, request: Request, conversation: Conversation, call_id: str, *, now: datetime, is_new: bool
    ) -> Response:
        calls.note_sign_of_life(conversation.pk, now=now)
        is_passed_on = conversation.direction == Conversation.Direction.OUTBOUND
        held = Conversation.objects.with_places().get(pk=conversation.pk)
        answer = call_json(request, held, call_id, is_passed_on=is_passed_on)
        return Response(answer, status=HTTPStatus.CREATED if is_new else HTTPStatus.OK)


# What happens to it


class CallActionView(ActionView):
    """An action as a telephone system tells it: with the time, and in the name of whom the call is offered to."""

    def post(self, request: Request, conversation_id: uuid.UUID) -> HttpResponse:  # type: ignore[override]
        user = caller(request)
        try:
            call, call_id = calls.call_of(conversation_id, user)
        except Conversation.DoesNotExist:
            raise Http404 from None
        order = checked(self.body, request.data)
        told = order.pop("happened_at", None)
        now = timezone.now()
        try:
            after = self._at(call, user, order, told) if told else self._act(call, user, order, timezone.now())
        except WrongState as wrong:
            calls.note_sign_of_life(conversation_id, now=now)
            raise conflict(wrong) from None
        if after.version == call.version or (told and now - told > calls.HEARD_BY_ITSELF):
            calls.note_sign_of_life(conversation_id, now=now)
        return JsonResponse(call_json(request, after, call_id, is_passed_on=self.passes_on and not order.get("end")))

    @transaction.atomic
    def _at(self, call: Conversation, user: User, order: dict[str, Any], told: datetime) -> Conversation:
        held = lifecycle.locked(call.pk)
        return self._act(held, user, order, calls.moment_of(held, told, now=timezone.now()))

    def _act(self, call: Conversation, user: User, order: dict[str, Any], at: datetime) -> Conversation:
        return self.act(call, self.in_whose_name(call, user, order), order, at)

    def in_whose_name(self, call: Conversation, user: User, order: dict[str, Any]) -> User:
        """A telephone system that names nobody answers an offer for whom it was made to."""
        if not self.answers_an_offer or not user.is_api_client or "agent" in order:
            return user
        if call.state == State.ACCEPTED and (asked := asked_in_consultation(call)):
            return asked.agent or user
        has_agent = call.state == State.ALLOCATED or (call.state == State.ACCEPTED and self.name == "accept")
        return (call.agent if has_agent else self._who_declined(call)) or user

    def _who_declined(self, call: Conversation) -> User | None:
        """Told again that an offer was rejected, it is whose offer it was."""
        return declined_by(call) if self.name == "reject" else None


@cache
def _with_moment(body: type[StrictSerializer]) -> type[StrictSerializer]:
    return type(f"Call{body.__name__}", (body, MomentOrder), {"__doc__": body.__doc__})


def _of_calls(view: type[ActionView]) -> type[APIView]:
    """The action on a conversation as one on a call."""
    body = _with_moment(view.body)
    made = type(f"Call{view.__name__}", (CallActionView, view), {"body": body, "__doc__": view.__doc__})
    schema = extend_schema(
        operation_id=f"call_{view.name}",
        tags=TAGS,
        summary=view.summary,
        description=view.description,
        parameters=[CONTACT_ID],
        request=body,
        responses={200: CallSerializer, **problems(*STATUSES, *([422] if view.passes_on else []))},
    )
    return extend_schema_view(post=schema)(made)


ACTIONS = {
    view.name: _of_calls(view)
    for view in (
        actions.QueueView,
        actions.AllocateView,
        actions.AcceptView,
        actions.RejectView,
        actions.HoldView,
        handing_over.ConsultView,
        handing_over.ConferenceView,
        handing_over.TransferView,
        actions.EndView,
        actions.HandleView,
    )
}
"""By the last part of their address."""
