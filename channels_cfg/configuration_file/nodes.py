"""What a file says, each piece with its place; and what is wrong with it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.utils.translation import gettext as _


class Place(NamedTuple):
    """A line and column of a text, or a row and column of a table, counted from 1; ``column_name`` is of a table."""

    line: int
    column: int
    column_name: str = ""

    def __str__(self) -> str:
        if self.column_name:
            return _("row %(line)s, %(column_name)s") % {"line": self.line, "column_name": self.column_name}
        return _("line %(line)s, column %(column)s") % {"line": self.line, "column": self.column}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something is refused, and the way out. ``path`` is like ``channels[2].statistics_keys[1]``."""

    place: Place | None
    path: str
    text: str

    def __str__(self) -> str:
        where = ", ".join(filter(None, [str(self.place) if self.place else "", self.path]))
        return f"{where}: {self.text}" if where else self.text


@dataclass(slots=True)
class Node:
    """A scalar as it is written, a list, or a mapping; what it means depends on the setting it is for.

    A scalar is text, and None where nothing is written. ``name_place`` is where the name of a mapping's entry stands.
    ``unusable`` says why nothing can be read from it.
    """

    value: str | list[Node] | dict[str, Node] | None
    place: Place
    path: str = ""
    name_place: Place | None = None
    unusable: str = ""

    def problem(self, text: str) -> Problem:
        return Problem(self.place, self.path, text)

    @property
    def kind(self) -> str:
        """In words, for complaints."""
        if isinstance(self.value, dict):
            return _("a mapping")
        if isinstance(self.value, list):
            return _("a list")
        return f"“{self.value}”" if self.value else _("nothing")


def did_you_mean(name: str, known: Iterable[Any]) -> str:
    """`` Did you mean “queues”?`` where a known name is near, else nothing."""
    names = [str(item) for item in known]
    by_lower = {item.lower(): item for item in reversed(names)}
    near = by_lower.get(name.lower()) or next(iter(difflib.get_close_matches(name[:200], names, n=1, cutoff=0.6)), "")
    return f" {_('Did you mean “%(near)s”?') % {'near': near}}" if near and near != name else ""
