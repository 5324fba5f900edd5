"""Each kind of destination has a store, with what the destination says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from channels_cfg.metadata_destinations.store import MetadataStore, StoreRefused
from channels_cfg.metadata_destinations.stores import store_of
from channels_cfg.models import MetadataDestination
from tests.channels_cfg.metadata_destinations.files import NAME, call_file
from tests.factories import MetadataDestinationFactory
from tests.stand_ins.azure_blobs import ACCOUNT, KEY, running_azure_blobs
from tests.stand_ins.crm import running_crm
from tests.stand_ins.gcs_server import running_gcs_server
from tests.stand_ins.remote_api import running_remote_api
from tests.stand_ins.sftp_server import PASSWORD, USER, running_sftp_server
from tests.stand_ins.smtp_server import running_smtp_server

pytestmark = pytest.mark.django_db


def delivered(**destination: Any) -> None:
    """To a destination as it is stored."""
    stored = MetadataDestinationFactory(**destination)
    stored.full_clean()
    with store_of(type(stored).objects.get(pk=stored.pk)) as store:
        store.put(call_file())


def test_a_folder(tmp_path: Path):
    delivered(folder=str(tmp_path))

    assert (tmp_path / NAME).read_bytes() == call_file().content


def test_an_azure_container(settings: Settings):
    settings.OUTGOING_OWN_HOSTS = ["127.0.0.1"]
    with running_azure_blobs() as server:
        server.containers["archive"] = {}
        where = {"bucket": "archive", "folder": "centre", "endpoint": server.url}
        delivered(kind="azure", account=ACCOUNT, secret=KEY, **where)

    assert server.containers["archive"][f"centre/{NAME}"].content == call_file().content


def test_a_google_bucket(settings: Settings):
    settings.OUTGOING_OWN_HOSTS = ["127.0.0.1"]
    with running_gcs_server("archive") as server:
        delivered(kind="gcs", bucket="archive", folder="centre", endpoint=server.url, secret=server.key)

    assert server.storage.get_file("archive", f"centre/{NAME}") == call_file().content


def test_an_s3_bucket(settings: Settings):
    settings.OUTGOING_OWN_HOSTS = ["127.0.0.1"]
    with running_remote_api() as api, pytest.raises(StoreRefused, match="another file"):
        where = {"bucket": "archive", "folder": "centre", "endpoint": api.url, "region": "eu-north-1"}
        delivered(kind="s3", account="AKIAKEY", **where)

    (asked,) = api.asked
    assert asked.path == f"/archive/centre/{NAME}"
    assert "Credential=AKIAKEY/" in asked.headers["Authorization"]
    assert "/eu-north-1/s3/" in asked.headers["Authorization"]


def test_every_kind_has_one():
    for kind in MetadataDestination.Kind:
        assert isinstance(store_of(MetadataDestinationFactory.build(kind=kind)), MetadataStore)


def test_an_sftp_server(tmp_path: Path, settings: Settings):
    settings.OUTGOING_OWN_HOSTS = ["127.0.0.1"]
    with running_sftp_server(tmp_path) as server:
        where = {"host": "127.0.0.1", "port": server.port, "host_key": server.host_key}
        delivered(kind="sftp", account=USER, secret=PASSWORD, **where)

    assert (tmp_path / NAME).read_bytes() == call_file().content


def test_a_crm(settings: Settings):
    settings.OUTGOING_OWN_HOSTS = ["127.0.0.1"]
    with running_crm() as crm:
        address = f"{crm.url}/tickets/{{ticket_id}}"
        delivered(kind="crm", address=address, method="PUT", body_format="json", authentication="bearer", secret="key")

    (asked,) = crm.asked
    assert (asked.method, asked.path, asked.body) == ("PUT", "/tickets/4711", call_file().content)
    assert asked.headers["authorization"] == "Bearer key"


def test_an_e_mail(settings: Settings):
    settings.EMAIL_BACKEND = "channels_cfg.mail_server.SmtpServer"
    with running_smtp_server() as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        delivered(kind="email", address="inbox@crm.example", subject="[{ticket_id}]")

    ((_sender, recipients, message),) = server.taken
    assert (recipients, message["Subject"]) == (["inbox@crm.example"], "[4711]")
