"""Demo conversations. Callbacks come in through the real door, signed; agents' actions through the real work."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
import secrets
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from http import HTTPStatus
from typing import Any

from django.db import transaction
from django.test import Client

from channels_cfg.demo import TASK_ADDRESS, WEB_CHAT_ADDRESSES, Demo, made
from channels_cfg.models import Channel, MessagingService, Queue, Right, User
from conversations import lifecycle
from conversations.demo_calls import load_demo_calls
from conversations.demo_mail import load_demo_mail
from conversations.doors.deliveries import apply_delivery
from conversations.doors.tasks.accepting import NewTask
from conversations.doors.tasks.accepting import accept as accept_task
from conversations.doors.web_chat import chat as web_chat
from conversations.key_usage.aggregate import aggregate_observations
from conversations.models import Conversation, InboundDelivery, VisitorPresence
from conversations.replies.write import reply

CALLBACK_PATH = "/sms/sinchconversation/all"

CUSTOMERS = (
    ("358401112233", "Maija Korhonen"),
    ("46701234567", "Erik Svensson"),
    ("4915112345678", "Lena Schäfer"),
    ("34612345678", "Lucía Gómez"),
    ("5511987654321", "João Pereira"),
    ("447700900123", ""),
)
OPENINGS = (
    "Hi, is the blue jacket back in stock?",
    "Hello! My order hasn’t arrived yet.",
    "Can I change my delivery address?",
    "I’d like an offer for 20 chairs, please.",
    "The invoice shows the wrong amount.",
    "Do you have a shop in Tampere?",
)
ANSWERS = (
    "Hello, this is sales. Let me have a look.",
    "Thank you for waiting. I found it, and I’ll send you the details in a moment.",
    "I have corrected it. You will get a new one by e-mail today.",
    "It leaves our warehouse tomorrow.",
)
VISITORS = (
    ("Noora Laine", "Do you deliver to Åland?"),
    ("Peter Novak", "My invoice shows the wrong address."),
    ("Ines Costa", "Is the oak chair there in black as well?"),
)
TYPES = ("gold", "gold", "silver", "silver", "silver", "bronze")
TOPICS = ("order", "invoice", "delivery", "offer")
CARDS = ("4111 1111 1111 1111", "5555555555554444", "378282246310005")
"""Numbers that issuers publish for testing."""
TASK_DATA = {
    "XRI-body": "<p>The parcel came back: <b>the address is wrong</b>.</p><ul><li>Call the customer</li>"
    '<li>Correct it in the <a href="https://shop.example/orders">order</a></li></ul>',
    "orderId": "FI123456",
    "customerId": "1234567",
}
CHANNELS = ("WHATSAPP", "WHATSAPP", "WHATSAPP", "SMS", "MESSENGER", "RCS")
PAST = 60
"""How many conversations are over."""


def sign(body: bytes, *, secret: str, nonce: str, now: datetime) -> dict[str, str]:
    """The headers with which the Conversation API signs a callback."""
    timestamp = str(int(now.timestamp()))
    mac = hmac.new(secret.encode(), body + f".{nonce}.{timestamp}".encode(), hashlib.sha256)
    return {
        "x-sinch-webhook-signature": base64.b64encode(mac.digest()).decode(),
        "x-sinch-webhook-signature-timestamp": timestamp,
        "x-sinch-webhook-signature-nonce": nonce,
        "x-sinch-webhook-signature-algorithm": "HmacSHA256",
    }


def inbound_message(
    service: MessagingService,
    *,
    text: str,
    at: datetime,
    conversation: str,
    customer: str,
    channel: str = "WHATSAPP",
    metadata: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A MESSAGE_INBOUND callback as the Conversation API sends it."""
    said = at.isoformat().replace("+00:00", "Z")
    return {
        "app_id": service.app_id,
        "accepted_time": said,
        "event_time": said,
        "project_id": service.project_id,
        "message": {
            "id": uuid.uuid4().hex[:26].upper(),
            "direction": "TO_APP",
            "contact_message": {"text_message": {"text": text}},
            "channel_identity": {"channel": channel, "identity": customer, "app_id": ""},
            "conversation_id": conversation,
            "contact_id": f"CONTACT{customer}",
            "metadata": json.dumps(dict(metadata)) if metadata else "",
            "accept_time": said,
            "sender_id": "",
            "processing_mode": "CONVERSATION",
            "injected": False,
        },
        "message_metadata": "",
        "correlation_id": "",
    }


