"""Metadata destinations: each kind has what it needs, and nothing of another."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from channels_cfg.configuration_file.writing import export
from channels_cfg.history.change_set import NotApplied, apply
from channels_cfg.history.revert import preview, undoing_of
from channels_cfg.in_use import used_by
from channels_cfg.models import MetadataDestination, Queue, SystemSettings
from channels_cfg.models.metadata_destination import NEEDED_BY
from tests.channels_cfg.configuration_file.conftest import OPENING, applied, planned
from tests.factories import ChannelFactory, MailBoxFactory, MetadataDestinationFactory, QueueFactory
from tests.factories.channels_cfg import HOST_KEY

pytestmark = pytest.mark.django_db

KINDS = MetadataDestination.Kind.values


def complaints_about(destination: MetadataDestination) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as refused:
        destination.full_clean()
    return refused.value.message_dict


@pytest.mark.parametrize("kind", KINDS)
def test_a_destination_of_each_kind_is_accepted(kind: str):
    destination = MetadataDestinationFactory(kind=kind)

    destination.full_clean()

    assert MetadataDestination.objects.get().secret == destination.secret


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for name, kinds in NEEDED_BY.items() for kind in kinds])
def test_what_a_kind_needs_is_asked_for_by_its_field(kind: str, name: str):
    destination = MetadataDestinationFactory(kind=kind)
    setattr(destination, name, "")

    assert complaints_about(destination)[name] == ["This kind of destination needs it."]
    with pytest.raises(IntegrityError, match="a_destination_says_where_it_is"), transaction.atomic():
        destination.save()


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("folder", "bucket", "b"), ("folder", "secret", "s"), ("gcs", "account", "a"), ("azure", "region", "eu"),
        ("s3", "host", "h"), ("sftp", "endpoint", "https://s3.example.com"), ("s3", "port", 22),
        ("sftp", "subject", "{ticket_id}"), ("email", "folder", "f"), ("email", "method", "PUT"),
        ("sftp", "authentication", "basic"), ("crm", "dataset_folder", "contact_log"),
    ],
)  # fmt: skip
def test_a_kind_has_nothing_of_another(kind: str, name: str, value: Any):
    destination = MetadataDestinationFactory(kind=kind)
    setattr(destination, name, value)

    assert complaints_about(destination)[name] == ["This kind of destination has none. Leave it empty."]
    with pytest.raises(IntegrityError, match="a_destination_has_nothing_of_another_kind"), transaction.atomic():
        destination.save()


@pytest.mark.parametrize(
    ("kind", "values", "name", "complaint"),
    [
        ("folder", {"folder": "srv/files"}, "folder", "beginning with /"),
        ("folder", {"folder": "/srv/../etc"}, "folder", "neither “..” nor a backslash"),
        ("s3", {"folder": "/files"}, "folder", "begin with no slash"),
        ("s3", {"endpoint": "http://s3.example.com"}, "endpoint", "begins with https://"),
        ("s3", {"bucket": "a/b"}, "bucket", "Letters, digits, dots and hyphens"),
        ("gcs", {"secret": "open sesame"}, "secret", "Enter the JSON key"),
        ("sftp", {"host_key": "AAAA"}, "host_key", "Enter the type and the key"),
        ("sftp", {"host_key": HOST_KEY.replace("ed25519", "rsa", 1)}, "host_key", "Enter the type and the key"),
        ("sftp", {"port": 70000}, "port", "less than or equal to 65535"),
        ("crm", {"address": "inbox@crm.example.com"}, "address", "Enter an address such as"),
        ("crm", {"address": "https://{ticket_id}.example.com"}, "address", "never in its name"),
        ("crm", {"authentication": "basic", "secret": "s"}, "account", "This type of authentication needs it"),
        ("crm", {"authentication": "bearer", "secret": "s", "scope": "all"}, "scope", "has none"),
        ("crm", {"secret": "s"}, "secret", "It belongs to an authentication"),
        ("email", {"address": "https://crm.example.com"}, "address", "Enter a valid email address"),
        ("email", {"subject": "Metadata"}, "subject", "needs {ticket_id}"),
        ("folder", {"file_name": "{kind}.json"}, "file_name", "Two conversations could share this name"),
        ("s3", {"dataset_folder": "year=2026"}, "dataset_folder", "Letters, digits, dots, hyphens and underscores"),
        ("s3", {"dataset_folder": "log/_hidden"}, "dataset_folder", "a letter or digit first"),
        ("folder", {"dataset_folder": "/srv/log"}, "dataset_folder", "a letter or digit first"),
        ("folder", {"dataset_folder": "log/../.."}, "dataset_folder", "a letter or digit first"),
        ("sftp", {"dataset_folder": "manifests"}, "dataset_folder", "Choose another folder"),
    ],
)
def test_what_could_not_be_delivered_to_is_refused(kind: str, values: dict[str, Any], name: str, complaint: str):
    destination = MetadataDestinationFactory.build(kind=kind, **values)

    assert complaint in complaints_about(destination)[name][0]


def test_folder_and_host_key_are_written_in_one_way():
    destination = MetadataDestinationFactory.build(
        kind="sftp", folder=" in//metadata/ ", host_key=f"{HOST_KEY.replace(' ', '  ')} root@sftp"
    )

    destination.full_clean()

    assert (destination.folder, destination.host_key) == ("in/metadata", HOST_KEY)


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("s3", {"endpoint": "https://s3.example.net"}),
        ("sftp", {"host": "sftp.example.net"}),
        ("sftp", {"port": 2222}),
        ("crm", {"address": "https://crm.example.net/{number}"}),
    ],
)
def test_no_other_server_is_shown_the_stored_secret(kind: str, change: dict[str, Any]):
    access = {"authentication": "bearer", "secret": "open sesame"} if kind == "crm" else {}
    destination = MetadataDestination.objects.get(pk=MetadataDestinationFactory(kind=kind, **access).pk)
    for name, value in change.items():
        setattr(destination, name, value)

    assert complaints_about(destination)["secret"][0].startswith("Enter it again")
    destination.secret_is_new = True
    destination.full_clean()


def test_the_secret_is_stored_encrypted_and_stands_in_no_history():
    destination = MetadataDestinationFactory(kind="sftp")

    stored = MetadataDestination.objects.extra(select={"raw": "secret"}).values_list("raw", flat=True).get()
    assert "open sesame" not in stored
    assert "secret" not in {field.name for field in type(destination.events.get())._meta.fields}


# Lists that name them


def names_on(place: Any) -> list[str]:
    return type(place).objects.get(pk=place.pk).metadata_destinations


def test_lists_call_a_renamed_destination_by_its_new_name():
    archive, _other = MetadataDestinationFactory(name="Archive"), MetadataDestinationFactory(name="CRM")
    queue = QueueFactory(metadata_destinations=["CRM", "Archive"])

    archive.name = "Bucket"
    archive.save()

    assert names_on(queue) == ["CRM", "Bucket"]
    assert queue.events.last().metadata_destinations == ["CRM", "Bucket"]


def test_a_list_names_destinations_that_are_there():
    MetadataDestinationFactory(name="Archive")
    queue = QueueFactory()
    queue.metadata_destinations = ["Archiv"]

    with pytest.raises(ValidationError) as refused:
        queue.full_clean()

    assert refused.value.message_dict == {
        "metadata_destinations": ["There is no metadata destination “Archiv”. Did you mean “Archive”?"]
    }


@pytest.mark.parametrize("is_deleted", [True, False])
def test_the_database_holds_lists_and_destinations_together(is_deleted: bool):
    archive = MetadataDestinationFactory(name="Archive")
    queue = QueueFactory(metadata_destinations=["Archive"] if is_deleted else [])

    with pytest.raises(IntegrityError, match="a list names a metadata destination"), transaction.atomic():
        if is_deleted:
            archive.delete()
        else:
            Queue.objects.filter(pk=queue.pk).update(metadata_destinations=["Gone"])
        connection.check_constraints()


def test_a_listed_destination_is_in_use():
    archive = MetadataDestinationFactory(name="Archive")
    SystemSettings(metadata_destinations=["Archive"]).save()
    QueueFactory(name="Sales", channel=ChannelFactory(name="Chat", metadata_destinations=["Archive"]))

    assert used_by(archive) == ["System settings", "channel “Chat”"]


def event_version(record: Any) -> int:
    return record.events.latest("pgh_id").pgh_version_id


@pytest.mark.django_db(transaction=True)
def test_a_destination_and_the_list_that_names_it_are_undone_together():
    channel = ChannelFactory()
    with transaction.atomic():
        MetadataDestinationFactory(name="Archive", kind="s3")
        channel.metadata_destinations = ["Archive"]
        channel.save()
    made = event_version(channel)

    apply(lambda: undoing_of([made]), reverts=[made])
    assert (names_on(channel), MetadataDestination.objects.count()) == ([], 0)

    undone = event_version(channel)
    again = undoing_of([undone])
    apply(lambda: undoing_of([undone]), reverts=[undone])
    assert (names_on(channel), MetadataDestination.objects.get().secret) == (["Archive"], "")
    assert "Its secret is not in the history" in again.entered_anew[0]


@pytest.mark.django_db(transaction=True)
def test_undoing_that_would_leave_a_list_without_its_destination_is_refused():
    made = event_version(MetadataDestinationFactory(name="Archive"))
    ChannelFactory(metadata_destinations=["Archive"])

    assert "names the metadata destination “Archive”" in preview([made]).problems[0]
    with pytest.raises(NotApplied):
        apply(lambda: undoing_of([made]), reverts=[made])


# In the configuration file

IN_FILE = """
metadata_destinations:
- name: Archive
  kind: s3
  bucket: metadata
  account: AKIA
  secret: {secret: env:S3_SECRET}
