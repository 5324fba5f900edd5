"""Contacts by what is known of them: exactly by an identifier, or freely by words."""

from __future__ import annotations

from django.db.models import Q

from conversations.models import ExternalContact
from conversations.models.external_contact import ExternalContactQuerySet
from conversations.storable import storable
from conversations.telephone import numbers_meant

LONGEST_QUESTION = 400


def matching(text: str) -> ExternalContactQuerySet:
    """Contacts in which every word of the text occurs, whatever its case and accents; or, where the text is a telephone
    number, that have a number it may mean. All of them for an empty text."""
    text = storable(text)[:LONGEST_QUESTION].strip()
    found = ExternalContact.objects.current()
    every_word = Q()
    for word in text.split():
        every_word &= Q(words__finds=word)
    numbers = Q()
    for number in numbers_meant(text):
        numbers |= Q(words__finds=number)
    return found.filter(every_word | numbers) if numbers else found.filter(every_word)


def called(name: str) -> ExternalContactQuerySet:
    """Contacts whose name holds every word of this one; none for an empty name."""
    found = matching(name)
    return found if name.strip() else found.none()
