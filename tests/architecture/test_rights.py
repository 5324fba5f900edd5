"""What is not granted is not found: every address of the portal, asked by every role (rule 10 of the domain).

An address that is not listed here fails the first test. Whoever adds one says who finds something there.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from http.cookies import SimpleCookie
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from channels_cfg import jobs
from channels_cfg.models import QUEUE_RIGHTS, Queue, Right, User
from channels_cfg.rights.roles import CONFIGURATOR
from conversations import consents
from conversations.attachments.media_types import TEXT
from conversations.attachments.store import keep
from conversations.contacts.associating import associate
from conversations.models import Association, Attachment, ContactNote, Conversation, IntegrationRun, Message, Task
from conversations.sessions import tell_facts
from reporting.contact_log import files
from reporting.contact_log.fill import run_reporting_job
from reporting.contact_log.query import LogQuery, zone_of
from reporting.models import ReportFile, SavedReport
from reporting.saved_reports import save_report
from tests.factories import (
    ChannelFactory,
    MessagingServiceFactory,
    QueueFactory,
    UserFactory,
    accepted_conversation,
    ended_conversation,
    external_contact,
    grant,
    queued_conversation,
    user_with,
)
from tests.reporting.schedules.schedules import ran, scheduled

CANARIES = ("canary-customer", "canary-kept", "canary-live", "canary-message", "358777000111")
SHOP = "https://shop.example.com"
ASKED_BY_ADDRESS = "358777000222"
"""A customer whose address is in the question, and so in the answer that there is nothing."""

# Who they are

ROLES = {
    "agent": [Right.SERVE],
    "supervisor": [Right.VIEW_HISTORY],
    "contact_manager": [Right.MANAGE_CONTACTS],
    "reporting": [Right.VIEW_REPORTS],
    "consent_viewer": [Right.VIEW_CONSENTS],
    "outsider": [],  # every right, on another queue
    "configurator": [],
    "superuser": [],
    "anonymous": [],
}
STAFF = ("configurator", "superuser")
OWNERS = ("reporter", "caller")
"""Persons and programs to whom something belongs."""


def user_in_role(role: str, queue: Queue) -> User | None:
    match role:
        case "anonymous":
            return None
        case "outsider":
            return user_with(*QUEUE_RIGHTS, on=QueueFactory(channel=queue.channel))
        case "superuser":
            return UserFactory(is_superuser=True, is_staff=True)
        case "configurator":
            user = UserFactory(is_staff=True)
            user.groups.add(Group.objects.get(name=CONFIGURATOR))
            return user
    return grant(UserFactory(), *ROLES[role], on=queue)


# What is there


@pytest.fixture
def centre(db: None, settings: Any, tmp_path: Path) -> SimpleNamespace:
    """One conversation that waits, one that is served and one that is handled and reported, all full of canaries."""
    settings.MEDIA_ROOT = tmp_path
    queue = QueueFactory(name="Guarded queue", channel=ChannelFactory(statistics_keys=["kept"], allowed_origins=[SHOP]))
    agent, reporter = user_with(Right.SERVE, on=queue), user_with(Right.VIEW_REPORTS, on=queue)
    facts = {
        "customer_name": "canary-customer",
        "customer_address": "358777000111",
        "data": {"kept": "canary-kept", "live": "canary-live"},
        "now": timezone.now() - timedelta(hours=1),
    }
    waiting = queued_conversation(queue, **facts)
    served = accepted_conversation(queue, agent=agent, **facts)
    ended = ended_conversation(queue, agent=agent, **facts)
    for conversation in (waiting, served, ended):
        message = Message.objects.create(
            conversation=conversation,
            author=Message.Author.CUSTOMER,
            text="canary-message",
            sent_at=conversation.received_at,
        )
        content = BytesIO(b"canary-message")
        attachment = keep(None, content, "canary-kept.txt", TEXT[0], now=conversation.received_at)
        attachment.attach_to(message)
    IntegrationRun.objects.create(
        conversation=served,
        integration_name="CRM",
        event="received",
        happened_at=served.received_at,
        made_at=served.received_at,
        exchange={"payload": {}, "request": {"url": "canary-kept"}, "response": {"body": "canary-kept"}},
    )
    tell_facts(served.pk, {"feedback": "canary-kept"}, by=agent, now=timezone.now())
    task = queued_conversation(queue, **facts)
    Task.objects.create(conversation=task, kind="XRI", to_address="canary-kept")
    service = MessagingServiceFactory(queue=queue)
    for address in ("358777000111", ASKED_BY_ADDRESS):
        consents.record(service, channel="WHATSAPP", address=address, given=True, at=timezone.now())
    contact = external_contact("canary-customer")
    note = ContactNote.objects.create(contact=contact, text="a", created_at=timezone.now(), modified_at=timezone.now())
    associate(ended.pk, contact.pk, how=Association.How.API, by=None, now=timezone.now())
    run_reporting_job()
    phone = QueueFactory(name="Guarded phone queue", channel=ChannelFactory(kind="voice", allocation_keys=["live"]))
    caller = user_with(Right.SERVE, on=phone)
    saved = saved_report_of(reporter)
    schedule = scheduled(reporter, report=saved)
    return SimpleNamespace(
        queue=queue,
        phone=phone,
        caller=caller,
        call=queued_conversation(phone, **facts),
        agent=agent,
        reporter=reporter,
        attachment=Attachment.objects.get(message__conversation=served),
        waiting=waiting,
        served=served,
        task=task,
        ended=ended,
        contact=contact,
        note=note,
        said=served.messages.get(),
        file=report_file_of(reporter),
        saved=saved,
        schedule=schedule,
        run=ran(schedule),
        factor=reporter.second_factors.create(kind="totp", secret="canary-kept"),
    )


def report_file_of(owner: User) -> ReportFile:
    query = LogQuery.parse({}, zone=zone_of(owner), now=timezone.now())
    file = files.ask_for(query, format="csv", owner=owner, now=timezone.now())
    jobs.work_on(ReportFile, file.pk)
    return ReportFile.objects.get(pk=file.pk)


def saved_report_of(owner: User) -> SavedReport:
    query = LogQuery.parse({}, zone=zone_of(owner), now=timezone.now())
    return save_report(query=query, name="canary-kept by day", owner=owner, now=timezone.now())


# Where it can be asked for


@dataclass(frozen=True)
class Address:
    """What is asked there. ``found_by``: the roles that find the guarded queue's data; ``of``: whose it is, where
    it belongs to one person. Of one thing others are told it is not there, of a list that it is empty. ``shows_data``:
    whether the answer holds data of the conversation; None where that depends."""

    ask: Callable[[Client, SimpleNamespace], Any]
    found_by: tuple[str, ...] = ()
    of: str = ""
    is_one_thing: bool = False
    shows_data: bool | None = True


def listed(path: str, *found_by: str, of: str = "", shows_data: bool = True) -> Address:
    return Address(lambda client, _: client.get(path), found_by, of=of, shows_data=shows_data)


def one(path: str, thing: str, *found_by: str, of: str = "", shows_data: bool = True) -> Address:
    def ask(client: Client, centre: SimpleNamespace) -> Any:
        return client.get(path.format(getattr(centre, thing).pk))

    return Address(ask, found_by, of=of, is_one_thing=True, shows_data=shows_data)


def action(path: str, thing: str, *found_by: str, of: str = "", **order: str) -> Address:
    def ask(client: Client, centre: SimpleNamespace) -> Any:
        return client.post(path.format(getattr(centre, thing).pk), order, content_type="application/json")

    return Address(ask, found_by, of=of, is_one_thing=True, shows_data=None)


def form(path: str, thing: str, *found_by: str, of: str = "", **order: str) -> Address:
    def ask(client: Client, centre: SimpleNamespace) -> Any:
        return client.post(path.format(getattr(centre, thing).pk), order)

    return Address(ask, found_by, of=of, is_one_thing=True, shows_data=None)


def of_a_visitor(path: str, method: str = "post", **order: str) -> Address:
    """The token of another chat, and of none, finds no chat."""

    def ask(client: Client, centre: SimpleNamespace) -> Any:
        headers = {"Origin": SHOP, "Authorization": f"Bearer {secrets.token_urlsafe(32)}"}
        address = f"/visitor/chats/{centre.served.pk}{path}"
        return client.generic(method.upper(), address, json.dumps(order), "application/json", headers=headers)

    return Address(ask, is_one_thing=True)


def of_a_message(prefix: str, *found_by: str) -> Address:
    def ask(client: Client, centre: SimpleNamespace) -> Any:
        return client.get(f"{prefix}/conversations/{centre.served.pk}/files/{centre.attachment.pk}")

    return Address(ask, found_by, is_one_thing=True)


CONVERSATION = "<conversation:conversation_id>"
API = "/api/v1/conversations/{}"

ADDRESSES = {
    # Pages
    "": listed("/"),
    "find/": Address(
        lambda client, centre: client.get("/find/", {"s": str(centre.ended.pk)}),
        ("supervisor", "agent"),
        shows_data=None,  # who may view the conversation is led to it
    ),
    "history/": listed("/history/", "supervisor"),
    "history/<conversation:pk>/": one("/history/{}/", "ended", "supervisor"),
    "history/<conversation:pk>/after-the-end/": Address(
        lambda client, centre: client.get(f"/history/{centre.served.pk}/after-the-end/?keys=live&level=queue"),
        ("agent", "supervisor"),
        is_one_thing=True,
        shows_data=None,  # values to whom they show on the desk, names of keys to the others
    ),
    "desk/": listed("/desk/", "agent"),
    "desk/news/": listed("/desk/news/", "agent"),
    "desk/presence/": Address(lambda client, _: client.post("/desk/presence/", {"status": "away"})),
    "desk/<conversation:pk>/": one("/desk/{}/", "served", "agent", of="agent"),
    "desk/<conversation:pk>/transfer/": form("/desk/{}/transfer/", "served", "agent", of="agent", to="queue:0"),
    "desk/<conversation:pk>/consult/": form("/desk/{}/consult/", "served", "agent", of="agent", to="agent:0"),
    "desk/<conversation:pk>/attach/": form("/desk/{}/attach/", "served", "agent", of="agent", key="k", value="v"),
    "desk/<conversation:pk>/fetch-again/": form("/desk/{}/fetch-again/", "served", "agent", of="agent"),
    "desk/<conversation:pk>/reply/": form("/desk/{}/reply/", "served", "agent", of="agent", text="Hello"),
    "desk/<conversation:pk>/draft/": form("/desk/{}/draft/", "served", "agent", of="agent", text="Hel"),
    "desk/<conversation:pk>/typing/": form("/desk/{}/typing/", "served", "agent", of="agent", typing="yes"),
    "desk/<conversation:pk>/take-back/<int:message>/": form("/desk/{}/take-back/0/", "served", "agent", of="agent"),
    "desk/<conversation:pk>/wrap-up/": form("/desk/{}/wrap-up/", "ended", "agent", of="agent"),
    "desk/<conversation:pk>/<str:action>/": form("/desk/{}/accept/", "waiting", "agent"),
    "reports/": listed("/reports/?group=key:kept", "reporting", shows_data=False),
    "reports/rows/": listed("/reports/rows/", "reporting"),
    "reports/rows/columns/": Address(
        lambda client, _: client.post("/reports/rows/columns/", {"column": "field:queue"})
    ),
    "reports/legs/": listed("/reports/legs/", "reporting", shows_data=False),
    "reports/files/": listed("/reports/files/", shows_data=False),
    "reports/files/schema.json": listed("/reports/files/schema.json", "reporting", shows_data=False),
    "reports/files/ask/": Address(lambda client, _: client.post("/reports/files/ask/", {"format": "csv"})),
    "reports/files/<uuid:pk>/": one("/reports/files/{}/", "file", "reporter", of="reporter", shows_data=False),
    "reports/files/<uuid:pk>/cancel/": form("/reports/files/{}/cancel/", "file", "reporter", of="reporter"),
    "reports/files/<uuid:pk>/download/": one("/reports/files/{}/download/", "file", "reporter", of="reporter"),
    "reports/runs/": listed("/reports/runs/", shows_data=False),
    "reports/saved/": listed("/reports/saved/", "reporter", of="reporter"),
    "reports/saved/save/": Address(
        lambda client, _: client.post("/reports/saved/save/", {"name": "of the guarded queue", "q": "nobody"})
    ),
    "reports/saved/<int:pk>/rename/": form("/reports/saved/{}/rename/", "saved", "reporter", of="reporter", name="b"),
    "reports/saved/<int:pk>/share/": form("/reports/saved/{}/share/", "saved", "reporter", of="reporter"),
    "reports/saved/<int:pk>/delete/": form("/reports/saved/{}/delete/", "saved", "reporter", of="reporter"),
    "reports/schedules/": listed("/reports/schedules/", "reporter", of="reporter"),
    "reports/schedules/new/": listed("/reports/schedules/new/", "reporter", of="reporter"),
    "reports/schedules/times/": listed("/reports/schedules/times/", shows_data=False),
    **{
        f"reports/schedules/<int:pk>/{rest}": one(
            f"/reports/schedules/{{}}/{rest}", "schedule", "reporter", of="reporter"
        )
        for rest in ("", "edit/")
    },
    **{
        f"reports/schedules/<int:pk>/{name}/": form(
            f"/reports/schedules/{{}}/{name}/", "schedule", "reporter", of="reporter"
        )
        for name in ("pause", "delete", "leave", "run")
    },
    "reports/schedules/runs/<int:pk>/": one(
        "/reports/schedules/runs/{}/", "run", "reporter", of="reporter", shows_data=False
    ),
    "reports/schedules/runs/<int:pk>/again/": form(
        "/reports/schedules/runs/{}/again/", "run", "reporter", of="reporter"
    ),
    "reports/schedules/runs/<int:pk>/changes/": one(
        "/reports/schedules/runs/{}/changes/", "run", "reporter", of="reporter", shows_data=False
    ),
    "accounts/second-factor/": listed("/accounts/second-factor/", shows_data=False),
    "accounts/second-factor/app/": listed("/accounts/second-factor/app/", shows_data=False),
    "accounts/second-factor/passkey/": Address(lambda client, _: client.post("/accounts/second-factor/passkey/")),
    "accounts/second-factor/codes/": listed("/accounts/second-factor/codes/", shows_data=False),
    "accounts/second-factor/remove/<int:pk>/": Address(
        lambda client, centre: client.get(f"/accounts/second-factor/remove/{centre.factor.pk}/"), is_one_thing=True
    ),
    # Machine doors
    "RI/cmi/contactData": listed("/RI/cmi/contactData", "contact_manager"),
    f"RI/cmi/contactData/{CONVERSATION}": one("/RI/cmi/contactData/{}", "ended", "contact_manager"),
    "RI/cmi/customerConsents": listed("/RI/cmi/customerConsents", "consent_viewer"),
    "RI/cmi/customerConsents/<path:consent_id>": Address(
        lambda client, _: client.get(f"/RI/cmi/customerConsents/WHATSAPP_{ASKED_BY_ADDRESS}"),
        ("consent_viewer",),
        is_one_thing=True,
        shows_data=None,
    ),
    "RTI/tasks": listed("/RTI/tasks", "agent", "contact_manager", shows_data=False),
    f"RTI/tasks/{CONVERSATION}": one("/RTI/tasks/{}", "task", "agent", "contact_manager"),
    "api/v1/conversations": listed("/api/v1/conversations?q=canary", "supervisor", "agent"),
    f"api/v1/conversations/{CONVERSATION}": one(API, "ended", "supervisor", "agent"),
    f"api/v1/conversations/{CONVERSATION}/messages": one(f"{API}/messages", "ended", "supervisor", "agent"),
    f"api/v1/conversations/{CONVERSATION}/messages/<int:message_id>": Address(
        lambda client, centre: client.delete(f"{API}/messages/{{}}".format(centre.served.pk, centre.said.pk)),
        ("agent",),
        is_one_thing=True,
        shows_data=None,
    ),
    f"api/v1/conversations/{CONVERSATION}/files": action(f"{API}/files", "served", "agent", of="agent"),
    f"api/v1/conversations/{CONVERSATION}/files/<uuid:pk>": of_a_message("/api/v1", "supervisor", "agent"),
    f"conversations/{CONVERSATION}/files/<uuid:pk>": of_a_message("", "supervisor", "agent"),
    f"api/v1/conversations/{CONVERSATION}/queue": action(f"{API}/queue", "waiting", "agent", queue="Guarded queue"),
    f"api/v1/conversations/{CONVERSATION}/allocate": action(f"{API}/allocate", "waiting", "agent", agent="nobody"),
    f"api/v1/conversations/{CONVERSATION}/accept": action(f"{API}/accept", "waiting", "agent"),
    f"api/v1/conversations/{CONVERSATION}/reject": action(f"{API}/reject", "waiting", "agent"),
    f"api/v1/conversations/{CONVERSATION}/hold": action(f"{API}/hold", "served", "agent", of="agent"),
    f"api/v1/conversations/{CONVERSATION}/transfer": action(
        f"{API}/transfer", "served", "agent", queue="Guarded queue"
    ),
    f"api/v1/conversations/{CONVERSATION}/consult": action(f"{API}/consult", "served", "agent", of="agent", agent="no"),
    f"api/v1/conversations/{CONVERSATION}/conference": action(f"{API}/conference", "served", "agent", of="agent"),
    f"api/v1/conversations/{CONVERSATION}/attached-data": Address(
        lambda client, centre: client.post(
            f"{API}/attached-data".format(centre.served.pk), {"attached_data": {}}, content_type="application/json"
        ),
        ("agent",),
        of="agent",
        is_one_thing=True,
    ),
    "api/v2/integrations/actions": listed("/api/v2/integrations/actions", shows_data=False),
    **{
        f"api/v2/integrations/actions/<str:action_id>{rest}": Address(
            lambda client, _, rest=rest: client.get(f"/api/v2/integrations/actions/1{rest}"), is_one_thing=True
        )
        for rest in ("", "/schemas/<str:file_name>", "/templates/<str:file_name>")
    },
    **{
        f"api/v2/integrations/actions/<str:action_id>/{name}": Address(
            lambda client, _, name=name: client.post(
                f"/api/v2/integrations/actions/1/{name}", {}, content_type="application/json"
            ),
            is_one_thing=True,
        )
        for name in ("execute", "test")
    },
    "api/v1/calls": Address(
        lambda client, centre: client.post(
            "/api/v1/calls",
            {"call_id": "guarded", "queue": centre.phone.name, "attached_data": {"live": "canary-live"}},
            content_type="application/json",
        ),
        ("caller",),
        of="caller",
    ),
    **{
        f"api/v1/calls/{CONVERSATION}/{name}": action(
            f"/api/v1/calls/{{}}/{name}", "call", "caller", of="caller", **order
        )
        for name, order in {
            "ivr": {},
            "queue": {"queue": "Guarded phone queue"},
            "allocate": {"agent": "nobody"},
            "accept": {},
            "reject": {},
            "hold": {},
            "consult": {"agent": "nobody"},
            "conference": {},
            "transfer": {"queue": "Guarded phone queue"},
            "end": {},
            "handle": {},
        }.items()
    },
    f"api/v1/conversations/{CONVERSATION}/session": one(f"{API}/session", "served", "agent"),
    f"api/v1/conversations/{CONVERSATION}/session-metadata": one(f"{API}/session-metadata", "served", "reporting"),
    f"api/v1/conversations/{CONVERSATION}/end": action(f"{API}/end", "served", "agent", of="agent"),
    f"api/v1/conversations/{CONVERSATION}/handle": action(f"{API}/handle", "ended", "agent", of="agent"),
    "api/v1/presence": listed("/api/v1/presence", shows_data=False),
    "api/v1/contact-log": listed("/api/v1/contact-log", "reporting"),
    "api/v1/contact-log.csv": listed("/api/v1/contact-log.csv", "reporting"),
}

MANAGERS = ("contact_manager", "outsider")
"""Contacts are the centre's: whoever manages contacts on any queue manages them. Their conversations are not."""


