"""A customer who wrote over WhatsApp, the agent who accepted it, and the Conversation API on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from channels_cfg import jobs
from channels_cfg.messaging import sending
from channels_cfg.models import MessagingService, Right, User
from conversations import lifecycle
from conversations.models import Conversation, Message, OutboundMessage, SendingPause
from conversations.replies import deliveries
from conversations.replies.deliveries import Delivery
from conversations.replies.write import reply
from tests.conversations.doors.conversation_api.conftest import Sender, message, sender, service  # noqa: F401
from tests.factories import UserFactory, grant
from tests.stand_ins.conversation_api import ConversationApi, running_conversation_api


@pytest.fixture
def api(settings: Settings) -> Iterator[ConversationApi]:
    settings.OUTGOING_OWN_HOSTS = ["127.0.0.1"]
    sending._tokens.clear()
    with running_conversation_api() as running:
        yield running


@dataclass
class Story:
    """A conversation on an agent's desk."""

    sender: Sender
    agent: User
    conversation: Conversation

    def reply(self, text: str = "It leaves today.") -> Message:
        return reply(self.conversation.pk, by=self.agent, now=timezone.now(), text=text)

    def delivery(self, message: Message) -> Delivery:
        message.refresh_from_db()
        return deliveries.of([message])[message.pk]

    def transcript(self) -> list[tuple[str, str]]:
        return list(self.conversation.messages.values_list("author", "text"))

    def submit(self, message_id: str, *, metadata: str = "", text: str = "It leaves today.", **told: Any) -> Any:
        return self.sender.tell(
            {
                "accepted_time": timezone.now().isoformat(),
                "message_submit_notification": {
                    "message_id": message_id,
                    "conversation_id": "01CONVERSATION",
                    "contact_id": "01CONTACT",
                    "channel_identity": {"channel": "WHATSAPP", "identity": "358401234567", "app_id": ""},
                    "submitted_message": {"text_message": {"text": text}},
                    "metadata": metadata,
                }
                | told,
            }
        )

    def report(self, message_id: str, status: str, *, metadata: str = "", **told: Any) -> Any:
        return self.sender.tell(
            {
                "accepted_time": timezone.now().isoformat(),
                "message_delivery_report": {
                    "message_id": message_id,
                    "conversation_id": "01CONVERSATION",
                    "status": status,
                    "metadata": metadata,
                }
                | told,
            }
        )


@pytest.fixture
def story(sender: Sender, service: MessagingService, api: ConversationApi) -> Story:  # noqa: F811
    MessagingService.objects.filter(pk=service.pk).update(api_address=api.url, key_id="key", key_secret="secret")
    service.refresh_from_db()
    return begun(sender, grant(UserFactory(), Right.SERVE, on=service.queue))


def begun(sender: Sender, agent: User, channel: str = "WHATSAPP", **told: Any) -> Story:  # noqa: F811
    """The customer wrote just now over the channel, and the agent accepted."""
    at, thread = told.pop("at", timezone.now().isoformat()), told.get("conversation_id", "01CONVERSATION")
    identity = {"channel": channel, "identity": "358401234567", "app_id": ""}
    sender.tell(message("Where is it?", at=at, channel_identity=identity, **told))
    conversation = Conversation.objects.get(reference__external_id=thread)
    lifecycle.accept(conversation.pk, by=agent, now=timezone.now())
    return Story(sender, agent, Conversation.objects.get(pk=conversation.pk))


def work(*, even_if_put_off: bool = True) -> None:
    """What a worker does with what waits, once; as if its pause were over."""
    if even_if_put_off:
        OutboundMessage.objects.filter(holder=None).update(held_until=None)
        SendingPause.objects.update(until=timezone.now())
    waiting = OutboundMessage.objects.waiting(now=timezone.now())
    for pk in waiting.order_by("pk").values_list("pk", flat=True):
        jobs.work_on(OutboundMessage, pk)
