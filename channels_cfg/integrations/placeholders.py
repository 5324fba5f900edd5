"""Placeholders: ``{contact.source}`` in a text. ``{{`` and ``}}`` are braces.

A text that is one placeholder becomes what it stands for, with its JSON type. Where one stands for nothing, the whole
text does, so that its key is left out. What was filled in is never looked at again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext as _

from channels_cfg.integrations.paths import MISSING, Path, PathFault, parse_path

Finder = Callable[[Path], Any]
"""What a path stands for, or ``MISSING``."""

EVERYTHING: Path = ("*",)
_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class PlaceholderFault(ValueError):
    """The text has a brace that is no placeholder; ``at`` is the index of the character that does not fit."""

    def __init__(self, at: int, text: str) -> None:
        super().__init__(text)
        self.at = at
        self.text = text


class UnusableValue(ValueError):
    """What a placeholder stands for cannot be put where the placeholder stands. Says why, and not the value."""


@dataclass(frozen=True)
class Placeholder:
    """``at`` is the index of its brace in the text."""

    path: Path
    at: int = 0


Parts = tuple[str | Placeholder, ...]


def parse_text(text: str) -> Parts:
    """The text in parts, those of plain text without doubled braces. Raises ``PlaceholderFault``."""
    return tuple(_parts(text))


def _parts(text: str) -> Iterator[str | Placeholder]:
    end, plain = 0, ""
    for found in _PIECE.finditer(text):
        plain += text[end : found.start()]
        end = found.end()
        if found[0] in ("{{", "}}"):
            plain += found[0][0]
        elif found[1] is None:
            words = _("A brace that belongs to no placeholder. Write it twice, %(twice)s, if a brace is meant.")
            raise PlaceholderFault(found.start(), words % {"twice": found[0] * 2})
        else:
            if plain:
                yield plain
            plain = ""
            yield _placeholder(found)
    if plain := plain + text[end:]:
        yield plain


def _placeholder(found: re.Match[str]) -> Placeholder:
    said = found[1].strip()
    if said == "*":
        return Placeholder(EVERYTHING, found.start())
    try:
        return Placeholder(parse_path(said), found.start())
    except PathFault as fault:
        begins = found.start() + 1 + len(found[1]) - len(found[1].lstrip())
        raise PlaceholderFault(begins + fault.at, fault.text) from None


def placeholders_in(text: str) -> list[Placeholder]:
    """Those of a text whose parts are known to be good."""
    return [part for part in parse_text(text) if isinstance(part, Placeholder)]


def fill(text: str, find: Finder) -> Any:
    """The text with what its placeholders stand for, or ``MISSING``."""
    parts = parse_text(text)
    if len(parts) == 1 and isinstance(parts[0], Placeholder):
        return find(parts[0].path)
    return _filled(parts, find, as_text)


def fill_tree(value: Any, find: Finder) -> Any:
    """The JSON with each of its texts filled; names and items whose text stands for nothing are left out."""
    if isinstance(value, str):
        return fill(value, find)
    if isinstance(value, dict):
        return {name: filled for name, below in value.items() if (filled := fill_tree(below, find)) is not MISSING}
    if isinstance(value, list):
        return [filled for below in value if (filled := fill_tree(below, find)) is not MISSING]
    return value


def fill_text(text: str, find: Finder) -> Any:
    """As text, also where it is one placeholder, or ``MISSING``."""
    return _filled(parse_text(text), find, as_text)


def fill_header(text: str, find: Finder) -> Any:
    """As the value of a header, or ``MISSING``. Raises ``UnusableValue`` where it would end the header."""
    filled = fill_text(text, find)
    if filled is not MISSING and _CONTROL.search(filled):
        raise UnusableValue(_("A header cannot hold a line break or another control character."))
    return filled if filled is MISSING else filled.strip()


def fill_address(text: str, find: Finder) -> str:
    """As an address, in which no value is more than one piece of a path. Raises ``UnusableValue``."""
    filled = _filled(parse_text(text), find, _in_a_path)
    if filled is MISSING:
        raise UnusableValue(_("The address holds a placeholder that stands for nothing here."))
    if any(piece in (".", "..") for piece in re.split(r"[/\\]", str(filled))):
        raise UnusableValue(_("The address would lead to another place than the one that is configured."))
    return str(filled)


def _in_a_path(value: Any) -> str:
    text = as_text(value)
    if not text:
        raise UnusableValue(_("The address holds a placeholder that stands for an empty text here."))
    return quote(text, safe="")


def _filled(parts: Parts, find: Finder, write: Callable[[Any], str]) -> Any:
    written = []
    for part in parts:
        if isinstance(part, Placeholder):
            value = find(("event", "name") if part.path == ("event",) else part.path)
            if value is MISSING:
                return MISSING
            part = write(value)
        written.append(part)
    return "".join(written)


def as_text(value: Any) -> str:
    """As people read it: a text as it is, nothing for null, else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