def of_contacts(
    path: str, method: str = "get", *, by: tuple[str, ...] = MANAGERS, one: bool = True, **order: Any
) -> Address:
    """``path`` may name the ``contact`` and the ``note``; the pages take forms, the API takes JSON."""

    def ask(client: Client, centre: SimpleNamespace) -> Any:
        ids = {name: getattr(centre, name).pk for name in ("contact", "note", "ended", "served")}
        address = path.format(**ids)
        if method == "get":
            return client.get(address)
        sent = {name: value.format(**ids) if isinstance(value, str) else value for name, value in order.items()}
        kind = {"content_type": "application/json"} if address.startswith("/api/") else {}
        return getattr(client, method)(address, sent, **kind)

    return Address(ask, by, is_one_thing=one, shows_data=None)


CONTACT = "externalcontacts/contacts/<str:contact_id>"
SEEN = ("agent", "supervisor", "contact_manager")
ADDRESSES |= {
    "contacts/": listed("/contacts/", *MANAGERS),
    "contacts/new/": of_contacts("/contacts/new/"),
    "contacts/import/": of_contacts("/contacts/import/"),
    "contacts/import/<uuid:pk>/": of_contacts("/contacts/import/{contact}/", by=()),  # its sender's alone
    "contacts/import/<uuid:pk>/progress/": of_contacts("/contacts/import/{contact}/progress/"),  # the page again
    "contacts/<uuid:pk>/": of_contacts("/contacts/{contact}/"),
    "contacts/<uuid:pk>/edit/": of_contacts("/contacts/{contact}/edit/"),
    "contacts/<uuid:pk>/merge/": of_contacts("/contacts/{contact}/merge/"),
    "contacts/<uuid:pk>/delete/": of_contacts("/contacts/{contact}/delete/"),
    "contacts/<uuid:pk>/notes/": of_contacts("/contacts/{contact}/notes/", "post", text="b"),
    "contacts/<uuid:pk>/notes/<uuid:note>/delete/": of_contacts("/contacts/{contact}/notes/{note}/delete/", "post"),
    "desk/<conversation:pk>/contact/": one("/desk/{}/contact/", "served", "agent", of="agent"),
    "desk/<conversation:pk>/contact/confirm/": form("/desk/{}/contact/confirm/", "served", "agent", of="agent"),
    "desk/<conversation:pk>/contact/create/": form("/desk/{}/contact/create/", "served", "agent", of="agent"),
    "desk/<conversation:pk>/contact/take-off/": form("/desk/{}/contact/take-off/", "served", "agent", of="agent"),
}
ADDRESSES |= {
    f"api/v2/{address}": asked
    for address, asked in {
        "externalcontacts/contacts": listed("/api/v2/externalcontacts/contacts", *MANAGERS),
        "externalcontacts/contacts/search": of_contacts(
            "/api/v2/externalcontacts/contacts/search", "post", one=False, by=MANAGERS
        ),
        "externalcontacts/scan/contacts": listed("/api/v2/externalcontacts/scan/contacts", *MANAGERS),
        "externalcontacts/reversewhitepageslookup": listed(
            "/api/v2/externalcontacts/reversewhitepageslookup?lookupVal=a@example.com", *MANAGERS, shows_data=False
        ),
        **{
            f"externalcontacts/{name}": of_contacts(f"/api/v2/externalcontacts/{name}", "post")
            for name in ("contacts/merge", "contacts/enrich", "merge/contacts")
        },
        **{
            f"externalcontacts/{name}": of_contacts(f"/api/v2/externalcontacts/{name}", "post", type="Email", value="a")
            for name in ("identifierlookup", "identifierlookup/contacts")
        },
        "externalcontacts/contacts/schemas": of_contacts("/api/v2/externalcontacts/contacts/schemas"),
        "externalcontacts/contacts/schemas/<str:schema_id>": of_contacts(
            "/api/v2/externalcontacts/contacts/schemas/contacts"
        ),
        **{
            f"{CONTACT}{rest}": of_contacts(f"/api/v2/externalcontacts/contacts/{{contact}}{rest}")
            for rest in ("", "/unresolved", "/identifiers", "/notes")
        },
        f"{CONTACT}/notes/<str:note_id>": of_contacts("/api/v2/externalcontacts/contacts/{contact}/notes/{note}"),
        "externalcontacts/conversations/<str:conversation_id>": of_contacts(
            "/api/v2/externalcontacts/conversations/{ended}",
            "put",
            by=("contact_manager",),
            conversationId="{ended}",
            communicationId="x",
            mediaType="CHAT",
        ),
        "conversations/<str:conversation_id>": one("/api/v2/conversations/{}", "ended", *SEEN),
        "conversations/<str:conversation_id>/communications": of_contacts(
            "/api/v2/conversations/{ended}/communications", by=SEEN
        ),
        "analytics/conversations/<str:conversation_id>/details": one(
            "/api/v2/analytics/conversations/{}/details", "ended", *SEEN
        ),
        "analytics/conversations/details": listed(
            "/api/v2/analytics/conversations/details?id=", *SEEN, shows_data=False
        ),
        **{
            f"conversations/{array}<str:conversation_id>/participants/<str:participant_id>/attributes": of_contacts(
                f"/api/v2/conversations/{array}{{served}}/participants/x/attributes", "patch", by=(), attributes={}
            )
            for array in ("", "calls/", "chats/", "messages/", "emails/")
        },
        **{
            f"conversations/{array}/<str:conversation_id>": one(f"/api/v2/conversations/{array}/{{}}", "ended", *SEEN)
            for array in ("chats", "messages")
        },
        **{
            f"conversations/{array}/<str:conversation_id>": one(f"/api/v2/conversations/{array}/{{}}", "ended")
            for array in ("calls", "emails")
        },
    }.items()
}

