from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from channels_cfg.models import Right
from conversations.contacts.associating import associate
from conversations.models import Association, ContactNote
from tests.factories import QueueFactory, accepted_conversation, ended_conversation, external_contact, user_with
from tests.pages.looks import shortcomings

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_agent_finds_out_who_the_customer_is(open_as):
    queue = QueueFactory()
    agent = user_with(Right.SERVE, Right.VIEW_HISTORY, on=queue)
    served = accepted_conversation(queue, agent=agent, customer_name="Ada Lovelace")
    contact = external_contact("Ada", "Lovelace", title="Countess", email="ada@example.com")
    external_contact("Aino", "Laine", phone="+358 50 555 6666")
    associate(ended_conversation(queue).pk, contact.pk, how=Association.How.API, by=None, now=timezone.now())
    page = open_as(agent, f"/desk/{served.pk}/")

    card = page.locator("#contact")
    expect(card).to_contain_text("It may be one of these")
    assert shortcomings(page, "#contact") == []
    card.get_by_role("button", name="It is Ada Lovelace").click()
    expect(page.get_by_text("The customer is Ada Lovelace.")).to_be_visible()
    expect(card).to_contain_text("Countess")
    card.get_by_text("Earlier conversations").click()
    expect(card.get_by_role("link")).to_have_count(2)
    assert shortcomings(page, "#contact") == []

    card.get_by_role("link", name="Find another contact").click()
    page.get_by_role("textbox", name="Name, number").fill("050 555 6666")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="It is Aino Laine")).to_be_visible()
    assert shortcomings(page) == []
    page.get_by_role("button", name="It is Aino Laine").click()
    expect(card).to_contain_text("+358 50 5556666")
    card.get_by_role("button", name="It is somebody else").click()
    expect(card).to_contain_text("It may be one of these")
    card.get_by_role("link", name="Find or create").click()
    page.get_by_role("button", name="Create the contact").click()
    expect(page.get_by_text("Ada Lovelace is a contact now, and this customer.")).to_be_visible()


def test_contacts_are_managed_by_keyboard_and_on_a_telephone(open_as):
    queue = QueueFactory()
    manager = user_with(Right.MANAGE_CONTACTS, Right.VIEW_HISTORY, on=queue)
    now = timezone.now()
    contact = external_contact("Aino", "Laine", title="Dr.", phone="+358 50 555 6666", address={"city": "Turku"})
    external_contact("Aino", "Lainela", email="aino@example.com")
    ContactNote.objects.create(contact=contact, text="Likes tea", author=manager, created_at=now, modified_at=now)
    associate(ended_conversation(queue).pk, contact.pk, how=Association.How.API, by=None, now=now)
    page = open_as(manager, "/contacts/")

    assert shortcomings(page) == []
    page.get_by_role("link", name="Aino Laine", exact=True).click()
    expect(page.get_by_text("Likes tea")).to_be_visible()
    assert shortcomings(page) == []
    for link in ("Change", "Merge", "Delete"):
        page.get_by_role("link", name=link, exact=True).click()
        expect(page.get_by_text("Likes tea")).to_have_count(0)
        assert shortcomings(page) == []
        page.go_back()
        expect(page.get_by_text("Likes tea")).to_be_visible()
    page.get_by_role("link", name="Change").click()
    page.get_by_label("Work phone").fill("050 555")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("is no full telephone number")).to_be_visible()
    assert shortcomings(page) == []
    page.get_by_label("Work phone").fill("+358 50 777 8888")
    page.keyboard.press("Enter")
    expect(page.get_by_text("+358 50 7778888")).to_be_visible()
