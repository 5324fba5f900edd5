"""Reading references and expressions of a template."""

from __future__ import annotations

import re
from typing import NoReturn

from django.utils.translation import gettext as _

from channels_cfg.data_actions.velocity_parts import (
    BinaryOperation,
    CallStep,
    ListOfValues,
    LiteralValue,
    Negation,
    PropertyStep,
    SpanOfNumbers,
    SubscriptStep,
    TemplateExpression,
    TemplateReference,
)

_NAME = r"[A-Za-z]\w*(?:-\w+)*"
_OPENING = re.compile(rf"\$(?P<quiet>!?)(?P<formal>\{{?)(?P<root>{_NAME})")
_PROPERTY = re.compile(rf"\.(?P<name>{_NAME})")
_SPACES = re.compile(r"\s*")
_NUMBER = re.compile(r"-?\d{1,18}(?:\.\d{1,18})?(?![\w])")
_CONSTANTS = {"true": True, "false": False, "null": None}
_CONSTANT = re.compile(r"(true|false|null)\b")
_LEVELS: tuple[tuple[re.Pattern[str], dict[str, str]], ...] = (
    (re.compile(r"\|\||or\b"), {"or": "||"}),
    (re.compile(r"&&|and\b"), {"and": "&&"}),
    (re.compile(r"==|!=|eq\b|ne\b"), {"eq": "==", "ne": "!="}),
    (re.compile(r"<=|>=|<|>|le\b|ge\b|lt\b|gt\b"), {"le": "<=", "ge": ">=", "lt": "<", "gt": ">"}),
    (re.compile(r"[+-]"), {}),
    (re.compile(r"[*/%]"), {}),
)


class ExpressionReading:
    """Reads ``text[at:end]``; ``_TemplateReading`` adds blocks and refusals."""

    def __init__(self, text: str, *, start: int = 0, end: int | None = None) -> None:
        self.text, self.at, self.depth = text, start, 0
        self.end = len(text) if end is None else end

    def reference(self) -> TemplateReference | None:
        """The reference that begins here, None where the dollar sign stands for itself."""
        start = self.at
        found = _OPENING.match(self.text, start, self.end)
        if not found:
            return None
        self.at = found.end()
        steps = tuple(self._steps(in_braces=bool(found["formal"])))
        if found["formal"]:
            if self.peek() != "}":
                words = _("The reference %(reference)s… is not closed: } is missing here.")
                self.refuse(words % {"reference": self.text[start : min(self.at, start + 40)]}, self.at)
            self.at += 1
        return TemplateReference(found["root"], steps, bool(found["quiet"]), self.text[start : self.at], start)

    def _steps(self, *, in_braces: bool) -> list[PropertyStep | CallStep | SubscriptStep]:
        steps: list[PropertyStep | CallStep | SubscriptStep] = []
        while self.at < self.end:
            if found := _PROPERTY.match(self.text, self.at, self.end):
                self.at = found.end()
                called = self.peek() == "("
                steps.append(CallStep(found["name"], self._arguments()) if called else PropertyStep(found["name"]))
            elif self.peek() == "[" and (index := self._subscript(in_braces=in_braces)):
                steps.append(index)
            else:
                break
        return steps

    def _arguments(self) -> tuple[TemplateExpression, ...]:
        self.expect("(")
        found: list[TemplateExpression] = []
        while not self.accept(")"):
            if found:
                self.expect(",")
            found.append(self.expression())
        return tuple(found)

    def _subscript(self, *, in_braces: bool) -> SubscriptStep | None:
        """``[0]``; outside of braces another bracket is text."""
        start = self.at
        plain = re.compile(r"\[\s*(-?\d{1,6}|\$|'|\")").match(self.text, start, self.end)
        if not plain and not in_braces:
            return None
        self.at += 1
        index = self.expression()
        self.expect("]")
        return SubscriptStep(index)

    def in_parentheses(self) -> TemplateExpression:
        self.expect("(")
        value = self.expression()
        self.expect(")")
        return value

    def expression(self) -> TemplateExpression:
        """The value that is written here."""
        self.enter()
        value = self._operation(0)
        self.depth -= 1
        return value

    def _operation(self, level: int) -> TemplateExpression:
        """The value, of operators of this level or a tighter one."""
        if level == len(_LEVELS):
            return self._unary()
        pattern, words = _LEVELS[level]
        left = self._operation(level + 1)
        while True:
            self.spaces()
            found = pattern.match(self.text, self.at, self.end)
            if not found:
                return left
            at, self.at = self.at, found.end()
            left = BinaryOperation(words.get(found[0], found[0]), left, self._operation(level + 1), at)

    def _unary(self) -> TemplateExpression:
        self.spaces()
        if self.peek() == "!" or self.word("not"):
            if self.peek() == "!":
                self.at += 1
            self.enter()
            value = Negation(self._unary())
            self.depth -= 1
            return value
        return self._primary()

    def _primary(self) -> TemplateExpression:
        self.spaces()
        start, first = self.at, self.peek()
        if first in ("'", '"'):
            return self._quoted(first)
        if first == "$" and (reference := self.reference()):
            return reference
        if first == "[":
            return self._list()
        if first == "(":
            return self.in_parentheses()
        if found := _NUMBER.match(self.text, self.at, self.end):
            self.at = found.end()
            return LiteralValue(float(found[0]) if "." in found[0] else int(found[0]))
        if found := _CONSTANT.match(self.text, self.at, self.end):
            self.at = found.end()
            return LiteralValue(_CONSTANTS[found[1]])
        return self.refuse(_("A value is expected here: a reference, a text in quotes, a number or a list."), start)

    def _quoted(self, quote: str) -> TemplateExpression:
        """``'text'`` as it stands, ``"text"`` with what is in it rendered; a doubled quote is one."""
        start = self.at
        found = re.compile(rf"{quote}((?:[^{quote}]|{quote}{quote})*){quote}").match(self.text, start, self.end)
        if not found:
            self.refuse(_("The text that begins here has no closing quotation mark."), start)
        self.at = found.end()
        if quote == "'":
            return LiteralValue(found[1].replace("''", "'"))
        return self.interpolated(found.start(1), found.end(1))

    def _list(self) -> TemplateExpression:
        start = self.at
        self.expect("[")
        items: list[TemplateExpression] = []
        while not self.accept("]"):
            if items:
                if len(items) == 1 and self.accept(".."):
                    last = self.expression()
                    self.expect("]")
                    return SpanOfNumbers(items[0], last, start)
                self.expect(",")
            items.append(self.expression())
        return ListOfValues(tuple(items))

    def spaces(self) -> None:
        found = _SPACES.match(self.text, self.at, self.end)
        self.at = found.end() if found else self.at

    def peek(self) -> str:
        return self.text[self.at] if self.at < self.end else ""

    def accept(self, token: str) -> bool:
        self.spaces()
        if self.text.startswith(token, self.at, self.end):
            self.at += len(token)
            return True
        return False

    def expect(self, token: str) -> None:
        if not self.accept(token):
            self.refuse(_("“%(token)s” is expected here.") % {"token": token}, self.at)

    def word(self, word: str) -> bool:
        """Whether this word, and no longer one, stands here; it is then passed."""
        self.spaces()
        found = re.compile(rf"{word}\b").match(self.text, self.at, self.end)
        self.at = found.end() if found else self.at
        return bool(found)

    def interpolated(self, start: int, end: int) -> TemplateExpression:
        raise NotImplementedError

    def refuse(self, words: str, at: int) -> NoReturn:
        raise NotImplementedError

    def enter(self) -> None:
        raise NotImplementedError