ADDRESSES |= {
    f"visitor/chats/{CONVERSATION}": of_a_visitor("", "get"),
    f"visitor/chats/{CONVERSATION}/news": of_a_visitor("/news", "get"),
    f"visitor/chats/{CONVERSATION}/messages": of_a_visitor("/messages", id="message-1", text="Hello"),
    f"visitor/chats/{CONVERSATION}/typing": of_a_visitor("/typing"),
    f"visitor/chats/{CONVERSATION}/read": of_a_visitor("/read"),
    f"visitor/chats/{CONVERSATION}/leave": of_a_visitor("/leave"),
}

PUBLIC = {
    "accounts/login/": "/accounts/login/",
    "accounts/login/second/": "/accounts/login/second/",
    "accounts/logout/": "/accounts/logout/",
    "api/schema/": "/api/schema/",
    "api/docs/": "/api/docs/",
    "health/live": "/health/live",
    "health/ready": "/health/ready",
    "metrics": "/metrics",
    "oauth/token": "/oauth/token",
    "sms/richcontent/<str:token>/<str:name>": "/sms/richcontent/unknown/name.png",
    "sms/sinchconversation/all": "/sms/sinchconversation/all",
    "visitor/entry": "/visitor/entry?address=nobody@shop.example.com",
    "visitor/chats": "/visitor/chats",
}
"""Open to everybody, and hold nothing of any conversation."""


