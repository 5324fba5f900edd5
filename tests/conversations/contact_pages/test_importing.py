"""Contacts from a file: what each row would do, then doing it; large files by a worker."""

from __future__ import annotations

import html
import io
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone

from channels_cfg import jobs
from channels_cfg.models import AccessRight, PlannedRecord, Right, SystemSettings, WaitingUpload
from conversations.contact_pages import importing, imports
from conversations.contacts import records
from conversations.contacts.identifiers import email, external_id
from conversations.contacts.searching import matching
from conversations.models import Association, ContactIdentifier, ExternalContact
from tests.factories import QueueFactory, external_contact, queued_conversation, user_with

pytestmark = pytest.mark.django_db

GOOD = "First name,Last name,Work e-mail,external_ids,City\nAino,Laine,Aino@Example.com,crm: 7,Turku\n,Berg,,crm: 8,\n"


@pytest.fixture
def browser(db: None) -> Client:
    client = Client()
    client.force_login(user_with(Right.MANAGE_CONTACTS, on=QueueFactory()))
    return client


def sent(browser: Client, content: str | bytes) -> tuple[int, str]:
    """The status, and the page that shows what the file would do, or why it cannot be read."""
    body = content.encode() if isinstance(content, str) else content
    answer = browser.post("/contacts/import/", {"file": SimpleUploadedFile("contacts.csv", body)}, follow=True)
    return answer.status_code, text_of(answer)


def text_of(answer: Any) -> str:
    return " ".join(html.unescape(answer.content.decode()).split())


def preview() -> str:
    return f"/contacts/import/{WaitingUpload.objects.get().pk}/"


def confirmed(browser: Client, **asked: str) -> tuple[int, str]:
    answer = browser.post(preview(), asked, follow=True)
    return answer.status_code, text_of(answer)


def test_each_row_becomes_a_contact_or_changes_the_one_it_identifies(browser: Client):
    known = external_contact("A.", "Berg", title="Dr.", identifiers=(external_id("crm", "8"),), address={"city": "Åbo"})

    tried, said = sent(browser, GOOD)
    assert tried == 200 and "Nothing has been changed yet" in said and "Import 2 contacts" in said
    assert said.count(">Added<") == 1 and said.count(">Changed<") == 1
    assert ExternalContact.objects.get() == known

    _status, said = confirmed(browser)

    assert "1 contact was added. 1 was changed." in said
    new = ContactIdentifier.objects.get(value="aino@example.com").contact
    assert (new.name, new.address) == ("Aino Laine", {"city": "Turku"})
    assert list(matching("laine")) == [new]
    known.refresh_from_db()
    assert (known.first_name, known.title, known.address) == ("A.", "Dr.", {"city": "Åbo"})
    assert bytes(WaitingUpload.objects.get().content) == b"" and not PlannedRecord.objects.exists()
    browser.post(preview(), {"discard": "yes"})
    sent(browser, GOOD)
    assert "0 contacts were added. 2 were changed." in confirmed(browser)[1] and ExternalContact.objects.count() == 2


def test_rows_that_are_refused_are_left_out_when_that_is_asked_for(browser: Client):
    external_contact("Eero", identifiers=(external_id("crm", "1"),))
    external_contact("Eva", identifiers=(email("eva@example.com"),))
    rows = [
        "First name,Work phone,Work e-mail,External ids",
        "Good,+358401234567,,",
        "Bad,040 123,,",
        ",,x@example.com,",
        "Two,,eva@example.com,crm: 1",
        'Twice,,,"crm: 5\ncrm: 5"',
    ]

    status, said = sent(browser, "\n".join(rows))

    assert status == 200 and said.count('chip--bad">Refused') == 4 and "Leave out the 4 refused rows" in said
    assert "is no full telephone number" in said and "Give a first name or a last name." in said
    assert "belong to several contacts" in said and "It is there twice" in said
    assert confirmed(browser)[0] == 409 and ExternalContact.objects.count() == 2
    _status, said = confirmed(browser, without_refused="yes")
    assert "1 contact was added" in said and "4 rows were refused; they are below." in said
    assert {contact.first_name for contact in ExternalContact.objects.all()} == {"Eero", "Eva", "Good"}


