"""Contacts are kept, found by what identifies them, and leave nothing behind."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from channels_cfg.models import SystemSettings
from conversations.contacts import records
from conversations.contacts.identifiers import channel_identity, email, external_id, holders, phone
from conversations.contacts.searching import matching
from conversations.models import ContactIdentifier, ContactNote, ExternalContact
from tests.factories import external_contact

pytestmark = pytest.mark.django_db
NOBODY = {"first_name": "Eero", "last_name": "Niemi"}


@pytest.mark.parametrize(
    ("written", "country", "stored"),
    [
        ("+358 (0)40 123 4567", "", "+358401234567"),
        ("00358401234567", "", "+358401234567"),
        ("040 123 4567", "fi", "+358401234567"),
        ("+358 9 1234567 ext. 12", "", "+35891234567;ext=12"),
    ],
)
def test_a_number_is_stored_in_one_form(written, country, stored):
    assert phone(written, country).value == stored


@pytest.mark.parametrize("written", ["040 123 4567", "12", "", "call me", "+1"])
def test_a_number_that_nobody_abroad_could_call_is_refused(written):
    with pytest.raises(ValidationError, match="country"):
        phone(written)


def test_a_contact_is_found_by_each_of_its_identifiers():
    ids = (external_id("crm", "12345678"), channel_identity("MESSENGER", "99", "APP"), email("AINO@Example.com"))
    contact = external_contact(phone="+358 40 123 4567", identifiers=ids)

    for identifier in (*ids, phone("0401234567", "FI"), email("aino@example.COM")):
        assert holders([identifier]) == [contact.pk]
    for other in (
        external_id("crm", "123456"),
        external_id("erp", "12345678"),
        channel_identity("MESSENGER", "9", "APP"),
    ):
        assert holders([other]) == []


def test_two_contacts_never_have_the_same_identifier():
    first = external_contact(phone="+358401234567")

    with pytest.raises(records.IdentifierTaken, match="Merge the two") as taken:
        external_contact("Eero", email="eero@example.com", phone="00358401234567")

    assert taken.value.contact_id == first.pk
    assert ExternalContact.objects.count() == 1 and not ContactIdentifier.objects.filter(kind="email").exists()


def test_a_change_replaces_what_stands_in_slots_and_keeps_what_was_claimed():
    contact = external_contact(phone="+358401234567", email="a@example.com")
    records.claim(contact.pk, channel_identity("MESSENGER", "99"), now=timezone.now())

    details = records.Details(
        {"first_name": "Aila", "last_name": "Laine"}, [phone("+358405556666"), email("a@example.com")]
    )
    records.change(contact.pk, details, now=timezone.now())

    assert {row.value: row.slot for row in contact.identifiers.all()} == {
        "+358405556666": "work_phone",
        "a@example.com": "work_email",
        "99": "",
    }
    assert list(matching("aila 5556666")) == [contact] and not matching("1234567").exists()


def test_words_are_found_whatever_their_case_and_accents_and_numbers_however_written():
    contact = external_contact("Åsa", "Mäki-Niemi", title="12345678", phone="+358401234567")
    external_contact("Åsa", "Berg", title="123456")

    for asked in ("åsa MÄKI", "ma\u0308ki", "040 123 4567", "+358 40 1234567", "12345678"):
        assert list(matching(asked)) == [contact], asked
    assert matching("123456").count() == 2  # as the vendor's own search
    assert matching("").count() == 2


def test_a_refused_contact_leaves_nothing_and_names_its_field():
    for fields, name in (
        ({"first_name": " ", "last_name": ""}, "first_name"),
        ({"first_name": "x" * 1001}, "first_name"),
        ({"address": {"town": "x"}}, "address"),
        ({"external_system_url": "javascript:alert(1)"}, "external_system_url"),
        ({"title": "a\x00b"}, "title"),
        ({"custom_fields": {"dni": "1"}}, "customFields.dni"),
    ):
        with pytest.raises(ValidationError) as refused:
            external_contact(**({"first_name": "A"} | fields))
        assert list(refused.value.message_dict) == [name]
    assert not ExternalContact.objects.exists()


def test_custom_fields_follow_the_schema_of_the_settings():
    settings = SystemSettings.load()
    settings.contact_fields = '{"properties": {"dni": {"type": "string", "maxLength": 8}, "vip": {"type": "boolean"}}}'
    settings.full_clean()
    settings.save()

    contact = external_contact(custom_fields={"dni": "12582152", "vip": True})

    assert list(matching("12582152")) == [contact]
    with pytest.raises(ValidationError) as refused:
        external_contact(custom_fields={"dni": "123456789", "vip": "yes"})
    assert refused.value.message_dict.keys() == {"customFields.dni", "customFields.vip"}
    assert "123456789" not in str(refused.value)


@pytest.mark.parametrize(
    ("schema", "complaint"),
    [
        ("{", "line 1"),
        ('{"properties": {"a b": {"type": "string"}}}', "no name of a field"),
        ('{"properties": {"a": {"type": "object"}}}', "its type is one of"),
        ('{"properties": {"a": {"$ref": "x"}}}', "not followed"),
        ('{"type": "array"}', "Write"),
    ],
)
def test_a_schema_that_says_nothing_is_refused(schema, complaint):
    with pytest.raises(ValidationError, match=complaint):
        SystemSettings(contact_fields=schema).full_clean()


def test_a_contact_is_found_or_made_in_one_call():
    asked = [external_id("crm", "1"), email("aino@example.com")]

    made, is_new = records.find_or_create(asked, records.Details(NOBODY), now=timezone.now())
    found, again = records.find_or_create(asked[1:], records.Details(NOBODY), now=timezone.now())

    assert (is_new, again) == (True, False) and found == made
    assert set(made.identifiers.values_list("value", "slot")) == {("1", ""), ("aino@example.com", "work_email")}


@pytest.mark.django_db(transaction=True)
def test_however_many_ask_at_once_one_contact_is_made(transactional_db):
    def ask(_number: int) -> tuple[str, bool]:
        try:
            asked = [external_id("crm", "12582152")]
            contact, is_new = records.find_or_create(asked, records.Details(NOBODY), now=timezone.now())
            return str(contact.pk), is_new
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(ask, range(18)))

    assert len({pk for pk, _is_new in answers}) == 1
    assert sum(is_new for _pk, is_new in answers) == 1
    assert ExternalContact.objects.count() == 1


def test_a_deleted_contact_leaves_nothing_of_what_it_said():
    contact = external_contact("Canary", "Customer", email="canary@example.com", title="canary")
    ContactNote.objects.create(contact=contact, text="canary", created_at=timezone.now(), modified_at=timezone.now())

    records.delete(contact.pk, now=timezone.now())

    for model in (ExternalContact, ContactIdentifier, ContactNote):
        assert not model.objects.exists()
    assert holders([email("canary@example.com")]) == []
    with pytest.raises(ExternalContact.DoesNotExist):
        records.delete(contact.pk, now=timezone.now())
