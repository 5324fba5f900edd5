"""Values of a template: JSON's own kinds, and what may be asked of them. Nothing else of Python can be reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from channels_cfg.data_actions.faults import ActionFault
from channels_cfg.data_actions.json_text import MOST_VALUES, json_text

LONGEST_TEXT = 1_000_000
LARGEST_NUMBER = 10**100


class NotPossible(ActionFault):
    """What a template asks for cannot be done with these values."""


@dataclass(frozen=True)
class ToolBox:
    """Functions that templates may call, by name, each with the least and the most arguments it takes."""

    name: str
    functions: Mapping[str, tuple[Callable[..., Any], int, int]]

    def call(self, name: str, arguments: list[Any]) -> Any:
        if name not in self.functions:
            known = ", ".join(sorted(self.functions))
            words = _("$%(tool)s has no %(name)s. There are: %(known)s.")
            raise NotPossible(words % {"tool": self.name, "name": name, "known": known})
        function, least, most = self.functions[name]
        return _called(f"${self.name}.{name}", function, least, most, arguments)


def as_text(value: Any) -> str:
    """As it is printed: a text as it is, everything else as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, ToolBox):
        raise NotPossible(_("$%(tool)s has functions; name one of them.") % {"tool": value.name})
    size_of(value)
    return limited(json_text(value))


def size_of(value: Any) -> int:
    """How many values there are in it. Raises ``NotPossible`` where there are too many, since a template can put a list
    twice into the next."""
    waiting, count = [value], 0
    while waiting:
        item = waiting.pop()
        count += 1
        if count > MOST_VALUES:
            raise NotPossible(_("A list of the template became too long."))
        if isinstance(item, ToolBox):
            raise NotPossible(_("$%(tool)s has functions; name one of them.") % {"tool": item.name})
        waiting += item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
    return count


def as_number(value: Any) -> int | float:
    """Raises ``NotPossible`` for what is no number."""
    if isinstance(value, bool) or value is None:
        raise NotPossible(_("A number is needed here."))
    if isinstance(value, int | float):
        return value
    try:
        text = as_text(value).strip()
        if len(text) > 40:
            raise ValueError
        return int(text) if text.lstrip("+-").isdigit() else limited(float(text))
    except ValueError:
        raise NotPossible(_("A number is needed here.")) from None


def limited(value: Any) -> Any:
    """The value, or ``NotPossible`` where it is too large to go on with."""
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        raise NotPossible(_("A text of the template became longer than %(most)d characters.") % {"most": LONGEST_TEXT})
    if isinstance(value, int | float) and not (-LARGEST_NUMBER < value < LARGEST_NUMBER):
        raise NotPossible(_("A number of the template became too large."))
    return value


def property_of(value: Any, name: str) -> Any:
    """What ``.name`` is: an entry of an object, else a function without arguments. None where there is nothing."""
    if isinstance(value, ToolBox):
        return value.call(name, [])
    if isinstance(value, dict):
        return value.get(name)
    return None if value is None else call_of(value, name, [])


def call_of(value: Any, name: str, arguments: list[Any]) -> Any:
    """What ``.name(arguments)`` is. Raises ``NotPossible``."""
    if isinstance(value, ToolBox):
        return value.call(name, arguments)
    kinds: tuple[tuple[type | tuple[type, ...], Mapping[str, tuple[Callable[..., Any], int, int]]], ...] = (
        (str, _OF_TEXTS),
        (list, _OF_LISTS),
        (dict, _OF_OBJECTS),
    )
    for kind, functions in kinds:
        if isinstance(value, kind) and name in functions:
            function, least, most = functions[name]
            return _called(f".{name}", function, least, most, [value, *arguments], itself=1)
    if name == "toString" and not arguments and value is not None:
        return as_text(value)
    raise NotPossible(_("There is no .%(name)s of this value.") % {"name": name})


def _called(
    written: str, function: Callable[..., Any], least: int, most: int, arguments: list[Any], *, itself: int = 0
) -> Any:
    if not least <= len(arguments) - itself <= most:
        raise NotPossible(_("%(function)s takes another number of values.") % {"function": written})
    try:
        return limited(function(*arguments))
    except (TypeError, ValueError, ArithmeticError, IndexError, UnicodeError):
        raise NotPossible(_("%(function)s cannot be done with these values.") % {"function": written}) from None


def _replaced(text: str, old: Any, new: Any) -> str:
    old, new = as_text(old), as_text(new)
    if (text.count(old) if old else len(text) + 1) * len(new) > LONGEST_TEXT:
        raise NotPossible(_("A text of the template became longer than %(most)d characters.") % {"most": LONGEST_TEXT})
    return text.replace(old, new)


def _part(text: str, start: int, end: int | None = None) -> str:
    last = len(text) if end is None else end
    if not 0 <= start <= last <= len(text):
        raise ValueError
    return text[start:last]


_OF_TEXTS: Mapping[str, tuple[Callable[..., Any], int, int]] = {
    "length": (len, 0, 0),
    "isEmpty": (lambda text: not text, 0, 0),
    "trim": (str.strip, 0, 0),
    "toLowerCase": (str.lower, 0, 0),
    "toUpperCase": (str.upper, 0, 0),
    "replace": (_replaced, 2, 2),
    "contains": (lambda text, part: as_text(part) in text, 1, 1),
    "startsWith": (lambda text, part: text.startswith(as_text(part)), 1, 1),
    "endsWith": (lambda text, part: text.endswith(as_text(part)), 1, 1),
    "equals": (lambda text, other: isinstance(other, str) and text == other, 1, 1),
    "equalsIgnoreCase": (lambda text, other: isinstance(other, str) and text.lower() == other.lower(), 1, 1),
    "indexOf": (lambda text, part: text.find(as_text(part)), 1, 1),
    "lastIndexOf": (lambda text, part: text.rfind(as_text(part)), 1, 1),
    "substring": (_part, 1, 2),
    "concat": (lambda text, more: text + as_text(more), 1, 1),
}
_OF_LISTS: Mapping[str, tuple[Callable[..., Any], int, int]] = {
    "size": (len, 0, 0),
    "isEmpty": (lambda items: not items, 0, 0),
    "get": (lambda items, index: items[index], 1, 1),
    "contains": (lambda items, item: item in items, 1, 1),
}
_OF_OBJECTS: Mapping[str, tuple[Callable[..., Any], int, int]] = {
    "size": (len, 0, 0),
    "isEmpty": (lambda entries: not entries, 0, 0),
    "get": (lambda entries, name: entries.get(as_text(name)), 1, 1),
    "containsKey": (lambda entries, name: as_text(name) in entries, 1, 1),
    "keySet": (lambda entries: list(entries), 0, 0),
}