- {name: Folder, kind: folder, folder: /srv/metadata}
"""


def test_a_file_brings_destinations_with_their_secrets_and_the_lists_that_name_them():
    ChannelFactory(name="Chat", kind="chat")
    text = f"{OPENING}system_settings: {{metadata_destinations: [Folder]}}\n{IN_FILE}"
    text += "channels: [{name: Chat, metadata_destinations: [Archive, Folder]}]\n"

    applied(text, environment={"S3_SECRET": "open sesame"})

    assert MetadataDestination.objects.get(name="Archive").secret == "open sesame"
    assert names_on(SystemSettings.load()) == ["Folder"]
    assert "- Archive\n  - Folder\n" in export()
    assert "open sesame" not in export()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("system_settings: {metadata_destinations: [Folde]}", "There is no metadata destination “Folde”. Did you mean"),
        ("metadata_destinations: [{name: Folder, bucket: b}]", "bucket: This kind of destination has none"),
        ("metadata_destinations: [{name: Bucket, endpoint: 'https://s3.example.net'}]", "Enter it again"),
        ("complete: true\nmetadata_destinations: []", "“Folder” is used by channel “Chat”, so it stays"),
        (
            "complete: true\nmetadata_destinations: []\n"
            "channels: [{name: Chat, kind: chat, metadata_destinations: [Folder]}]",
            "The same file removes metadata destination “Folder”",
        ),
    ],
)
def test_a_file_that_breaks_a_rule_is_refused_at_its_place(text: str, complaint: str):
    MetadataDestinationFactory(name="Folder")
    MetadataDestinationFactory(name="Bucket", kind="s3")
    ChannelFactory(name="Chat", metadata_destinations=["Folder"])

    problems = planned(f"{OPENING}{text}\n").problems

    assert complaint in " ".join(f"{problem.path.rpartition('.')[2]}: {problem.text}" for problem in problems)


def test_the_password_of_a_mail_box_comes_from_the_environment_too():
    box = MailBoxFactory(name="Sales")

    applied(f"{OPENING}mail_boxes: [{{name: Sales, password: {{secret: env:BOX}}}}]\n", environment={"BOX": "sesame"})

    assert type(box).objects.get().password == "sesame"