def every_address(patterns: Any = None, prefix: str = "") -> Iterator[str]:
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        address = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from every_address(pattern.url_patterns, address)
        else:
            assert isinstance(pattern, URLPattern)
            yield address


def test_every_address_is_listed_here():
    addresses = {address for address in every_address() if not address.removeprefix("^").startswith("admin/")}

    assert addresses == ADDRESSES.keys() | PUBLIC.keys()


class Visitor:
    """Somebody in a role, or the person a thing belongs to. Signed in once, and nothing else is left of a visit."""

    def __init__(self, role: str, centre: SimpleNamespace) -> None:
        self.role, self.centre = role, centre
        self._cookies: dict[str, SimpleCookie] = {}  # by the name of the owner, or empty

    def client_for(self, address: Address) -> Client:
        owner = address.of if self.role in address.found_by else ""
        if owner not in self._cookies:
            signing_in = Client()
            if user := getattr(self.centre, owner) if owner else user_in_role(self.role, self.centre.queue):
                signing_in.force_login(user)
            self._cookies[owner] = signing_in.cookies
        client = Client()
        client.cookies = deepcopy(self._cookies[owner])
        return client


READ_BY_THEMSELVES = ("reports/files/<uuid:pk>/download/", "api/v1/contact-log.csv")
"""Read on a connection of their own, which sees what is committed only."""


