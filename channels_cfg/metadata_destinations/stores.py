"""The store of a destination, by its kind. What a kind needs is loaded when one of it is used: the vendors' libraries
take a second and tens of megabytes each."""

from __future__ import annotations

from collections.abc import Callable

from channels_cfg.metadata_destinations.store import MetadataStore
from channels_cfg.models import MetadataDestination

Kind = MetadataDestination.Kind


def store_of(destination: MetadataDestination) -> MetadataStore:
    """Ready to be written to; nothing is opened before the first use. For one thread, as the block of a ``with``."""
    return _STORES[Kind(destination.kind)](destination)


def _folder(destination: MetadataDestination) -> MetadataStore:
    from channels_cfg.metadata_destinations.folder import FolderStore

    return FolderStore(destination.folder)


def _s3(destination: MetadataDestination) -> MetadataStore:
    from channels_cfg.metadata_destinations.s3 import S3Store

    return S3Store(
        bucket=destination.bucket,
        folder=destination.folder,
        region=destination.region,
        endpoint=destination.endpoint,
        key_id=destination.account,
        secret=destination.secret,
    )


def _gcs(destination: MetadataDestination) -> MetadataStore:
    from channels_cfg.metadata_destinations.gcs import GcsStore

    return GcsStore(
        bucket=destination.bucket, folder=destination.folder, endpoint=destination.endpoint, key=destination.secret
    )


def _azure(destination: MetadataDestination) -> MetadataStore:
    from channels_cfg.metadata_destinations.azure import AzureStore

    return AzureStore(
        container=destination.bucket,
        folder=destination.folder,
        endpoint=destination.endpoint,
        account=destination.account,
        key=destination.secret,
    )


def _sftp(destination: MetadataDestination) -> MetadataStore:
    from channels_cfg.metadata_destinations.sftp import SftpStore

    return SftpStore(
        host=destination.host,
        port=destination.port,
        host_key=destination.host_key,
        user=destination.account,
        secret=destination.secret,
        folder=destination.folder,
    )


def _crm(destination: MetadataDestination) -> MetadataStore:
    from channels_cfg.metadata_destinations.crm import CrmStore

    return CrmStore(
        template=destination.address,
        method=destination.method,
        as_form=destination.body_format == MetadataDestination.BodyFormat.MULTIPART,
        authentication=destination.as_authentication,
    )


def _email(destination: MetadataDestination) -> MetadataStore:
    from channels_cfg.metadata_destinations.mail import MailStore

    return MailStore(to=destination.address, template=destination.subject)


_STORES: dict[Kind, Callable[[MetadataDestination], MetadataStore]] = {
    Kind.FOLDER: _folder,
    Kind.S3: _s3,
    Kind.GCS: _gcs,
    Kind.AZURE: _azure,
    Kind.SFTP: _sftp,
    Kind.CRM: _crm,
    Kind.EMAIL: _email,
}
