"""The page of a metadata destination: the fields of its kind, its secret, its templates, and who delivers there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from channels_cfg.models import MetadataDestination, Queue, SystemSettings
from tests.channels_cfg.admin.forms import open_form, save_form
from tests.factories import ChannelFactory, MetadataDestinationFactory, QueueFactory, UserFactory
from tests.factories.channels_cfg import NEEDED_OF_DESTINATIONS

pytestmark = pytest.mark.django_db

ADD = reverse("admin:channels_cfg_metadatadestination_add")
LIST = reverse("admin:channels_cfg_metadatadestination_changelist")


def page_of(destination: MetadataDestination) -> str:
    return reverse("admin:channels_cfg_metadatadestination_change", args=[destination.pk])


@pytest.mark.parametrize("kind", MetadataDestination.Kind.values)
def test_a_destination_of_each_kind_is_added_without_what_was_typed_for_another(browser: Client, kind: str):
    typed = {"folder": "metadata", "bucket": "b", "port": "2222", "region": "eu", "scope": "all", "header": "X-Key"}
    needed = NEEDED_OF_DESTINATIONS[kind]

    answer = save_form(browser, ADD, **typed | {"name": "Archive", "kind": kind} | needed)

    assert answer.redirect_chain, answer.context["adminform"].form.errors
    added = MetadataDestination.objects.get()
    assert {name: getattr(added, name) for name in needed} == needed
    assert (added.bucket != "", added.port) == (kind in ("s3", "gcs", "azure"), 2222 if kind == "sftp" else None)
    assert (added.scope, added.header) == ("", "")


def test_a_stored_secret_is_never_shown_stays_where_nothing_is_typed_and_goes_to_no_other_server(browser: Client):
    destination = MetadataDestinationFactory(kind="sftp", secret="line one\nline two")
    page = page_of(destination)

    assert "line one" not in browser.get(page).content.decode()
    assert save_form(browser, page, folder="in").redirect_chain
    refused = save_form(browser, page, host="sftp.example.net")
    assert refused.context["adminform"].form.errors["secret"][0].startswith("Enter it again")
    assert save_form(browser, page, host="sftp.example.net", secret="line one\r\nline three").redirect_chain

    destination.refresh_from_db()
    assert (destination.folder, destination.host) == ("in", "sftp.example.net")
    assert destination.secret.split() == ["line", "one", "line", "three"]


def example(browser: Client, name: str, text: str, kind: str = "crm") -> str:
    address = reverse("admin:metadata_destination_example", args=[name])
    return browser.post(address, {name: text, "kind": kind}).content.decode()


def test_a_template_is_shown_as_what_it_becomes_or_with_what_is_wrong(browser: Client):
    assert "<code>2026/call-1418.json</code>" in example(browser, "file_name", "{year}/{kind}-{number}.json")
    assert "Did you mean “number”?" in example(browser, "file_name", "{kind}-{numbr}.json")
    assert "/tickets/CS-2071" in example(browser, "address", "https://crm.example.com/tickets/{ticket_id}")
    assert "<code>" not in example(browser, "address", "inbox@crm.example.com", kind="email")
    assert "[CS-2071]" in example(browser, "subject", "Session [{ticket_id}]")
    assert "<code>&lt;b&gt;CS-2071</code>" in example(browser, "subject", "<b>{ticket_id}")


def test_who_may_not_see_destinations_is_shown_no_template():
    stranger = Client()
    stranger.force_login(UserFactory(is_staff=True))

    address = reverse("admin:metadata_destination_example", args=["file_name"])
    assert stranger.post(address, {"file_name": "{id}"}).status_code == 403


def test_the_list_counts_the_voice_and_chat_queues_that_deliver_there(browser: Client):
    for name in ("Archive", "CRM", "Unused"):
        MetadataDestinationFactory(name=name)
    SystemSettings(metadata_destinations=["Archive"]).save()
    follows, own = ChannelFactory(), ChannelFactory(metadata_destinations=["CRM"])
    QueueFactory(channel=follows)
    QueueFactory(channel=own)
    QueueFactory(channel=own, metadata_destinations=["Archive", "CRM"])
    QueueFactory(channel=ChannelFactory(kind="email"))

    listed = browser.get(LIST).context["cl"].result_list

    assert {found.name: found.number_of_queues for found in listed} == {"Archive": 2, "CRM": 2, "Unused": 0}


def test_a_listed_destination_is_not_deleted_and_its_lists_are_named(browser: Client):
    destination = MetadataDestinationFactory(name="Archive")
    QueueFactory(name="Sales", metadata_destinations=["Archive"])

    page = browser.post(page_of(destination).replace("change", "delete"), {"post": "yes"}).content.decode()

    assert "“Archive” is used by queue “Sales”. Take it off these lists first" in page
    assert MetadataDestination.objects.exists()


def test_a_queue_says_where_its_files_go_and_may_go_elsewhere(browser: Client):
    for name in ("Archive", "CRM"):
        MetadataDestinationFactory(name=name, is_active=name == "CRM")
    queue = QueueFactory(channel=ChannelFactory(name="Chat", metadata_destinations=["Archive"]))
    page = reverse("admin:channels_cfg_queue_change", args=[queue.pk])

    shown: Any = browser.get(page).context["adminform"].form.fields["metadata_destinations"]
    assert "None chosen: as channel Chat says, now Archive." in shown.help_text
    assert [label for _name, label in shown.choices] == ["Archive (not active)", "CRM"]

    answer = save_form(browser, page, metadata_destinations=["CRM", "Archive"])
    assert answer.redirect_chain, (answer.context["adminform"].form.errors, answer.context["errors"])
    assert sorted(Queue.objects.get().metadata_destinations) == ["Archive", "CRM"]
    assert open_form(browser, page)["metadata_destinations"] == Queue.objects.get().metadata_destinations


def test_files_are_delivered_after_a_delay_of_the_system(browser: Client):
    page = reverse("admin:channels_cfg_systemsettings_change", args=[1])

    assert save_form(browser, page, session_metadata_minutes="0").redirect_chain

    assert SystemSettings.load().session_metadata_minutes == 0


def found_by_testing(browser: Client, destination: MetadataDestination | None, **typed: Any) -> str:
    """What the test says with this typed into the form."""
    form = open_form(browser, page_of(destination) if destination else ADD) | typed
    form |= {"tried": destination.pk} if destination else {}
    before = list(MetadataDestination.objects.values())
    answer = browser.post(reverse("admin:test_metadata_destination"), form, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert list(MetadataDestination.objects.values()) == before, "nothing is saved"
    return answer.content.decode()


def test_a_folder_is_tested_as_it_is_typed_and_as_it_is_stored_and_left_empty(browser: Client, tmp_path: Path):
    destination = MetadataDestinationFactory(folder=str(tmp_path))

    found = found_by_testing(browser, None, kind="folder", folder=str(tmp_path))
    without_scripts = browser.post(reverse("admin:test_metadata_destination"), {"tried": destination.pk})

    for text in (found, without_scripts.content.decode()):
        assert "A file was written, overwritten, read back and removed." in text and "is-good" in text
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert "is-bad" in found_by_testing(browser, destination, folder="/no/such/folder")


def test_what_is_wrong_with_a_destination_is_said_in_words_and_no_secret_with_it(browser: Client):
    destination = MetadataDestinationFactory(kind="sftp", secret="open sesame")

    assert "Secret: Enter it again" in found_by_testing(browser, destination, host="sftp.example.net")
    private = found_by_testing(browser, destination, host="10.0.0.1", secret="open sesame")
    assert "is-bad" in private and "10.0.0.1" in private and "open sesame" not in private
    assert "Folder: This kind of destination needs it." in found_by_testing(browser, None, kind="folder", folder="")


def test_who_may_not_change_destinations_tests_none():
    stranger = Client()
    stranger.force_login(UserFactory(is_staff=True))

    assert stranger.post(reverse("admin:test_metadata_destination"), {"kind": "folder"}).status_code == 403
