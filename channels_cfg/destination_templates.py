"""Templates of metadata destinations: names of files, addresses in a CRM and subjects of e-mails, with their variables.

Two conversations never share a name of a file: a name tells ``{kind}`` and ``{number}``, or ``{id}``, at a place from
which they can be read again whatever the other variables become.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from unicodedata import normalize

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_cfg.addresses import check_outgoing_address
from channels_cfg.integrations.placeholders import (
    Parts,
    Placeholder,
    PlaceholderFault,
    fill_address,
    fill_text,
    parse_text,
)
from channels_cfg.near_names import did_you_mean

FILE_NAME = "metadata/{kind}-{number}.json"
SUBJECT = "Session metadata of {kind} {number} [{ticket_id}]"
MANIFESTS = "manifests"
"""The folder of each destination in which the manifests of its days lie."""
UNFINISHED = ".unfinished"
"""The one in which files lie that are not whole yet; what stays there is removed."""

LONGEST_PIECE = 255
"""Bytes of a file's or folder's name, as file systems take them."""
LONGEST_NAME = 700
"""Bytes of a whole name below its folder; object stores take 1024 with it."""
LONGEST_VALUE = 100
"""Bytes that a variable becomes in a name at most."""
NOTHING = "none"
"""What stands in a name for a variable that is empty."""

VARIABLES: Mapping[str, str | Promise] = {
    "kind": gettext_lazy("call or chat"),
    "number": gettext_lazy("the conversation's number, which is the session's id"),
    "id": gettext_lazy("the conversation's id, a UUID"),
    "year": gettext_lazy("four digits of the year in which the conversation ended, UTC"),
    "month": gettext_lazy("two digits of the month in which it ended, UTC"),
    "day": gettext_lazy("two digits of the day on which it ended, UTC"),
    "channel": gettext_lazy("the channel's name"),
    "queue": gettext_lazy("the queue's name; “none” where there was none"),
    "ticket_id": gettext_lazy("the CRM ticket's id; “none” in names of files where there is none"),
    "ticket_url": gettext_lazy("the CRM ticket's address; in addresses and subjects alone"),
}
"""What templates may name, and what stands there."""
OF_NAMES = tuple(name for name in VARIABLES if name != "ticket_url")

_FIXED = {"kind": 4, "id": 36, "year": 4, "month": 2, "day": 2}
"""Variables that always have so many characters."""
_LARGEST = _FIXED | {"number": 19}
# No name of which engines make something else: those that begin with “.” or “_” they pass over, “=” is a partition.
_DATASET_FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*", re.ASCII)
_UNSAFE = re.compile(r"[^\w.-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True)
class SessionFacts:
    """What the variables stand for. ``kind`` is ``call`` or ``chat``; ``ended_at`` knows its zone."""

    kind: str
    number: int
    id: str
    ended_at: datetime
    channel: str
    queue: str = ""
    ticket_id: str = ""
    ticket_url: str = ""

    def values(self) -> dict[str, str]:
        """By the names of the variables."""
        ended = self.ended_at.astimezone(UTC)
        return {
            "kind": self.kind,
            "number": str(self.number),
            "id": self.id,
            "year": f"{ended:%Y}".zfill(4),
            "month": f"{ended:%m}",
            "day": f"{ended:%d}",
            "channel": self.channel,
            "queue": self.queue,
            "ticket_id": self.ticket_id,
            "ticket_url": self.ticket_url,
        }


EXAMPLE = SessionFacts(
    kind="call",
    number=1418,
    id="7f9c24e5-2f1b-4d0a-9a53-0c6a1d2b3e4f",
    ended_at=datetime(2026, 11, 29, 23, 59, tzinfo=UTC),
    channel="Customer service",
    queue="Sales",
    ticket_id="CS-2071",
    ticket_url="https://crm.example.com/tickets/2071",
)
"""A conversation by which a template is shown."""


# Filling


def file_name(template: str, facts: SessionFacts) -> str:
    """The name of the conversation's file below its destination's folder.

    Of a revision it is the same only while channel, queue and ticket are called the same: who delivers again keeps the
    name of the first time.
    """
    values = {name: in_a_name(value) for name, value in facts.values().items()}
    return str(fill_text(normalize("NFC", template), lambda path: values[str(path[0])]))


def in_a_name(value: str) -> str:
    """A value as it may stand in a name: letters, digits, ``_``, ``.`` and ``-``, and no dot at either end."""
    safe = _UNSAFE.sub("-", normalize("NFC", value)).strip(".-")
    short = safe.encode()[:LONGEST_VALUE].decode(errors="ignore").strip(".-")
    return short or NOTHING


def address(template: str, facts: SessionFacts) -> str:
    """The CRM's address for the conversation. Raises ``UnusableValue`` where one of its variables is empty."""
    values = facts.values()
    return fill_address(template, lambda path: values[str(path[0])])


def subject(template: str, facts: SessionFacts) -> str:
    """The subject of the e-mail, in one line."""
    values = {name: _CONTROL.sub(" ", value) for name, value in facts.values().items()}
    return str(fill_text(template, lambda path: values[str(path[0])]))


# Checking


