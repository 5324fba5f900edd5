"""Deliveries of session metadata in the System Configurator: seen, sent again, rebuilt."""

from __future__ import annotations

import html
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from channels_cfg import jobs
from channels_cfg.models import MetadataDestination, Queue
from channels_cfg.rights.roles import CONFIGURATOR
from conversations.models import Conversation
from reporting.models import DeliveryPause, DeliveryRebuild, FileDelivery
from tests.factories import MetadataDestinationFactory, QueueFactory, UserFactory, ended_conversation

pytestmark = pytest.mark.django_db
LIST = "/admin/reporting/filedelivery/"
REBUILD = "/admin/reporting/deliveryrebuild/add/"


@pytest.fixture
def browser() -> Client:
    user = UserFactory(username="aino", is_staff=True)
    user.groups.add(Group.objects.get(name=CONFIGURATOR))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def queue() -> Queue:
    return QueueFactory()


@pytest.fixture
def archive() -> MetadataDestination:
    return MetadataDestinationFactory(name="Archive")


def delivered(queue: Queue, destination: MetadataDestination, **facts: Any) -> FileDelivery:
    now, conversation = timezone.now(), ended_conversation(queue)
    done = {"state": "done", "finished_at": now, "revision": 1, "size": 2048, "delivered_at": now} | facts
    return FileDelivery.objects.create(
        conversation=conversation,
        destination=destination,
        destination_name=destination.name,
        ended_at=conversation.ended_at,
        due_at=now,
        **done,
    )


def text(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    return html.unescape(answer.content.decode())


def test_one_that_waits_for_its_destination_says_so_and_is_called_by_its_number(browser, queue, archive):
    waiting = {"state": "waiting", "finished_at": None, "held_until": timezone.now(), "revision": 0}
    delivery = delivered(queue, archive, **waiting)
    DeliveryPause.objects.begin(archive, now=timezone.now(), reason="No answer.", after=timedelta(hours=1))
    assert "The destination cannot be reached: No answer." in text(browser.get(LIST))

    MetadataDestination.objects.update(is_active=False)

    assert "The destination is switched off." in text(browser.get(LIST))
    page = text(browser.get(f"{LIST}{delivery.pk}/change/"))
    assert "The destination is switched off." in page
    assert f"Chat {delivery.conversation.number} → Archive" in page and f"{delivery.conversation_id} →" not in page


def test_the_list_says_what_became_of_each_and_is_found_by_number_and_state(browser, queue, archive):
    done = delivered(queue, archive)
    parked = delivered(queue, archive, state="failed", revision=0, reason="There is no such bucket.")
    ours = delivered(queue, archive, state="failed", revision=0, reason="It breaks a rule.", is_our_error=True)

    every = text(browser.get(LIST))
    assert f"Chat {done.conversation.number}" in every and "2.0\N{NO-BREAK SPACE}KB" in every
    assert "There is no such bucket." in every and "Rebuild a period" in every
    assert "There is no such bucket." not in text(browser.get(LIST, {"state__exact": "done"}))
    assert "It breaks a rule." not in text(browser.get(LIST, {"error": "theirs"}))
    assert "There is no such bucket." not in text(browser.get(LIST, {"error": "ours"}))
    for asked in (str(ours.conversation.number), str(ours.conversation_id), ours.conversation_id.hex.upper()):
        found = text(browser.get(LIST, {"q": asked}))
        assert "It breaks a rule." in found and "There is no such bucket." not in found
    assert "There is no such bucket." in text(browser.get(f"{LIST}{parked.pk}/change/"))


def test_sending_again_is_for_all_that_were_chosen_but_what_is_being_delivered(browser, queue, archive):
    chosen = [delivered(queue, archive), delivered(queue, archive, state="failed")]
    delivering = {"state": "waiting", "finished_at": None, "held_until": timezone.now(), "holder": uuid.uuid4()}
    held = delivered(queue, archive, **delivering)

    answer = browser.post(
        LIST, {"action": "try_again", "_selected_action": [one.pk for one in [*chosen, held]]}, follow=True
    )

    assert "2 files are sent again. 1 is not: it is being delivered" in text(answer)
    assert FileDelivery.objects.filter(state="waiting", forced_at__isnull=False).count() == 2


def asked_for(archive: MetadataDestination, **facts: Any) -> dict[str, Any]:
    now = timezone.localtime()
    period = {"start": f"{now - timedelta(days=1):%Y-%m-%d %H:%M}", "end": f"{now + timedelta(days=1):%Y-%m-%d %H:%M}"}
    return {"destination": archive.pk, "which": "all", **period, **facts}


def test_a_period_is_rebuilt_once_the_number_of_its_files_was_seen_and_confirmed(browser, queue, archive):
    for _ in range(3):
        ended_conversation(queue)

    preview = text(browser.post(REBUILD, asked_for(archive)))
    assert "Deliver 3 files to Archive?" in preview
    assert not DeliveryRebuild.objects.exists()

    page = text(browser.post(REBUILD, asked_for(archive, confirmed="yes"), follow=True))
    assert "The files are delivered once more." in page
    assert "being put on the list" in page
    rebuild = DeliveryRebuild.objects.get()
    assert (rebuild.destination_name, str(rebuild.asked_by)) == ("Archive", str(rebuild.asked_by))
    jobs.work_on(DeliveryRebuild, rebuild.pk)
    FileDelivery.objects.filter(pk=FileDelivery.objects.first().pk).update(state="done", finished_at=timezone.now())

    progress = text(browser.get(reverse("admin:rebuild_progress", args=[rebuild.pk])))
    assert "Done: 1 of 3. Waiting: 2. Parked: 0." in progress
    cancelled = text(browser.post(reverse("admin:cancel_rebuild", args=[rebuild.pk]), follow=True))
    assert "It is cancelled." in cancelled
    assert FileDelivery.objects.count() == 1


def test_a_period_in_which_nothing_ended_or_that_is_none_is_not_rebuilt(browser, queue, archive):
    assert "Nothing to deliver" in text(browser.post(REBUILD, asked_for(archive)))
    assert "The period ends before it begins." in text(
        browser.post(REBUILD, asked_for(archive, end="2020-01-01 00:00"))
    )
    assert not Conversation.objects.exists() and not DeliveryRebuild.objects.exists()


@pytest.mark.parametrize("is_staff", [True, False])
def test_who_is_no_administrator_of_these_sees_and_does_nothing(queue, archive, is_staff):
    client = Client()
    client.force_login(UserFactory(is_staff=is_staff))
    rebuild = DeliveryRebuild.objects.create(
        destination=archive, start=timezone.now(), end=timezone.now() + timedelta(days=1), asked_at=timezone.now()
    )

    for address in (LIST, REBUILD, reverse("admin:rebuild_progress", args=[rebuild.pk])):
        assert client.get(address).status_code in (302, 403)
    assert client.post(reverse("admin:cancel_rebuild", args=[rebuild.pk])).status_code in (302, 403)
    assert DeliveryRebuild.objects.get().state == "waiting"


def test_a_page_of_a_long_list_is_not_counted(browser, queue, archive, django_assert_max_num_queries):
    for _ in range(3):
        delivered(queue, archive)

    with django_assert_max_num_queries(25) as asked:
        browser.get(LIST)

    statements = [query["sql"] for query in asked.captured_queries]
    assert [one for one in statements if "COUNT(" in one and "reporting_filedelivery" in one] == []
