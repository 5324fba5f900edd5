"""JSONPath, as the translation maps of published data actions use it.

Jayway's rules hold (facts on Genesys Cloud): a *definite* path, of names and single indexes, finds one value or none.
An *indefinite* one finds a list, perhaps an empty one, so that a default never takes its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _
from jsonpath_ng import JSONPath
from jsonpath_ng.ext.parser import parse

from channels_cfg.data_actions.faults import NOWHERE, ActionFault
from channels_cfg.positions import Position

LONGEST_PATH = 500
MOST_DESCENTS = 2
"""How often one path may say ``..``; each multiplies what has to be looked through."""

_FUNCTION = re.compile(r"\.(size|length)\(\)\s*\Z")
_ALLOWED = {
    "Root",
    "This",
    "Child",
    "Descendants",
    "Fields",
    "Wildcard",
    "Index",
    "Slice",
    "Filter",
    "Expression",
    "And",
    "Or",
    "_Union",
}
_DEFINITE = {"Root", "This", "Child", "Fields", "Index"}


class UnreadablePath(ActionFault):
    """It is not JSONPath, or uses more of it than is followed; the column counts within the path."""


class NotFound:
    """What a definite path finds where nothing is; unlike null."""


NOT_FOUND = NotFound()


@dataclass(frozen=True)
class ResultPath:
    """A path that was read."""

    text: str
    is_definite: bool
    _path: JSONPath
    _function: str = ""

    def find(self, document: Any) -> Any:
        """The value, ``NOT_FOUND``, or, of an indefinite path, the list of all values. Raises ``UnreadablePath`` where
        the document cannot be asked so."""
        try:
            values = [found.value for found in self._path.find(document)]
        except Exception:  # the library compares whatever the document holds
            raise UnreadablePath(_("The path cannot be followed in this answer.")) from None
        if self.is_definite:
            return self._counted(values[0]) if values else NOT_FOUND
        counted = [self._counted(value) for value in values]
        return [value for value in counted if value is not NOT_FOUND]

    def _counted(self, value: Any) -> Any:
        if not self._function:
            return value
        countable = (list, dict, str) if self._function == "length" else (list, dict)
        return len(value) if isinstance(value, countable) else NOT_FOUND


@lru_cache(maxsize=1024)
def read_path(text: str) -> ResultPath:
    """The path that is meant, also without ``$`` at its beginning. Raises ``UnreadablePath``."""
    written = text.strip()
    if not written:
        raise UnreadablePath(_("The path is empty. Write $ for the whole answer."), at=Position(1, 1))
    if len(written) > LONGEST_PATH:
        raise UnreadablePath(_("A path has at most %(most)d characters.") % {"most": LONGEST_PATH})
    if not written.isprintable() or "`" in written:
        raise UnreadablePath(_("A path has no control characters and no backticks."))
    function = _FUNCTION.search(written)
    bare = written[: function.start()] if function else written
    if not bare.startswith("$"):
        bare = f"$.{bare}"
    path = _parsed(re.sub(r"(?<!\.)\.\[", "[", bare))
    nodes = list(_nodes(path))
    _check(nodes)
    return ResultPath(text, _is_definite(nodes), path, function[1] if function else "")


def _parsed(text: str) -> JSONPath:
    try:
        return parse(text)
    except Exception as fault:  # the grammar raises more than it names
        at = re.search(r"\b1:(\d+)\b|\bcol(?:umn)? (\d+)", str(fault))
        raise UnreadablePath(
            _("This is not JSONPath."), at=Position(1, int(at[1] or at[2])) if at else NOWHERE
        ) from None


def _nodes(node: Any, *, in_filter: bool = False) -> Iterator[tuple[Any, bool]]:
    """Every part of the path, with whether it stands in a filter."""
    waiting = [(node, in_filter)]
    while waiting:
        part, inside = waiting.pop()
        yield part, inside
        inside = inside or type(part).__name__ == "Filter"
        for value in vars(part).values():
            items = value if isinstance(value, list | tuple) else [value]
            waiting += [(item, inside) for item in items if isinstance(item, JSONPath)]


def _check(nodes: list[tuple[Any, bool]]) -> None:
    descents = 0
    for part, in_filter in nodes:
        name = type(part).__name__
        if name not in _ALLOWED or getattr(part, "op", "") == "=~":
            raise UnreadablePath(_("Names, indexes, slices, *, .. and filters are followed, and nothing else."))
        descents += name == "Descendants"
        if descents > MOST_DESCENTS or (in_filter and name in ("Descendants", "Wildcard")):
            raise UnreadablePath(
                _("Write .. at most %(most)d times, and neither .. nor * in a filter.") % {"most": MOST_DESCENTS}
            )


def _is_definite(nodes: list[tuple[Any, bool]]) -> bool:
    for part, _in_filter in nodes:
        if type(part).__name__ not in _DEFINITE:
            return False
        several = getattr(part, "fields", ()) or getattr(part, "indices", ())
        if len(several) > 1 or "*" in several:
            return False
    return True
