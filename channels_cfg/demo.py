"""The demo configuration: a small centre with a chat, a voice and an e-mail channel.

It stands beside what administrators made, whatever that is called: the settings history knows which records are the
demonstration's, and no other is changed.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from itertools import chain, count
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.db import models, transaction
from django.db.models import QuerySet

from channels_cfg.history.change_reason import changing_settings
from channels_cfg.history.record_words import event_models
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

LOADED_BY = "load_demo_data"

PEOPLE = {
    # role in demo.json: (username, first name, last name)
    "administrator": ("administrator", "Ada", "Lindgren"),
    "supervisor": ("supervisor", "Sami", "Virtanen"),
    "agent": ("agent", "Anna", "Ek"),
    "reporting": ("reporting", "Rosa", "Silva"),
}
COLLEAGUES = (("benedikt", "Benedikt", "Auer"), ("chloe", "Chloé", "Martin"))
TEAMS = {
    "supervisor": ("Demo supervisors", tuple(Right)),
    "agent": ("Demo agents", (Right.SERVE, Right.VIEW_HISTORY)),
    "reporting": ("Demo reporting", (Right.VIEW_REPORTS, Right.VIEW_HISTORY)),
}
CLIENTS = {"integration": "Chat sales", "outsider": "Chat care"}
SERVICES = (
    ("WhatsApp sales", "01KEEPSAKEDEMOSALES0000001", "Chat sales"),
    ("Messaging care", "01KEEPSAKEDEMOCARE00000002", "Chat care"),
)
PROJECT = "5f3a7c1e-0d2b-4c55-9a52-0e6d1b7c9a10"
KEYS: dict[str, dict[str, Any]] = {
    "customerType": {
        "label": "Customer type",
        "help_text": "Decides the service level",
        "purpose": "Routing to the right service level",
        "kind": AttachedKey.Kind.CHOICE,
        "choices": ["gold", "silver", "bronze"],
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
        "kind": AttachedKey.Kind.CHOICE,
        "choices": ["delivery", "invoice", "offer", "order"],
        "on_violation": AttachedKey.OnViolation.DROP,
    },
    "orderId": {
        "label": "Order",
        "group": "Contact",
        "owner": "Web shop team",
        "purpose": "Opening the order that a task is about",
        "pattern": "[A-Z]{2}[0-9]{6}",
        "example": "FI123456",
        "on_violation": AttachedKey.OnViolation.REFUSE,
    },
}
CHANNELS: dict[str, dict[str, Any]] = {
    "Customer chat": {
        "kind": Channel.Kind.CHAT,
        "description": "WhatsApp, SMS and other messaging channels",
        "statistics_keys": ["customerType"],
    },
    "Phone": {
        "kind": Channel.Kind.VOICE,
        "description": "Calls to the service numbers",
        "allocation_keys": ["customerType", "Selected_language"],
        "connection_keys": ["customerId"],
        "statistics_keys": ["customerType"],
    },
    "Tasks": {
        "kind": Channel.Kind.EMAIL,
        "description": "E-mail tasks of other systems",
        "allocation_keys": ["XRI-body", "orderId"],
    },
}
QUEUES: tuple[tuple[str, str, str, list[str]], ...] = (
    # name, channel, address, keys to keep
    ("Chat sales", "Customer chat", f"{SERVICES[0][1]}@whatsapp.sinchconversation.com", []),
    ("Chat care", "Customer chat", f"{SERVICES[1][1]}@whatsapp.sinchconversation.com", ["customerType", "topic"]),
    ("Phone sales", "Phone", "+358401234567", []),
    ("Task desk", "Tasks", "taskdesk@example.com", []),
)


@dataclass(frozen=True)
class DemoSecrets:
    """What the demo's users and machines sign in with, by role, client and service; kept outside the database, which
    stores digests. What is missing here is made anew."""

    passwords: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    webhook_secrets: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Demo:
    """What the demonstration made, each with its secret: people by role, clients by name, services."""

    people: dict[str, tuple[User, str]]
    clients: dict[str, tuple[User, str]]
    services: list[tuple[MessagingService, str]]

    @property
    def agents(self) -> QuerySet[User]:
        anna, _password = self.people["agent"]
        return User.objects.filter(groups__in=made(Group).filter(user=anna)).order_by("username")


def made(model: type[models.Model]) -> QuerySet[Any]:
    """The records of the model that the demonstration made and that are still there."""
    inserted = event_models()[model].objects.filter(pgh_label="insert", pgh_context__metadata__command=LOADED_BY)
    return model._base_manager.filter(pk__in=inserted.values("pgh_obj_id"))


@transaction.atomic
def load_demo_configuration(known: DemoSecrets) -> Demo:
    """Make what is missing of the demonstration, and leave alone what is there."""
    with changing_settings(command=LOADED_BY, why="A small centre to look at"):
        SystemSettings.load().save()
        _keys()
        queue_group, queues = _queues()
        return Demo(_people(known, queue_group), _clients(known, queues), _services(known, queues))


def _own(model: type[models.Model], called: str, **facts: Any) -> tuple[Any, bool]:
    """The demonstration's record of this name, and whether it was made just now. Where somebody else's is called so,
    the demonstration's has a number behind its name."""
    name, space = ("username", "") if model is User else ("name", " ")
    for tried in chain([called], (f"{called}{space}{number}" for number in count(2))):
        if own := made(model).filter(**{name: tried}).first():
            return own, False
        if not model._base_manager.filter(**{f"{name}__iexact": tried}).exists():
            return model._base_manager.create(**{name: tried}, **facts), True
    raise AssertionError("Some number is free.")