def submitted_message(
    service: MessagingService, *, text: str, at: datetime, conversation: str, customer: str, channel: str
) -> dict[str, Any]:
    """A MESSAGE_SUBMIT callback: an answer was handed to the channel."""
    return {
        "app_id": service.app_id,
        "accepted_time": at.isoformat().replace("+00:00", "Z"),
        "project_id": service.project_id,
        "message_submit_notification": {
            "message_id": uuid.uuid4().hex[:26].upper(),
            "conversation_id": conversation,
            "contact_id": f"CONTACT{customer}",
            "channel_identity": {"channel": channel, "identity": customer, "app_id": ""},
            "submitted_message": {"text_message": {"text": text}},
            "metadata": "",
            "processing_mode": "CONVERSATION",
        },
        "message_metadata": "",
    }


def task(values: Mapping[str, Any], *, queue: str, subject: str, sender: str = "") -> dict[str, Any]:
    """A task as another system posts it."""
    return {
        "data": {
            "item": {"type": "XRI", "queue": queue},
            "subject": subject,
            "fromAddress": sender,
            "toAddress": queue,
            "values": {"KV": [{"k": key, "v": value} for key, value in values.items()]},
        }
    }


@cache
def _client() -> Client:
    """One for all callbacks: each would read the middleware anew."""
    return Client(SERVER_NAME="localhost")


def deliver(service: MessagingService, callback: Mapping[str, Any], *, now: datetime) -> None:
    """Hand the callback in at the door, and apply it."""
    body = json.dumps(callback).encode()
    secret = service.secrets.latest("added_at").secret
    headers = sign(body, secret=secret, nonce=uuid.uuid4().hex, now=now)
    answer = _client().post(CALLBACK_PATH, body, content_type="application/json", headers=headers, secure=True)
    if answer.status_code != 200:
        raise RuntimeError(f"The callback door answered {answer.status_code}.")
    waiting = InboundDelivery.objects.waiting(now=now).filter(service=service)
    for delivery_id in list(waiting.values_list("pk", flat=True)):
        apply_delivery(delivery_id)


def apply_tasks(*accepted: uuid.UUID | str) -> None:
    for delivery_id in list(InboundDelivery.objects.filter(conversation_id__in=accepted).values_list("pk", flat=True)):
        apply_delivery(delivery_id)


def load_demo_conversations(demo: Demo, *, now: datetime) -> None:
    """Two weeks of conversations in every state, all or none; nothing where there are any of the demonstration's."""
    if not Conversation.objects.filter(channel__in=made(Channel)).exists():
        with transaction.atomic():
            _Centre(demo, now).run()
        aggregate_observations()


