"""Rendering a template with values, within limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from django.utils.translation import gettext as _

from channels_cfg.data_actions.velocity_parts import (
    BinaryOperation,
    CallStep,
    ForeachDirective,
    IfDirective,
    InterpolatedText,
    ListOfValues,
    LiteralValue,
    Negation,
    PlainPart,
    PropertyStep,
    SetDirective,
    SpanOfNumbers,
    TemplateBlock,
    TemplateExpression,
    TemplateReference,
)
from channels_cfg.data_actions.velocity_reading import TemplateFault, VelocityTemplate
from channels_cfg.data_actions.velocity_values import (
    LONGEST_TEXT,
    NotPossible,
    as_number,
    as_text,
    call_of,
    limited,
    property_of,
    size_of,
)

MOST_COST = 10_000_000
"""A hundred for each step, and one for each character that is made on the way."""


class _Undefined:
    """What an unknown name stands for."""


_UNDEFINED = _Undefined()


def render(template: VelocityTemplate, values: Mapping[str, Any], *, where: str) -> str:
    """The text that the template makes of the values. ``where`` is what the template is called in a fault.

    A name without a value is a fault, as in Velocity's strict mode; a reference to null prints itself, a quiet one
    nothing. Names are found whichever case they are written in. Raises ``TemplateFault``.
    """
    rendering = _Rendering(template, values, where)
    return rendering.block(template.parts)


class _Rendering:
    def __init__(self, template: VelocityTemplate, values: Mapping[str, Any], where: str) -> None:
        self.template, self.where, self.cost = template, where, 0
        self.values = dict(values)
        self.lower = {name.lower(): name for name in reversed(list(values))}

    def block(self, parts: TemplateBlock) -> str:
        written: list[str] = []
        length = 0
        for part in parts:
            text = self._part(part)
            self._count(len(text))
            length += len(text)
            if length > LONGEST_TEXT:
                raise TemplateFault(_("The template makes more than %(most)d characters.") % {"most": LONGEST_TEXT})
            written.append(text)
        return "".join(written)

    def _part(self, part: Any) -> str:
        if isinstance(part, PlainPart):
            return part.text
        if isinstance(part, TemplateReference):
            return self._printed(part)
        if isinstance(part, IfDirective):
            for condition, body in part.branches:
                if self._holds(condition):
                    return self.block(body)
            return self.block(part.otherwise)
        if isinstance(part, SetDirective):
            self.values[part.name] = self._value(part.value)
            self.lower[part.name.lower()] = part.name
            return ""
        return self._each(part)

    def _printed(self, reference: TemplateReference) -> str:
        value = self._followed(reference)
        if value is _UNDEFINED:
            return "" if reference.is_quiet else self._unset(reference)
        if value is None:
            return "" if reference.is_quiet else reference.source
        return self._asked(reference.offset, as_text, value)

    def _each(self, part: ForeachDirective) -> str:
        items = self._value(part.items)
        if isinstance(items, dict):
            items = list(items.values())
        if items is None:
            return ""
        if not isinstance(items, list):
            self._refuse(_("#foreach needs a list."), part.offset)
        before, names_before = dict(self.values), dict(self.lower)
        self.lower |= {part.name.lower(): part.name, "foreach": "foreach"}
        written: list[str] = []
        for index, item in enumerate(items):
            self._count()
            progress = {"index": index, "count": index + 1, "hasNext": index + 1 < len(items)}
            self.values |= {part.name: item, "foreach": progress}
            written.append(self.block(part.body))
        for name in (part.name, "foreach"):  # they are the loop's own; what it set otherwise stays
            self.values.pop(name, None)
            if name in before:
                self.values[name] = before[name]
        self.lower = names_before | {name.lower(): name for name in self.values}
        return "".join(written)

    def _holds(self, condition: TemplateExpression) -> bool:
        value = self._followed(condition) if isinstance(condition, TemplateReference) else self._value(condition)
        return value is not _UNDEFINED and value not in (None, False, "", 0) and value != [] and value != {}

    def _value(self, expression: TemplateExpression) -> Any:
        self._count()
        if isinstance(expression, LiteralValue):
            return expression.value
        if isinstance(expression, InterpolatedText):
            return self.block(expression.parts)
        if isinstance(expression, TemplateReference):
            value = self._followed(expression)
            if value is _UNDEFINED:
                return None if expression.is_quiet else self._unset(expression)
            return value
        if isinstance(expression, ListOfValues):
            items = [self._value(item) for item in expression.items]
            self._count(self._asked(0, size_of, items))
            return items
        if isinstance(expression, SpanOfNumbers):
            return self._span(expression)
        if isinstance(expression, Negation):
            return not self._holds(expression.value)
        return self._operation(expression)

    def _followed(self, reference: TemplateReference) -> Any:
        name = reference.root if reference.root in self.values else self.lower.get(reference.root.lower(), "")
        if name not in self.values:
            return _UNDEFINED
        value = self.values[name]
        for step in reference.steps:
            self._count()
            if isinstance(step, PropertyStep):
                value = self._asked(reference.offset, property_of, value, step.name)
            elif isinstance(step, CallStep):
                arguments = [self._value(argument) for argument in step.arguments]
                if value is None and reference.is_quiet:
                    return None
                if value is None:
                    words = _("%(reference)s has no value here.") % {"reference": reference.source}
                    self._refuse(words, reference.offset)
                value = self._asked(reference.offset, call_of, value, step.name, arguments)
            else:
                value = _item(value, self._value(step.index))
        return value

    def _span(self, span: SpanOfNumbers) -> list[int]:
        first, last = (self._asked(span.offset, as_number, self._value(end)) for end in (span.first, span.last))
        first, last = int(first), int(last)
        if abs(last - first) > 1000:
            self._refuse(_("A range has at most 1000 numbers."), span.offset)
        self._count(abs(last - first))
        return list(range(first, last + 1)) if first <= last else list(range(first, last - 1, -1))

    def _operation(self, part: BinaryOperation) -> Any:
        if part.operator == "&&":
            return self._holds(part.left) and self._holds(part.right)
        if part.operator == "||":
            return self._holds(part.left) or self._holds(part.right)
        left, right = self._value(part.left), self._value(part.right)
        return self._asked(part.offset, _computed, part.operator, left, right)

    def _asked(self, offset: int, function: Any, *arguments: Any) -> Any:
        try:
            value = function(*arguments)
            self._count(len(value) if isinstance(value, str) else 0)
            return value
        except NotPossible as fault:
            self._refuse(fault.message, offset)

    def _count(self, characters: int = 0) -> None:
        """Each step, and each text that is made, costs; together they end what would go on for too long."""
        self.cost += 100 + characters
        if self.cost > MOST_COST:
            raise TemplateFault(_("The template does too much."))

    def _unset(self, reference: TemplateReference) -> NoReturn:
        at = self.template.place(reference.offset)
        words = f"Variable ${reference.root} has not been set at {self.where}[line {at.line}, column {at.column}]"
        raise TemplateFault(words, at=at)

    def _refuse(self, words: str, offset: int) -> NoReturn:
        raise TemplateFault(words, at=self.template.place(offset))


def _item(value: Any, index: Any) -> Any:
    """What ``[index]`` is, None where there is nothing."""
    if isinstance(value, dict):
        return value.get(index if isinstance(index, str) else as_text(index))
    if isinstance(value, list) and isinstance(index, int) and -len(value) <= index < len(value):
        return value[index]
    return None


def _computed(operator: str, left: Any, right: Any) -> Any:
    if operator in ("==", "!="):
        return _same(left, right) == (operator == "==")
    if operator == "+" and (isinstance(left, str) or isinstance(right, str)):
        return limited(as_text(left) + as_text(right))
    first, second = as_number(left), as_number(right)
    if operator in ("/", "%") and not second:
        raise NotPossible(_("Nothing can be divided by 0."))
    if operator == "/" and isinstance(first, int) and isinstance(second, int):
        return int(first / second) if abs(first) < 2**53 else first // second
    computed: dict[str, Callable[[], Any]] = {
        "+": lambda: first + second,
        "-": lambda: first - second,
        "*": lambda: first * second,
        "/": lambda: first / second,
        "%": lambda: first % second,
        "<": lambda: first < second,
        "<=": lambda: first <= second,
        ">": lambda: first > second,
        ">=": lambda: first >= second,
    }
    return limited(computed[operator]())


def _same(left: Any, right: Any) -> bool:
    """Numbers as numbers; values of different kinds by what they print."""
    if left is None or right is None:
        return left is right
    if isinstance(left, bool) or isinstance(right, bool) or type(left) is not type(right):
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        return left == right if numbers and not isinstance(left, bool | str) else as_text(left) == as_text(right)
    return bool(left == right)
