"""Whether the caller takes offers."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from channels_cfg.api.bodies import ChoiceField, StrictSerializer, TextField, checked
from channels_cfg.api.problems import problems
from channels_cfg.models import PauseReason, User
from conversations.api.caller import caller
from conversations.models import AgentPresence
from conversations.routing.presence import presence_of, seen, set_presence

TAGS = ["Presence"]
Status = AgentPresence.Status


class PresenceOrder(StrictSerializer):
    status = ChoiceField(Status.choices)
    reason = TextField(
        max_length=60, required=False, help_text="Why paused: one of reasons, and none otherwise. Example: Lunch"
    )


class PresenceSerializer(serializers.Serializer[Any]):
    """The caller's presence."""

    status = ChoiceField(Status.choices)
    reason = serializers.CharField(allow_null=True, help_text="One of reasons, where the pause has one")
    why = serializers.CharField(help_text="In words, such as “An offer was not accepted in time”; may be empty")
    since = serializers.DateTimeField(allow_null=True, help_text="null: the caller has never said anything")
    reasons = serializers.ListField(child=serializers.CharField(), help_text="What a pause may have as reason")


def presence_json(agent: User) -> Any:
    presence = presence_of(agent)
    return PresenceSerializer(
        {
            "status": presence.status if presence else Status.AWAY,
            "reason": presence.reason.name if presence and presence.reason else None,
            "why": presence.why if presence else "",
            "since": presence.since if presence else None,
            "reasons": PauseReason.objects.values_list("name", flat=True),
        }
    ).data


class PresenceView(APIView):
    """Whether the caller takes offers: conversations are offered to agents who are ready."""

    @extend_schema(
        operation_id="presence_read",
        tags=TAGS,
        summary="Whether the caller takes offers",
        description="Who is not heard of for a while, as the system settings say, is away; asking is being heard of.",
        responses={200: PresenceSerializer, **problems(401)},
    )
    def get(self, request: Request) -> Response:
        seen(caller(request), now=timezone.now())
        return Response(presence_json(caller(request)))

    @extend_schema(
        operation_id="presence_set",
        tags=TAGS,
        summary="Say whether the caller takes offers",
        description="`ready` takes offers, `paused` takes none for a while, and from `away` open offers go on to "
        "others. Repeated, it changes nothing.",
        request=PresenceOrder,
        responses={200: PresenceSerializer, **problems(400, 401, 413, 415)},
    )
    def put(self, request: Request) -> Response:
        order = checked(PresenceOrder, request.data)
        reason = _reason(order["reason"], order["status"]) if "reason" in order else None
        set_presence(caller(request), status=order["status"], reason=reason, now=timezone.now())
        return Response(presence_json(caller(request)))


def _reason(name: str, status: str) -> PauseReason:
    if status != Status.PAUSED:
        raise ValidationError({"reason": "Only a pause has a reason. Leave it out."})
    if found := PauseReason.objects.filter(name=name).first():
        return found
    raise ValidationError({"reason": "There is no pause reason of this name; GET lists them."})
