"""Reading YAML with the place of every piece, and nothing that YAML can do beyond lists, mappings and scalars."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml
from django.utils.translation import gettext as _

from channels_cfg.configuration_file.nodes import Node, Place, Problem

MOST_BYTES = 20 * 1024 * 1024
MOST_NODES = 1_000_000
DEEPEST = 12

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULLS = {"", "~", "null", "Null", "NULL"}


class Unreadable(Exception):
    """The file cannot be read; ``problems`` says why and where."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = list(problems)


def read_yaml(content: bytes) -> Node:
    """The file's only document, or ``Unreadable``.

    Scalars stay as they are written, so that ``no`` is a key called “no” in a list of keys and “no” for a switch, and
    ``0123`` a name. Anchors, tags, merge keys, names that come twice and deep nesting are refused.
    """
    return _Reader(_text(content)).document()


def _text(content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise Unreadable(
            Problem(None, "", _("The file is larger than %(most)s MiB.") % {"most": MOST_BYTES // 1024**2})
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - (content.rfind(b"\n", 0, error.start) + 1) + 1
        raise Unreadable(Problem(Place(line, column), "", _("This is not UTF-8. Save the file as UTF-8."))) from error


class _Reader:
    def __init__(self, text: str) -> None:
        self.events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)
        self.text = text
        self.nodes = 0
        self.problems: list[Problem] = []

    def document(self) -> Node:
        try:
            self._next(yaml.StreamStartEvent)
            event = next(self.events)
            if isinstance(event, yaml.StreamEndEvent):
                raise Unreadable(Problem(Place(1, 1), "", _("The file is empty.")))
            root = self._node(next(self.events), "", depth=1)
            self._next(yaml.DocumentEndEvent)
            event = next(self.events)
            if not isinstance(event, yaml.StreamEndEvent):
                raise Unreadable(Problem(_place(event), "", _("A second document begins here. Keep one in a file.")))
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = Place(mark.line + 1, mark.column + 1) if mark else None
            words = ", ".join(filter(None, [error.context, error.problem]))
            raise Unreadable(
                *self.problems, Problem(place, "", _("This is not YAML: %(words)s.") % {"words": words})
            ) from error
        except yaml.YAMLError as error:
            raise Unreadable(*self.problems, self._bad_character(error)) from error
        if self.problems:
            raise Unreadable(*self.problems)
        return root

    def _next(self, kind: type) -> None:
        event = next(self.events)
        assert isinstance(event, kind), event

    def _bad_character(self, error: yaml.YAMLError) -> Problem:
        """Characters that no YAML file may hold."""
        found = re.search(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", self.text)
        if found is None:
            return Problem(None, "", _("This is not YAML: %(error)s") % {"error": error})
        start = found.start()
        place = Place(self.text.count("\n", 0, start) + 1, start - self.text.rfind("\n", 0, start))
        return Problem(
            place,
            "",
            _("The invisible character U+%(code)s may not stand in YAML. Remove it.")
            % {"code": f"{ord(found[0]):04X}"},
        )

    def _node(self, event: Any, path: str, *, depth: int, name_place: Place | None = None) -> Node:
        self.nodes += 1
        place = _place(event)
        if self.nodes > MOST_NODES:
            raise Unreadable(
                Problem(place, path, _("The file says more than %(most)s things.") % {"most": f"{MOST_NODES:,}"})
            )
        if depth > DEEPEST:
            raise Unreadable(
                *self.problems, Problem(place, path, _("Nested deeper than %(most)s levels.") % {"most": DEEPEST})
            )
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            self.problems.append(Problem(place, path, _("Anchors and aliases are not read here. Write it out.")))
        if isinstance(event, yaml.AliasEvent):
            return Node(None, place, path, name_place)
        if event.tag and event.tag != "!":
            self.problems.append(
                Problem(place, path, _("The tag %(tag)s is not read here. Leave it out.") % {"tag": event.tag})
            )
        if isinstance(event, yaml.SequenceStartEvent):
            return Node(list(self._items(path, depth)), place, path, name_place)
        if isinstance(event, yaml.MappingStartEvent):
            return Node(self._entries(path, depth), place, path, name_place)
        value = None if event.implicit[0] and event.value in _NULLS else event.value
        return Node(value, place, path, name_place)

    def _items(self, path: str, depth: int) -> Iterator[Node]:
        number = 0
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            yield self._node(event, f"{path}[{number}]", depth=depth + 1)
            number += 1

    def _entries(self, path: str, depth: int) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            name = self._node(event, path, depth=depth + 1)
            if not isinstance(name.value, str):
                self.problems.append(name.problem(_("A name is expected here.")))
            text = str(name.value) if isinstance(name.value, str) else ""
            below = f"{path}.{text}" if path else text
            node = self._node(next(self.events), below, depth=depth + 1, name_place=name.place)
            if text in entries:
                first = entries[text].name_place
                self.problems.append(
                    Problem(
                        name.place,
                        below,
                        _("“%(text)s” stands here a second time; the first is on %(first)s.")
                        % {"text": text, "first": first},
                    )
                )
            entries.setdefault(text, node)
        return entries


def _place(event: Any) -> Place:
    return Place(event.start_mark.line + 1, event.start_mark.column + 1)
