"""The demo configuration: a small centre with a chat, a voice and an e-mail channel."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction

from channels_cfg.models import (
    AccessRight,
    ApiKey,
    AttachedKey,
    AttachedKeyAlias,
    Channel,
    MessagingService,
    Queue,
    QueueAddress,
    QueueGroup,
    Right,
    SystemSettings,
    User,
    WebhookSecret,
)
from channels_cfg.rights import roles

EVERY_RIGHT = tuple(Right)

PEOPLE = {
    # role in demo.json: (user name, first name, last name, group)
    "administrator": ("administrator", "Ada", "Lindgren", roles.CONFIGURATOR),
    "supervisor": ("supervisor", "Sami", "Virtanen", roles.SUPERVISOR),
    "agent": ("agent", "Anna", "Ek", roles.AGENT),
    "reporting": ("reporting", "Rosa", "Silva", roles.REPORTING_ADMINISTRATOR),
}
COLLEAGUES = (("benedikt", "Benedikt", "Auer"), ("chloe", "Chloé", "Martin"))
CLIENTS = {"integration": "Chat sales", "outsider": "Chat care"}
SERVICES = (
    ("WhatsApp sales", "01KEEPSAKEDEMOSALES0000001", "Chat sales"),
    ("Messaging care", "01KEEPSAKEDEMOCARE00000002", "Chat care"),
)
CUSTOMER_TYPES = ["gold", "silver", "bronze"]
TOPICS = ["delivery", "invoice", "offer", "order"]
PROJECT = "5f3a7c1e-0d2b-4c55-9a52-0e6d1b7c9a10"


@dataclass(frozen=True)
class DemoSecrets:
    """What the demo's users and machines sign in with; kept outside the database, which stores digests."""

    passwords: dict[str, str]
    keys: dict[str, str]
    webhook_secrets: dict[str, str]
    are_new: bool = False


def new_secrets() -> DemoSecrets:
    return DemoSecrets(
        passwords={role: secrets.token_urlsafe(9) for role in PEOPLE},
        keys={},
        webhook_secrets={name: secrets.token_urlsafe(24) for name, _, _ in SERVICES},
        are_new=True,
    )


@transaction.atomic
def load_demo_configuration(known: DemoSecrets) -> DemoSecrets:
    """Make what is missing, and leave alone what is there. Returns the secrets with newly issued API keys.

    New secrets for users that are there already, because the file with the old ones was lost, replace those.
    """
    SystemSettings.load().save()
    _keys()
    queues = _queues()
    _people(known, queues)
    _services(known, queues)
    return DemoSecrets(known.passwords, _clients(known, queues), known.webhook_secrets)


def _keys() -> None:
    """Four keys of a catalogue: two with choices, a sensitive one, one with a pattern; and another name of one."""
    kinds, violations = AttachedKey.Kind, AttachedKey.OnViolation
    keys: dict[str, dict[str, Any]] = {
        "customerType": {
            "label": "Customer type",
            "help_text": "Decides the service level",
            "purpose": "Routing to the right service level",
            "kind": kinds.CHOICE,
            "choices": CUSTOMER_TYPES,
        },
        "customerId": {
            "label": "Customer number",
            "help_text": "Seven digits, as on the invoice",
            "purpose": "Finding the customer in the CRM",
            "pattern": "[0-9]{7}",
            "example": "1234567",
            "sensitive": True,
        },
        "topic": {
            "label": "Topic",
            "group": "Contact",
            "owner": "Care team",
            "purpose": "Knowing why customers get in touch",
            "kind": kinds.CHOICE,
            "choices": TOPICS,
            "on_violation": violations.DROP,
        },
        "orderId": {
            "label": "Order",
            "group": "Contact",
            "owner": "Web shop team",
            "purpose": "Opening the order that a task is about",
            "pattern": "[A-Z]{2}[0-9]{6}",
            "example": "FI123456",
            "on_violation": violations.REFUSE,
        },
    }
    for name, facts in keys.items():
        AttachedKey.objects.get_or_create(name=name, defaults={"group": "Customer", "owner": "CRM team"} | facts)
    AttachedKeyAlias.objects.get_or_create(
        name="customer_type", defaults={"key": AttachedKey.objects.get(name="customerType")}
    )


