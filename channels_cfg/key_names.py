"""What a key of attached data may be called, and where a bad name goes wrong.

A key is a valid XML element name (specification 000; rule 1 of the domain): it starts with a letter and goes
on with letters, digits, ``_``, ``-`` and ``.``.
"""

from __future__ import annotations

import csv
import json
import re
import unicodedata
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MAX_KEY_LENGTH = 128


class BadKeyName(ValidationError):
    """A refused name: ``position`` counts its characters from 1; ``code`` names the rule it breaks."""

    def __init__(self, message: str, *, code: str, position: int) -> None:
        super().__init__(message, code=code)
        self.position = position


_INVISIBLE = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)
"""What Unicode lets stand for a letter or a mark and shows as nothing (Default_Ignorable_Code_Point)."""


def is_invisible(character: str) -> bool:
    return character != " " and (not character.isprintable() or bool(_INVISIBLE.match(character)))


def _is_letter(character: str) -> bool:
    return character.isalpha() and not is_invisible(character)


def _may_follow(character: str) -> bool:
    return (
        _is_letter(character)
        or character.isdecimal()
        or character in "_-."
        # vowel signs, which NFC leaves apart
        or (unicodedata.category(character) in {"Mn", "Mc"} and not is_invisible(character))
    )


def shown_character(character: str) -> str:
    if character == " ":
        return _("a space")
    if not is_invisible(character):
        return f"“{character}”"
    return _("the invisible character U+%(character)s") % {"character": f"{ord(character):04X}"}


_ORDINARY = re.compile(rf"(?!xml)[a-z][a-z0-9_.-]{{0,{MAX_KEY_LENGTH - 1}}}", re.ASCII | re.IGNORECASE)
"""Most names; an uploaded file holds very many."""


def check_key_name(name: str) -> str:
    """Return the name in NFC, or raise ``BadKeyName`` that says which character is wrong, where, and the way out."""
    if _ORDINARY.fullmatch(name):
        return name
    name = unicodedata.normalize("NFC", name)
    if not name:
        raise BadKeyName(_("A key needs a name, such as customerType."), code="empty", position=1)
    if not _is_letter(name[0]):
        raise BadKeyName(
            _("A key starts with a letter, but character 1 is %(character)s. A good name is customerType.")
            % {"character": shown_character(name[0])},
            code="first_character",
            position=1,
        )
    for position, character in enumerate(name, start=1):
        if not _may_follow(character):
            raise BadKeyName(
                _(
                    "Character %(position)s is %(character)s. After the first letter use letters, digits, "
                    "“_”, “-” and “.” only."
                )
                % {"position": position, "character": shown_character(character)},
                code="character",
                position=position,
            )
    if name[:3].lower() == "xml":
        raise BadKeyName(
            _("A key may not begin with “xml” (characters 1 to 3), in upper or lower case."), code="xml", position=1
        )
    if len(name) > MAX_KEY_LENGTH:
        raise BadKeyName(
            _("A key has at most %(most)s characters; this one has %(count)s.")
            % {"most": MAX_KEY_LENGTH, "count": len(name)},
            code="length",
            position=MAX_KEY_LENGTH + 1,
        )
    return name


def split_key_list(text: str) -> list[str]:
    """Names pasted by an administrator: separated by commas, semicolons, tabs or lines, as JSON array or
    as CSV column."""
    text = text.strip()
    if text.startswith("["):
        try:
            pasted = json.loads(text)
        except ValueError:
            pasted = None
        if isinstance(pasted, list):
            return [str(item).strip() for item in pasted if str(item).strip()]
    return [cell for row in pasted_rows(text) for cell in row if cell]


def pasted_rows(text: str) -> list[list[str]]:
    """Lines of cells between commas, semicolons or tabs, in quotes where they hold one."""
    lines = (line.replace(";", ",").replace("\t", ",") for line in text.strip().splitlines())
    try:
        rows = list(csv.reader(lines, skipinitialspace=True))
    except csv.Error:  # a cell of more than 128 KiB; the whole is no name either
        rows = [[text]]
    return [[cell.strip() for cell in row] for row in rows]


def check_key_list(names: Iterable[str]) -> list[str]:
    """Return the names in NFC, in order, each once; or raise one ``ValidationError`` that lists every bad item."""
    good: dict[str, None] = {}
    complaints: list[ValidationError] = []
    for item, name in enumerate(names, start=1):
        try:
            good.setdefault(check_key_name(name))
        except BadKeyName as bad:
            complaints.append(
                ValidationError(
                    "Item %(item)d, “%(character)s”: %(reason)s",
                    code=bad.code,
                    params={"item": item, "character": name[:MAX_KEY_LENGTH], "reason": bad.messages[0]},
                )
            )
    if complaints:
        raise ValidationError(complaints)
    return list(good)


def _skeleton(name: str) -> str:
    folded = unicodedata.normalize("NFKD", name).casefold()
    return re.sub(r"[^a-z0-9]", "", folded.replace("0", "o").replace("1", "l"))


def look_alikes(names: Iterable[str], *, known: Iterable[str] = ()) -> list[tuple[str, str]]:
    """Pairs of different names that a person takes for the same: other case, other separators, 0 for o."""
    first_seen: dict[str, str] = {}
    pairs = []
    for name in dict.fromkeys([*known, *names]):
        other = first_seen.setdefault(_skeleton(name) or name, name)
        if other != name:
            pairs.append((other, name))
    return pairs


def is_listed(key: str, listed: Iterable[str]) -> bool:
    """Whether a list names the key itself or a parent of it: ``customer_data`` includes ``customer_data.id``."""
    return any(key == item or key.startswith(f"{item}.") for item in listed)