@contextmanager
def noted(complaints: list[str], where: str) -> Iterator[None]:
    """What fails inside is noted with where it was, and what was changed there is undone."""
    try:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
    except AssertionError as failure:
        complaints.append(f"{where}: {failure}")


@pytest.mark.parametrize("role", [*ROLES, *OWNERS])
def test_what_is_not_granted_is_not_found(centre, role):
    complaints: list[str] = []
    visitor = Visitor(role, centre)

    for name, address in ADDRESSES.items():
        if name not in READ_BY_THEMSELVES and concerns(role, address):
            client = visitor.client_for(address)
            with noted(complaints, name):
                check(centre, address, role, client)

    assert complaints == []


@pytest.mark.django_db(transaction=True)
def test_what_is_not_granted_is_in_no_file(transactional_db, centre):
    for role in (*ROLES, *OWNERS):
        visitor = Visitor(role, centre)
        for address in map(ADDRESSES.__getitem__, READ_BY_THEMSELVES):
            if concerns(role, address):
                check(centre, address, role, visitor.client_for(address))


def concerns(role: str, address: Address) -> bool:
    """Files and saved reports belong to the reporter, calls to a telephone system of their queue."""
    return role not in OWNERS or role in address.found_by


def check(centre: SimpleNamespace, address: Address, role: str, client: Client) -> None:
    before = list(Conversation.objects.order_by("pk").values())

    answer = address.ask(client, centre)

    text = answer.getvalue().decode()
    seen = [canary for canary in CANARIES if canary in text]
    if role in address.found_by:
        assert answer.status_code not in (401, 403, 404)
        assert address.shows_data in (bool(seen), None)
        return
    assert not seen
    assert list(Conversation.objects.order_by("pk").values()) == before
    if role == "anonymous":
        assert answer.status_code in (302, 401, 403, 404)
        assert answer.status_code != 302 or answer["Location"].startswith("/accounts/login/")
    elif address.is_one_thing:
        assert answer.status_code == 404
    if not address.is_one_thing:
        for conversation in (centre.waiting, centre.served, centre.ended):
            assert str(conversation.pk) not in text.lower() and conversation.pk.hex not in text.lower()


