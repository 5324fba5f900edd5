"""Actions of an agent, or of a telephone system in an agent's name."""

from __future__ import annotations

import uuid
from http import HTTPStatus
from typing import Any, ClassVar

from django.db import transaction
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from channels_cfg.api.bodies import FlagField, StrictSerializer, TextField, checked
from channels_cfg.api.problems import Problem, problems
from channels_cfg.models import Queue, Right, User
from conversations import lifecycle
from conversations.api.caller import caller
from conversations.api.contact_data_schema import CONTACT_ID
from conversations.api.conversations import TAGS, ConversationSerializer, conversation_json
from conversations.lifecycle import TakenByAnother, WrongChannel, WrongState
from conversations.models import Conversation, direct_agents


class NoBody(StrictSerializer):
    """Nothing has to be said."""


class ActionView(APIView):
    """One action on a conversation that the caller serves. Answers the conversation as it is then."""

    body: ClassVar[type[StrictSerializer]] = NoBody

    def post(self, request: Request, conversation_id: uuid.UUID) -> Response:
        user = caller(request)
        granted = Conversation.objects.granting(Right.SERVE, to=user).with_places()
        conversation = get_object_or_404(granted, pk=conversation_id)
        order = checked(self.body, request.data)
        try:
            self.act(conversation, user, order)
        except WrongState as wrong:
            raise conflict(wrong) from None
        return Response(conversation_json(request, conversation.pk))

    def act(self, conversation: Conversation, user: User, order: dict[str, Any]) -> Any:
        raise NotImplementedError


def conflict(wrong: WrongState) -> Problem:
    members: dict[str, Any] = {"state": wrong.state, "needed": list(wrong.needed)}
    if isinstance(wrong, TakenByAnother) and wrong.agent:
        members["agent"] = wrong.agent.get_username()
    return Problem(HTTPStatus.CONFLICT, str(wrong), **members)


def described(name: str, summary: str, description: str = "", body: Any = None) -> Any:
    """What the schema says of an action."""
    return extend_schema_view(
        post=extend_schema(
            operation_id=f"conversation_{name}",
            tags=TAGS,
            summary=summary,
            description=f"{description} Repeated, it changes nothing.".strip(),
            parameters=[CONTACT_ID],
            request=body,
            responses={200: ConversationSerializer, **problems(400, 401, 403, 404, 409, 413, 415)},
        )
    )


# Whom and where to


def queue_served(name: str, *, by: User) -> Queue:
    """The queue of that name; one on which the user does not serve is as if it were not there."""
    queue = Queue.objects.granting(Right.SERVE, to=by).select_related("channel").filter(name=name).first()
    if queue is None:
        raise ValidationError({"queue": "You serve no queue of this name."})
    return queue


def colleague(username: str, *, conversation: Conversation, by: User) -> User:
    """The user of that name who may serve the conversation; anybody else is as if not there."""
    agent = User.objects.filter(username=username, is_active=True).first()
    if agent is None or not _may_serve(agent, conversation, by):
        raise ValidationError({"agent": "Nobody of this user name serves this conversation's queue."})
    return agent


def _may_serve(agent: User, conversation: Conversation, by: User) -> bool:
    if conversation.queue_id:
        return Queue.objects.granting(Right.SERVE, to=agent).filter(pk=conversation.queue_id).exists()
    return all(agent.pk in direct_agents(Right.SERVE, user) for user in (agent, by))


# The actions


class QueueOrder(StrictSerializer):
    queue = TextField(max_length=100, help_text="Name of a queue of the conversation's channel. Example: Chat sales")


@described("queue", "Let it wait in a queue", body=QueueOrder)
class QueueView(ActionView):
    body = QueueOrder

    def act(self, conversation: Conversation, user: User, order: dict[str, Any]) -> None:
        queue = queue_served(order["queue"], by=user)
        try:
            lifecycle.enqueue(conversation.pk, queue=queue, by=user, now=timezone.now())
        except WrongChannel as wrong:
            raise ValidationError({"queue": str(wrong)}) from None


