"""What is not granted is not found: every address of the portal, asked by every role (rule 10 of the domain).

An address that is not listed here fails the first test. Whoever adds one says who finds something there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
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

from channels_cfg.models import Queue, Right, User
from channels_cfg.rights.roles import CONFIGURATOR
from conversations import jobs
from conversations.models import Conversation, Message
from reporting.contact_log import files
from reporting.contact_log.fill import run_reporting_job
from reporting.contact_log.query import LogQuery, zone_of
from reporting.models import ReportFile, SavedReport
from reporting.saved_reports import save_report
from tests.factories import (
    ChannelFactory,
    QueueFactory,
    UserFactory,
    accepted_conversation,
    ended_conversation,
    grant,
    queued_conversation,
    user_with,
)

CANARIES = ("canary-customer", "canary-kept", "canary-live", "canary-message", "358777000111")

# Who they are

ROLES = {
    "agent": [Right.SERVE],
    "supervisor": [Right.VIEW_HISTORY],
    "contact_manager": [Right.MANAGE_CONTACTS],
    "reporting": [Right.VIEW_REPORTS],
    "outsider": [],  # every right, on another queue
    "configurator": [],
    "superuser": [],
    "anonymous": [],
}
STAFF = ("configurator", "superuser")


def user_in_role(role: str, queue: Queue) -> User | None:
    match role:
        case "anonymous":
            return None
        case "outsider":
            return user_with(*Right, on=QueueFactory(channel=queue.channel))
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
    queue = QueueFactory(name="Guarded queue", channel=ChannelFactory(statistics_keys=["kept"]))
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
        Message.objects.create(
            conversation=conversation,
            author=Message.Author.CUSTOMER,
            text="canary-message",
            sent_at=conversation.received_at,
        )
    run_reporting_job()
    return SimpleNamespace(
        queue=queue,
        agent=agent,
        reporter=reporter,
        waiting=waiting,
        served=served,
        ended=ended,
        file=report_file_of(reporter),
        saved=saved_report_of(reporter),
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


def deed(path: str, thing: str, *found_by: str, of: str = "", **order: str) -> Address:
    def ask(client: Client, centre: SimpleNamespace) -> Any:
        return client.post(path.format(getattr(centre, thing).pk), order, content_type="application/json")

    return Address(ask, found_by, of=of, is_one_thing=True, shows_data=None)


def form(path: str, thing: str, *found_by: str, of: str = "", **order: str) -> Address:
    def ask(client: Client, centre: SimpleNamespace) -> Any:
        return client.post(path.format(getattr(centre, thing).pk), order)

    return Address(ask, found_by, of=of, is_one_thing=True, shows_data=None)


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
    "desk/<conversation:pk>/": one("/desk/{}/", "served", "agent", of="agent"),
    "desk/<conversation:pk>/transfer/": form("/desk/{}/transfer/", "served", "agent", of="agent", queue="0"),
    "desk/<conversation:pk>/<str:action>/": form("/desk/{}/accept/", "waiting", "agent"),
    "reports/": listed("/reports/?group=key:kept", "reporting", shows_data=False),
    "reports/rows/": listed("/reports/rows/", "reporting"),
    "reports/files/": listed("/reports/files/", shows_data=False),
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
    "reports/saved/<int:pk>/delete/": form("/reports/saved/{}/delete/", "saved", "reporter", of="reporter"),
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
    "api/v1/conversations": listed("/api/v1/conversations?q=canary", "supervisor", "agent"),
    f"api/v1/conversations/{CONVERSATION}": one(API, "ended", "supervisor", "agent"),
    f"api/v1/conversations/{CONVERSATION}/messages": one(f"{API}/messages", "ended", "supervisor", "agent"),
    f"api/v1/conversations/{CONVERSATION}/queue": deed(f"{API}/queue", "waiting", "agent", queue="Guarded queue"),
    f"api/v1/conversations/{CONVERSATION}/allocate": deed(f"{API}/allocate", "waiting", "agent", agent="nobody"),
    f"api/v1/conversations/{CONVERSATION}/accept": deed(f"{API}/accept", "waiting", "agent"),
    f"api/v1/conversations/{CONVERSATION}/reject": deed(f"{API}/reject", "waiting", "agent"),
    f"api/v1/conversations/{CONVERSATION}/hold": deed(f"{API}/hold", "served", "agent", of="agent"),
    f"api/v1/conversations/{CONVERSATION}/transfer": deed(f"{API}/transfer", "served", "agent", queue="Guarded queue"),
    f"api/v1/conversations/{CONVERSATION}/end": deed(f"{API}/end", "served", "agent", of="agent"),
    f"api/v1/conversations/{CONVERSATION}/handle": deed(f"{API}/handle", "ended", "agent", of="agent"),
    "api/v1/contact-log": listed("/api/v1/contact-log", "reporting"),
    "api/v1/contact-log.csv": listed("/api/v1/contact-log.csv", "reporting"),
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
    "sms/sinchconversation/all": "/sms/sinchconversation/all",
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


def ask_as(role: str, centre: SimpleNamespace, address: Address) -> tuple[Any, str]:
    """The answer and its text. Who the thing belongs to asks as that person."""
    client = Client()
    is_owner = bool(address.of) and role in address.found_by
    user = getattr(centre, address.of) if is_owner else user_in_role(role, centre.queue)
    if user:
        client.force_login(user)
    answer = address.ask(client, centre)
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return answer, content.decode()


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


@pytest.mark.parametrize("role", [*ROLES, "reporter"])
def test_what_is_not_granted_is_not_found(centre, role):
    complaints: list[str] = []

    for name, address in ADDRESSES.items():
        if name not in READ_BY_THEMSELVES and concerns(role, address):
            with noted(complaints, name):
                check(centre, address, role)

    assert complaints == []


@pytest.mark.django_db(transaction=True)
def test_what_is_not_granted_is_in_no_file(transactional_db, centre):
    for role in (*ROLES, "reporter"):
        for name in READ_BY_THEMSELVES:
            if concerns(role, ADDRESSES[name]):
                check(centre, ADDRESSES[name], role)


def concerns(role: str, address: Address) -> bool:
    """Only files and saved reports belong to the reporter."""
    return role != "reporter" or "reporter" in address.found_by


def check(centre: SimpleNamespace, address: Address, role: str) -> None:
    before = list(Conversation.objects.order_by("pk").values())

    answer, text = ask_as(role, centre, address)

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

    assert {name for name, answer in answers.items() if answer.status_code not in (200, 302, 405, 503)} == set()
    assert {
        name for name, answer in answers.items() if any(canary in answer.content.decode() for canary in CANARIES)
    } == set()


# The System Configurator

ADMIN_PAGES = sorted(
    f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist" for model in admin.site._registry
)


@pytest.mark.parametrize("role", ROLES)
def test_the_configurator_shows_no_conversation_to_who_holds_no_right(centre, role):
    client = Client()
    if user := user_in_role(role, centre.queue):
        client.force_login(user)
    complaints: list[str] = []

    for page in ("admin:index", "admin:search", "admin:autocomplete", *ADMIN_PAGES):
        for asked in ("", *CANARIES):
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
        for row in model._default_manager.all()[:3]:
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
            re.sub(rf"csrfmiddlewaretoken[^>]*|X-CSRFToken[^}}]*|{pk}", "", answer.getvalue().decode())
            for pk in (foreign, absent)
            for answer in [client.get(reverse(name), {parameter: pk})]
        ]
        assert not re.search("canary-(queue|channel|agent)", answers[0]), name
        assert answers[0] == answers[1], name


@pytest.mark.parametrize("way", ["reports:ask_for_file", "reports:save"])
def test_what_is_kept_of_a_question_names_nothing_that_is_not_granted(transactional_db, centre, way):
    elsewhere = QueueFactory(name="canary-queue")
    client = Client()
    client.force_login(user_with(Right.VIEW_REPORTS, on=centre.queue))

    answer = client.post(reverse(way), {"queue": elsewhere.pk, "name": "Mine", "format": "xlsx"}, follow=True)
    for file in ReportFile.objects.filter(format="xlsx"):
        jobs.work_on(ReportFile, file.pk)
        book = openpyxl.load_workbook(file.path)
        assert "canary-queue" not in str([list(sheet.values) for sheet in book])

    assert "canary-queue" not in answer.content.decode()
