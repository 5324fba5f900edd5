"""Paths into JSON: ``response.body.tickets[-1].id``, and ``headers["x-a b"]`` for names that are no plain words.

Nothing but names and indexes: a path can neither call nor reach anything of Python.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext as _

Path = tuple[str | int, ...]

LONGEST_PATH = 500
_NAME = re.compile(r"[^\s.\[\]{}\"']+")
_INDEX = re.compile(r"\[\s*(?:(?P<index>-?[0-9]{1,9})|\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)')\s*\]")


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = _Missing()
"""There is nothing at the path; another thing than null."""


class PathFault(ValueError):
    """The text is no path; ``at`` is the index of the character that does not fit."""

    def __init__(self, at: int, text: str) -> None:
        super().__init__(text)
        self.at = at
        self.text = text


def parse_path(text: str) -> Path:
    """The steps of a path. Raises ``PathFault``."""
    if len(text) > LONGEST_PATH:
        raise PathFault(LONGEST_PATH, _("A path has at most %(most)s characters.") % {"most": LONGEST_PATH})
    steps: list[str | int] = []
    at = 0
    while at < len(text) or not steps:
        if steps and text[at] == "[":
            step, at = _bracket(text, at)
        else:
            if steps and text[at] != ".":
                raise PathFault(at, _("A dot or [ is expected here."))
            step, at = _name(text, at + 1 if steps else at)
        steps.append(step)
    return tuple(steps)


def _name(text: str, at: int) -> tuple[str, int]:
    found = _NAME.match(text, at)
    if found is None:
        raise PathFault(at, _('A name is expected here; one with spaces or dots is written ["a name"].'))
    return found[0], found.end()


def _bracket(text: str, at: int) -> tuple[str | int, int]:
    found = _INDEX.match(text, at)
    if found is None:
        raise PathFault(at, _('In brackets stands a whole number, such as [0] or [-1], or a name in quotes: ["a b"].'))
    if found["index"] is not None:
        return int(found["index"]), found.end()
    return found["double"] if found["double"] is not None else found["single"], found.end()


def look_up(value: Any, path: Path) -> Any:
    """What stands at the path, or ``MISSING``. Indexes count from 0, and from -1 at the end."""
    for step in path:
        if isinstance(value, Mapping):
            value = value.get(step, MISSING)
        elif isinstance(value, list) and (index := _as_index(step)) is not None and -len(value) <= index < len(value):
            value = value[index]
        else:
            return MISSING
    return value


def _as_index(step: str | int) -> int | None:
    if isinstance(step, int):
        return step
    return int(step) if re.fullmatch(r"[0-9]{1,9}", step, re.ASCII) else None


def in_words(path: Path) -> str:
    """As it is written: ``tickets[-1].id``."""
    parts = (
        f"[{step}]" if isinstance(step, int) else f".{step}" if _NAME.fullmatch(step) else f'["{step}"]'
        for step in path
    )
    return "".join(parts).removeprefix(".")