def test_what_is_open_to_everybody_holds_nothing_of_a_conversation(centre):
    answers = {name: Client().get(path) for name, path in PUBLIC.items()}

    assert {
        name for name, answer in answers.items() if answer.status_code not in (200, 302, 403, 404, 405, 503)
    } == set()
    assert {
        name for name, answer in answers.items() if any(canary in answer.content.decode() for canary in CANARIES)
    } == set()


# The System Configurator

LISTS = {
    f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist": model_admin
    for model, model_admin in admin.site._registry.items()
}
SEARCHED = {name for name, model_admin in LISTS.items() if model_admin.search_fields} | {"admin:search"}


@pytest.mark.parametrize("role", ROLES)
def test_the_configurator_shows_no_conversation_to_who_holds_no_right(centre, role):
    client = Client()
    if user := user_in_role(role, centre.queue):
        client.force_login(user)
    complaints: list[str] = []

    for page in ("admin:index", "admin:search", "admin:autocomplete", *LISTS):
        # The superuser finds whatever anybody finds.
        for asked in ("", *(CANARIES if role == "superuser" and page in SEARCHED else ())):
            with noted(complaints, f"{page} {asked}"):
                answer = client.get(reverse(page), {"q": asked} if asked else {})
                assert answer.status_code in ((200, 302, 403, 404) if role in STAFF else (302, 403, 404))
                text = answer.content.decode()
                assert [canary for canary in CANARIES if canary in text and canary != asked] == []
                assert not any(str(one.pk) in text for one in (centre.waiting, centre.served, centre.ended))

    assert complaints == []


