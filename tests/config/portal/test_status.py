"""The status page says in words what works, what does not, and what to do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.test.utils import override_settings
from django.urls import reverse
from django.utils import timezone

from channels_cfg.models import ScheduledChange
from channels_cfg.rights.roles import AGENT, CONFIGURATOR
from config.health import Level
from config.models import Heartbeat
from conversations.models import InboundDelivery, RefusedCallbacks
from reporting.models import DeliveryPause, FileDelivery, ReportRun
from tests.factories import (
    MailBoxFactory,
    MessagingServiceFactory,
    MetadataDestinationFactory,
    QueueFactory,
    UserFactory,
    ended_conversation,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    user = UserFactory(username="aino", is_staff=True)
    user.groups.add(Group.objects.get(name=CONFIGURATOR))
    client = Client()
    client.force_login(user)
    return client


def facts(browser: Client) -> dict[str, Any]:
    answer = browser.get(reverse("status"))
    assert answer.status_code == 200
    return {fact.name: fact for fact in answer.context["facts"]}


def alive(**ages: int) -> None:
    """Programs by name, with the seconds since they were last seen."""
    for name, seconds in ages.items():
        Heartbeat.objects.create(name=name.replace("_", " "), at=timezone.now() - timedelta(seconds=seconds))


def test_a_fresh_portal_says_that_nothing_runs_yet(browser: Client):
    found = facts(browser)

    assert found["Database"].level == Level.GOOD
    assert found["Broker"].level == Level.GOOD
    assert (found["Workers"].level, found["Scheduler"].level) == (Level.BAD, Level.BAD)
    assert "celery -A config worker" in found["Workers"].advice
    assert found["Callbacks"].words == "No callback has come yet. Nothing waits."


def test_programs_that_were_seen_lately_are_alive(browser: Client):
    alive(scheduler=10, **{"worker one": 20, "worker two": 200})

    found = facts(browser)

    assert found["Scheduler"].level == Level.GOOD
    assert found["Workers"].words == "1 worker running: one."


def test_a_silent_scheduler_is_told_apart_from_silent_workers(browser: Client):
    alive(scheduler=3, **{"worker one": 300})

    found = facts(browser)

    assert found["Scheduler"].level == Level.GOOD
    assert (found["Workers"].level, found["Workers"].words) == (Level.BAD, "Last seen 5\N{NO-BREAK SPACE}minutes ago.")


def test_a_broker_that_is_down_is_bad_and_named_without_its_address(browser: Client):
    from config.celery import app

    before = app.conf.broker_url
    app.conf.broker_url = "redis://user:CANARY@127.0.0.1:1/0"
    try:
        answer = browser.get(reverse("status"))
    finally:
        app.conf.broker_url = before

    broker = next(fact for fact in answer.context["facts"] if fact.name == "Broker")
    assert broker.level == Level.BAD
    assert "CANARY" not in answer.content.decode()


@pytest.mark.parametrize(("minutes", "level"), [(1, Level.GOOD), (3, Level.WARN), (6, Level.BAD)])
def test_callbacks_that_wait_are_the_worse_the_longer(browser: Client, minutes: int, level: Level):
    service = MessagingServiceFactory(name="WhatsApp")
    then = timezone.now() - timedelta(minutes=minutes)
    InboundDelivery.objects.create(
        door="conversation_api", service=service, nonce="n", body_digest=b"", received_at=then
    )

    fact = facts(browser)["Callbacks"]

    assert fact.level == level
    assert "for WhatsApp" in fact.words
    assert "1 waits" in fact.words


def test_what_came_last_may_be_a_mail_even_of_a_box_that_is_gone(browser: Client):
    box = MailBoxFactory(name="Shop mail")
    InboundDelivery.objects.create(door="mail", mail_box=box, nonce="n", body_digest=b"", received_at=timezone.now())

    told = facts(browser)["Callbacks"].words
    home = browser.get(reverse("admin:index")).content.decode()
    InboundDelivery.objects.update(mail_box=None)
    told_afterwards = facts(browser)["Callbacks"].words

    assert "for Shop mail." in told
    assert "for Shop mail" in home
    assert "for Mail." in told_afterwards


def test_refused_callbacks_are_told_for_a_day(browser: Client):
    for reason, ago in (("wrong", timedelta(minutes=3)), ("old", timedelta(days=3))):
        RefusedCallbacks.objects.create(door="conversation_api", reason=reason, last_at=timezone.now() - ago)

    fact = facts(browser)["Refused callbacks"]

    assert fact.words == "Conversation API: The signature fits no secret, 3\N{NO-BREAK SPACE}minutes ago."


def test_a_reporting_job_that_failed_says_why(browser: Client):
    now = timezone.now()
    ReportRun.objects.create(started_at=now, seen_at=now, outcome="failed", error="The disk is full.")

    fact = facts(browser)["Reporting job"]

    assert fact.level == Level.BAD
    assert "The disk is full." in fact.words


def test_planned_changes_are_counted_and_overdue_ones_are_bad(browser: Client):
    now = timezone.now()
    planned = ScheduledChange.objects.create(
        model="Channel", object_id=1, changes={}, takes_effect_at=now + timedelta(hours=1), planned_at=now
    )
    before = facts(browser)["Scheduled changes"]

    ScheduledChange.objects.filter(pk=planned.pk).update(takes_effect_at=now - timedelta(hours=1))
    after = facts(browser)["Scheduled changes"]

    assert before.level == Level.GOOD
    assert before.words.startswith("1; the next at ")
    assert after.level == Level.BAD


def test_a_full_disk_is_bad(browser: Client, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("config.portal.status.FREE_IN_NEED", 1.1)

    assert facts(browser)["Disk"].level == Level.BAD


def test_nothing_of_a_customer_is_on_the_page(browser: Client):
    ended_conversation(QueueFactory(), data={"secret": "CANARY"}, customer_address="CANARY", customer_name="CANARY")

    assert "CANARY" not in browser.get(reverse("status")).content.decode()


def test_htmx_gets_the_facts_alone(browser: Client):
    answer = browser.get(reverse("status"), headers={"HX-Request": "true"})

    assert "<html" not in answer.content.decode()
    assert "Database" in answer.content.decode()


def test_who_may_not_configure_does_not_see_it():
    agent = UserFactory(is_staff=True)
    agent.groups.add(Group.objects.get(name=AGENT))
    client = Client()
    client.force_login(agent)

    assert client.get(reverse("status")).status_code == 403
    assert Client().get(reverse("status")).status_code == 302


def test_links_lead_only_where_the_reader_may_go(browser: Client):
    reader = UserFactory(is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_systemsettings"))
    client = Client()
    client.force_login(reader)

    assert facts(browser)["Callbacks"].link
    assert facts(client)["Callbacks"].link == ""


@override_settings(VAR_DIR="/")
def test_it_costs_a_constant_number_of_queries(browser: Client, django_assert_max_num_queries: Any):
    browser.get(reverse("status"))

    with django_assert_max_num_queries(45):
        browser.get(reverse("status"))


def test_files_of_session_metadata_that_are_late_parked_or_wrong_are_told_apart(browser: Client):
    assert facts(browser)["Deliveries of session metadata"].words == "Nothing waits."
    queue, destination, now = QueueFactory(), MetadataDestinationFactory(name="Archive"), timezone.now()

    def delivery(**facts: Any) -> None:
        facts = {"ended_at": now, "due_at": now, "finished_at": now, "destination_name": "Archive"} | facts
        FileDelivery.objects.create(conversation=ended_conversation(queue), destination=destination, **facts)

    delivery(finished_at=None, held_until=now, due_at=now - timedelta(days=2))
    delivery(finished_at=None, held_until=now + timedelta(days=1), due_at=now + timedelta(days=1))
    delivery(state="failed", reason="No such bucket.")
    delivery(state="failed", is_our_error=True)
    DeliveryPause.objects.begin(destination, now=now - timedelta(hours=1), reason="No answer.")

    found = facts(browser)

    late = found["Deliveries of session metadata"]
    assert late.level == Level.BAD
    assert late.words.replace("\N{NO-BREAK SPACE}", " ") == (
        "1 waits, for 2 days. Archive cannot be reached, first 1 hour ago: No answer."
    )
    assert late.link == "/admin/reporting/filedelivery/"
    parked, wrong = found["Parked deliveries of session metadata"], found["Session metadata files that do not fit"]
    assert (parked.level, parked.words) == (Level.WARN, "1 is parked.")
    assert (wrong.level, wrong.words) == (Level.BAD, "1 could not be made as the schema wants it.")
