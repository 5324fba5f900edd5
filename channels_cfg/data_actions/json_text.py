"""JSON as data actions hold it: objects of templates and paths, schemas, answers of others."""

from __future__ import annotations

import json
from typing import Any

from django.utils.translation import gettext as _

from channels_cfg.data_actions.faults import ActionFault
from channels_cfg.integrations.json_position import JSONDocument, JSONFault, parse_json
from channels_cfg.positions import Position

MOST_VALUES = 20_000
LARGEST_JSON = 1_100_000
"""Characters; a little more than what is read of an answer."""


class NotJson(ActionFault):
    """The text is not JSON that is read; the message says why, in words."""


def read_json(text: str) -> Any:
    """The value that the text says. Raises ``NotJson`` with line and column."""
    if len(text) > LARGEST_JSON:
        raise NotJson(_("It is larger than %(most)d characters.") % {"most": LARGEST_JSON})
    try:
        value = parse_json(text).value
    except JSONFault as fault:
        raise NotJson(fault.text, at=fault.position) from None
    if _count(value) > MOST_VALUES:
        raise NotJson(_("It holds more than %(most)d values.") % {"most": MOST_VALUES})
    return value


def read_json_object(text: str) -> dict[str, Any]:
    """As ``read_json``; an empty text is an empty object, and anything but an object is refused."""
    if not text.strip():
        return {}
    value = read_json(text)
    if not isinstance(value, dict):
        raise NotJson(_("An object, { … }, is expected here."), at=Position(1, 1))
    return value


def read_texts(text: str) -> dict[str, str]:
    """As ``read_json_object``, with texts for values alone; a number or a switch is taken as its text."""
    found = read_json_object(text)
    for name, value in found.items():
        if isinstance(value, list | dict) or value is None:
            words = _("“%(name)s” must be a text, in quotes.") % {"name": name[:80]}
            raise NotJson(words, at=place_of_value(text, name))
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in found.items()}


def json_text(value: Any) -> str:
    """The value as JSON in one line, as it goes into a template and over the network."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def pretty_json(value: Any) -> str:
    """The value as JSON for people to read and edit."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def place_of_name(text: str, *path: str | int) -> Position:
    """Where the name of this value stands, or what is nearest above it."""
    return _document(text).position_of_name(path)


def place_of_value(text: str, *path: str | int, character: int = 0) -> Position:
    """Where this value stands, or, of a text, its character with this index."""
    return _document(text).position(path, character=character)


def _document(text: str) -> JSONDocument:
    try:
        return parse_json(text)
    except JSONFault:
        return JSONDocument(text)


def _count(value: Any) -> int:
    waiting, count = [value], 0
    while waiting and count <= MOST_VALUES:
        item = waiting.pop()
        count += 1
        waiting += item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
    return count