class _Centre:
    """A small centre at work. Chance decides, the same each time."""

    def __init__(self, demo: Demo, now: datetime) -> None:
        self.now = now
        self.chance = random.Random(7)
        self.others = random.Random(11)
        self.services = sorted((service for service, _secret in demo.services), key=str)
        self.agents, (self.agent, _password) = list(demo.agents), demo.people["agent"]
        self.mail_box = demo.mail_box
        self.task_system, self.task_key = demo.clients["integration"]

    def run(self) -> None:
        for service in self.services:
            for customer, name in CUSTOMERS:
                self.introduce(service, customer, name)
        for number in range(PAST):
            self.past_conversation(number)
        self.direct_conversation()
        self.web_chats()
        self.present()
        self.tasks()
        load_demo_mail(self.mail_box, agent=self.agent, now=self.now)
        load_demo_calls(made(Queue), telephone=self.task_system, agent=self.agent, customers=CUSTOMERS, now=self.now)

    def introduce(self, service: MessagingService, customer: str, name: str) -> None:
        if name:
            contact = {"id": f"CONTACT{customer}", "channel_identities": [], "display_name": name, "metadata": ""}
            said = (self.now - timedelta(days=30)).isoformat().replace("+00:00", "Z")
            callback = {"app_id": "", "project_id": service.project_id, "accepted_time": said}
            deliver(service, callback | {"contact_create_notification": {"contact": contact}}, now=self.now)

    def arrive(self, at: datetime, *, service: MessagingService | None = None) -> Conversation:
        """A customer writes, with attached data."""
        service = service or self.chance.choice(self.services)
        customer, _ = self.chance.choice(CUSTOMERS)
        thread = uuid.uuid4().hex[:26].upper()
        data = {
            "customerId": str(self.chance.randrange(1_000_000, 9_999_999)),
            "customerType": self.chance.choice(TYPES),
            "topic": self.chance.choice(TOPICS),
        }
        if self.chance.random() < 0.15:
            data["custmerType"] = data.pop("customerType")  # somebody's slip, for the inbox of unknown keys
        data |= self.unasked()
        channel = self.chance.choice(CHANNELS)
        for offset, text in enumerate(self.chance.sample(OPENINGS, self.chance.randrange(1, 4))):
            message = inbound_message(
                service,
                text=text,
                at=at + timedelta(seconds=20 * offset),
                conversation=thread,
                customer=customer,
                channel=channel,
                metadata=data if offset == 0 else None,
            )
            deliver(service, message, now=self.now)
        return Conversation.objects.get(reference__external_id=thread)

    def unasked(self) -> dict[str, Any]:
        """What websites send along although nobody asked for it; destroyed at the end, and counted without values."""
        sent: dict[str, Any] = {
            "loyalty_card": self.others.choice(CARDS),
            "page.url": "https://shop.example/chairs",
            "page.language": self.others.choice(["fi", "sv", "en"]),
            "newsletter": self.others.random() < 0.4,
            "contact_email": "maija.korhonen@example.com",
        }
        return {key: value for key, value in sent.items() if self.others.random() < 0.3}

    def past_conversation(self, number: int) -> None:
        day = self.now - timedelta(days=1 + number % 14)
        at = day.replace(hour=6 + number % 10, minute=self.chance.randrange(60), second=self.chance.randrange(60))
        conversation = self.arrive(at)
        if number % 12 == 5:
            wait = timedelta(seconds=3 if number % 24 == 5 else 240)
            lifecycle.end(conversation.pk, ended_by=Conversation.Party.CUSTOMER, now=at + wait)
            return
        agent = self.chance.choice(self.agents)
        at += timedelta(seconds=self.chance.randrange(50, 400))
        lifecycle.accept(conversation.pk, by=agent, now=at)
        self.answer(conversation, at + timedelta(seconds=30))
        at += timedelta(seconds=self.chance.randrange(90, 1200))
        if number % 9 == 4:
            agent, at = self.transfer(conversation, agent, at)
        lifecycle.end(conversation.pk, by=agent, ended_by=Conversation.Party.AGENT, now=at)
        lifecycle.handle(conversation.pk, by=agent, now=at + timedelta(seconds=self.chance.randrange(10, 120)))

    def answer(self, conversation: Conversation, at: datetime) -> None:
        """The bot or desk that sends for the centre answers the customer."""
        assert conversation.reference and conversation.reference.service  # it came in through a messaging service
        service = conversation.reference.service
        message = submitted_message(
            service,
            text=self.chance.choice(ANSWERS),
            at=at,
            conversation=conversation.reference.external_id,
            customer=conversation.customer_address,
            channel=conversation.messaging_channel,
        )
        deliver(service, message, now=self.now)

    def transfer(self, conversation: Conversation, agent: User, at: datetime) -> tuple[User, datetime]:
        other = next(colleague for colleague in self.agents if colleague != agent)
        queue = made(Queue).filter(channel=conversation.channel).exclude(pk=conversation.queue_id).earliest("name")
        lifecycle.transfer(conversation.pk, by=agent, queue=queue, now=at)
        lifecycle.accept(conversation.pk, by=other, now=at + timedelta(seconds=40))
        return other, at + timedelta(seconds=400)

    def direct_conversation(self) -> None:
        at = self.now - timedelta(days=2, hours=1)
        channel = self.services[0].queue.channel
        conversation = lifecycle.receive(channel=channel, now=at, customer_address="358405550000")
        lifecycle.allocate(conversation.pk, agent=self.agent, now=at)
        lifecycle.accept(conversation.pk, by=self.agent, now=at + timedelta(seconds=12))
        at += timedelta(minutes=4)
        lifecycle.end(conversation.pk, by=self.agent, ended_by=Conversation.Party.AGENT, now=at)
        lifecycle.handle(conversation.pk, by=self.agent, now=at + timedelta(seconds=30))

    def web_chats(self) -> None:
        """Visitors of the shop's page: two who were served, and one who waits."""
        page = self.services[0].queue.channel.allowed_origins[:1]
        if not page:
            return
        for days, (name, text), answer in ((1, VISITORS[0], ANSWERS[3]), (3, VISITORS[1], ANSWERS[2])):
            at = self.now - timedelta(days=days, hours=2)
            conversation = self.visit(page[0], name, text, at)
            lifecycle.accept(conversation.pk, by=self.agent, now=at + timedelta(seconds=40))
            reply(conversation.pk, by=self.agent, now=at + timedelta(seconds=75), text=answer)
            web_chat.leave(conversation.pk, now=at + timedelta(seconds=130))
            lifecycle.handle(conversation.pk, by=self.agent, now=at + timedelta(seconds=160))
        self.visit(page[0], *VISITORS[2], self.now - timedelta(minutes=2))

    def visit(self, origin: str, name: str, text: str, at: datetime) -> Conversation:
        email = f"{name.split()[0].lower()}@example.com"
        data = {"name": name, "email": email, "customerType": "silver", "topic": "offer"}
        beginning = web_chat.Beginning([WEB_CHAT_ADDRESSES["Chat sales"]], data, origin, "")
        conversation, _is_new = web_chat.start(secrets.token_urlsafe(32), beginning, now=at)
        VisitorPresence.objects.filter(pk=conversation.pk).update(seen_at=max(at, self.now - timedelta(seconds=5)))
        web_chat.say(conversation.pk, message_id=uuid.uuid4().hex, text=text, now=at + timedelta(seconds=15))
        return conversation

    def present(self) -> None:
        """What the agent finds on the desk right now."""
        for minutes in (1, 2, 4):
            self.arrive(self.now - timedelta(minutes=minutes))
        offered = self.arrive(self.now - timedelta(minutes=3), service=self.services[-1])
        lifecycle.allocate(offered.pk, agent=self.agent, now=self.now - timedelta(seconds=20))
        served = self.arrive(self.now - timedelta(minutes=9), service=self.services[-1])
        lifecycle.accept(served.pk, by=self.agent, now=self.now - timedelta(minutes=7))
        wrapped = self.arrive(self.now - timedelta(minutes=30))
        lifecycle.accept(wrapped.pk, by=self.agent, now=self.now - timedelta(minutes=28))
        lifecycle.end(wrapped.pk, by=self.agent, ended_by=Conversation.Party.AGENT, now=self.now - timedelta(minutes=1))

    def tasks(self) -> None:
        """One that was done yesterday, and one that waits, of which the agent does not see everything."""
        if (
            not Queue.objects.granting(Right.SERVE, to=self.task_system)
            .filter(addresses__address=TASK_ADDRESS)
            .exists()
        ):
            return  # an administrator's own queue has the address
        at = self.now - timedelta(days=1, hours=2)
        done = NewTask("XRI", TASK_ADDRESS, "Order FI102938 came back", "lena@example.com", TASK_ADDRESS, TASK_DATA)
        pk = accept_task(done, by=self.task_system, now=at)
        apply_tasks(pk)
        lifecycle.accept(pk, by=self.agent, now=at + timedelta(minutes=3))
        lifecycle.end(pk, by=self.agent, ended_by=Conversation.Party.AGENT, now=at + timedelta(minutes=9))
        lifecycle.handle(pk, by=self.agent, now=at + timedelta(minutes=10))
        posted = task(
            TASK_DATA, queue=TASK_ADDRESS, subject="Order FI123456: wrong address", sender="maija@example.com"
        )
        answer = _client().post(
            "/RTI/tasks", posted, content_type="application/json", headers={"X-Api-Key": self.task_key}, secure=True
        )
        if answer.status_code != HTTPStatus.CREATED:
            raise RuntimeError(f"The task interface answered {answer.status_code}.")
        apply_tasks(answer.json()["id"])
