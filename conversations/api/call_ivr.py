"""A call goes through an IVR: what the telephone system asks after each key, and what it is answered."""

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

from channels_cfg.api.bodies import FlagField, TextField, checked
from channels_cfg.api.problems import problems
from conversations import lifecycle
from conversations.api.actions import STATUSES, conflict
from conversations.api.caller import caller
from conversations.api.calls import TAGS, MomentOrder
from conversations.api.contact_data_schema import CONTACT_ID
from conversations.doors.voice import calls
from conversations.doors.voice.ivr import ENDED, IN_IVR, go_through
from conversations.lifecycle import WrongState
from conversations.models import State


class IvrOrder(MomentOrder):
    """What the caller did; nothing of it: to begin, or to hear the same again."""

    input = TextField(required=False, max_length=200, help_text="The key or the digits that the caller entered")
    timeout = FlagField(default=False, help_text="true: the caller entered nothing in time")
    step = TextField(
        required=False,
        max_length=200,
        help_text="The step that was answered. An entry that comes again, after the call has gone on, changes nothing",
    )

    def validate(self, order: dict[str, Any]) -> dict[str, Any]:
        if order["timeout"] and "input" in order:
            raise ValidationError({"timeout": "Send what was entered, or that nothing was, but not both."})
        return order


class NextStepSerializer(serializers.Serializer[Any]):
    """What the telephone system says, and what it waits for."""

    step = serializers.CharField(allow_blank=True)
    prompt = serializers.CharField(allow_blank=True)
    expects = serializers.ChoiceField(["key", "digits", "nothing"])
    variables = serializers.DictField(child=serializers.CharField(allow_blank=True))
    state = serializers.ChoiceField([IN_IVR, State.QUEUED, State.ALLOCATED, State.ACCEPTED, State.RECEIVED, ENDED])
    queue = serializers.CharField(allow_null=True)


class CallIvrView(APIView):
    """A call goes through its IVR."""

    @extend_schema(
        operation_id="call_ivr",
        tags=TAGS,
        summary="What now? Begin an IVR, or go on with what the caller entered",
        description="Say `prompt`, then wait for what it `expects` and send that. Where it expects nothing the call "
        "has left the IVR: `state` tells whether it waits in `queue` or has ended. Call Attached Data is attached "
        "then; what else the caller entered is destroyed.",
        parameters=[CONTACT_ID],
        request=IvrOrder,
        responses={200: NextStepSerializer, **problems(*STATUSES)},
    )
    def post(self, request: Request, conversation_id: uuid.UUID) -> Response:
        user, told = caller(request), request.data
        call = get_object_or_404(calls.calls_of(user), pk=conversation_id)
        order = checked(IvrOrder, told)
        now = timezone.now()
        calls.note_sign_of_life(call.pk, now=now)
        try:
            with transaction.atomic():
                held = lifecycle.locked(call.pk)
                step = go_through(
                    call.pk,
                    by=user,
                    now=calls.moment_of(held, order.get("happened_at"), now=timezone.now()),
                    entered=order.get("input"),
                    timed_out=order["timeout"],
                    at_step=order.get("step"),
                )
        except WrongState as wrong:
            raise conflict(wrong) from None
        return Response(NextStepSerializer(step).data)
