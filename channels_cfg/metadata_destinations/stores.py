"""The store of a destination, by its kind."""

from __future__ import annotations

from channels_cfg.metadata_destinations.folder import FolderStore
from channels_cfg.metadata_destinations.store import MetadataStore
from channels_cfg.models import MetadataDestination


def store_of(destination: MetadataDestination) -> MetadataStore:
    """Ready to be written to; nothing is opened before the first use."""
    match destination.kind:
        case MetadataDestination.Kind.FOLDER:
            return FolderStore(destination.folder)
    raise NotImplementedError(destination.kind)
