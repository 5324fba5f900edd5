"""What the values of a catalogued key look like, and whether one does. Words only, no database.

Values come in as JSON scalars, mostly as text whatever they mean: ``"5"``, ``"yes"``, ``"2026-11-21"``. A value that
follows the rules is stored in one form, so that equal values compare equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels_cfg.value_types import EXAMPLES, PARSERS, TYPES_IN_WORDS, Ordered, Unfit, Value, measure

CONSTRAINTS_OF_KIND: dict[str, tuple[str, ...]] = {
    "text": ("longest", "pattern"),
    "integer": ("minimum", "maximum"),
    "decimal": ("minimum", "maximum", "decimals"),
    "boolean": (),
    "date": ("minimum", "maximum"),
    "datetime": ("minimum", "maximum"),
    "choice": ("choices",),
    "url": ("longest", "pattern"),
    "phone": ("pattern",),
    "email": ("longest", "pattern"),
}
"""Which constraints say anything about values of this type."""

CONSTRAINTS = ("choices", "minimum", "maximum", "decimals", "longest", "pattern")
_NOTHING: dict[str, Any] = {"choices": [], "decimals": None, "longest": None}

MAX_RULE_LENGTH = 300
"""What a flag has room for."""

_CHOICES_NAMED = 10
_PATTERN_MEMORY = 1 << 20


class BrokenRule(ValidationError):
    """A value that breaks the rules: ``rule`` tells them in words, the message adds a good example. Neither repeats
    the value."""

    def __init__(self, rule: str, example: str) -> None:
        self.rule = rule
        super().__init__(
            _("%(rule)s. A good value is %(example)s.") % {"rule": rule[:-1], "example": example} if example else rule,
            code="broken_rule",
        )


@dataclass(frozen=True)
class ValueRules:
    """The rules for the values of one key. ``minimum`` and ``maximum`` are texts of the type itself."""

    kind: str = "text"
    choices: Sequence[str] = ()
    minimum: str = ""
    maximum: str = ""
    decimals: int | None = None
    longest: int | None = None
    pattern: str = ""
    example: str = ""

    def parse(self, value: Value) -> Value:
        """Return the value as it is stored, or raise ``BrokenRule``. What is stored is parsed to itself.

        An empty value says nothing and breaks no rule: null stays null, and except for text so does an empty text.
        """
        if value is None or (isinstance(value, str) and not value.strip() and self.kind != "text"):
            return None
        try:
            parsed = PARSERS[self.kind](self, value)
            if self._is_within_limits(parsed):
                return parsed
        except (Unfit, ValueError, OverflowError):
            pass
        raise BrokenRule(self.in_words(), self.good_example())

    def _is_within_limits(self, parsed: Value) -> bool:
        named = CONSTRAINTS_OF_KIND[self.kind]
        if "minimum" in named:
            measured = measure(self.kind, parsed)
            if self.minimum and measured < measure(self.kind, self.minimum):  # type: ignore[operator]  # same kind
                return False
            if self.maximum and measured > measure(self.kind, self.maximum):  # type: ignore[operator]
                return False
        if "longest" in named and self.longest is not None and len(str(parsed)) > self.longest:
            return False
        return "pattern" not in named or matches(self.pattern, str(parsed))

    def in_words(self) -> str:
        """The rules as a sentence: ``It should be a whole number from 0 to 100.``"""
        words = _("It should be %(type)s") % {"type": self._type_in_words()}
        is_time = self.kind in ("date", "datetime")
        named = CONSTRAINTS_OF_KIND[self.kind]
        if "minimum" in named and self.minimum and self.maximum:
            words = _("%(rule)s from %(minimum)s to %(maximum)s") % {
                "rule": words,
                "minimum": self.minimum,
                "maximum": self.maximum,
            }
        elif "minimum" in named and self.minimum:
            pattern = _("%(rule)s, %(minimum)s or later") if is_time else _("%(rule)s, %(minimum)s or more")
            words = pattern % {"rule": words, "minimum": self.minimum}
        elif "maximum" in named and self.maximum:
            pattern = _("%(rule)s, %(maximum)s or earlier") if is_time else _("%(rule)s, %(maximum)s or less")
            words = pattern % {"rule": words, "maximum": self.maximum}
        if "decimals" in named and self.decimals is not None:
            pattern = ngettext(
                "%(rule)s, with at most %(count)s digit after the point",
                "%(rule)s, with at most %(count)s digits after the point",
                self.decimals,
            )
            words = pattern % {"rule": words, "count": self.decimals}
        if "longest" in named and self.longest is not None:
            pattern = ngettext(
                "%(rule)s of at most %(count)s character", "%(rule)s of at most %(count)s characters", self.longest
            )
            words = pattern % {"rule": words, "count": self.longest}
        if "pattern" in named and self.pattern:
            words = _("%(rule)s that matches %(pattern)s") % {"rule": words, "pattern": self.pattern}
        return f"{words[: MAX_RULE_LENGTH - 2]}…" if len(words) >= MAX_RULE_LENGTH else f"{words}."

    def _type_in_words(self) -> str:
        if self.kind != "choice":
            return str(TYPES_IN_WORDS[self.kind])
        named = ", ".join(self.choices[:_CHOICES_NAMED])
        more = len(self.choices) - _CHOICES_NAMED
        return (
            _("one of %(named)s and %(more)s more") % {"named": named, "more": more}
            if more > 0
            else _("one of %(named)s") % {"named": named}
        )

    def good_example(self) -> str:
        """The administrator's, or one that the rules give away; empty where nobody knows one."""
        if self.example:
            return self.example
        if self.kind == "choice":
            return self.choices[0] if self.choices else ""
        if self.kind in ("integer", "decimal", "date", "datetime") and (self.minimum or self.maximum):
            return self.minimum or self.maximum
        if self.pattern or self.longest is not None:
            return ""
        return EXAMPLES.get(self.kind, "")

    def problems(self) -> dict[str, str]:
        """What is wrong with the rules themselves, by field, in words."""
        complaints = {
            name: _("It says nothing about a value of the type %(kind)s. Leave it empty.") % {"kind": self.kind}
            for name in CONSTRAINTS
            if name not in CONSTRAINTS_OF_KIND[self.kind] and getattr(self, name) not in ("", None, [], ())
        }
        complaints |= self._problems_of_limits() | self._problems_of_choices()
        if self.pattern and "pattern" not in complaints and (complaint := problem_with_pattern(self.pattern)):
            complaints["pattern"] = complaint
        if self.longest == 0:
            complaints["longest"] = _("No text is that short. Give at least 1, or leave it empty.")
        if not complaints:
            complaints |= self._problems_of_example()
        return complaints

    def _problems_of_limits(self) -> dict[str, str]:
        complaints: dict[str, str] = {}
        measured: dict[str, Ordered] = {}
        for name in ("minimum", "maximum"):
            if (text := getattr(self, name)) and name in CONSTRAINTS_OF_KIND[self.kind]:
                try:
                    measured[name] = measure(self.kind, text)
                except (Unfit, ValueError, OverflowError):
                    complaints[name] = _("It should be %(type)s, as the values are. Example: %(example)s") % {
                        "type": TYPES_IN_WORDS[self.kind],
                        "example": EXAMPLES[self.kind],
                    }
        if len(measured) == 2 and measured["minimum"] > measured["maximum"]:  # type: ignore[operator]  # same kind
            complaints["maximum"] = _("It is below the minimum, so that no value would do. Exchange the two.")
        return complaints

    def _problems_of_choices(self) -> dict[str, str]:
        if self.kind != "choice":
            return {}
        if not self.choices:
            return {"choices": _("A choice needs something to choose from. Example: gold, silver, bronze")}
        if any(not choice.strip() or choice != choice.strip() for choice in self.choices):
            return {"choices": _("A choice is empty, or begins or ends with a space. Remove that.")}
        if len(set(self.choices)) < len(self.choices):
            return {"choices": _("A choice is there twice. Remove one of the two.")}
        return {}

    def _problems_of_example(self) -> dict[str, str]:
        if not self.example:
            needs_one = bool(self.pattern)
            return (
                {"example": _("Give a value that matches, for those who sent one that does not.")} if needs_one else {}
            )
        try:
            self.parse(self.example)
        except BrokenRule as broken:
            return {"example": _("It breaks the rules above. %(rule)s") % {"rule": broken.rule}}
        return {}