def test_rows_about_one_contact_make_and_then_change_it(browser: Client):
    rows = [
        "First name,Title,Work e-mail,External ids",
        "Aino,,a@example.com,",
        ",Dr.,a@example.com,crm: 7",
        ",Sir,,crm: 7",
    ]

    assert "Added <b>1</b>" in sent(browser, "\n".join(rows))[1]
    confirmed(browser)

    contact = ExternalContact.objects.get()
    assert (contact.first_name, contact.title, contact.identifiers.count()) == ("Aino", "Sir", 2)


def test_the_customer_of_an_open_conversation_is_imported_and_associated(browser: Client):
    waiting = queued_conversation(QueueFactory(), customer_address="358401234567")

    sent(browser, "First name,Work phone\nAino,+358401234567\n")
    confirmed(browser)

    assert Association.objects.get().conversation == waiting


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "empty"),
        ("First name\n", "no rows"),
        ("Firstname,Last name\nA,B\n", "Did you mean “First name”"),
        ("First name,first_name\nA,B\n", "twice"),
        (b"First name\n\xff\n", "UTF-8"),
        ("First name\n" + "A" * 10 * 1024 * 1024, "larger than 10 MiB"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_why(browser: Client, settings: Any, content: Any, why: str):
    settings.UPLOAD_READ_AT_ONCE = 10**9

    status, said = sent(browser, content)

    assert status == 422 and why in said
    assert not ExternalContact.objects.exists() and not WaitingUpload.objects.exists()


def test_a_workbook_with_custom_fields_is_read(browser: Client):
    settings = SystemSettings.load()
    settings.contact_fields = '{"properties": {"points": {"type": "integer", "title": "Points"}}}'
    settings.save()
    book = openpyxl.Workbook()
    for row in (["Last name", "Points"], ["Laine", 12], ["Berg", "=1+1"], ["Salo", "many"]):
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)

    _status, said = sent(browser, file.getvalue())
    confirmed(browser, without_refused="yes")

    assert "A formula is not worked out here" in said and said.count('chip--bad">Refused') == 2
    assert ExternalContact.objects.get().custom_fields == {"points": 12}


def test_who_manages_no_contacts_imports_none(browser: Client):
    sent(browser, GOOD)
    address = preview()
    client, other = Client(), Client()
    client.force_login(user_with(Right.SERVE, on=QueueFactory()))
    other.force_login(user_with(Right.MANAGE_CONTACTS, on=QueueFactory()))

    assert client.get("/contacts/import/").status_code == client.get(address).status_code == 404
    assert client.post("/contacts/import/", {"file": SimpleUploadedFile("a.csv", b"x")}).status_code == 404
    assert other.get(address).status_code == other.post(address).status_code == 404
    assert not ExternalContact.objects.exists()


# Large files


