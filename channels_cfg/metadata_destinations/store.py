"""What all stores of session metadata files have in common: what is put, what may go wrong, and what is ours.

A file of the same name that is not ours is never overwritten. Ours is one about the same conversation: it names the
conversation's id, a UUID, which no other system gave. So it is read before it is replaced, and stays ours wherever a
bucket is copied to.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import PurePosixPath
from types import TracebackType
from typing import Self

from django.utils.translation import gettext as _

from channels_cfg.destination_templates import MANIFESTS, SessionFacts

MANIFEST = "manifest"
"""What names a manifest as ours, where a file names its conversation."""
DATASET = "keepsake:contact_log"
"""What a Parquet file of the Contact Log has among its metadata, and is ours by."""
LARGEST_FILE = 128 * 1024 * 1024
"""Bytes; what is larger is none of ours. The manifest of a day with 400,000 conversations is not."""
SECONDS = 30.0
"""For one exchange with a storage."""

_PARQUET = b"PAR1"
_MEDIA_TYPES = {".jsonl": "application/x-ndjson", ".parquet": "application/vnd.apache.parquet"}


@dataclass(frozen=True)
class MetadataFile:
    """A file as it is delivered. ``name`` lies below the destination's folder, with / between its parts; deliveries of
    one conversation count from ``revision`` 1 on."""

    name: str
    content: bytes
    facts: SessionFacts
    revision: int = 1

    @cached_property
    def sha256(self) -> str:
        """In hexadecimal digits."""
        return hashlib.sha256(self.content).hexdigest()


class StoreRefused(Exception):
    """It was not delivered, and will not be by waiting: somebody must change something. Says what, without secrets."""


class StoreUnreachable(Exception):
    """It was not delivered, and may be later: ``after`` so long, where that was said. Says why, without secrets."""

    def __init__(self, words: str, after: timedelta | None = None) -> None:
        super().__init__(words)
        self.after = after


class MetadataStore(ABC):
    """A destination, ready to be written to. What it holds open is closed when its block ends; one store is for one
    thread. Every method raises ``StoreRefused`` or ``StoreUnreachable``."""

    keeps_manifests = True

    @abstractmethod
    def put(self, file: MetadataFile) -> None:
        """Deliver it, in place of an earlier one of the same conversation. Once this returns it is there, whole."""

    @abstractmethod
    def put_manifest(self, day: date, content: bytes) -> None:
        """Write the day's manifest, JSON lines, in place of an earlier one; nothing where none is kept."""

    @abstractmethod
    def test(self) -> str:
        """Try what a delivery does, with a file that says that it is a test. Returns in words what works."""

    def close(self) -> None:  # noqa: B027  # most hold nothing open
        """Let go of what is open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


@dataclass(frozen=True)
class StoredFile:
    """What lies under a name: its bytes, and how the storage tells this version from others, where it does."""

    content: bytes
    version: str = ""


NOT_OURS = StoredFile(b"-")
"""Something that need not be read to know so."""


class FileStore(MetadataStore):
    """A storage of files by name, which can be read."""

    @abstractmethod
    def _find(self, name: str) -> StoredFile | None:
        """What lies there; ``NOT_OURS`` where it is larger than a file of ours, or no file."""

    @abstractmethod
    def _save(self, name: str, content: bytes, *, over: StoredFile | None) -> None:
        """Write it as a whole, in place of what was found, and of nothing else where the storage can tell."""

    @abstractmethod
    def _remove(self, name: str) -> None:
        """There may be none."""

    def put(self, file: MetadataFile) -> None:
        self._write(checked_name(file.name), file.content, owner=file.facts.id)

    def put_manifest(self, day: date, content: bytes) -> None:
        self._write(f"{MANIFESTS}/{day.isoformat()}.jsonl", content, owner=MANIFEST)

    def put_dataset_file(self, name: str, content: bytes) -> None:
        """Write a Parquet file of the Contact Log, in place of an earlier one."""
        self._write(checked_name(name), content, owner=DATASET)

    def _write(self, name: str, content: bytes, *, owner: str) -> None:
        found = self._find(name)
        if found and not is_ours(found.content, owner):
            raise StoreRefused(
                _("There is another file named %(name)s, which the portal did not write. It was left as it is.")
                % {"name": name}
            )
        self._save(name, content, over=found)

    def test(self) -> str:
        """Overwrites it too, which some storages allow to fewer than writing."""
        name = f"keepsake-test-{secrets.token_hex(6)}.json"
        try:
            for file in (trial_file(name, 1), trial_file(name, 2)):
                self.put(file)
                found = self._find(name)
                if found is None or found.content != file.content:
                    raise StoreRefused(_("What was read back is not what was written."))
        except (StoreRefused, StoreUnreachable):
            self._is_tidied(name)
            raise
        if not self._is_tidied(name):
            return _("A file was written, overwritten and read back, but may not be removed: %(name)s stays there.") % {
                "name": name
            }
        return _("A file was written, overwritten, read back and removed.")

    def _is_tidied(self, name: str) -> bool:
        try:
            self._remove(name)
        except (StoreRefused, StoreUnreachable):
            return False
        return True


TRIAL = SessionFacts(
    kind="call",
    number=0,
    id="00000000-0000-4000-8000-000000000000",
    ended_at=datetime(2026, 1, 1, tzinfo=UTC),
    channel="Keepsake",
    ticket_id="keepsake-test",
    ticket_url="https://keepsake-test.invalid/",
)
"""The conversation of files that try a destination: nobody has its ticket."""


def trial_file(name: str, revision: int = 1) -> MetadataFile:
    """One that says that it is a test."""
    document = {"test": _("Keepsake tries this destination."), "call_uuid": TRIAL.id, "revision": revision}
    return MetadataFile(name, json.dumps(document, ensure_ascii=False).encode(), TRIAL, revision)


def checked_name(name: str) -> str:
    """The name, or ``StoreRefused`` where it would leave the folder."""
    is_relative = name and not name.startswith("/") and not ({"\\", "\0"} & set(name))
    if not is_relative or any(part in ("", ".", "..") for part in name.split("/")):
        raise StoreRefused(_("The file name would leave the folder of the destination."))
    return name


def below(prefix: str, name: str) -> str:
    """The name in a bucket or on a server: below the destination's folder, without / at its beginning."""
    return str(PurePosixPath(prefix.strip("/")) / name)


def media_type_of(name: str) -> str:
    return _MEDIA_TYPES.get(PurePosixPath(name).suffix, "application/json")


def is_ours(existing: bytes, owner: str) -> bool:
    """Whether it says itself that it is of this owner: a document by its conversation's id, a manifest by the names
    that its lines have, a Parquet file by its metadata."""
    if owner == DATASET:
        return existing[-4:] == _PARQUET and owner.encode() in _parquet_footer(existing)
    if owner == MANIFEST and not existing:
        return True
    try:
        read = json.loads(existing.partition(b"\n")[0] if owner == MANIFEST else existing)
    except (ValueError, RecursionError):
        return False
    if not isinstance(read, dict):
        return False
    if owner == MANIFEST:
        return read.keys() >= {"name", "sha256", "revision"}
    return owner in (read.get("call_uuid"), read.get("chat_uuid"))


def _parquet_footer(file: bytes) -> bytes:
    """Its metadata stand before their own length, in four bytes, and the word that ends the file."""
    length = int.from_bytes(file[-8:-4], "little")
    return file[-8 - length : -8]
