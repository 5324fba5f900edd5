"""The demo configuration: a small centre with a chat, a voice and an e-mail channel.

It stands beside what administrators made, whatever that is called: the settings history knows which records are the
demonstration's, and no other is changed.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from itertools import chain, count, product
from pathlib import Path
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.db import models, transaction
from django.db.models import QuerySet

from channels_cfg.history.change_reason import changing_settings
from channels_cfg.history.record_words import event_models
from channels_cfg.ivr.call_flow import TRANSFER
from channels_cfg.ivr.example import ABOUT, IVR, IVR_ADDRESS, STEPS, VARIABLES
from channels_cfg.models import (
    QUEUE_RIGHTS,
    AccessRight,
    ApiKey,
    AttachedKey,
    AttachedKeyAlias,
    Channel,
    Integration,
    IvrAddress,
    IvrDefinition,
    IvrStep,
    MailBox,
    MessagingService,
    Queue,
    QueueAddress,
    QueueGroup,
    ReplyTemplate,
    ReplyTemplateFolder,
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
    "supervisor": ("Demo supervisors", QUEUE_RIGHTS),
    "agent": ("Demo agents", (Right.SERVE, Right.VIEW_HISTORY, Right.VIEW_CONSENTS)),
    "reporting": ("Demo reporting", (Right.VIEW_REPORTS, Right.VIEW_HISTORY)),
}
CLIENTS = {"integration": ("Chat sales", "Phone sales", "Task desk"), "outsider": ("Chat care",)}
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
        "conversations_at_once": 3,
        "pre_chat_keys": ["topic"],
        "queue_full_text": "All our agents are busy. Please try again later.",
    },
    "Phone": {
        "kind": Channel.Kind.VOICE,
        "description": "Calls to the service numbers",
        "allocation_keys": ["customerType", "Selected_language"],
        "connection_keys": ["customerId"],
        "outbound_keys": ["customerId", "customerType"],
        "statistics_keys": ["customerType", "Selected_language"],
        "sip_header_prefix": "X-ACME-",
        "contact_information": "Service line · %EXTRADATA%",
    },
    "Tasks": {
        "kind": Channel.Kind.EMAIL,
        "description": "E-mail tasks of other systems",
        "allocation_keys": ["XRI-body", "orderId"],
        "statistics_keys": ["orderId"],
    },
    "E-mail": {
        "kind": Channel.Kind.EMAIL,
        "description": "Mail of customers, which carries no attached data and keeps none",
    },
}
TASK_ADDRESS = "taskdesk@example.com"
MAIL_BOX, MAIL_ADDRESS = "Shop mail", "service@shop.example"
QUEUES: tuple[tuple[str, str, str, list[str]], ...] = (
    # name, channel, address, keys to keep
    ("Chat sales", "Customer chat", f"{SERVICES[0][1]}@whatsapp.sinchconversation.com", []),
    ("Chat care", "Customer chat", f"{SERVICES[1][1]}@whatsapp.sinchconversation.com", ["customerType", "topic"]),
    ("Phone sales", "Phone", "+358401234567", []),
    ("Task desk", "Tasks", TASK_ADDRESS, []),
    ("Mail desk", "E-mail", MAIL_ADDRESS, []),
)


WEB_CHAT_ADDRESSES = {"Chat sales": "sales@shop.example", "Chat care": "care@shop.example"}

FOLDER = ("Demo replies", "What agents of the demonstration answer with")
TEMPLATES: dict[str, dict[str, Any]] = {
    "Opening hours": {"text": "We are here from 8 to 18 on weekdays. May I help you with anything else?"},
    "Delivery tomorrow": {
        "kind": ReplyTemplate.Kind.WHATSAPP,
        "template_id": "delivery_update",
        "language_code": "en_US",
        "text": "Good day {{body[1]text}}, your order {{body[2]text}} comes tomorrow.",
    },
}


@dataclass(frozen=True)
class DemoSecrets:
    """What the demo's users and machines sign in with, by role, client and service; kept outside the database, which
    stores digests. What is missing here is made anew."""

    passwords: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    webhook_secrets: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Demo:
    """What the demonstration made: people by role, clients by name, services, each with its secret; its mail box."""

    people: dict[str, tuple[User, str]]
    clients: dict[str, tuple[User, str]]
    services: list[tuple[MessagingService, str]]
    mail_box: MailBox

    @property
    def agents(self) -> QuerySet[User]:
        anna, _password = self.people["agent"]
        return User.objects.filter(groups__in=made(Group).filter(user=anna)).order_by("username")


def made(model: type[models.Model]) -> QuerySet[Any]:
    """The records of the model that the demonstration made and that are still there."""
    inserted = event_models()[model].objects.filter(pgh_label="insert", pgh_context__metadata__command=LOADED_BY)
    return model._base_manager.filter(pk__in=inserted.values("pgh_obj_id"))


@transaction.atomic
def load_demo_configuration(known: DemoSecrets, *, maildir: Path, shop: str = "") -> Demo:
    """Make what is missing of the demonstration, and leave alone what is there. ``maildir`` is where its mail arrives,
    ``shop`` the origin of its page."""
    with changing_settings(command=LOADED_BY, why="A small centre to look at"):
        SystemSettings.load().save()
        _keys()
        queue_group, queues = _queues()
        _ivr(queues["Phone sales"])
        _web_chat(queues, shop)
        folder = _templates()
        people = _people(known, queue_group, folder)
        mail_box = _mail_box(queues["Mail desk"], maildir)
        return Demo(people, _clients(known, queues, folder), _services(known, queues), mail_box)


def own_record(model: type[models.Model], called: str, **facts: Any) -> tuple[Any, bool]:
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
    channels = {name: own_record(Channel, name, **facts)[0] for name, facts in CHANNELS.items()}
    group, _is_new = own_record(QueueGroup, "Sales and care", description="Every demo queue")
    queues = {}
    for name, channel, address, keys in QUEUES:
        queues[name], is_new = own_record(Queue, name, channel=channels[channel], statistics_keys=keys)
        if is_new:
            group.queues.add(queues[name])
            if not _is_taken(address):
                QueueAddress.objects.create(queue=queues[name], address=address)
    return group, queues


def _is_taken(address: str) -> bool:
    return any(model.objects.filter(address__iexact=address).exists() for model in (QueueAddress, IvrAddress))


def _ivr(queue: Queue) -> None:
    """A menu and a number to enter, which lead to the queue."""
    ivr, is_new = own_record(IvrDefinition, IVR, channel=queue.channel, description=ABOUT, variables=VARIABLES)
    if not is_new:
        return
    for number, step in enumerate(STEPS, start=1):
        leads_to = {"queue": queue} if step["kind"] == TRANSFER else {}
        IvrStep.objects.create(definition=ivr, position=number * 10, **step, **leads_to)
    if not _is_taken(IVR_ADDRESS):
        IvrAddress.objects.create(definition=ivr, address=IVR_ADDRESS)


def _web_chat(queues: dict[str, Queue], shop: str) -> None:
    """Visitors of the shop's page chat with both chat queues."""
    for name, address in WEB_CHAT_ADDRESSES.items():
        if not _is_taken(address):
            QueueAddress.objects.create(queue=queues[name], address=address)
    channel = Channel.objects.get(pk=queues["Chat sales"].channel_id)
    if shop and shop not in channel.allowed_origins:
        channel.allowed_origins = [*channel.allowed_origins, shop]
        channel.save()


