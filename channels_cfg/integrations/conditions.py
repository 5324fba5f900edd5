"""Conditions of what a response sets: ``{contact.cad.rank} >= 100 and not {response.body.vip} is missing``.

Compared with ``=``, ``!=``, ``<``, ``<=``, ``>``, ``>=``, ``contains``, ``is missing`` and ``is not missing``; joined
with ``and``, ``or``, ``not`` and parentheses. Texts stand in single quotes. Two numbers, or texts that are numbers, are
compared as numbers. What is missing equals nothing. A value alone holds unless it is missing, null, false or empty.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from channels_cfg.integrations.paths import MISSING
from channels_cfg.integrations.placeholders import Finder, Placeholder, PlaceholderFault, as_text, parse_text

LONGEST_CONDITION = 1000
MOST_NESTED = 20

Holds = Callable[[Finder], bool]
Operand = Callable[[Finder], Any]

_TOKEN = re.compile(
    r"\s*(?:(?P<placeholder>\{[^{}]*\})|'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\""
    r"|(?P<number>-?[0-9]{1,50}(?:\.[0-9]{1,50})?)(?![\w.])"
    r"|(?P<word>[A-Za-z]+)|(?P<sign><=|>=|!=|<>|==|=|<|>|\(|\)))"
)
_WORDS = ("and", "or", "not", "is", "missing", "contains", "true", "false", "null")


class ConditionFault(ValueError):
    """The condition cannot be read; ``at`` is the index of the character that does not fit."""

    def __init__(self, at: int, text: str) -> None:
        super().__init__(text)
        self.at = at
        self.text = text


@dataclass(frozen=True)
class Condition:
    """``holds`` says whether it does, given what paths stand for."""

    placeholders: tuple[Placeholder, ...]
    holds: Holds


def parse_condition(text: str) -> Condition:
    """Raises ``ConditionFault``."""
    if len(text) > LONGEST_CONDITION:
        words = _("A condition has at most %(most)s characters.") % {"most": LONGEST_CONDITION}
        raise ConditionFault(LONGEST_CONDITION, words)
    reader = _ConditionReader(text)
    holds = reader.either(0)
    if reader.token[0] != "end":
        raise ConditionFault(reader.token[2], _("“and”, “or” or the end is expected here."))
    return Condition(tuple(reader.placeholders), holds)


class _ConditionReader:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.placeholders: list[Placeholder] = []
        self.token: tuple[str, str, int] = ("", "", 0)
        self.step()

    def step(self) -> None:
        """To the next token: its kind, its text and where it begins."""
        found = _TOKEN.match(self.text, self.at)
        if found is None or not found.lastgroup:
            begins = self.at + len(self.text[self.at :]) - len(self.text[self.at :].lstrip())
            if begins < len(self.text):
                raise ConditionFault(begins, _("“%(text)s” is no part of a condition.") % {"text": self.text[begins]})
            self.token = ("end", "", begins)
            return
        kind, text = found.lastgroup, found[found.lastgroup]
        begins = found.start(kind) - (kind in ("single", "double"))
        if kind == "word":
            text = text.lower()
            if text not in _WORDS:
                raise ConditionFault(begins, _("“%(text)s”: a text stands in single quotes.") % {"text": text})
        self.token, self.at = (kind, text, begins), found.end()

    def takes(self, *texts: str) -> str:
        kind, text, _at = self.token
        if kind in ("word", "sign") and text in texts:
            self.step()
            return text
        return ""

    def either(self, depth: int) -> Holds:
        parts = [self.both(depth)]
        while self.takes("or"):
            parts.append(self.both(depth))
        return parts[0] if len(parts) == 1 else lambda find: any(part(find) for part in parts)

    def both(self, depth: int) -> Holds:
        parts = [self.one(depth)]
        while self.takes("and"):
            parts.append(self.one(depth))
        return parts[0] if len(parts) == 1 else lambda find: all(part(find) for part in parts)

    def one(self, depth: int) -> Holds:
        begins = self.token[2]
        if depth > MOST_NESTED:
            raise ConditionFault(begins, _("Nested more than %(most)s levels deep.") % {"most": MOST_NESTED})
        if self.takes("not"):
            inner = self.one(depth + 1)
            return lambda find: not inner(find)
        if self.takes("("):
            inner = self.either(depth + 1)
            if not self.takes(")"):
                raise ConditionFault(self.token[2], _("A closing parenthesis is expected here."))
            return inner
        return self.comparison()

    def comparison(self) -> Holds:
        left = self.operand()
        if self.takes("is"):
            is_wanted = not self.takes("not")
            if not self.takes("missing"):
                raise ConditionFault(self.token[2], _("“missing” is expected here."))
            return lambda find: (left(find) is MISSING) == is_wanted
        sign = self.takes("=", "==", "!=", "<>", "<", "<=", ">", ">=", "contains")
        if not sign:
            return lambda find: left(find) not in (MISSING, None, False, "")
        right = self.operand()
        compare = _COMPARISONS[sign]
        return lambda find: compare(left(find), right(find))

    def operand(self) -> Operand:
        kind, text, begins = self.token
        value: Any = text
        if kind == "placeholder":
            try:
                (part,) = parse_text(text)
            except PlaceholderFault as fault:
                raise ConditionFault(begins + fault.at, fault.text) from None
            assert isinstance(part, Placeholder)
            self.placeholders.append(Placeholder(part.path, begins))
            self.step()
            return lambda find: find(part.path)
        if kind == "number":
            value = Decimal(text)
        elif kind == "word" and text in _CONSTANTS:
            value = _CONSTANTS[text]
        elif kind not in ("single", "double"):
            raise ConditionFault(begins, _("A placeholder, a number or a text in quotes is expected here."))
        self.step()
        return lambda find: value


_CONSTANTS = {"true": True, "false": False, "null": None}


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str) or len(str(value)) > 100:
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _equal(left: Any, right: Any) -> bool:
    if left is MISSING or right is MISSING:
        return False
    numbers = _number(left), _number(right)
    if None not in numbers:
        return numbers[0] == numbers[1]
    if isinstance(left, str) != isinstance(right, str):
        return as_text(left) == as_text(right) if None not in (left, right) else False
    return bool(left == right)


def _order(left: Any, right: Any) -> int | None:
    """Below, at or above 0; None where the two cannot be compared."""
    first, second = _number(left), _number(right)
    if first is not None and second is not None:
        return (first > second) - (first < second)
    if isinstance(left, str) and isinstance(right, str):
        return (left > right) - (left < right)
    return None


def _contains(left: Any, right: Any) -> bool:
    if isinstance(left, list):
        return any(_equal(item, right) for item in left)
    return isinstance(left, str) and right not in (MISSING, None) and as_text(right) in left


def _by_order(fits: Callable[[int], bool]) -> Callable[[Any, Any], bool]:
    return lambda left, right: (order := _order(left, right)) is not None and fits(order)


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": _equal,
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    "<>": lambda left, right: not _equal(left, right),
    "<": _by_order(lambda order: order < 0),
    "<=": _by_order(lambda order: order <= 0),
    ">": _by_order(lambda order: order > 0),
    ">=": _by_order(lambda order: order >= 0),
    "contains": _contains,
}
