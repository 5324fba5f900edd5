"""Where something stands in a text or a table."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.translation import gettext as _


class Position(NamedTuple):
    """A line and column of a text, or a row and column of a table, counted from 1; ``column_name`` is of a table."""

    line: int
    column: int
    column_name: str = ""

    def __str__(self) -> str:
        if self.column_name:
            return _("row %(line)s, %(column_name)s") % {"line": self.line, "column_name": self.column_name}
        return _("line %(line)s, column %(column)s") % {"line": self.line, "column": self.column}


def position_of(offset: int, text: str) -> Position:
    """Where the character with this offset stands in the text."""
    before = text[:offset]
    return Position(before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1)
