"""What a template is made of, once it was read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class PlainPart:
    """Characters that stand for themselves."""

    text: str


@dataclass(frozen=True)
class PropertyStep:
    """``.name``"""

    name: str


@dataclass(frozen=True)
class CallStep:
    """``.name(arguments)``"""

    name: str
    arguments: tuple[TemplateExpression, ...]


@dataclass(frozen=True)
class SubscriptStep:
    """``[index]``"""

    index: TemplateExpression


@dataclass(frozen=True)
class TemplateReference:
    """``$name.steps``; a quiet one, ``$!name``, prints nothing where there is nothing."""

    root: str
    steps: tuple[PropertyStep | CallStep | SubscriptStep, ...]
    is_quiet: bool
    source: str
    offset: int

    @property
    def names(self) -> tuple[str, ...]:
        """The root, and the properties that follow it directly."""
        found = [self.root]
        for step in self.steps:
            if not isinstance(step, PropertyStep):
                break
            found.append(step.name)
        return tuple(found)


@dataclass(frozen=True)
class IfDirective:
    branches: tuple[tuple[TemplateExpression, TemplateBlock], ...]
    otherwise: TemplateBlock


@dataclass(frozen=True)
class SetDirective:
    name: str
    value: TemplateExpression


@dataclass(frozen=True)
class ForeachDirective:
    name: str
    items: TemplateExpression
    body: TemplateBlock
    offset: int


@dataclass(frozen=True)
class LiteralValue:
    value: Any


@dataclass(frozen=True)
class InterpolatedText:
    """A text in double quotes: what stands in it is a template."""

    parts: TemplateBlock


@dataclass(frozen=True)
class ListOfValues:
    items: tuple[TemplateExpression, ...]


@dataclass(frozen=True)
class SpanOfNumbers:
    """``[1..3]``"""

    first: TemplateExpression
    last: TemplateExpression
    offset: int


@dataclass(frozen=True)
class Negation:
    """``!`` and ``not``"""

    value: TemplateExpression


@dataclass(frozen=True)
class BinaryOperation:
    operator: str
    left: TemplateExpression
    right: TemplateExpression
    offset: int


TemplateExpression = (
    LiteralValue | InterpolatedText | ListOfValues | SpanOfNumbers | Negation | BinaryOperation | TemplateReference
)
TemplatePart = PlainPart | TemplateReference | IfDirective | SetDirective | ForeachDirective
TemplateBlock = tuple[TemplatePart, ...]