def _keys() -> None:
    """Keys of a catalogue: two with choices, a sensitive one, one with a pattern; and another name of one."""
    for name, facts in KEYS.items():
        AttachedKey.objects.get_or_create(name=name, defaults={"group": "Customer", "owner": "CRM team"} | facts)
    if key := made(AttachedKey).filter(name="customerType").first():
        AttachedKeyAlias.objects.get_or_create(name="customer_type", defaults={"key": key})


def _queues() -> tuple[QueueGroup, dict[str, Queue]]:
    channels = {name: _own(Channel, name, **facts)[0] for name, facts in CHANNELS.items()}
    group, _is_new = _own(QueueGroup, "Sales and care", description="Every demo queue")
    queues = {}
    for name, channel, address, keys in QUEUES:
        queues[name], is_new = _own(Queue, name, channel=channels[channel], statistics_keys=keys)
        if is_new:
            group.queues.add(queues[name])
            if not QueueAddress.objects.filter(address=address).exists():
                QueueAddress.objects.create(queue=queues[name], address=address)
    return group, queues


def _people(known: DemoSecrets, queue_group: QueueGroup) -> dict[str, tuple[User, str]]:
    """They hold rights through teams of their own: roles may have other members, and open other queues."""
    teams = {role: _own(Group, name)[0] for role, (name, _rights) in TEAMS.items()}
    people = {}
    for role, (username, first, last) in PEOPLE.items():
        team = teams.get(role) or Group.objects.get(name=roles.CONFIGURATOR)
        user = _person(username, first, last, team, is_staff=role == "administrator")
        if role not in known.passwords or not user.has_usable_password():
            user.set_password(known.passwords.setdefault(role, secrets.token_urlsafe(9)))
            user.save()
        people[role] = user, known.passwords[role]
    for username, first, last in COLLEAGUES:
        _person(username, first, last, teams["agent"])
    for role, (_name, rights) in TEAMS.items():
        for right in rights:
            AccessRight.objects.get_or_create(group=teams[role], right=right, queue_group=queue_group)
            AccessRight.objects.get_or_create(group=teams[role], right=right, direct_conversations_of=teams["agent"])
    return people


def _person(username: str, first: str, last: str, group: Group, **facts: Any) -> User:
    """Without a password, when made just now."""
    facts |= {"first_name": first, "last_name": last, "time_zone": "Europe/Helsinki", "password": make_password(None)}
    user, is_new = _own(User, username, **facts)
    if is_new:
        user.groups.add(group)
    return user


def _services(known: DemoSecrets, queues: dict[str, Queue]) -> list[tuple[MessagingService, str]]:
    services = []
    for name, app_id, queue in SERVICES:
        service, is_new = _own(MessagingService, name, app_id=app_id, project_id=PROJECT, queue=queues[queue])
        secret = known.webhook_secrets.get(service.name) or secrets.token_urlsafe(24)
        if is_new or service.name not in known.webhook_secrets:
            WebhookSecret.objects.create(service=service, secret=secret, note="demo")
        services.append((service, secret))
    return services


def _clients(known: DemoSecrets, queues: dict[str, Queue]) -> dict[str, tuple[User, str]]:
    clients = {}
    for name, queue in CLIENTS.items():
        facts = {"is_api_client": True, "first_name": name.capitalize(), "password": make_password(None)}
        client, is_new = _own(User, name, **facts)
        if is_new:
            client.groups.add(Group.objects.get(name=roles.API_CLIENT))
            for right in Right:
                AccessRight.objects.create(user=client, right=right, queue=queues[queue])
        key = None if is_new else known.keys.get(name)
        clients[name] = client, key or ApiKey.objects.issue(user=client, name="demo")[1]
    return clients
