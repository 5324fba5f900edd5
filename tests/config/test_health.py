"""The portal knows when nothing is worked on, and says the same to machines and to people."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config.health import waiting_words
from config.metrics import Waiting
from config.models import SCHEDULER, Heartbeat
from conversations.models import InboundDelivery
from tests.factories import MessagingServiceFactory

pytestmark = pytest.mark.django_db

WELL = dict.fromkeys(("database", "broker", "scheduler", "workers", "callbacks"), "ok")


@pytest.fixture(autouse=True)
def running():
    """A scheduler and a worker that were seen just now."""
    for name in (SCHEDULER, "worker one:1", "worker gone:2"):
        Heartbeat.objects.note(name, now=timezone.now() - timedelta(hours="gone" in name))


def seen(name: str, *, ago: timedelta) -> None:
    Heartbeat.objects.note(name, now=timezone.now() - ago)


def delivery(*, ago: timedelta, **facts) -> None:
    received_at = timezone.now() - ago
    InboundDelivery.objects.create(
        service=MessagingServiceFactory(name="CANARY"), nonce="n", body_digest=b"", received_at=received_at, **facts
    )


def test_a_portal_that_works_says_so_of_each_part(client: Client):
    delivery(ago=timedelta(minutes=1))

    assert client.get("/health/live").json() == {"portal": "ok"}
    assert client.get("/health/ready").json() == WELL


def test_one_whose_workers_are_silent_is_not_ready_but_takes_callbacks_in(client: Client):
    seen("worker one:1", ago=timedelta(minutes=5))

    answer = client.get("/health/ready")

    assert answer.status_code == 503
    assert answer.json() == WELL | {"workers": "Last seen 5\N{NO-BREAK SPACE}minutes ago."}
    assert client.get("/health/live").status_code == 200


def test_callbacks_that_nobody_works_on_are_told_whatever_the_workers_say(client: Client):
    delivery(ago=timedelta(minutes=7))

    answer = client.get("/health/ready")

    assert answer.status_code == 503
    assert answer.json() == WELL | {"callbacks": "1 waits, for 7\N{NO-BREAK SPACE}minutes."}


def test_what_came_just_now_does_not_wait_for_no_minutes():
    now = timezone.now()

    assert waiting_words(Waiting(2, now - timedelta(seconds=20)), now) == "2 came just now."


def test_a_callback_that_is_to_be_tried_again_later_is_worked_on(client: Client):
    delivery(ago=timedelta(hours=7), held_until=timezone.now() + timedelta(minutes=10), attempts=12)

    assert client.get("/health/ready").json() == WELL


def test_the_first_page_and_the_status_page_say_the_same(admin_client: Client):
    seen("worker one:1", ago=timedelta(minutes=5))
    seen(SCHEDULER, ago=timedelta(minutes=3))
    delivery(ago=timedelta(minutes=7))
    sentences = [words for words in admin_client.get("/health/ready").json().values() if words != "ok"]

    assert len(sentences) == 3
    for page in ("admin:index", "status"):
        shown = admin_client.get(reverse(page)).content.decode()
        assert all(sentence in shown for sentence in sentences)