def _mail_box(queue: Queue, maildir: Path) -> MailBox:
    """It is read wherever an administrator had it lead, and elsewhere where its folder is no longer there."""
    for name in ("new", "cur", "tmp"):
        (maildir / name).mkdir(parents=True, exist_ok=True)
    facts = {"kind": MailBox.BoxKind.MAILDIR, "folder": str(maildir), "queue": queue}
    box: MailBox = own_record(MailBox, MAIL_BOX, **facts)[0]
    if box.kind == MailBox.BoxKind.MAILDIR and not Path(box.folder).is_dir():
        box.folder = str(maildir)
        box.save()
    return box


def _templates() -> ReplyTemplateFolder:
    """A folder with a text of each kind."""
    name, description = FOLDER
    folder: ReplyTemplateFolder = own_record(ReplyTemplateFolder, name, description=description)[0]
    for called, facts in TEMPLATES.items():
        own_record(ReplyTemplate, called, folder=folder, **facts)
    return folder


def _people(known: DemoSecrets, queue_group: QueueGroup, folder: ReplyTemplateFolder) -> dict[str, tuple[User, str]]:
    """They hold rights through teams of their own: roles may have other members, and open other queues."""
    teams = {role: own_record(Group, name)[0] for role, (name, _rights) in TEAMS.items()}
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
    for role in ("agent", "supervisor"):
        AccessRight.objects.get_or_create(group=teams[role], right=Right.USE_TEMPLATES, reply_template_folder=folder)
    return people


