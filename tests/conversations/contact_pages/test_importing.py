"""Contacts from a file: all of its rows, or none."""

from __future__ import annotations

import html
import io
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from channels_cfg.models import Right, SystemSettings
from conversations.contacts.identifiers import email, external_id
from conversations.models import ContactIdentifier, ExternalContact
from tests.factories import QueueFactory, external_contact, user_with

pytestmark = pytest.mark.django_db

GOOD = "First name,Last name,Work e-mail,external_ids,City\nAino,Laine,Aino@Example.com,crm: 7,Turku\n,Berg,,crm: 8,\n"


@pytest.fixture
def browser(db: None) -> Client:
    client = Client()
    client.force_login(user_with(Right.MANAGE_CONTACTS, on=QueueFactory()))
    return client


def sent(browser: Client, content: str | bytes, button: str = "import") -> tuple[int, str]:
    body = content.encode() if isinstance(content, str) else content
    answer = browser.post("/contacts/import/", {"file": SimpleUploadedFile("contacts.csv", body), button: "yes"})
    return answer.status_code, html.unescape(answer.content.decode())


def test_each_row_becomes_a_contact_or_changes_the_one_it_identifies(browser: Client):
    known = external_contact("A.", "Berg", title="Dr.", identifiers=(external_id("crm", "8"),), address={"city": "Åbo"})

    tried, said = sent(browser, GOOD, "try")
    assert tried == 200 and "Every row is good" in said and said.count("Added") == 1 and said.count("Changed") == 1
    assert ExternalContact.objects.get() == known

    imported, _said = sent(browser, GOOD)
    again, _said = sent(browser, GOOD)

    assert (imported, again) == (302, 302) and ExternalContact.objects.count() == 2
    new = ContactIdentifier.objects.get(value="aino@example.com").contact
    assert (new.name, new.address) == ("Aino Laine", {"city": "Turku"})
    known.refresh_from_db()
    assert (known.first_name, known.title, known.address) == ("A.", "Dr.", {"city": "Åbo"})


def test_where_one_row_is_refused_nothing_is_changed(browser: Client):
    external_contact("Eero", identifiers=(external_id("crm", "1"),))
    external_contact("Eva", identifiers=(email("eva@example.com"),))
    rows = [
        "First name,Work phone,Work e-mail,External ids",
        "Good,+358401234567,,",
        "Bad,040 123,,",
        ",,x@example.com,",
        "Two,,eva@example.com,crm: 1",
    ]

    status, said = sent(browser, "\n".join(rows))

    assert status == 422 and "Nothing was changed" in said and said.count("Refused") == 3
    assert "is no full telephone number" in said and "Give a first name or a last name." in said
    assert "belong to several contacts" in said
    assert ExternalContact.objects.count() == 2


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "empty"),
        ("First name\n", "no rows"),
        ("Firstname,Last name\nA,B\n", "Did you mean “First name”"),
        ("First name,first_name\nA,B\n", "twice"),
        (b"First name\n\xff\n", "UTF-8"),
        ("First name\n" + "A\n" * 1001, "more than 1000 rows"),
        ("First name\n" + "A" * 1024 * 1024, "larger than 1 MiB"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_why(browser: Client, content: Any, why: str):
    status, said = sent(browser, content)

    assert status == 422 and why in said
    assert not ExternalContact.objects.exists()


def test_a_workbook_with_custom_fields_is_read(browser: Client):
    settings = SystemSettings.load()
    settings.contact_fields = '{"properties": {"points": {"type": "integer", "title": "Points"}}}'
    settings.save()
    book = openpyxl.Workbook()
    for row in (["Last name", "Points"], ["Laine", 12], ["Berg", "=1+1"]):
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)

    status, said = sent(browser, file.getvalue())
    book.active.delete_rows(3)
    file = io.BytesIO()
    book.save(file)
    imported, _said = sent(browser, file.getvalue())

    assert status == 422 and "A formula is not worked out here" in said
    assert imported == 302 and ExternalContact.objects.get().custom_fields == {"points": 12}


def test_who_manages_no_contacts_imports_none():
    client = Client()
    client.force_login(user_with(Right.SERVE, on=QueueFactory()))

    assert client.get("/contacts/import/").status_code == 404
    assert sent(client, GOOD)[0] == 404 and not ExternalContact.objects.exists()