@pytest.fixture
def large(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file is, and a batch is two rows."""
    settings.UPLOAD_READ_AT_ONCE = 1
    monkeypatch.setattr(jobs.Progress, "seconds", 0.0)
    monkeypatch.setattr(importing, "BATCH", 2)


def rows_of(*names: str) -> str:
    return "First name,External ids\n" + "".join(f"{name},crm: {name}\n" for name in names)


def worked_on() -> WaitingUpload:
    jobs.work_on(WaitingUpload, WaitingUpload.objects.get().pk)
    return WaitingUpload.objects.get()


def test_a_large_file_is_judged_and_imported_by_a_worker_who_tells_how_far_it_is(
    browser: Client, large: None, monkeypatch: pytest.MonkeyPatch
):
    told: list[int] = []
    note = jobs.note
    monkeypatch.setattr(jobs, "note", lambda job, **facts: (told.append(facts["percent"]), note(job, **facts)))

    assert "The file is being read" in sent(browser, rows_of(*"ABCDE"))[1]
    assert "Waiting for a worker" in text_of(browser.get(preview() + "progress/"))
    assert worked_on().is_ready and told == sorted(told) and len(set(told)) > 2
    assert "Import 5 contacts" in text_of(browser.get(preview())) and not ExternalContact.objects.exists()
    told.clear()
    assert "The contacts are being imported" in confirmed(browser)[1]
    upload = worked_on()

    assert (upload.state, upload.content, upload.rows_done) == ("done", b"", 6)
    assert told == sorted(told) and len(set(told)) > 2
    assert browser.get(preview() + "progress/")["HX-Refresh"] == "true"
    assert "5 contacts were added" in text_of(browser.get(preview())) and ExternalContact.objects.count() == 5


def test_a_large_file_that_cannot_be_read_says_so_on_its_page(browser: Client, large: None):
    sent(browser, "First name\n\n")
    worked_on()

    said = text_of(browser.get(preview()))

    assert "The file is refused" in said and "no rows" in said
    assert confirmed(browser, without_refused="yes")[0] == 409
    browser.post(preview(), {"discard": "yes"})
    assert not WaitingUpload.objects.exists()


def test_more_rows_than_are_taken_are_refused_whole(browser: Client, large: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importing, "MOST_ROWS", 3)

    sent(browser, rows_of(*"ABCD"))
    worked_on()

    assert "more than 3 rows" in text_of(browser.get(preview())) and PlannedRecord.objects.count() == 1


def interrupted_after(batches: int, monkeypatch: pytest.MonkeyPatch, interruption: Exception) -> None:
    """The worker comes so far."""
    write, written = imports.write, []

    def write_some(rows: Any, **facts: Any) -> Any:
        if len(written) == batches:
            raise interruption
        written.append(rows)
        return write(rows, **facts)

    monkeypatch.setattr(imports, "write", write_some)


def test_a_worker_that_takes_over_goes_on_where_the_other_ended(
    browser: Client, large: None, monkeypatch: pytest.MonkeyPatch
):
    sent(browser, rows_of(*"ABCDE"))
    worked_on()
    confirmed(browser)
    with monkeypatch.context() as meanwhile:
        interrupted_after(1, meanwhile, RuntimeError())
        assert worked_on().rows_done == 3 and ExternalContact.objects.count() == 2
    WaitingUpload.objects.update(held_until=None)

    assert worked_on().state == "done" and ExternalContact.objects.count() == 5


def test_stopping_keeps_what_was_imported_before(browser: Client, large: None, monkeypatch: pytest.MonkeyPatch):
    sent(browser, rows_of(*"ABCDE"))
    worked_on()
    confirmed(browser)
    with monkeypatch.context() as meanwhile:
        interrupted_after(1, meanwhile, RuntimeError())
        worked_on()

    said = text_of(browser.post(preview(), {"discard": "yes"}, follow=True))

    assert "Stopped after row 3. What was imported before stays." in said
    assert ExternalContact.objects.count() == 2 and not WaitingUpload.objects.exists()


def test_what_somebody_else_changed_meanwhile_is_refused_and_told(browser: Client, large: None):
    gone = external_contact("Gone", identifiers=(external_id("crm", "A"),))
    sent(browser, "External ids,Title\ncrm: A,Dr.\n" + "crm: B,Dr.\n")
    worked_on()
    records.delete(gone.pk, now=timezone.now())
    external_contact("B", identifiers=(external_id("crm", "B"),))
    confirmed(browser, without_refused="yes")
    worked_on()

    said = text_of(browser.get(preview()))

    assert "0 contacts were added. 0 were changed. 2 rows were refused" in said
    assert ExternalContact.objects.get().title == ""


def test_who_may_no_longer_manage_contacts_imports_none(browser: Client, large: None):
    sent(browser, rows_of("A"))
    worked_on()
    confirmed(browser)
    AccessRight.objects.all().delete()

    assert worked_on().state == "failed" and not ExternalContact.objects.exists()


def test_a_file_with_contacts_lies_nowhere_in_plain_and_on_no_page_of_settings(browser: Client, large: None):
    sent(browser, rows_of("hush4711"))
    root = Client()
    root.force_login(WaitingUpload.objects.get().user)

    with connection.cursor() as cursor:
        cursor.execute("SELECT upload::text, encode(content, 'escape') FROM channels_cfg_waitingupload upload")
        assert "hush4711" not in str(cursor.fetchall())
    assert root.get(f"/admin/channels_cfg/systemsettings/uploads/{WaitingUpload.objects.get().pk}/").status_code != 200