def _queues() -> dict[str, Queue]:
    chat, _ = Channel.objects.get_or_create(
        name="Customer chat",
        defaults={
            "kind": Channel.Kind.CHAT,
            "description": "WhatsApp, SMS and other messaging channels",
            "statistics_keys": ["customerType"],
        },
    )
    voice, _ = Channel.objects.get_or_create(
        name="Phone",
        defaults={
            "kind": Channel.Kind.VOICE,
            "description": "Calls to the service numbers",
            "allocation_keys": ["customerType", "Selected_language"],
            "connection_keys": ["customerId"],
            "statistics_keys": ["customerType"],
        },
    )
    tasks, _ = Channel.objects.get_or_create(
        name="Tasks",
        defaults={
            "kind": Channel.Kind.EMAIL,
            "description": "E-mail tasks of other systems",
            "allocation_keys": ["XRI-body", "orderId"],
        },
    )
    group, _ = QueueGroup.objects.get_or_create(name="Sales and care", defaults={"description": "Every demo queue"})
    queues = {}
    for name, channel, address, keys in (
        ("Chat sales", chat, f"{SERVICES[0][1]}@whatsapp.sinchconversation.com", []),
        ("Chat care", chat, f"{SERVICES[1][1]}@whatsapp.sinchconversation.com", ["customerType", "topic"]),
        ("Phone sales", voice, "+358401234567", []),
        ("Task desk", tasks, "taskdesk@example.com", []),
    ):
        queue, made = Queue.objects.get_or_create(name=name, defaults={"channel": channel, "statistics_keys": keys})
        if made:
            QueueAddress.objects.create(queue=queue, address=address)
            group.queues.add(queue)
        queues[name] = queue
    return queues


def _people(known: DemoSecrets, queues: dict[str, Queue]) -> None:
    for role, (username, first, last, group_name) in PEOPLE.items():
        user, made = User.objects.get_or_create(
            username=username,
            defaults={
                "first_name": first,
                "last_name": last,
                "is_staff": role == "administrator",
                "time_zone": "Europe/Helsinki",
            },
        )
        if made:
            user.groups.add(Group.objects.get(name=group_name))
        if made or known.are_new:
            user.set_password(known.passwords[role])
            user.save()
    for username, first, last in COLLEAGUES:
        user, made = User.objects.get_or_create(
            username=username, defaults={"first_name": first, "last_name": last, "time_zone": "Europe/Helsinki"}
        )
        if made:
            user.set_unusable_password()
            user.save()
            user.groups.add(Group.objects.get(name=roles.AGENT))
    _grant_to_groups(QueueGroup.objects.get(name="Sales and care"))


def _grant_to_groups(queue_group: QueueGroup) -> None:
    agents = Group.objects.get(name=roles.AGENT)
    for group_name, rights in (
        (roles.SUPERVISOR, EVERY_RIGHT),
        (roles.AGENT, (Right.SERVE, Right.VIEW_HISTORY)),
        (roles.REPORTING_ADMINISTRATOR, (Right.VIEW_REPORTS, Right.VIEW_HISTORY)),
    ):
        group = Group.objects.get(name=group_name)
        for right in rights:
            AccessRight.objects.get_or_create(group=group, right=right, queue_group=queue_group)
            AccessRight.objects.get_or_create(group=group, right=right, direct_conversations_of=agents)


def _services(known: DemoSecrets, queues: dict[str, Queue]) -> None:
    for name, app_id, queue_name in SERVICES:
        service, made = MessagingService.objects.get_or_create(
            name=name, defaults={"app_id": app_id, "project_id": PROJECT, "queue": queues[queue_name]}
        )
        if made or known.are_new:
            WebhookSecret.objects.create(service=service, secret=known.webhook_secrets[name], note="demo")


def _clients(known: DemoSecrets, queues: dict[str, Queue]) -> dict[str, str]:
    keys = dict(known.keys)
    for username, queue_name in CLIENTS.items():
        user, made = User.objects.get_or_create(
            username=username, defaults={"is_api_client": True, "first_name": username.capitalize()}
        )
        if made:
            user.set_unusable_password()
            user.save()
            user.groups.add(Group.objects.get(name=roles.API_CLIENT))
            for right in EVERY_RIGHT:
                AccessRight.objects.create(user=user, right=right, queue=queues[queue_name])
        if username not in keys:
            _, keys[username] = ApiKey.objects.issue(user=user, name="demo")
    return keys
