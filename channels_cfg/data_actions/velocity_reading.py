"""Reading a template: a whitelisted part of Velocity, as far as published data actions use it.

References ``$name``, ``${name}`` and ``$!{name}`` with properties, indexes and calls; ``#if``, ``#elseif``, ``#else``,
``#set``, ``#foreach``; comments and ``#[[ … ]]#``. What reads further files or defines macros is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NoReturn

from django.utils.translation import gettext as _

from channels_cfg.data_actions.faults import ActionFault
from channels_cfg.data_actions.velocity_expressions import ExpressionReading
from channels_cfg.data_actions.velocity_parts import (
    BinaryOperation,
    CallStep,
    ForeachDirective,
    IfDirective,
    InterpolatedText,
    ListOfValues,
    Negation,
    PlainPart,
    SetDirective,
    SpanOfNumbers,
    SubscriptStep,
    TemplateBlock,
    TemplateExpression,
    TemplatePart,
    TemplateReference,
)
from channels_cfg.positions import Position, position_of

LONGEST_TEMPLATE = 100_000
DEEPEST_TEMPLATE = 20

_DIRECTIVE = re.compile(r"#(?:\{(?P<braced>\w+)\}|(?P<word>[A-Za-z]\w*))")
_REFUSED = {"macro", "parse", "include", "evaluate", "define", "stop", "break"}
_ENDINGS = {"elseif", "else", "end"}
_SPECIAL = re.compile(r"[$#\\]")


class TemplateFault(ActionFault):
    """The template cannot be read, or cannot be rendered with these values."""


@dataclass(frozen=True)
class VelocityTemplate:
    """A template that was read."""

    text: str
    parts: TemplateBlock

    def references(self) -> Iterator[TemplateReference]:
        """All of them, outer before inner, also those in texts and arguments."""
        yield from _references(self.parts)

    def printed(self) -> Iterator[TemplateReference]:
        """Those whose value goes into the text as it is."""
        yield from _printed(self.parts)

    def place(self, offset: int) -> Position:
        return position_of(offset, self.text)


@lru_cache(maxsize=512)
def read_template(text: str) -> VelocityTemplate:
    """Raises ``TemplateFault`` with line and column."""
    if len(text) > LONGEST_TEMPLATE:
        raise TemplateFault(_("A template has at most %(most)d characters.") % {"most": LONGEST_TEMPLATE})
    parts, _ending = _TemplateReading(text).block(frozenset())
    return VelocityTemplate(text, parts)


class _TemplateReading(ExpressionReading):
    """Reads ``text[at:end]``, one part after the other."""

    def block(self, endings: frozenset[str]) -> tuple[TemplateBlock, str]:
        """The parts up to a directive that ends the block, or to the end; and which directive that was."""
        self.enter()
        parts: list[TemplatePart] = []
        plain_from = self.at
        ending = ""
        while self.at < self.end:
            found = _SPECIAL.search(self.text, self.at, self.end)
            if not found:
                self.at = self.end
                break
            self.at = found.start()
            upto = self.at
            before = self.at
            part, ending = self._special(endings)
            if part is None and not ending:
                self.at = max(self.at, before + 1)
                continue
            if plain_from < upto:
                parts.append(PlainPart(self.text[plain_from:upto]))
            parts += part or ()
            plain_from = self.at
            if ending:
                break
        if not ending and plain_from < self.at:
            parts.append(PlainPart(self.text[plain_from : self.at]))
        if endings and not ending:
            self.refuse(_("A directive that began before has no #end."), self.end)
        self.depth -= 1
        return tuple(parts), ending

    def _special(self, endings: frozenset[str]) -> tuple[TemplateBlock | None, str]:
        """What begins with $, # or a backslash here: the parts it makes (None: plain text), or the ending it is."""
        if self.text[self.at] == "$":
            reference = self.reference()
            return ((reference,) if reference else None), ""
        if self.text[self.at] == "\\":
            return self._escaped(), ""
        return self._hash(endings)

    def _escaped(self) -> TemplateBlock | None:
        """``\\$name`` prints ``$name``."""
        start = self.at
        self.at += 1
        if self.at < self.end and self.text[self.at] == "$" and self.reference():
            return (PlainPart(self.text[start + 1 : self.at]),)
        self.at = start
        found = _DIRECTIVE.match(self.text, start + 1, self.end)
        if found and (found["braced"] or found["word"]) in {*_ENDINGS, "if", "set", "foreach"}:
            self.at = found.end()
            return (PlainPart(found[0]),)
        return None

    def _hash(self, endings: frozenset[str]) -> tuple[TemplateBlock | None, str]:
        following = self.text[self.at + 1 : min(self.at + 3, self.end)]
        if following == "[[":
            return self._unparsed(), ""
        if following[:1] in ("#", "*"):
            return self._comment(following[0]), ""
        found = _DIRECTIVE.match(self.text, self.at, self.end)
        word = (found["braced"] or found["word"]) if found else ""
        if found and word in _REFUSED:
            self.refuse(_("#%(name)s is not available here.") % {"name": word}, self.at)
        if found and word in _ENDINGS:
            if word not in endings:
                self.refuse(_("#%(name)s has no #if or #foreach before it.") % {"name": word}, self.at)
            self.at = found.end()
            return (), word
        readers: dict[str, Callable[[int], TemplatePart]] = {
            "if": self._if,
            "set": self._set,
            "foreach": self._foreach,
        }
        if found and word in readers:
            start, self.at = self.at, found.end()
            return (readers[word](start),), ""
        return None, ""

    def _unparsed(self) -> TemplateBlock:
        close = self.text.find("]]#", self.at, self.end)
        if close < 0:
            self.refuse(_("#[[ is not closed: ]]# is missing."), self.at)
        start, self.at = self.at + 3, close + 3
        return (PlainPart(self.text[start:close]),)

    def _comment(self, kind: str) -> TemplateBlock:
        close = self.text.find("\n" if kind == "#" else "*#", self.at + 2, self.end)
        if close < 0:
            self.at = self.end
        else:
            self.at = close + (1 if kind == "#" else 2)
        return ()

    def _if(self, start: int) -> IfDirective:
        branches: list[tuple[TemplateExpression, TemplateBlock]] = []
        otherwise: TemplateBlock = ()
        endings = frozenset({"elseif", "else", "end"})
        condition = self.in_parentheses()
        while True:
            body, ending = self.block(endings)
            branches.append((condition, body))
            if ending == "elseif":
                condition = self.in_parentheses()
                continue
            if ending == "else":
                otherwise, _end = self.block(frozenset({"end"}))
            return IfDirective(tuple(branches), otherwise)

    def _set(self, start: int) -> SetDirective:
        self.expect("(")
        self.spaces()
        target = self.reference() if self.peek() == "$" else None
        if target is None or target.steps:
            self.refuse(_("#set gives a value to a name of its own: #set($name = …)."), start)
        self.expect("=")
        value = self.expression()
        self.expect(")")
        return SetDirective(target.root, value)

    def _foreach(self, start: int) -> ForeachDirective:
        self.expect("(")
        self.spaces()
        target = self.reference() if self.peek() == "$" else None
        if target is None or target.steps or not self.word("in"):
            self.refuse(_("#foreach is written #foreach($item in $items)."), start)
        items = self.expression()
        self.expect(")")
        body, _end = self.block(frozenset({"end"}))
        return ForeachDirective(target.root, items, body, start)

    def interpolated(self, start: int, end: int) -> TemplateExpression:
        inner = self.text[start:end]
        doubled = '""' in inner
        reading = (
            _TemplateReading(inner.replace('""', '"')) if doubled else _TemplateReading(self.text, start=start, end=end)
        )
        reading.depth = self.depth
        parts, _ending = reading.block(frozenset())
        return InterpolatedText(parts)

    def refuse(self, words: str, at: int) -> NoReturn:
        raise TemplateFault(words, at=position_of(at, self.text))

    def enter(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST_TEMPLATE:
            self.refuse(_("This is nested deeper than %(deepest)d levels.") % {"deepest": DEEPEST_TEMPLATE}, self.at)


def _printed(parts: TemplateBlock) -> Iterator[TemplateReference]:
    for part in parts:
        if isinstance(part, TemplateReference):
            yield part
        elif isinstance(part, IfDirective):
            for _condition, body in part.branches:
                yield from _printed(body)
            yield from _printed(part.otherwise)
        elif isinstance(part, ForeachDirective):
            yield from _printed(part.body)


def references_in(reference: TemplateReference) -> Iterator[TemplateReference]:
    """The reference itself and those in its arguments."""
    yield from _in_expression(reference)


def _references(parts: TemplateBlock) -> Iterator[TemplateReference]:
    for part in parts:
        if isinstance(part, TemplateReference):
            yield from _in_expression(part)
        elif isinstance(part, IfDirective):
            for condition, body in part.branches:
                yield from _in_expression(condition)
                yield from _references(body)
            yield from _references(part.otherwise)
        elif isinstance(part, SetDirective):
            yield from _in_expression(part.value)
        elif isinstance(part, ForeachDirective):
            yield from _in_expression(part.items)
            yield from _references(part.body)


def _in_expression(value: TemplateExpression) -> Iterator[TemplateReference]:
    if isinstance(value, TemplateReference):
        yield value
        for step in value.steps:
            inner = step.arguments if isinstance(step, CallStep) else ()
            for argument in (step.index,) if isinstance(step, SubscriptStep) else inner:
                yield from _in_expression(argument)
    elif isinstance(value, InterpolatedText):
        yield from _references(value.parts)
    elif isinstance(value, ListOfValues):
        for item in value.items:
            yield from _in_expression(item)
    elif isinstance(value, Negation):
        yield from _in_expression(value.value)
    elif isinstance(value, SpanOfNumbers):
        yield from _in_expression(value.first)
        yield from _in_expression(value.last)
    elif isinstance(value, BinaryOperation):
        yield from _in_expression(value.left)
        yield from _in_expression(value.right)
