"""A folder on this machine, or on a share that is mounted here.

A file is written beside the others, in a folder of its own for unfinished ones, brought to the disk, and renamed: who
reads it sees the earlier one or the new one, whole. What a writer that was killed left there is removed later.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.utils.translation import gettext as _

from channels_cfg.destination_templates import UNFINISHED
from channels_cfg.disks import is_disk_full
from channels_cfg.metadata_destinations.store import (
    LARGEST_FILE,
    NOT_OURS,
    FileStore,
    StoredFile,
    StoreRefused,
    StoreUnreachable,
)

SECONDS_UNFINISHED = 3600
"""Older ones are of writers that are dead."""
FILE_MODE, FOLDER_MODE = 0o640, 0o750
"""Whoever is to read them is in the group of the folder."""

_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_NO_SUCH_PLACE = {errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EXDEV}


class FolderStore(FileStore):
    """``folder`` is an absolute path. It has to exist: what is made where a share should be mounted is lost."""

    def __init__(self, folder: str) -> None:
        self._root = Path(folder)
        self._known: set[Path] = set()

    def _find(self, name: str) -> StoredFile | None:
        with self._in_words(name):
            return _found(self._place_of(name))

    def _save(self, name: str, content: bytes, *, over: StoredFile | None) -> None:
        with self._in_words(name):
            target, draft = self._place_of(name), self._unfinished() / secrets.token_hex(16)
            try:
                _written(draft, content)
                draft.replace(target)
            except OSError:
                with suppress(OSError):
                    draft.unlink()
                raise

    def _remove(self, name: str) -> None:
        with self._in_words(name):
            self._place_of(name).unlink(missing_ok=True)

    def close(self) -> None:
        """Bring the names of the files to the disk as well."""
        for folder in self._known:
            with suppress(OSError):
                descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)

    def _place_of(self, name: str) -> Path:
        """Its path, in a folder that exists and to which no link leads out of the destination's."""
        target = self._root / name
        if target.parent not in self._known:
            root = self._root.resolve(strict=True)
            if not target.parent.resolve().is_relative_to(root):
                raise StoreRefused(_("A link leads out of the folder of the destination."))
            for folder in reversed(target.relative_to(self._root).parents):
                (self._root / folder).mkdir(mode=FOLDER_MODE, exist_ok=True)
            self._known.add(target.parent)
        return target

    def _unfinished(self) -> Path:
        folder = self._root / UNFINISHED
        if folder not in self._known:
            folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
            if folder.is_symlink():  # what is old is removed there
                raise StoreRefused(_("A link leads out of the folder of the destination."))
            for left in os.scandir(folder):
                with suppress(OSError):
                    if time.time() - left.stat().st_mtime > SECONDS_UNFINISHED:
                        Path(left).unlink()
            self._known.add(folder)
        return folder

    @contextmanager
    def _in_words(self, name: str) -> Iterator[None]:
        try:
            yield
        except OSError as failure:
            self._known.clear()
            raise self._said(failure, name) from None

    def _said(self, failure: OSError, name: str) -> StoreRefused | StoreUnreachable:
        facts = {"folder": self._root, "name": name, "failure": errno.errorcode.get(failure.errno or 0, "")}
        if is_disk_full(failure):
            return StoreUnreachable(_("%(folder)s has no room for another file.") % facts)
        if failure.errno in _FORBIDDEN:
            return StoreRefused(_("The portal may not write into %(folder)s.") % facts)
        if not self._root.is_dir():
            return StoreUnreachable(_("There is no folder %(folder)s on this machine.") % facts)
        if failure.errno in _NO_SUCH_PLACE:
            return StoreRefused(_("%(name)s cannot be a file in %(folder)s (%(failure)s).") % facts)
        return StoreUnreachable(_("%(folder)s cannot be written to (%(failure)s).") % facts)


def _found(path: Path) -> StoredFile | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as failure:
        if failure.errno in (errno.ELOOP, errno.ENXIO):  # a link, a socket
            return NOT_OURS
        raise
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode) or facts.st_size > LARGEST_FILE:
        os.close(descriptor)
        return NOT_OURS
    with os.fdopen(descriptor, "rb") as file:
        return StoredFile(file.read())


def _written(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
