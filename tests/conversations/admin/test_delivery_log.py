from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from channels_cfg.rights.roles import AGENT, CONFIGURATOR
from conversations.models import InboundDelivery
from tests.factories import MessagingServiceFactory, UserFactory

LIST = "/admin/conversations/inbounddelivery/"


def delivery(**facts: Any) -> InboundDelivery:
    facts.setdefault("door", "conversation_api")
    facts.setdefault("service", MessagingServiceFactory())
    facts.setdefault("nonce", f"01NONCE{InboundDelivery.objects.count()}")
    return InboundDelivery.objects.create(
        body_digest=b"digest", body=b"CANARY", trigger="MESSAGE_INBOUND", received_at=timezone.now(), **facts
    )


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
