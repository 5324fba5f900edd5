"""The pages of contacts, for who manages contacts."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from channels_cfg.models import Queue, Right, SystemSettings
from conversations.contacts.associating import associate
from conversations.models import Association, ContactNote, ExternalContact
from tests.factories import QueueFactory, ended_conversation, external_contact, user_with

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue(db: None) -> Queue:
    return QueueFactory()


@pytest.fixture
def browser(queue: Queue) -> Client:
    client = Client()
    client.force_login(user_with(Right.MANAGE_CONTACTS, Right.VIEW_HISTORY, on=queue))
    return client


def words(answer: Any) -> str:
    return html.unescape(re.sub(r"\s+", " ", answer.content.decode()))


def test_a_contact_is_made_found_changed_and_deleted(browser: Client):
    settings = SystemSettings.load()
    settings.contact_fields = '{"properties": {"points": {"type": "integer", "title": "Points"}}}'
    settings.save()
    sent = {
        "first_name": "Aino",
        "last_name": "Laine",
        "work_phone": "+358 40 123 4567",
        "external_ids": "crm: 7\nerp: 8:9",
        "custom_points": "12",
        "address_city": "Turku",
    }

    made = browser.post("/contacts/new/", sent, follow=True)

    contact = ExternalContact.objects.get()
    assert "Aino Laine is a contact now." in words(made) and "+358 40 1234567" in words(made)
    assert contact.custom_fields == {"points": 12} and contact.address == {"city": "Turku"}
    assert set(contact.identifiers.values_list("source", "value")) == {
        ("", "+358401234567"),
        ("crm", "7"),
        ("erp", "8:9"),
    }
    assert "Aino Laine" in words(browser.get("/contacts/", {"q": "040 123 4567"}))
    assert "No contact matches" in words(browser.get("/contacts/", {"q": "nobody"}))

    edit = f"/contacts/{contact.pk}/edit/"
    assert 'value="+358 40 1234567"' in words(browser.get(edit))
    browser.post(edit, sent | {"title": "Dr.", "work_phone": "", "external_ids": "crm: 7", "custom_points": ""})
    contact.refresh_from_db()
    assert contact.title == "Dr." and contact.custom_fields == {} and contact.identifiers.count() == 1

    assert "This is not its name." in words(browser.post(f"/contacts/{contact.pk}/delete/", {"name": "Aino"}))
    browser.post(f"/contacts/{contact.pk}/delete/", {"name": "Aino Laine"})
    assert not ExternalContact.objects.exists()


def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(browser: Client):
    eero = external_contact("Eero", email="a@example.com")
    sent = {"last_name": "Laine", "work_phone": "040 123 4567", "work_email": "x", "external_ids": "7"}

    refused = words(browser.post("/contacts/new/", sent))
    taken = words(browser.post("/contacts/new/", {"last_name": "Laine", "work_email": "A@example.com"}))
    nameless = words(browser.post("/contacts/new/", {"title": "Dr."}))

    assert "is no full telephone number" in refused and "is no e-mail address" in refused
    assert "“7” is no source and id, such as crm: 12582152." in refused and 'value="040 123 4567"' in refused
    assert "Another contact has this e-mail address already" in taken
    assert f'<a href="/contacts/{eero.pk}/">Open it</a>' in taken
    assert "Give a first name or a last name." in nameless
    assert ExternalContact.objects.count() == 1


def test_a_taken_address_leads_to_where_the_two_are_merged(browser: Client):
    external_contact("Eero", email="a@example.com")
    contact = external_contact("Aino")

    taken = words(browser.post(f"/contacts/{contact.pk}/edit/", {"last_name": "Laine", "work_email": "a@example.com"}))

    (address,) = re.findall(r'<a href="([^"]+)">Merge them</a>', taken)
    assert "Merge Eero" in words(browser.get(address))


def test_a_field_that_left_the_schema_keeps_its_value(browser: Client):
    settings = SystemSettings.load()
    settings.contact_fields = '{"properties": {"old": {"type": "string"}, "new": {"type": "string"}}}'
    settings.save()
    contact = external_contact(custom_fields={"old": "x"})
    settings.contact_fields = '{"properties": {"new": {"type": "string"}}}'
    settings.save()

    browser.post(f"/contacts/{contact.pk}/edit/", {"first_name": "Aino", "custom_new": "y"})

    contact.refresh_from_db()
    assert contact.custom_fields == {"old": "x", "new": "y"}


def test_two_are_merged_and_the_old_address_leads_on(browser: Client):
    contact, other = external_contact(phone="+358401111111"), external_contact(email="a@example.com")
    assert "Merge Aino Laine into it" in words(browser.get(f"/contacts/{contact.pk}/merge/"))

    merged = browser.post(f"/contacts/{contact.pk}/merge/", {"other": other.pk}, follow=True)

    assert "The two are one contact now." in words(merged) and "a@example.com" in words(merged)
    assert browser.get(f"/contacts/{other.pk}/")["Location"] == f"/contacts/{contact.pk}/"
    again = browser.post(f"/contacts/{contact.pk}/merge/", {"other": contact.pk}, follow=True)
    assert "Name 2 to 25 different contacts." in words(again)


def test_notes_are_added_and_deleted(browser: Client):
    contact = external_contact()
    browser.post(f"/contacts/{contact.pk}/notes/", {"text": "likes tea"})
    note = ContactNote.objects.get()
    assert "likes tea" in words(browser.get(f"/contacts/{contact.pk}/"))

    elsewhere = browser.post(f"/contacts/{external_contact('Eero').pk}/notes/{note.pk}/delete/")
    browser.post(f"/contacts/{contact.pk}/notes/{note.pk}/delete/")

    assert elsewhere.status_code == 404 and not ContactNote.objects.exists()


def test_only_conversations_that_the_viewer_may_see_are_shown(browser: Client, queue: Queue):
    contact = external_contact()
    seen, unseen = ended_conversation(queue), ended_conversation(QueueFactory(name="Secret queue"))
    for conversation in (seen, unseen):
        associate(conversation.pk, contact.pk, how=Association.How.API, by=None, now=timezone.now())

    shown = words(browser.get(f"/contacts/{contact.pk}/"))

    assert str(seen.pk) in shown and str(unseen.pk) not in shown and "Secret" not in shown


def test_pages_follow_each_other_and_cost_the_same(browser: Client, django_assert_max_num_queries: Any):
    for number in range(51):
        external_contact(last_name=f"L{number:02}")

    with django_assert_max_num_queries(9):
        first = words(browser.get("/contacts/"))
    older = re.search(r'href="(/contacts/\?after=[^"]+)"', first)
    assert older and "Aino L50" in first and "Aino L00" not in first
    assert "Aino L00" in words(browser.get(older[1]))
    assert browser.get("/contacts/?after=x").status_code == 302
