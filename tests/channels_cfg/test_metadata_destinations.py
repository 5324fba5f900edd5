"""Metadata destinations: each kind has what it needs, and nothing of another."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from channels_cfg.models import MetadataDestination
from channels_cfg.models.metadata_destination import NEEDED_BY
from tests.factories import MetadataDestinationFactory
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
        ("sftp", "authentication", "basic"),
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
