"""Reading conversations."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, ClassVar

import django_filters
from django import forms
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.timezone import localtime
from django_filters.fields import ModelChoiceField
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from channels_cfg.api.bodies import refuse_unknown
from channels_cfg.api.problems import problems
from channels_cfg.models import Right
from conversations.api.caller import caller
from conversations.api.contact_data_schema import CONTACT_ID, AttachedDataField
from conversations.api.visible import data_seen_by, visible_to
from conversations.doors.voice.calls import references_of_call
from conversations.filters import (
    DIRECT,
    ConversationFilter,
    KeptFilter,
    is_id,
    offered_agents,
    offered_channels,
    offered_queues,
)
from conversations.keyset import keyset_page
from conversations.models import Conversation, State
from conversations.models.external_reference import LONGEST_EXTERNAL_ID
from conversations.pairs import Pairs
from conversations.periods import Period

TAGS = ["Conversations"]
USUAL_PAGE = 50
LARGEST_PAGE = 200


class ConversationSerializer(serializers.ModelSerializer[Conversation]):
    """A conversation, with the attached data that the caller may see at this moment."""

    # For the schema: ``conversation_json`` writes the same, in a tenth of the time.
    channel = serializers.SlugRelatedField[Any]("name", read_only=True)
    queue = serializers.SlugRelatedField[Any]("name", read_only=True, allow_null=True)
    agent = serializers.SlugRelatedField[Any](
        "username", read_only=True, allow_null=True, help_text="Whom it is allocated to, or who served it last"
    )
    customer = serializers.CharField(help_text="Name where one is known, else address")
    ended_by = serializers.ChoiceField(Conversation.Party.choices, read_only=True, allow_null=True)
    attached_data = AttachedDataField(read_only=True)
    messages_url = serializers.URLField(read_only=True)

    class Meta:
        model = Conversation
        fields: ClassVar[tuple[str, ...]] = (
            "id",
            "state",
            "channel",
            "messaging_channel",
            "queue",
            "direction",
            "customer",
            "customer_address",
            "subject",
            "agent",
            "received_at",
            "queued_at",
            "allocated_at",
            "accepted_at",
            "ended_at",
            "ended_by",
            "handled_at",
            "attached_data",
            "messages_url",
            "version",
        )
        read_only_fields: ClassVar[tuple[str, ...]] = fields


def _moment(at: datetime | None) -> str | None:
    """As ``serializers.DateTimeField`` writes it."""
    return None if at is None else localtime(at).isoformat().replace("+00:00", "Z")


def conversation_json(request: Request, conversation: Conversation, seen: Pairs) -> dict[str, Any]:
    """The conversation, with the attached data that the caller may see of it."""
    return {
        "id": str(conversation.pk),
        "state": conversation.state,
        "channel": conversation.channel.name,
        "messaging_channel": conversation.messaging_channel,
        "queue": conversation.queue and conversation.queue.name,
        "direction": conversation.direction,
        "customer": conversation.customer,
        "customer_address": conversation.customer_address,
        "subject": conversation.subject,
        "agent": conversation.agent and conversation.agent.username,
        "received_at": _moment(conversation.received_at),
        "queued_at": _moment(conversation.queued_at),
        "allocated_at": _moment(conversation.allocated_at),
        "accepted_at": _moment(conversation.accepted_at),
        "ended_at": _moment(conversation.ended_at),
        "ended_by": conversation.ended_by or None,
        "handled_at": _moment(conversation.handled_at),
        "attached_data": seen,
        "messages_url": request.build_absolute_uri(reverse("api_messages", args=[conversation.pk])),
        "version": conversation.version,
    }


def one_json(request: Request, conversation: Conversation) -> dict[str, Any]:
    """The conversation as the caller may see it."""
    [seen] = data_seen_by(caller(request), [conversation]).values()
    return conversation_json(request, conversation, seen)


# The list


class NameOrIdField(ModelChoiceField):
    """One of the offered rows, by the name that answers show, or by the id that the addresses of pages have."""

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values or value == self.null_value:
            return super().to_python(value)
        value = forms.CharField(max_length=150).clean(value)  # refuses NUL, which PostgreSQL would choke on
        name = self.to_field_name
        found = self.queryset.filter(**{name: value}).first()
        if found is None and is_id(value):
            found = self.queryset.filter(pk=int(value)).first()
        if found is None:
            raise forms.ValidationError("There is none of this name that you may see.", code="invalid_choice")
        return found


@extend_schema_field(OpenApiTypes.STR)
class NameOrIdFilter(django_filters.ModelChoiceFilter):
    field_class = NameOrIdField


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class ApiKeptFilter(KeptFilter):
    pass


class ApiConversationFilter(ConversationFilter):
    """The questions of the history page, with names for ids."""

    rights = (Right.VIEW_HISTORY, Right.SERVE)

    channel = NameOrIdFilter(queryset=offered_channels, to_field_name="name", label="Channel, by name or id")
    queue = NameOrIdFilter(
        queryset=offered_queues,
        to_field_name="name",
        null_label="Direct",
        null_value=DIRECT,
        label=f"Queue, by name or id; “{DIRECT}” for conversations without one",
    )
    call_id = django_filters.CharFilter(
        method="filter_call_id", max_length=LONGEST_EXTERNAL_ID, label="A call, as its telephone system calls it"
    )
    agent = NameOrIdFilter(queryset=offered_agents, to_field_name="username", label="Agent, by user name or id")
    kept = ApiKeptFilter(
        label="Kept data; repeatable: customerType (is set), customerType=gold (equals), customerType~go (contains)"
    )

    def filter_call_id(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(reference__in=list(references_of_call(value)))


for _name, _values in {
    "period": ["", *Period.values],
    "direction": ["", *Conversation.Direction.values],
    "received_after": None,  # a date is as good as a date and time
    "received_before": None,
}.items():
    extend_schema_field({"type": "string", **({"enum": _values} if _values else {})})(
        ApiConversationFilter.base_filters[_name]
    )


class NewestFirst(BasePagination):
    """Pages whose cost does not grow with depth. ``next`` is the address of the next one."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        size = serializers.IntegerField(min_value=1, max_value=LARGEST_PAGE)
        try:
            limit = size.run_validation(request.query_params.get("limit", USUAL_PAGE))
        except ValidationError as bad:
            raise ValidationError({"limit": bad.detail}) from None
        waiting = request.query_params.getlist("state") == [State.QUEUED]
        order = ("queued_at" if waiting else "received_at", "id")
        page = keyset_page(queryset, size=limit, after=request.query_params.get("after"), order=order)
        address = request.build_absolute_uri()
        self.next = page.next_cursor and replace_query_param(address, "after", page.next_cursor)
        return list(page.items)

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self.next, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["next", "results"],
            "properties": {
                "next": {"type": "string", "format": "uri", "nullable": True, "description": "The next page"},
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            {"name": "after", "in": "query", "description": "From next", "schema": {"type": "string"}},
            {
                "name": "limit",
                "in": "query",
                "schema": {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": USUAL_PAGE},
            },
        ]


class ConversationListView(ListAPIView[Conversation]):
    """Conversations that the caller may see, newest first."""

    queryset = Conversation.objects.none()  # for the schema; see get_queryset
    serializer_class = ConversationSerializer
    filterset_class = ApiConversationFilter
    pagination_class = NewestFirst

    def get_queryset(self) -> QuerySet[Conversation]:
        return visible_to(caller(self.request)).with_places()

    @extend_schema(
        operation_id="conversation_list",
        tags=TAGS,
        summary="Conversations, newest first",
        description="By when they were received, or, asked for `state=queued` alone, by when they were queued.",
        responses={200: ConversationSerializer(many=True), **problems(400, 401)},
    )
    def get(self, request: Request) -> Response:
        refuse_unknown(request.query_params, known=[*ApiConversationFilter.base_filters, "after", "limit"])
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        assert page is not None  # the pagination always makes pages
        seen = data_seen_by(caller(request), page)
        return self.get_paginated_response([conversation_json(request, row, seen[row.pk]) for row in page])


class ConversationView(APIView):
    """One conversation."""

    @extend_schema(
        operation_id="conversation_read",
        tags=TAGS,
        summary="A conversation",
        description="`attached_data` is what the caller may see at this moment: live data for whoever serves the "
        "active conversation (or may take it, while it waits), kept data afterwards.",
        parameters=[CONTACT_ID],
        responses={200: ConversationSerializer, **problems(401, 404)},
    )
    def get(self, request: Request, conversation_id: uuid.UUID) -> Response:
        conversation = get_object_or_404(visible_to(caller(request)).with_places(), pk=conversation_id)
        return Response(one_json(request, conversation))