def check_file_name(template: str) -> None:
    """Raise ``ValidationError`` for a name that leaves the folder, gets too long, or could be two conversations'."""
    parts = _parts_of(normalize("NFC", template), OF_NAMES)
    pieces = _pieces(parts)
    _check_characters(parts)
    for piece in pieces:
        _check_piece(piece)
    if pieces[0] == [MANIFESTS]:
        raise ValidationError(_("The manifests lie in “manifests”. Choose another folder."))
    if pieces[0] == [UNFINISHED]:
        raise ValidationError(_("What lies in “.unfinished” is removed. Choose another folder."))
    if sum(map(_longest, pieces)) + len(pieces) - 1 > LONGEST_NAME:
        raise ValidationError(_("The name could get longer than %(most)s bytes.") % {"most": LONGEST_NAME})
    told = {name for piece in pieces for name in _told_for_sure(piece)}
    if "id" not in told and not {"kind", "number"} <= told:
        raise ValidationError(
            _(
                "Two conversations could share this name. It needs {kind} and {number}, or {id}, set apart from other "
                "digits and from the names of channels, queues and tickets by folders. Example: %(example)s"
            )
            % {"example": FILE_NAME}
        )


def check_dataset_folder(folder: str) -> None:
    """Raise ``ValidationError`` for a folder in which engines would find no dataset, or what is none of it."""
    if not _DATASET_FOLDER.fullmatch(folder):
        raise ValidationError(
            _(
                "Letters, digits, dots, hyphens and underscores, a letter or digit first; slashes between folders. "
                "Example: contact_log"
            )
        )
    if folder.split("/")[0] == MANIFESTS:
        raise ValidationError(_("The manifests lie in “manifests”. Choose another folder."))


def check_address_template(template: str) -> None:
    """An address that requests may go to, whose variables stand behind the host."""
    parts = _parts_of(template, tuple(VARIABLES))
    scheme, separator, rest = template.partition("://")
    host, slash, _path = rest.partition("/")
    if "{" in scheme + host:
        raise ValidationError(_("Variables may stand behind the host only, never in its name."))
    check_outgoing_address(f"{scheme}{separator}{host}{slash}")
    plain = "".join(part for part in parts if isinstance(part, str))
    if not (plain.isascii() and plain.isprintable()) or " " in plain or "\\" in plain or "#" in plain:
        raise ValidationError(_("An address has neither spaces, backslashes nor #, and no letters beyond ASCII."))
    if {".", ".."} & set(re.split(r"[/?]", template)):
        raise ValidationError(_("The address holds “.” or “..” as a folder. Leave it out."))


def check_subject(template: str) -> None:
    """A line that names the ticket, by which the CRM finds its record."""
    parts = _parts_of(template, tuple(VARIABLES))
    _check_characters(parts, also="")
    if "ticket_id" not in _names(parts):
        raise ValidationError(_("The subject needs {ticket_id}, by which the CRM finds its record."))


def _parts_of(template: str, known: Sequence[str]) -> Parts:
    try:
        parts = parse_text(template)
    except PlaceholderFault as fault:
        raise ValidationError(_("Character %(at)s: %(fault)s") % {"at": fault.at + 1, "fault": fault.text}) from None
    for part in parts:
        if isinstance(part, Placeholder) and (len(part.path) != 1 or part.path[0] not in known):
            name = ".".join(map(str, part.path))
            near = did_you_mean(name, known) or " " + _("There are: %(names)s.") % {"names": ", ".join(known)}
            raise ValidationError(_("There is no {%(name)s} here.%(near)s") % {"name": name[:100], "near": near})
    return parts


def _check_characters(parts: Parts, *, also: str = "\\") -> None:
    text = "".join(part for part in parts if isinstance(part, str))
    if _CONTROL.search(text) or not text.isprintable():
        raise ValidationError(_("A line break or another character that cannot be seen stands there."))
    if stray := next((character for character in also if character in text), ""):
        raise ValidationError(_("“%(character)s” cannot stand there.") % {"character": stray})


Piece = list[str | Placeholder]


def _pieces(parts: Parts) -> list[Piece]:
    """What stands between the slashes; values of variables hold none."""
    pieces: list[Piece] = [[]]
    for part in parts:
        if isinstance(part, Placeholder):
            pieces[-1].append(part)
            continue
        first, *others = part.split("/")
        pieces[-1] += [first] if first else []
        pieces += [[text] if text else [] for text in others]
    return pieces


def _check_piece(piece: Piece) -> None:
    if not piece:
        raise ValidationError(_("A name neither begins nor ends with a slash, and no two stand side by side."))
    if piece in (["."], [".."]):
        raise ValidationError(_("“%(piece)s” would leave the folder.") % {"piece": piece[0]})
    if _longest(piece) > LONGEST_PIECE:
        raise ValidationError(
            _("What stands between two slashes could get longer than %(most)s bytes.") % {"most": LONGEST_PIECE}
        )


def _longest(piece: Piece) -> int:
    """Bytes that it has at most."""
    return sum(
        len(part.encode()) if isinstance(part, str) else _LARGEST.get(_name(part), LONGEST_VALUE) for part in piece
    )


def _name(part: Placeholder) -> str:
    return str(part.path[0])


def _names(parts: Iterable[Any]) -> set[str]:
    return {_name(part) for part in parts if isinstance(part, Placeholder)}


def _told_for_sure(piece: Piece) -> set[str]:
    """Variables that can be read from what the piece becomes: those that stand, from its beginning or from its end,
    behind nothing whose length is unknown. The number ends where its digits do."""
    return _told_from_one_side(piece) | _told_from_one_side(
        [part[::-1] if isinstance(part, str) else part for part in reversed(piece)]
    )


def _told_from_one_side(piece: Piece) -> set[str]:
    told: set[str] = set()
    for part, after in zip(piece, [*piece[1:], ""], strict=True):
        if isinstance(part, str):
            continue
        name = _name(part)
        if name == "number":
            if not _begins_with_no_digit(after):
                break
        elif name not in _FIXED:
            break
        told.add(name)
    return told


def _begins_with_no_digit(part: str | Placeholder) -> bool:
    if isinstance(part, str):
        return not part[:1].isdigit()
    return _name(part) == "kind"
