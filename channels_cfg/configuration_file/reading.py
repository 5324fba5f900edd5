"""Reading YAML with the position of every piece, and nothing that YAML can do beyond lists, mappings and scalars."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

import yaml
from django.utils.translation import gettext as _

from channels_cfg.configuration_file.nodes import (
    MOST_PROBLEMS,
    FileProblem,
    Node,
    Tell,
    UnreadableFile,
    silently,
    too_many_problems,
    unreadable,
    unstorable_in_words,
    without_unstorable,
)
from channels_cfg.positions import Position

MOST_BYTES = 20 * 1024 * 1024
MOST_NODES = 1_000_000
DEEPEST = 12
NODES_BETWEEN_TELLINGS = 1000

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULLS = {"", "~", "null", "Null", "NULL"}


def read_yaml(content: bytes, *, most_nodes: int = MOST_NODES, tell: Tell = silently) -> Node:
    """The file's only document, or ``UnreadableFile``.

    Scalars stay as they are written, so that ``no`` is a key called “no” in a list of keys and “no” for a switch, and
    ``0123`` a name. Anchors, tags, merge keys, names that come twice and deep nesting are refused.
    """
    return _Reader(_text(content), most_nodes, tell).document()


def _text(content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise unreadable(_("The file is larger than %(most)s MiB.") % {"most": MOST_BYTES // 1024**2})
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - (content.rfind(b"\n", 0, error.start) + 1) + 1
        raise unreadable(_("This is not UTF-8. Save the file as UTF-8."), Position(line, column)) from error


class _Reader:
    def __init__(self, text: str, most_nodes: int, tell: Tell) -> None:
        self.events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)
        self.text = text
        self.most_nodes = most_nodes
        self.tell = tell
        self.nodes = 0
        self.problems: list[FileProblem] = []

    def document(self) -> Node:
        try:
            self._next(yaml.StreamStartEvent)
            event = next(self.events)
            if isinstance(event, yaml.StreamEndEvent):
                raise unreadable(_("The file is empty."), Position(1, 1))
            root = self._node(next(self.events), None, "", depth=1)
            self._next(yaml.DocumentEndEvent)
            event = next(self.events)
            if not isinstance(event, yaml.StreamEndEvent):
                raise unreadable(_("A second document begins here. Keep one in a file."), _position(event))
        except yaml.YAMLError as error:
            raise UnreadableFile(*self.problems, self._in_words(error)) from error
        if self.problems:
            raise UnreadableFile(*self.problems)
        return root

    def _next(self, kind: type) -> None:
        event = next(self.events)
        assert isinstance(event, kind), event

    def _in_words(self, error: yaml.YAMLError) -> FileProblem:
        if isinstance(error, yaml.MarkedYAMLError):
            mark = error.problem_mark or error.context_mark
            position = Position(mark.line + 1, mark.column + 1) if mark else None
            words = ", ".join(filter(None, [error.context, error.problem]))
            return FileProblem(position, "", _("This is not YAML: %(words)s.") % {"words": words})
        # characters that no YAML file may hold
        found = re.search(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", self.text)
        if found is None:
            return FileProblem(None, "", _("This is not YAML: %(error)s") % {"error": error})
        start = found.start()
        position = Position(self.text.count("\n", 0, start) + 1, start - self.text.rfind("\n", 0, start))
        what = _("The invisible character U+%(code)s may not stand in YAML. Remove it.")
        return FileProblem(position, "", what % {"code": f"{ord(found[0]):04X}"})

    def _refuse(self, problem: FileProblem, *, is_last: bool = False) -> None:
        """Note the problem; after very many, or one behind which nothing can be read, read no further."""
        self.problems.append(problem)
        if len(self.problems) > MOST_PROBLEMS:
            raise UnreadableFile(too_many_problems(), *self.problems)
        if is_last:
            raise UnreadableFile(*self.problems)

    def _node(
        self, event: Any, above: Node | None, name: str | int, *, depth: int, name_position: Position | None = None
    ) -> Node:
        self.nodes += 1
        if not self.nodes % NODES_BETWEEN_TELLINGS:
            self.tell(event.start_mark.index / len(self.text))
        node = Node(None, _position(event), above, name, name_position)
        if self.nodes > self.most_nodes:
            text = _("The file says more than %(most)s things. Send it in parts, such as section by section.")
            self._refuse(node.problem(text % {"most": f"{self.most_nodes:,}"}), is_last=True)
        if depth > DEEPEST:
            self._refuse(node.problem(_("Nested deeper than %(most)s levels.") % {"most": DEEPEST}), is_last=True)
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            self._refuse(node.problem(_("Anchors and aliases are not read here. Write it out.")))
        if isinstance(event, yaml.AliasEvent):
            return node
        if event.tag and event.tag != "!":
            self._refuse(node.problem(_("The tag %(tag)s is not read here. Leave it out.") % {"tag": event.tag}))
        if isinstance(event, yaml.SequenceStartEvent):
            node.value = list(self._items(node, depth))
        elif isinstance(event, yaml.MappingStartEvent):
            node.value = self._entries(node, depth)
        elif not (event.implicit[0] and event.value in _NULLS):
            node.value = self._storable(node, event.value)
        return node

    def _storable(self, node: Node, text: str) -> str:
        if why := unstorable_in_words(text):
            self._refuse(node.problem(why))
            return without_unstorable(text)
        return text

    def _items(self, node: Node, depth: int) -> Iterator[Node]:
        number = 0
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            yield self._node(event, node, number, depth=depth + 1)
            number += 1

    def _entries(self, node: Node, depth: int) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            name = self._node(event, node, "", depth=depth + 1)
            if not isinstance(name.value, str):
                self._refuse(name.problem(_("A name is expected here.")))
            text = sys.intern(name.value) if isinstance(name.value, str) else ""
            entry = self._node(next(self.events), node, text, depth=depth + 1, name_position=name.position)
            if text in entries:
                twice = _("“%(text)s” stands here a second time; the first is on %(first)s.")
                self._refuse(entry.problem_with_name(twice % {"text": text, "first": entries[text].name_position}))
            entries.setdefault(text, entry)
        return entries


def _position(event: Any) -> Position:
    return Position(event.start_mark.line + 1, event.start_mark.column + 1)
