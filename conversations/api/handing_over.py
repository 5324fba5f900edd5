"""Actions that bring in somebody else: transfer, consultation, conference."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.db import transaction
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from channels_cfg.api.bodies import FlagField, StrictSerializer, TextField
from channels_cfg.models import Source, User
from conversations import lifecycle
from conversations.api.actions import ActionView, described
from conversations.api.refused_pairs import refusal_of
from conversations.api.whom import colleague, holding_own, queue_served
from conversations.attached_data.attach import attach_data
from conversations.lifecycle import WrongChannel, WrongState
from conversations.models import Conversation, State
from conversations.pairs import RefusedPairs

ONE_PLACE: dict[str, Any] = {"oneOf": [{"required": ["queue"]}, {"required": ["agent"]}]}


class TransferOrder(StrictSerializer):
    """Name either a queue or an agent."""

    in_schema: ClassVar = ONE_PLACE

    queue = TextField(max_length=100, required=False, help_text="Name of another queue of the same channel")
    agent = TextField(max_length=150, required=False, help_text="User name of an agent who serves the same queue")
    attached_data = serializers.DictField(
        required=False, help_text="Pairs that the agent adds; a key that has a value keeps it"
    )

    def validate(self, order: dict[str, Any]) -> dict[str, Any]:
        if len(order.keys() & {"queue", "agent"}) != 1:
            raise ValidationError({"queue": "Name a queue or an agent to transfer it to, and only one of them."})
        return order


@described(
    "transfer",
    "Hand it to another queue or agent",
    "Its attached data stays as it is; what is attached on the way overwrites nothing.",
    body=TransferOrder,
)
class TransferView(ActionView):
    body = TransferOrder
    passes_on = True

    @transaction.atomic
    def act(self, conversation: Conversation, user: User, order: dict[str, Any], now: datetime) -> Conversation:
        queue = queue_served(order["queue"], by=user) if "queue" in order else None
        agent = colleague(order["agent"], conversation=conversation, by=user) if "agent" in order else None
        if order.get("attached_data"):
            attach_on_the_way(conversation, user, order["attached_data"], now)
        try:
            return lifecycle.transfer(conversation.pk, by=user, now=now, queue=queue, agent=agent)
        except WrongChannel as wrong:
            raise ValidationError({"queue": str(wrong)}) from None


def attach_on_the_way(conversation: Conversation, user: User, pairs: dict[str, Any], now: datetime) -> None:
    """The agent's own pairs, beside those that are there (the facts on attached data on transfer)."""
    held = lifecycle.locked(conversation.pk)
    if not held.is_active:
        raise WrongState(held, State.ACCEPTED)
    try:
        attach_data(held, pairs, source=Source.AGENT, at=now, by=user, overwrites=False)
    except RefusedPairs as refused:
        raise refusal_of(refused, pairs) from None


class ConsultOrder(StrictSerializer):
    """Name a queue or an agent to ask, or end the consultation."""

    in_schema: ClassVar = {
        "oneOf": [*ONE_PLACE["oneOf"], {"required": ["end"], "properties": {"end": {"enum": [True]}}}]
    }

    queue = TextField(max_length=100, required=False, help_text="Name of a queue of the same channel")
    agent = TextField(max_length=150, required=False, help_text="User name of another agent who serves the same queue")
    end = FlagField(required=False, help_text="true: back to the customer")

    def validate(self, order: dict[str, Any]) -> dict[str, Any]:
        if len([name for name in ("queue", "agent", "end") if order.get(name)]) != 1:
            raise ValidationError(
                {"queue": "Name a queue or an agent to ask, or send end: true, and only one of them."}
            )
        return order


@described(
    "consult",
    "Ask an agent or a queue, or come back",
    "The customer is on hold meanwhile. Who is asked accepts with accept; end comes back to the customer.",
    body=ConsultOrder,
)
class ConsultView(ActionView):
    body = ConsultOrder
    passes_on = True

    def act(self, conversation: Conversation, user: User, order: dict[str, Any], now: datetime) -> Conversation:
        with holding_own(conversation, user):
            return self._consult(conversation, user, order, now)

    def _consult(self, conversation: Conversation, user: User, order: dict[str, Any], now: datetime) -> Conversation:
        if order.get("end"):
            return lifecycle.end_consultation(conversation.pk, by=user, now=now)
        queue = queue_served(order["queue"], by=user) if "queue" in order else None
        agent = colleague(order["agent"], conversation=conversation, by=user) if "agent" in order else None
        try:
            return lifecycle.consult(conversation.pk, by=user, now=now, queue=queue, agent=agent)
        except WrongChannel as wrong:
            raise ValidationError({"queue": str(wrong)}) from None
        except ValueError as nobody:
            raise ValidationError({"agent": str(nobody)}) from None


@described("conference", "Bring who is consulted into the conversation", "All hear each other from then on.")
class ConferenceView(ActionView):
    def act(self, conversation: Conversation, user: User, order: dict[str, Any], now: datetime) -> Conversation:
        with holding_own(conversation, user):
            return lifecycle.conference(conversation.pk, by=user, now=now)