def _person(username: str, first: str, last: str, group: Group, **facts: Any) -> User:
    """Without a password, when made just now."""
    facts |= {"first_name": first, "last_name": last, "time_zone": "Europe/Helsinki", "password": make_password(None)}
    user, is_new = own_record(User, username, **facts)
    if is_new:
        user.groups.add(group)
    return user


def _services(known: DemoSecrets, queues: dict[str, Queue]) -> list[tuple[MessagingService, str]]:
    services = []
    for name, app_id, queue in SERVICES:
        service, is_new = own_record(MessagingService, name, app_id=app_id, project_id=PROJECT, queue=queues[queue])
        secret = known.webhook_secrets.get(service.name) or secrets.token_urlsafe(24)
        if is_new or service.name not in known.webhook_secrets:
            WebhookSecret.objects.create(service=service, secret=secret, note="demo")
        services.append((service, secret))
    return services


CRM = "Customer from the CRM"
CRM_LOOKUP = {
    "request": {"params": {"phone": "{contact.source}"}},
    "response": {
        "save": {
            "customer_data": {
                "id": "{response.body.id}",
                "firstname": "{response.body.properties.firstname}",
                "lastname": "{response.body.properties.lastname}",
                "company": "{response.body.properties.company}",
                "lastticket": "{response.body.tickets[-1].id}",
            }
        }
    },
}


@transaction.atomic
def connect_crm(address: str) -> None:
    """From now on, ask the shop's CRM at this address about whoever writes or calls."""
    with changing_settings(command=LOADED_BY, why="The demonstration plays a CRM"):
        facts = {
            "description": "Asks the shop's CRM who writes or calls",
            "channels": [Channel.Kind.CHAT, Channel.Kind.VOICE],
            "events": [Integration.AnsweredEvent.RECEIVED],
            "configuration": json.dumps(CRM_LOOKUP, indent=2),
        }
        integration, is_new = own_record(Integration, CRM, endpoint=address, **facts)
        if is_new:
            integration.queues.set(made(Queue))
        elif integration.endpoint != address and integration.endpoint.startswith("http://127.0.0.1:"):
            integration.endpoint = address
            integration.save()


DEMO_KEY = "demonstration"
"""The access key with which the demonstration's services sign in at the channel that ``make demo`` plays."""


@transaction.atomic
def connect_services(demo: Demo, address: str) -> None:
    """Have the demonstration's services send to the channel at this address, unless an administrator has entered an
    access key."""
    with changing_settings(command=LOADED_BY, why="The demonstration plays the channel"):
        for service, secret in demo.services:
            told = (service.key_id, service.key_secret, service.api_address)
            if service.key_id in ("", DEMO_KEY) and told != (DEMO_KEY, secret, address):
                service.key_id, service.key_secret, service.api_address = DEMO_KEY, secret, address
                service.save()


def _clients(known: DemoSecrets, queues: dict[str, Queue], folder: ReplyTemplateFolder) -> dict[str, tuple[User, str]]:
    clients = {}
    for name, served in CLIENTS.items():
        facts = {"is_api_client": True, "first_name": name.capitalize(), "password": make_password(None)}
        client, is_new = own_record(User, name, **facts)
        if is_new:
            client.groups.add(Group.objects.get(name=roles.API_CLIENT))
            for right, queue in product(QUEUE_RIGHTS, served):
                AccessRight.objects.create(user=client, right=right, queue=queues[queue])
            AccessRight.objects.create(user=client, right=Right.USE_TEMPLATES, reply_template_folder=folder)
        key = None if is_new else known.keys.get(name)
        clients[name] = client, key or ApiKey.objects.issue(user=client, name="demo")[1]
    return clients
