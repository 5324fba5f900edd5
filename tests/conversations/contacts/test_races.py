"""Contacts are merged while conversations come in and are associated: nothing waits for ever or points nowhere."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.db import connection
from django.utils import timezone

from conversations.contacts.associating import associate
from conversations.contacts.holding import contact_of
from conversations.contacts.merging import merge
from conversations.models import Association, Conversation, ExternalContact
from tests.factories import QueueFactory, external_contact, queued_conversation

NUMBERS = [f"+35840111222{number}" for number in range(4)]


@pytest.mark.django_db(transaction=True)
def test_merging_while_conversations_come_in_leaves_each_with_the_contact_that_is_left(transactional_db):
    queue = QueueFactory()
    contacts = [external_contact(last_name=number, phone=number) for number in NUMBERS]
    waiting = [queued_conversation(queue, customer_address="nobody") for _ in range(4)]
    deeds: list[Callable[[], object]] = []
    for number, contact in enumerate(contacts):
        deeds += [partial(queued_conversation, queue, customer_address=NUMBERS[number]) for _ in range(2)]
        how = Association.How.API
        deeds += [partial(associate, waiting[number].pk, contact.pk, how=how, by=None, now=timezone.now())]
        if number:
            deeds += [partial(merge, [contacts[0].pk, contact.pk], now=timezone.now())]

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(finished, deeds))

    (left,) = ExternalContact.objects.current()
    assert {contact_of(contact.pk) for contact in contacts} == {left}
    assert set(Association.objects.values_list("contact", flat=True)) == {left.pk}
    assert Association.objects.count() == Conversation.objects.count() == 12


def finished(deed: Callable[[], object]) -> object:
    try:
        return deed()
    finally:
        connection.close()
