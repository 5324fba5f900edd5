"""Merged contacts are one, and their ids lead to it for ever."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from conversations.contacts import records
from conversations.contacts.associating import associate
from conversations.contacts.holding import contact_of
from conversations.contacts.identifiers import holders, phone
from conversations.contacts.merging import merge
from conversations.contacts.searching import matching
from conversations.models import Association, ContactNote, ExternalContact
from tests.factories import QueueFactory, external_contact, queued_conversation

pytestmark = pytest.mark.django_db


def test_the_first_takes_over_all_that_the_others_had():
    now = timezone.now()
    first = external_contact("Aino", "Laine", phone="+358401111111", title="old", now=now - timedelta(days=2))
    second = external_contact("A.", "Laine", phone="+358402222222", title="new", email="a@example.com")
    ContactNote.objects.create(contact=second, text="likes tea", created_at=now, modified_at=now)
    conversation = queued_conversation(QueueFactory())
    associate(conversation.pk, second.pk, how=Association.How.API, by=None, now=now)

    merged = merge([first.pk, second.pk], overrides={"first_name": "Aino"}, now=now)

    assert merged.pk == first.pk
    assert (merged.first_name, merged.title) == ("Aino", "new")
    assert {(row.value, row.slot) for row in merged.identifiers.all()} == {
        ("+358401111111", "work_phone"),
        ("+358402222222", "cell_phone"),
        ("a@example.com", "work_email"),
    }
    assert merged.notes.get().text == "likes tea"
    assert Association.objects.get().contact_id == first.pk
    assert contact_of(second.pk) == merged
    assert list(matching("laine")) == [merged]


def test_ids_lead_on_through_any_number_of_merges():
    contacts = [external_contact(last_name=f"L{number}") for number in range(4)]

    for earlier, later in pairwise(contacts):
        merge([later.pk, earlier.pk], now=timezone.now())

    assert {contact_of(contact.pk).pk for contact in contacts} == {contacts[-1].pk}
    assert merge([contacts[0].pk, contacts[1].pk], now=timezone.now()).pk == contacts[-1].pk
    with pytest.raises(records.ContactMerged):
        records.delete(contacts[0].pk, now=timezone.now())
    records.delete(contacts[-1].pk, now=timezone.now())
    assert not ExternalContact.objects.exists()


@pytest.mark.parametrize("number", [0, 1, 26])
def test_a_merge_names_two_to_twenty_five_contacts(number):
    with pytest.raises(ValidationError):
        merge([uuid4() for _ in range(number)], now=timezone.now())


def test_a_merge_with_one_that_is_not_there_changes_nothing():
    contact, nobody = external_contact(), uuid4()

    with pytest.raises(ExternalContact.DoesNotExist, match=str(nobody)):
        merge([contact.pk, nobody], now=timezone.now())

    assert ExternalContact.objects.get().merged_into is None


@pytest.mark.django_db(transaction=True)
def test_merges_at_once_in_a_ring_leave_one_contact_and_lose_nothing(transactional_db):
    contacts = [external_contact(last_name=f"L{n}", phone=f"+35840111222{n}") for n in range(6)]
    rings = [(contacts[n].pk, contacts[(n + 1) % 6].pk) for n in range(6)]

    def join(pair):
        try:
            return merge(pair, now=timezone.now()).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(join, rings))

    (left,) = ExternalContact.objects.current()
    assert left.identifiers.count() == 6
    assert {contact_of(contact.pk) for contact in contacts} == {left}
    assert holders([phone("+358401112223")]) == [left.pk]
