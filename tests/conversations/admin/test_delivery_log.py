from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from channels_cfg.rights.roles import AGENT, CONFIGURATOR
from conversations.doors.conversation_api import payloads
from conversations.doors.conversation_api.door import TRIGGERS
from conversations.doors.mail.door import DOOR
from conversations.doors.mail.reading import TOO_LARGE, WHOLE
from conversations.models import InboundDelivery
from tests.factories import MessagingServiceFactory, UserFactory

LIST = "/admin/conversations/inbounddelivery/"


def delivery(**facts: Any) -> InboundDelivery:
    facts.setdefault("door", "conversation_api")
    facts.setdefault("service", MessagingServiceFactory())
    facts.setdefault("nonce", f"01NONCE{InboundDelivery.objects.count()}")
    facts.setdefault("trigger", "MESSAGE_INBOUND")
    return InboundDelivery.objects.create(body_digest=b"digest", body=b"CANARY", received_at=timezone.now(), **facts)


@pytest.fixture
def configurator(db: None) -> Client:
    user = UserFactory(is_staff=True)
    user.groups.add(Group.objects.get(name=CONFIGURATOR))
    client = Client()
    client.force_login(user)
    return client


def test_a_configurator_sees_what_became_of_a_delivery_and_not_its_body(configurator: Client) -> None:
    noted = delivery(state="applied", notes=["metadata is not JSON; it was kept out of the attached data."])

    pages = [configurator.get(LIST), configurator.get(f"{LIST}{noted.pk}/change/")]

    for page in pages:
        assert page.status_code == 200
        assert "metadata is not JSON" in page.text
        assert "CANARY" not in page.text


@pytest.mark.parametrize("query", ["", "state__exact=failed", "trigger=other", "trigger=MESSAGE_INBOUND", "notes=some"])
def test_the_log_is_filtered(configurator: Client, query: str) -> None:
    delivery()

    assert configurator.get(f"{LIST}?{query}").status_code == 200


@pytest.mark.parametrize(
    ("door", "trigger", "words"),
    [
        ("mail", "MAIL_TOO_LARGE", "A mail that is too large: only its head was taken in"),
        ("conversation_api", "MESSAGE_INBOUND", "A customer&#x27;s message · MESSAGE_INBOUND"),
        ("conversation_api", "SOMETHING_NEW", "SOMETHING_NEW"),
    ],
)
def test_a_trigger_is_told_in_words(configurator: Client, door: str, trigger: str, words: str) -> None:
    noted = delivery(door=door, trigger=trigger)

    shown = configurator.get(f"{LIST}{noted.pk}/change/").text

    assert words in shown and (trigger in words or trigger not in shown)
    assert words in configurator.get(LIST).text


def test_every_trigger_that_a_door_takes_in_has_words() -> None:
    assert set(payloads.TRIGGERS.values()) == set(TRIGGERS)
    assert {WHOLE, TOO_LARGE} == set(DOOR.triggers)


def test_a_delivery_is_found_by_nonce_and_by_number(configurator: Client) -> None:
    wanted, other = delivery(nonce="01WANTED"), delivery(nonce="01OTHER")

    for term in ("01WANTED", str(wanted.pk)):
        page = configurator.get(LIST, {"q": term}).text
        assert f"{LIST}{wanted.pk}/change/" in page
        assert f"{LIST}{other.pk}/change/" not in page


def test_a_search_for_anything_else_finds_nothing(configurator: Client) -> None:
    delivery()

    assert configurator.get(LIST, {"q": "Ada “Lovelace” 99999999999999999999"}).status_code == 200


def test_nobody_changes_the_log(configurator: Client) -> None:
    kept = delivery()

    answers = [
        configurator.get(f"{LIST}add/").status_code,
        configurator.post(f"{LIST}{kept.pk}/change/", {"state": "failed"}).status_code,
        configurator.post(f"{LIST}{kept.pk}/delete/", {"post": "yes"}).status_code,
    ]

    assert answers == [403, 403, 403]
    assert InboundDelivery.objects.get().state == "waiting"


@pytest.mark.django_db
def test_an_agent_does_not_see_the_log() -> None:
    user = UserFactory(is_staff=True)
    user.groups.add(Group.objects.get(name=AGENT))
    client = Client()
    client.force_login(user)

    assert client.get(LIST).status_code == 403


def test_the_list_costs_the_same_for_one_row_and_for_twenty(
    configurator: Client, django_assert_max_num_queries: Any
) -> None:
    service = MessagingServiceFactory()
    for _ in range(20):
        delivery(service=service)

    with django_assert_max_num_queries(10):
        configurator.get(LIST)