class AllocateOrder(StrictSerializer):
    agent = TextField(max_length=150, help_text="User name of an agent who serves the queue")


@described("allocate", "Offer it to an agent", "Who accepts or rejects it.", body=AllocateOrder)
class AllocateView(ActionView):
    body = AllocateOrder

    def act(self, conversation: Conversation, user: User, order: dict[str, Any]) -> None:
        agent = colleague(order["agent"], conversation=conversation, by=user)
        lifecycle.allocate(conversation.pk, agent=agent, by=user, now=timezone.now())


@described("accept", "Take it", "The caller becomes its agent: whom it was offered to or, while it waits, the first.")
class AcceptView(ActionView):
    def act(self, conversation: Conversation, user: User, order: dict[str, Any]) -> None:
        lifecycle.accept(conversation.pk, by=user, now=timezone.now())


@described("reject", "Decline an offer", "It goes back to its queue.")
class RejectView(ActionView):
    def act(self, conversation: Conversation, user: User, order: dict[str, Any]) -> None:
        lifecycle.reject(conversation.pk, by=user, now=timezone.now())


class HoldOrder(StrictSerializer):
    resume = FlagField(default=False, help_text="true: take it off hold")


@described("hold", "Put it on hold, or take it off", body=HoldOrder)
class HoldView(ActionView):
    body = HoldOrder

    @transaction.atomic
    def act(self, conversation: Conversation, user: User, order: dict[str, Any]) -> None:
        check_own(conversation, user, "hold")
        lifecycle.hold(conversation.pk, by=user, now=timezone.now(), resume=order["resume"])


class TransferOrder(StrictSerializer):
    """Name either."""

    in_schema: ClassVar = {"oneOf": [{"required": ["queue"]}, {"required": ["agent"]}]}

    queue = TextField(max_length=100, required=False, help_text="Name of another queue of the same channel")
    agent = TextField(max_length=150, required=False, help_text="User name of an agent who serves the same queue")

    def validate(self, order: dict[str, Any]) -> dict[str, Any]:
        if len(order) != 1:
            raise ValidationError("Name a queue or an agent to transfer it to, and only one of them.")
        return order


@described("transfer", "Hand it to another queue or agent", "Its attached data stays as it is.", body=TransferOrder)
class TransferView(ActionView):
    body = TransferOrder

    def act(self, conversation: Conversation, user: User, order: dict[str, Any]) -> None:
        queue = queue_served(order["queue"], by=user) if "queue" in order else None
        agent = colleague(order["agent"], conversation=conversation, by=user) if "agent" in order else None
        try:
            lifecycle.transfer(conversation.pk, by=user, now=timezone.now(), queue=queue, agent=agent)
        except WrongChannel as wrong:
            raise ValidationError({"queue": str(wrong)}) from None


class EndOrder(StrictSerializer):
    ended_by = serializers.ChoiceField(
        Conversation.Party.choices, default=Conversation.Party.AGENT, help_text="Who left first"
    )


@described(
    "end",
    "End it",
    "Accepted: what the settings keep is kept, all else destroyed, and wrap-up begins. Otherwise it is abandoned.",
    body=EndOrder,
)
class EndView(ActionView):
    body = EndOrder

    @transaction.atomic
    def act(self, conversation: Conversation, user: User, order: dict[str, Any]) -> None:
        check_own(conversation, user, "end")
        lifecycle.end(conversation.pk, ended_by=order["ended_by"], by=user, now=timezone.now())


@described("handle", "Close its wrap-up")
class HandleView(ActionView):
    @transaction.atomic
    def act(self, conversation: Conversation, user: User, order: dict[str, Any]) -> None:
        check_own(conversation, user, "handle")
        lifecycle.handle(conversation.pk, by=user, now=timezone.now())


def check_own(conversation: Conversation, user: User, action: str) -> None:
    """A person does this to own conversations only; an API client acts for the telephone system, and for all.

    Holds the conversation until the transaction ends.
    """
    held = lifecycle.locked(conversation.pk)
    if held.agent_id not in (None, user.pk) and not user.is_api_client:
        raise TakenByAnother(held, action)
