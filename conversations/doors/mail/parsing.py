"""What a mail says: words only, no database.

Strangers write mail, with every fault there is. Whatever cannot be read is left out with a reason; nothing here raises.
"""

from __future__ import annotations

import codecs
import html as markup
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from email._policybase import Compat32
from email.header import decode_header
from email.message import Message as Part
from email.parser import BytesHeaderParser, BytesParser
from email.utils import getaddresses
from itertools import islice
from typing import Any, TypeVar

from channels_cfg.messaging.mail_boxes import LONGEST_HEAD, head_of
from conversations import safe_html
from conversations.storable import storable

MOST_PARTS = 200
MOST_DELIMITERS = 10_000
"""Lines that may part a mail, as far as can be told without reading it."""
MOST_FILES = 50
LONGEST_HEADER = 4000
LONGEST_HEADER_OF_PART = 20_000
LONGEST_TEXT = 100_000
MOST_IDS = 50

WINMAIL = "winmail"
"""Why a file is not shown: Outlook's own wrapping (TNEF)."""
MANY = "many"
"""Why a file is not shown: there are more than are kept."""

_UNUSUAL_CODECS = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"}
"""Of Python's own, and no character sets of mail."""
_ID = re.compile(r"<[^<>\s]{1,900}>")
_NESTING = re.compile(rb"boundary\s*=|message/rfc822", re.IGNORECASE)
_DELIMITER = re.compile(rb"^--", re.MULTILINE)

T = TypeVar("T")


@dataclass(frozen=True)
class MailFile:
    """A file of a mail; ``why`` it is not shown, where it is not looked at."""

    name: str
    content: bytes = b""
    why: str = ""


@dataclass(frozen=True)
class Mail:
    """A mail as it is stored. ``thread`` are the ids of the mails that it follows, the first of all first."""

    message_id: str
    thread: list[str]
    from_address: str
    from_name: str
    subject: str
    recipients: list[str]
    text: str = ""
    html: str = ""
    files: list[MailFile] = field(default_factory=list)
    images: int = 0
    is_broken: bool = False
    is_cut: bool = False


@dataclass
class _Block:
    """A stretch of the body: plain, HTML, or both in two versions."""

    text: str = ""
    html: str = ""


def read(raw: bytes, *, is_whole: bool = True) -> Mail:
    """The mail; of one that is not whole, what its head says."""
    head = BytesHeaderParser().parsebytes(head_of(raw))
    names = _addresses([_header(head, "From")])
    name, address = names[0] if names else ("", "")
    facts: dict[str, Any] = {
        "message_id": next(iter(_ids(head, "Message-ID")), ""),
        "thread": [*_ids(head, "References"), *_ids(head, "In-Reply-To")][:MOST_IDS],
        "from_address": (address or _header(head, "Return-Path").strip("<> "))[:320],
        "from_name": "" if name == address else name[:200],
        "subject": _header(head, "Subject"),
        "recipients": list(dict.fromkeys(_recipients(head))),
    }
    if not is_whole:
        return Mail(**facts)
    if _is_a_bomb(raw):
        return Mail(**facts, is_broken=True)
    try:
        return Mail(**facts, **_body(BytesParser(policy=_Bounded()).parsebytes(raw)))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):  # the library's on broken MIME
        return Mail(**facts, is_broken=True)