def rules_without_what_says_nothing(facts: dict[str, Any]) -> dict[str, Any]:
    """The facts of a key with those constraints emptied that say nothing about its type."""
    named = CONSTRAINTS_OF_KIND.get(facts.get("kind", ""), CONSTRAINTS)
    empty = {name: _NOTHING.get(name, "") for name in CONSTRAINTS if name not in named}
    return facts | {name: value for name, value in empty.items() if name in facts}


def problem_with_pattern(pattern: str) -> str:
    """Why the regular expression cannot be used; empty where it can.

    RE2 answers in a time that grows with the value alone, so that no pattern can hang the server.
    """
    try:
        _compiled(pattern)
    except re2.error as error:
        reason = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
        if "too large" in reason:
            return _("It stands for too many texts. Use smaller repetitions, such as [0-9]{6}.")
        return _(
            "It is no regular expression that can be used here (%(reason)s). Look-around and "
            "back-references are not known. Example: [A-Z]{2}[0-9]{6}"
        ) % {"reason": reason}
    except UnicodeEncodeError:
        return _("It holds half a surrogate pair. Type it again.")
    return ""


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text is one that the pattern stands for; no pattern stands for all, one that cannot be used
    for none."""
    try:
        return not pattern or bool(_compiled(pattern).fullmatch(text))
    except (re2.error, UnicodeEncodeError):
        return False


def finds(pattern: str, text: str) -> bool:
    """Whether a part of the text is one that the pattern stands for; one that cannot be used stands for none."""
    try:
        return bool(_compiled(pattern).search(text))
    except (re2.error, UnicodeEncodeError):
        return False


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.max_mem = _PATTERN_MEMORY
    options.log_errors = False
    return re2.compile(pattern, options)
