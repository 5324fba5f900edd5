"""What a file is, told by its bytes."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import IO

import puremagic


@dataclass(frozen=True)
class MediaType:
    """A media type (RFC 6838) and the endings its files have, the usual one first."""

    name: str
    endings: tuple[str, ...]

    @property
    def kind(self) -> str:
        """``image``, ``audio``, ``video`` or ``document``."""
        kind = self.name.partition("/")[0]
        return kind if kind in ("image", "audio", "video") else "document"


_OOXML = "application/vnd.openxmlformats-officedocument"
_ODF = "application/vnd.oasis.opendocument"

# Where bytes fit several, the ending decides, else the first: every OOXML and ODF file is a ZIP archive.
BINARY = [
    MediaType("image/jpeg", ("jpg", "jpeg", "jfif", "jpe")),
    MediaType("image/png", ("png",)),
    MediaType("image/gif", ("gif",)),
    MediaType("image/webp", ("webp",)),
    MediaType("image/heif", ("heic", "heif")),
    MediaType("image/bmp", ("bmp",)),
    MediaType("image/x-icon", ("ico",)),
    MediaType("image/tiff", ("tif", "tiff")),
    MediaType("audio/mp4", ("m4a",)),
    MediaType("video/mp4", ("mp4", "m4v")),
    MediaType("video/quicktime", ("mov",)),
    MediaType("video/3gpp", ("3gp", "3gpp")),
    MediaType("video/webm", ("webm",)),
    MediaType("audio/ogg", ("ogg", "oga", "opus")),
    MediaType("video/ogg", ("ogv",)),
    MediaType("audio/mpeg", ("mp3", "mpga")),
    MediaType("audio/aac", ("aac",)),
    MediaType("audio/amr", ("amr",)),
    MediaType("audio/wav", ("wav",)),
    MediaType("audio/flac", ("flac",)),
    MediaType("audio/x-caf", ("caf",)),
    MediaType("application/pdf", ("pdf",)),
    MediaType("application/zip", ("zip",)),
    MediaType(f"{_OOXML}.wordprocessingml.document", ("docx",)),
    MediaType(f"{_OOXML}.spreadsheetml.sheet", ("xlsx",)),
    MediaType(f"{_OOXML}.presentationml.presentation", ("pptx",)),
    MediaType(f"{_ODF}.text", ("odt",)),
    MediaType(f"{_ODF}.spreadsheet", ("ods",)),
    MediaType(f"{_ODF}.presentation", ("odp",)),
    MediaType("application/msword", ("doc",)),
    MediaType("application/vnd.ms-excel", ("xls",)),
    MediaType("application/vnd.ms-powerpoint", ("ppt",)),
    MediaType("application/rtf", ("rtf",)),
]
TEXT = [
    MediaType("text/plain", ("txt", "log")),
    MediaType("text/csv", ("csv",)),
    MediaType("text/vcard", ("vcf",)),
    MediaType("text/calendar", ("ics",)),
]
BY_ENDING = {ending: one for one in [*BINARY, *TEXT] for ending in one.endings}

_BINARY_ENDINGS = {ending for one in BINARY for ending in one.endings}
_ARCHIVES = {"zip", "docx", "xlsx", "pptx", "odt", "ods", "odp"}
_OLD_OFFICE = {"doc", "xls", "ppt"}

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_MARKUP = re.compile(r"<[!?a-z/]", re.IGNORECASE)
READ_AS_TEXT = 64 * 1024


def ending_of(name: str) -> str:
    """``pdf`` of ``Invoice.PDF``; empty where it has none."""
    return PurePath(name).suffix.removeprefix(".").lower()


def typed(file: IO[bytes], name: str) -> MediaType | None:
    """The type that the bytes have; None where they have none that is known to be harmless, as markup and programs are.

    The name only chooses among types that the bytes fit, so a file that is none of them gains nothing by it.
    """
    ending = ending_of(name)
    fitting = _fitting(file)
    if ending not in fitting and (text := _text_type(file, ending, is_other=bool(fitting))):
        return text
    return BY_ENDING[ending] if ending in fitting else next((one for one in BINARY if fitting & {*one.endings}), None)


def _fitting(file: IO[bytes]) -> set[str]:
    """The endings of all types that the bytes fit best."""
    file.seek(0, os.SEEK_END)
    if not file.tell():
        return set()
    file.seek(0)
    try:
        matches = puremagic.magic_stream(file)
    except puremagic.PureError:
        return set()
    by_name = {one.name: one.endings[0] for one in BINARY}
    known = [(by_name.get(match.mime_type) or match.extension[1:], match.confidence) for match in matches]
    known += [(match.extension[1:], match.confidence) for match in matches]
    known = [(ending, confidence) for ending, confidence in known if ending in _BINARY_ENDINGS]
    best = max((confidence for _ending, confidence in known), default=0)
    fitting = {ending for ending, confidence in known if confidence == best}
    return fitting.union(*(together for together in (_ARCHIVES, _OLD_OFFICE) if fitting & together))


def _text_type(file: IO[bytes], ending: str, *, is_other: bool) -> MediaType | None:
    """The type of a text in UTF-8, by its beginning: what is called a text, or bears no ending and is no markup."""
    file.seek(0)
    beginning = file.read(READ_AS_TEXT)
    try:
        text = beginning.decode()
    except UnicodeDecodeError as error:
        text = beginning[: error.start].decode()
        if error.start < len(beginning) - 3:  # else only its last character is cut off
            return None
    if not text or _CONTROL.search(text):
        return None
    if not ending and not is_other and not _MARKUP.search(text):
        return TEXT[0]
    return next((one for one in TEXT if ending in one.endings), None)