class _Bounded(Compat32):
    """The library's own, but of what a header says not more than is read in proportion: its parameters take time with
    the square of their length."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:LONGEST_HEADER_OF_PART]


def _is_a_bomb(raw: bytes) -> bool:
    """Whether there is so much head, or are so many parts, that reading it would cost out of all proportion."""
    has_too_long_a_head = len(raw) > len(head_of(raw)) == LONGEST_HEAD
    return has_too_long_a_head or _are_more(_NESTING, raw, MOST_PARTS) or _are_more(_DELIMITER, raw, MOST_DELIMITERS)


def _are_more(pattern: re.Pattern[bytes], raw: bytes, most: int) -> bool:
    return next(islice(pattern.finditer(raw), most, None), None) is not None


# The head


def _header(head: Part, name: str) -> str:
    """The header in characters, on one line."""
    told = str(head.get(name, ""))[:LONGEST_HEADER]
    words = told
    with suppress(ValueError, LookupError, TypeError):
        words = "".join(
            part if isinstance(part, str) else _decoded(part, charset) for part, charset in decode_header(told)
        )
    return storable(" ".join(words.split()))


def _ids(head: Part, name: str) -> list[str]:
    return _ID.findall(str(head.get(name, ""))[: MOST_IDS * 1000])


def _recipients(head: Part) -> Iterator[str]:
    """Whom it went to: first as the mail server wrote it down."""
    for name in ("Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc"):
        told = [" ".join(str(value)[:LONGEST_HEADER].split()) for value in head.get_all(name, [])[:10]]
        for _name, address in _addresses(told):
            if address:
                yield storable(address)[:320]


def _addresses(told: list[str]) -> list[tuple[str, str]]:
    """Names and addresses; none where the library loses its way, as between very many parentheses."""
    try:
        return getaddresses(told)
    except (ValueError, IndexError, RecursionError):
        return []


# The body


def _body(mail: Part) -> dict[str, Any]:
    files: list[MailFile] = []
    blocks = _blocks(mail, files, parts=iter(range(MOST_PARTS)))
    text = "\n\n".join(filter(None, (block.text or _as_text(block.html) for block in blocks)))
    html = ""
    if any(block.html for block in blocks):
        html = "".join(block.html or f"<p>{markup.escape(block.text)}</p>".replace("\n", "<br>") for block in blocks)
    shown = "" if safe_html.is_too_much(html) else str(safe_html.cleaned(html))
    return {
        "text": text[:LONGEST_TEXT].strip(),
        "html": shown,
        "files": files,
        "images": safe_html.images_in(html) if shown else 0,
        "is_cut": len(text) > LONGEST_TEXT or bool(html and not shown),
    }


def _as_text(html: str) -> str:
    return "" if safe_html.is_too_much(html) else safe_html.as_text(html)


def _blocks(part: Part, files: list[MailFile], *, parts: Iterator[int]) -> list[_Block]:
    if next(parts, None) is None:
        return []
    payload = part.get_payload()
    if isinstance(payload, list):
        inner = [_blocks(child, files, parts=parts) for child in payload if isinstance(child, Part)]
        blocks = [block for found in inner for block in found]
        if part.get_content_subtype() == "alternative" and blocks:
            return [_Block("\n".join(filter(None, (b.text for b in blocks))), "".join(b.html for b in blocks))]
        return blocks
    name = _or_empty(part.get_filename)
    kind = part.get_content_type()
    is_text = kind in ("text/plain", "text/html") and not name and part.get_content_disposition() != "attachment"
    content = part.get_payload(decode=True)
    content = content if isinstance(content, bytes) else b""
    if is_text:
        text = storable(_decoded(content, _or_empty(part.get_content_charset))).replace("\r\n", "\n")
        return [_Block(html=text) if kind == "text/html" else _Block(text)]
    _add_file(files, storable(" ".join(name.split()))[:200], kind, content)
    return []


def _add_file(files: list[MailFile], name: str, kind: str, content: bytes) -> None:
    name = name or kind.replace("/", ".")
    if len(files) == MOST_FILES:
        files[-1] = MailFile(files[-1].name, why=MANY)
    elif len(files) < MOST_FILES:
        is_winmail = kind == "application/ms-tnef" or name.lower() == "winmail.dat"
        files.append(MailFile(name, why=WINMAIL) if is_winmail else MailFile(name, content))


def _or_empty(ask: Callable[[], Any]) -> str:
    """What the library says, or nothing where it stumbles over broken parameters."""
    try:
        return str(ask() or "")
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""


def _decoded(content: bytes, charset: str | None) -> str:
    """The text; in UTF-8, or else in Latin-1, where its character set is none."""
    try:
        codec = codecs.lookup(charset or "utf-8").name
        if codec not in _UNUSUAL_CODECS:
            return content.decode(codec, "replace")
    except (LookupError, ValueError, TypeError):
        pass
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")
