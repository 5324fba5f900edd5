"""An agent says on the desk who the customer is."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from channels_cfg.models import Queue, Right, User
from conversations import lifecycle
from conversations.contacts.associating import associate
from conversations.models import Association, Conversation, ExternalContact
from tests.factories import (
    QueueFactory,
    accepted_conversation,
    ended_conversation,
    external_contact,
    queued_conversation,
    user_with,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue(db: None) -> Queue:
    return QueueFactory()


@pytest.fixture
def agent(queue: Queue) -> User:
    return user_with(Right.SERVE, Right.VIEW_HISTORY, on=queue)


@pytest.fixture
def browser(agent: User) -> Client:
    client = Client()
    client.force_login(agent)
    return client


@pytest.fixture
def served(queue: Queue, agent: User) -> Conversation:
    return accepted_conversation(queue, agent=agent, customer_name="Ada Lovelace")


def page(browser: Client, path: str) -> str:
    return re.sub(r"\s+", " ", browser.get(path).content.decode())


def post(browser: Client, conversation: Conversation, action: str, **sent: Any) -> Any:
    return browser.post(f"/desk/{conversation.pk}/contact/{action}/", sent, follow=True)


def test_candidates_are_offered_and_confirmed_and_taken_off_again(browser: Client, agent: User, served: Conversation):
    contact = external_contact("Ada", "Lovelace", title="Countess")
    shown = page(browser, f"/desk/{served.pk}/")
    assert "It may be one of these" in shown and "It is Ada Lovelace" in shown

    confirmed = post(browser, served, "confirm", contact=contact.pk).content.decode()

    made = Association.objects.get()
    assert (made.contact, made.how, made.by) == (contact, "agent", agent)
    assert "The customer is Ada Lovelace." in confirmed and "Countess" in confirmed
    assert "Confirmed by an agent" in confirmed

    taken_off = post(browser, served, "take-off").content.decode()
    assert not Association.objects.exists()
    assert "associated with no contact any more" in taken_off and "It may be one of these" in taken_off


def test_a_contact_is_searched_for(browser: Client, served: Conversation):
    external_contact("Aino", "Laine", phone="+358 50 555 6666")

    found = page(browser, f"/desk/{served.pk}/contact/?q=050+555+6666")
    missing = page(browser, f"/desk/{served.pk}/contact/?q=nobody+at+all")

    assert "It is Aino Laine" in found and "+358 50 5556666" in found
    assert "Nobody is found" in missing


def test_somebody_new_gets_the_number_that_the_conversation_comes_from(browser: Client, served: Conversation):
    form = page(browser, f"/desk/{served.pk}/contact/")
    assert 'value="Ada"' in form and 'value="Lovelace"' in form and "+358 40 1234567" in form

    post(browser, served, "create", first_name="Ada", last_name="King")

    contact = ExternalContact.objects.get()
    assert contact.name == "Ada King" and Association.objects.get().contact == contact
    assert contact.identifiers.filter(value="+358401234567").exists()
    again = queued_conversation(served.queue, customer_address="358401234567")
    assert Association.objects.get(conversation=again).how == "automatic"


def test_what_cannot_be_made_is_said_and_makes_nothing(browser: Client, served: Conversation):
    nameless = post(browser, served, "create", first_name=" ", last_name="")
    assert "Give a first name or a last name" in nameless.content.decode()
    external_contact("Eero", phone="+358401234567")
    post(browser, served, "take-off")

    taken = post(browser, served, "create", first_name="Ada")

    assert "Another contact has this" in taken.content.decode() and 'value="Ada"' in taken.content.decode()
    assert ExternalContact.objects.count() == 1 and not Association.objects.exists()
    gone = post(browser, served, "confirm", contact="00000000-0000-0000-0000-000000000000")
    assert "not there any more" in gone.content.decode()


def test_earlier_conversations_show_to_who_may_view_them_alone(
    browser: Client, queue: Queue, agent: User, served: Conversation
):
    contact = external_contact()
    elsewhere = QueueFactory(name="Secret queue")
    seen, unseen = ended_conversation(queue), ended_conversation(elsewhere)
    for conversation in (served, seen, unseen):
        associate(conversation.pk, contact.pk, how=Association.How.API, by=None, now=timezone.now())

    shown = page(browser, f"/desk/{served.pk}/")

    assert f"/history/{seen.pk}/" in shown
    assert str(unseen.pk) not in shown and "Secret" not in shown
    assert "Aino Laine" in page(browser, f"/history/{seen.pk}/")


def test_only_whoever_serves_it_says_who_the_customer_is(browser: Client, queue: Queue, served: Conversation):
    contact = external_contact("Canary", "Contact")
    colleague = Client()
    colleague.force_login(user_with(Right.SERVE, on=queue))

    for path in ("", "confirm/", "create/", "take-off/"):
        address = f"/desk/{served.pk}/contact/{path}"
        answer = colleague.post(address, {"contact": contact.pk}) if path else colleague.get(address)
        assert answer.status_code == 404
    lifecycle.end(served.pk, by=served.agent, now=timezone.now())
    lifecycle.handle(served.pk, by=served.agent, now=timezone.now())
    assert browser.get(f"/desk/{served.pk}/contact/").status_code == 404
    assert not Association.objects.exists()