@pytest.mark.parametrize("role", STAFF)
def test_no_single_page_of_the_configurator_shows_a_conversation(centre, role):
    client = Client()
    client.force_login(user_in_role(role, centre.queue))
    complaints: list[str] = []

    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        for row in model._default_manager.all()[:2]:
            for page in ("change", "history", "delete"):
                with noted(complaints, f"{name}_{page}"):
                    answer = client.get(reverse(f"{name}_{page}", args=[row.pk]))
                    assert answer.status_code in (200, 302, 403, 404)
                    assert not any(canary in answer.content.decode() for canary in CANARIES)

    assert complaints == []


# Ids in addresses

NAMING = (
    "reports:index",
    "reports:rows",
    "history:index",
    "api_contact_log",
    "api_contact_log_csv",
    "api_conversations",
)


@pytest.mark.parametrize("parameter", ["queue", "agent", "channel"])
def test_an_id_that_is_not_granted_is_answered_like_one_that_is_not_there(transactional_db, centre, parameter):
    foreign, absent = 987_654_321, 987_654_322
    elsewhere = QueueFactory(pk=foreign, name="canary-queue", channel=ChannelFactory(pk=foreign, name="canary-channel"))
    stranger = user_with(Right.SERVE, on=elsewhere, pk=foreign, username="canary-agent")
    ended_conversation(elsewhere, agent=stranger)
    run_reporting_job()
    viewer = grant(UserFactory(is_staff=True), Right.VIEW_REPORTS, Right.VIEW_HISTORY, on=centre.queue)
    client = Client()
    client.force_login(viewer)

    for name in NAMING:
        answers = [
            re.sub(rf"(csrfmiddlewaretoken|_form)[^>]*|X-CSRFToken[^}}]*|{pk}", "", answer.getvalue().decode())
            for pk in (foreign, absent)
            for answer in [client.get(reverse(name), {parameter: pk})]
        ]
        assert not re.search("canary-(queue|channel|agent)", answers[0]), name
        assert answers[0] == answers[1], name


@pytest.mark.parametrize(
    ("way", "format"),
    [("reports:ask_for_file", "xlsx"), ("reports:ask_for_file", "counts.xlsx"), ("reports:save", "")],
)
def test_what_is_kept_of_a_question_names_nothing_that_is_not_granted(transactional_db, centre, way, format):
    elsewhere = QueueFactory(name="canary-queue")
    client = Client()
    client.force_login(user_with(Right.VIEW_REPORTS, on=centre.queue))

    answer = client.post(reverse(way), {"queue": elsewhere.pk, "name": "Mine", "format": format}, follow=True)
    for file in ReportFile.objects.filter(format__endswith="xlsx"):
        jobs.work_on(ReportFile, file.pk)
        book = openpyxl.load_workbook(file.path)
        assert "canary-queue" not in str([list(sheet.values) for sheet in book])

    assert "canary-queue" not in answer.content.decode()
