"""What a file says, each piece with its position; and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from channels_cfg.positions import Position

MOST_PROBLEMS = 500
"""After so many nobody reads on, and the rest of a file is not looked at."""

Tell = Callable[[float], None]
"""Is told how far a piece of work is, from 0 to 1, and may stop it by raising."""


def silently(share: float) -> None:
    """For those who wait for the end."""


_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
"""What no column of PostgreSQL holds."""


@dataclass(frozen=True, slots=True)
class FileProblem:
    """Why something is refused, and the way out. ``path`` is like ``channels[2].statistics_keys[1]``."""

    position: Position | None
    path: str
    text: str

    def __str__(self) -> str:
        where = ", ".join(filter(None, [str(self.position) if self.position else "", self.path]))
        return f"{where}: {self.text}" if where else self.text


def too_many_problems() -> FileProblem:
    text = _("More than %(most)d problems. Nothing after them was read: correct these, and send the file again.")
    return FileProblem(None, "", text % {"most": MOST_PROBLEMS})


class UnreadableFile(Exception):
    """The file cannot be read; ``problems`` says why and where."""

    def __init__(self, *problems: FileProblem) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = list(problems)


def unreadable(text: str, position: Position | None = None) -> UnreadableFile:
    """The exception for one reason."""
    return UnreadableFile(FileProblem(position, "", text))


@dataclass(slots=True)
class Node:
    """A scalar as it is written, a list, or a mapping; what it means depends on the setting it is for.

    A scalar is text, and None where nothing is written. ``above`` holds it, under a ``name`` or a number from 0;
    ``name_position`` is where the name stands. ``unusable`` says why nothing can be read from it.
    """

    value: str | list[Node] | dict[str, Node] | None
    position: Position
    above: Node | None = field(default=None, repr=False)
    name: str | int = ""
    name_position: Position | None = None
    unusable: str = ""

    @property
    def path(self) -> str:
        """Like ``channels[2].statistics_keys[1]``; empty in a table."""
        above = self.above.path if self.above else ""
        if isinstance(self.name, int):
            return f"{above}[{self.name}]"
        return f"{above}.{self.name}" if above and self.name else above or self.name

    def problem(self, text: str) -> FileProblem:
        return FileProblem(self.position, self.path, text)

    def problem_with_name(self, text: str) -> FileProblem:
        return FileProblem(self.name_position, self.path, text)

    @property
    def kind(self) -> str:
        """In words, for complaints."""
        if isinstance(self.value, dict):
            return _("a mapping")
        if isinstance(self.value, list):
            return _("a list")
        return f"“{self.value}”" if self.value else _("nothing")


def unstorable_in_words(text: str) -> str:
    """Why the text cannot be kept; empty where it can."""
    found = _UNSTORABLE.search(text)
    if not found:
        return ""
    code = f"{ord(found[0]):04X}"
    return _("The invisible character U+%(code)s may not stand in a text. Remove it.") % {"code": code}


def without_unstorable(text: str) -> str:
    return _UNSTORABLE.sub("", text)
