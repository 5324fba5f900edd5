"""Actions of an agent, or of a telephone system in an agent's name."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, ClassVar, TypeVar

from django.db import transaction
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from channels_cfg.api.bodies import ChoiceField, FlagField, StrictSerializer, TextField, checked
from channels_cfg.api.problems import Problem, problems
from channels_cfg.models import Queue, Right, User
from conversations import lifecycle
from conversations.api.caller import caller
from conversations.api.contact_data_schema import CONTACT_ID
from conversations.api.conversations import TAGS, ConversationSerializer, one_json
from conversations.api.whom import (
    acting,
    asked_in_consultation,
    colleague,
    declined_by,
    holding_own,
    is_consulting,
    queue_served,
    servers,
)
from conversations.lifecycle import TakenByAnother, WrongChannel, WrongState
from conversations.models import Conversation, State

V = TypeVar("V", bound="ActionView")
STATUSES = (400, 401, 403, 404, 409, 413, 415)
"""Of the problems with an action."""


class NoBody(StrictSerializer):
    """Nothing has to be said."""


class ActionView(APIView):
    """One action on a conversation that the caller serves. Answers the conversation as it is then."""

    body: ClassVar[type[StrictSerializer]] = NoBody
    answers_an_offer: ClassVar[bool] = False
    passes_on: ClassVar[bool] = False
    """Whether a call goes on elsewhere, and its data with it."""
    name: ClassVar[str]
    summary: ClassVar[str]
    description: ClassVar[str]

    def post(self, request: Request, conversation_id: uuid.UUID) -> Response:
        user = caller(request)
        granted = Conversation.objects.granting(Right.SERVE, to=user).with_places()
        conversation = get_object_or_404(granted, pk=conversation_id)
        order = checked(self.body, request.data)
        try:
            after = self.act(conversation, user, order, timezone.now())
        except WrongState as wrong:
            raise conflict(wrong) from None
        return Response(one_json(request, after))

    def act(self, conversation: Conversation, user: User, order: dict[str, Any], now: datetime) -> Conversation:
        raise NotImplementedError


def conflict(wrong: WrongState) -> Problem:
    members: dict[str, Any] = {"state": wrong.state, "needed": list(wrong.needed)}
    if isinstance(wrong, TakenByAnother) and wrong.agent:
        members["agent"] = wrong.agent.get_username()
    return Problem(HTTPStatus.CONFLICT, str(wrong), **members)


def described(name: str, summary: str, description: str = "", body: Any = None) -> Callable[[type[V]], type[V]]:
    """What the schema says of an action."""
    told = f"{description} Repeated, it changes nothing.".strip()

    def decorate(view: type[V]) -> type[V]:
        view.name, view.summary, view.description = name, summary, told
        schema = extend_schema(
            operation_id=f"conversation_{name}",
            tags=TAGS,
            summary=summary,
            description=told,
            parameters=[CONTACT_ID],
            request=body,
            responses={200: ConversationSerializer, **problems(*STATUSES)},
        )
        return extend_schema_view(post=schema)(view)

    return decorate


# The actions


class QueueOrder(StrictSerializer):
    queue = TextField(max_length=100, help_text="Name of a queue of the conversation's channel. Example: Chat sales")
    priority = serializers.IntegerField(
        required=False, min_value=0, max_value=32767, help_text="The lowest is offered first; left out: as its queue"
    )
    preferred_agent = TextField(
        max_length=150, required=False, help_text="User name of who has it first, as long as the channel says"
    )
    required_agents = serializers.ListField(
        child=TextField(max_length=150, allow_blank=True),
        required=False,
        allow_empty=False,
        max_length=50,
        help_text="User names of those one of whom is to have it",
    )
    required_seconds = serializers.IntegerField(
        required=False, min_value=1, max_value=604800, help_text="Then anybody has it; left out: it waits for them"
    )


@described(
    "queue",
    "Let it wait in a queue",
    "A queue that is closed or full turns it away: the answer's state is abandoned then.",
    body=QueueOrder,
)
class QueueView(ActionView):
    body = QueueOrder

    @transaction.atomic
    def act(self, conversation: Conversation, user: User, order: dict[str, Any], now: datetime) -> Conversation:
        queue = queue_served(order["queue"], by=user)
        if order.keys() - {"queue"}:
            self._prefer(conversation, order, queue, now)
        try:
            return lifecycle.enqueue(conversation.pk, queue=queue, by=user, now=now)
        except WrongChannel as wrong:
            raise ValidationError({"queue": str(wrong)}) from None

    def _prefer(self, conversation: Conversation, order: dict[str, Any], queue: Queue, now: datetime) -> None:
        preferred = [order["preferred_agent"]] if "preferred_agent" in order else []
        lifecycle.prefer(
            conversation.pk,
            now=now,
            priority=order.get("priority"),
            preferred_agent=next(iter(servers("preferred_agent", preferred, queue)), None),
            required_agents=servers("required_agents", order.get("required_agents", []), queue),
            required_for=timedelta(seconds=order["required_seconds"]) if "required_seconds" in order else None,
        )


class AllocateOrder(StrictSerializer):
    agent = TextField(max_length=150, help_text="User name of an agent who serves the queue")


@described("allocate", "Offer it to an agent", "Who accepts or rejects it.", body=AllocateOrder)
class AllocateView(ActionView):
    body = AllocateOrder

    def act(self, conversation: Conversation, user: User, order: dict[str, Any], now: datetime) -> Conversation:
        agent = colleague(order["agent"], conversation=conversation, by=user)
        return lifecycle.allocate(conversation.pk, agent=agent, by=user, now=now)


class InTheNameOfOrder(StrictSerializer):
    agent = TextField(
        max_length=150,
        required=False,
        help_text="User name of the agent in whose name an API client acts; left out: whom it was offered to, or else "
        "the client itself",
    )


@described(
    "accept",
    "Take it",
    "The caller, or the agent it names, becomes its agent: whom it was offered to or, while it waits, the first. Who "
    "is asked in a consultation accepts that.",
    body=InTheNameOfOrder,
)
class AcceptView(ActionView):
    body = InTheNameOfOrder
    answers_an_offer = True

    def act(self, conversation: Conversation, user: User, order: dict[str, Any], now: datetime) -> Conversation:
        asked = asked_in_consultation(conversation) if conversation.state == State.ACCEPTED else None
        by = acting(conversation, user, order, asked=asked)
        is_consulted = conversation.state == State.ACCEPTED and by != conversation.agent and is_consulting(conversation)
        accept = lifecycle.accept_consultation if is_consulted else lifecycle.accept
        return accept(conversation.pk, by=by, now=now)


@described(
    "reject",
    "Decline an offer",
    "It goes back to its queue. Who is asked in a consultation declines that.",
    body=InTheNameOfOrder,
)
class RejectView(ActionView):
    body = InTheNameOfOrder
    answers_an_offer = True

    def act(self, conversation: Conversation, user: User, order: dict[str, Any], now: datetime) -> Conversation:
        asked = asked_in_consultation(conversation) if conversation.state == State.ACCEPTED else None
        by = acting(conversation, user, order, asked=asked)
        if asked is None and conversation.state == State.ACCEPTED and declined_by(conversation) == by:
            return conversation
        reject = lifecycle.end_consultation if asked and asked.agent == by else lifecycle.reject
        return reject(conversation.pk, by=by, now=now)


class HoldOrder(StrictSerializer):
    resume = FlagField(default=False, help_text="true: take it off hold")


@described("hold", "Put it on hold, or take it off", body=HoldOrder)
class HoldView(ActionView):
    body = HoldOrder

    def act(self, conversation: Conversation, user: User, order: dict[str, Any], now: datetime) -> Conversation:
        with holding_own(conversation, user):
            return lifecycle.hold(conversation.pk, by=user, now=now, resume=order["resume"])


class EndOrder(StrictSerializer):
    ended_by = ChoiceField(Conversation.Party.choices, default=Conversation.Party.AGENT, help_text="Who left first")


@described(
    "end",
    "End it",
    "Accepted: what the settings keep is kept, all else destroyed, and wrap-up begins. Otherwise it is abandoned.",
    body=EndOrder,
)
class EndView(ActionView):
    body = EndOrder

    def act(self, conversation: Conversation, user: User, order: dict[str, Any], now: datetime) -> Conversation:
        with holding_own(conversation, user):
            return lifecycle.end(conversation.pk, ended_by=order["ended_by"], by=user, now=now)


@described("handle", "Close its wrap-up")
class HandleView(ActionView):
    def act(self, conversation: Conversation, user: User, order: dict[str, Any], now: datetime) -> Conversation:
        with holding_own(conversation, user):
            return lifecycle.handle(conversation.pk, by=user, now=now)
