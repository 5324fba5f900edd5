"""JSON that knows where each of its values stands, so that what is wrong with it is told with line and column.

Strict (RFC 8259), and bounded: names that come twice, NaN, numbers that no column holds, and what is nested too deep
are refused.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from channels_cfg.positions import Position, position_of

MOST_NESTED = 50
LONGEST_NUMBER = 100

Path = tuple[str | int, ...]
"""Names and indexes that lead to a value: ``("tickets", 0, "id")``."""

_SPACE = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"', re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|.)", re.DOTALL)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)
_WORD = re.compile(r"[^\s,:\[\]{}\"]+")
_ESCAPED = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS = {"true": True, "false": False, "null": None}


class JSONFault(ValueError):
    """What is wrong with a text that is no JSON, or says something that cannot be, and where."""

    def __init__(self, position: Position, text: str) -> None:
        super().__init__(f"{position}: {text}")
        self.position = position
        self.text = text


@dataclass(frozen=True)
class JSONDocument:
    """The value, and where each value below it, by its path, and each name of an object begins."""

    text: str
    value: Any = None
    _values: dict[Path, int] = field(default_factory=dict, repr=False)
    _names: dict[Path, int] = field(default_factory=dict, repr=False)

    def position(self, path: Path, *, character: int | None = None) -> Position:
        """Where the value stands, or, of a string, its character with this index; of what is not there, where the
        nearest above stands."""
        while path not in self._values and path:
            path, character = path[:-1], None
        offset = self._values.get(path, 0)
        if character is not None and self.text[offset : offset + 1] == '"':
            offset = self._within(offset + 1, character)
        return position_of(offset, self.text)

    def position_of_name(self, path: Path) -> Position:
        """Where the name of the value stands; of an item of a list, where the item does."""
        return position_of(self._names[path], self.text) if path in self._names else self.position(path)

    def _within(self, offset: int, character: int) -> int:
        for _index in range(character):
            escape = _ESCAPE.match(self.text, offset)
            offset = escape.end() if escape else offset + 1
        return offset

    def fault(self, path: Path, text: str, *, character: int | None = None) -> JSONFault:
        return JSONFault(self.position(path, character=character), text)

    def fault_of_name(self, path: Path, text: str) -> JSONFault:
        return JSONFault(self.position_of_name(path), text)


def parse_json(text: str) -> JSONDocument:
    """The document that the text is. Raises ``JSONFault`` and nothing else."""
    reader = _JSONReader(text)
    value = reader.whole()
    return JSONDocument(text, value, reader.values, reader.names)


class _JSONReader:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.values: dict[Path, int] = {}
        self.names: dict[Path, int] = {}

    def whole(self) -> Any:
        if self.text.startswith("\ufeff"):
            raise self.fault(_("It begins with an invisible mark (U+FEFF). Remove it."))
        self._space()
        if self.at == len(self.text):
            raise self.fault(_("It is empty. The least that JSON has is {}."))
        value = self._value(())
        self._space()
        if self.at < len(self.text):
            raise self.fault(_("Nothing is expected after the end of the JSON. Remove what stands here."))
        return value

    def fault(self, words: str, *, at: int | None = None) -> JSONFault:
        return JSONFault(position_of(self.at if at is None else at, self.text), words)

    def _space(self) -> None:
        self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]  # it matches nothing too

    def _next(self) -> str:
        self._space()
        return self.text[self.at : self.at + 1]

    def _value(self, path: Path) -> Any:
        self._space()
        if len(path) > MOST_NESTED:
            raise self.fault(_("Nested more than %(most)s levels deep.") % {"most": MOST_NESTED})
        self.values[path] = self.at
        first = self._next()
        if first == "{":
            return self._object(path)
        if first == "[":
            return self._list(path)
        if first == '"':
            return self._string()
        return self._word()

    def _object(self, path: Path) -> dict[str, Any]:
        self.at += 1
        found: dict[str, Any] = {}
        if self._next() == "}":
            self.at += 1
            return found
        while True:
            if self._next() != '"':
                raise self.fault(_('A name in double quotes is expected here, such as "method".'))
            begins = self.at
            name = self._string()
            if name in found:
                raise self.fault(_("“%(name)s” is here twice.") % {"name": name[:80]}, at=begins)
            self.names[(*path, name)] = begins
            if self._next() != ":":
                raise self.fault(_("A colon is expected here, after the name."))
            self.at += 1
            found[name] = self._value((*path, name))
            if self._goes_on("}"):
                return found

    def _list(self, path: Path) -> list[Any]:
        self.at += 1
        found: list[Any] = []
        if self._next() == "]":
            self.at += 1
            return found
        while True:
            found.append(self._value((*path, len(found))))
            if self._goes_on("]"):
                return found

    def _goes_on(self, end: str) -> bool:
        """Past a comma, or, and then it is true, past the end."""
        found = self._next()
        if found == "," or found == end:
            comma = self.at
            self.at += 1
            if found == "," and self._next() == end:
                raise self.fault(_("A comma stands before the end. Remove it."), at=comma)
            return found == end
        raise self.fault(_("A comma or %(end)s is expected here.") % {"end": end})

    def _string(self) -> str:
        begins = self.at
        found = _STRING.match(self.text, begins)
        if found is None:
            raise self._unended(begins)
        self.at = found.end()
        raw = found[0][1:-1]
        if "\\" not in raw:
            text = raw
        else:
            text = _ESCAPE.sub(lambda escape: self._unescaped(escape, begins + 1), raw)
            text = self._whole_characters(text, begins)
        if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
            raise self.fault(_("The text holds a character that cannot be stored."), at=begins)
        return text

    def _whole_characters(self, text: str, begins: int) -> str:
        """With each pair of surrogates as the character that it stands for."""
        try:
            return text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            raise self.fault(_("The text holds half a surrogate pair."), at=begins) from None

    def _unended(self, begins: int) -> JSONFault:
        wrong = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*', re.DOTALL).match(self.text, begins)
        at = wrong.end() if wrong else begins
        if at < len(self.text) and self.text[at] == "\n":
            return self.fault(_("The text that begins here has no closing quotation mark in its line."), at=begins)
        if at < len(self.text) and self.text[at] < " ":
            return self.fault(_("A control character stands here; write it as \\u%04x.") % ord(self.text[at]), at=at)
        return self.fault(_("The text that begins here has no closing quotation mark."), at=begins)

    def _unescaped(self, escape: re.Match[str], offset: int) -> str:
        said = escape[0][1:]
        if said[0] == "u" and len(said) == 5:
            return chr(int(said[1:], 16))
        if said in _ESCAPED:
            return _ESCAPED[said]
        raise self.fault(_("“%(escape)s” is no escape of JSON.") % {"escape": escape[0]}, at=offset + escape.start())

    def _word(self) -> Any:
        number = _NUMBER.match(self.text, self.at)
        word = _WORD.match(self.text, self.at)
        if number and word and number.end() == word.end():
            return self._number(number)
        if word is None:
            raise self.fault(_("A value is expected here."))
        if word[0] in _WORDS:
            self.at = word.end()
            return _WORDS[word[0]]
        if word[0].startswith("'"):
            raise self.fault(_("JSON has double quotes, never single ones."))
        raise self.fault(_("“%(word)s” is no value of JSON. A text stands in double quotes.") % {"word": word[0][:40]})

    def _number(self, found: re.Match[str]) -> int | float:
        if len(found[0]) > LONGEST_NUMBER:
            words = _("The number has %(count)s characters; at most %(most)s are read.")
            raise self.fault(words % {"count": len(found[0]), "most": LONGEST_NUMBER})
        number = float(found[0]) if found[1] or found[2] else int(found[0])
        if isinstance(number, float) and not math.isfinite(number):
            raise self.fault(_("The number is larger than any that can be kept."))
        self.at = found.end()
        return number
