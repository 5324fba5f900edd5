"""What the values of a catalogued key look like, and whether one does. Words only, no database.

Values come in as JSON scalars, mostly as text whatever they mean: ``"5"``, ``"yes"``, ``"2026-11-21"``. A value that
follows the rules is stored in one form, so that equal values compare equal.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import re2
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

Value = str | int | float | bool | None
Ordered = Decimal | date | datetime

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
_LONGEST_NUMBER = 400  # digits; no number that anything counts has more
_PATTERN_MEMORY = 1 << 20

_INTEGER = re.compile(r"[+-]?[0-9]{1,400}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(?=\.?[0-9])[0-9]{0,400}(\.[0-9]{0,400})?", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_DATETIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?([Zz]|[+-][0-9]{2}:?[0-9]{2})",
    re.ASCII,
)
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_PHONE_LAYOUT = re.compile(r"\(0\)|[\s()./-]")
_NOT_IN_URLS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\"<>\\^`{|}]")
_WORDS_FOR_TRUE = {"true", "yes", "y", "on", "1"}
_WORDS_FOR_FALSE = {"false", "no", "n", "off", "0"}


class BrokenRule(ValidationError):
    """A value that breaks the rules: ``rule`` tells them in words, the message adds a good example. Neither repeats
    the value."""

    def __init__(self, rule: str, example: str) -> None:
        self.rule = rule
        super().__init__(
            _("%(rule)s. A good value is %(example)s.") % {"rule": rule[:-1], "example": example} if example else rule,
            code="broken_rule",
        )


class _Unfit(Exception):
    """The value is not of the type."""


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
            parsed = _PARSERS[self.kind](self, value)
            if self._is_within_limits(parsed):
                return parsed
        except (_Unfit, ValueError, OverflowError):
            pass
        raise BrokenRule(self.in_words(), self.good_example())

    def _is_within_limits(self, parsed: Value) -> bool:
        named = CONSTRAINTS_OF_KIND[self.kind]
        if "minimum" in named:
            measured = _measure(self.kind, parsed)
            if self.minimum and measured < _measure(self.kind, self.minimum):  # type: ignore[operator]  # same kind
                return False
            if self.maximum and measured > _measure(self.kind, self.maximum):  # type: ignore[operator]
                return False
        if "longest" in named and self.longest is not None and len(str(parsed)) > self.longest:
            return False
        return not ("pattern" in named and self.pattern) or bool(_compiled(self.pattern).fullmatch(str(parsed)))

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
            return str(_TYPES_IN_WORDS[self.kind])
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
        return _EXAMPLES.get(self.kind, "")

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
                    measured[name] = _measure(self.kind, text)
                except (_Unfit, ValueError, OverflowError):
                    complaints[name] = _("It should be %(type)s, as the values are. Example: %(example)s") % {
                        "type": _TYPES_IN_WORDS[self.kind],
                        "example": _EXAMPLES[self.kind],
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


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.max_mem = _PATTERN_MEMORY
    options.log_errors = False
    return re2.compile(pattern, options)


# One parser for each type: a value as it comes in → as it is stored


def _text(rules: ValueRules, value: Value) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float) and not math.isfinite(value):
        raise _Unfit
    return json.dumps(value)


def _integer(rules: ValueRules, value: Value) -> int:
    if isinstance(value, bool):
        raise _Unfit
    if isinstance(value, str):
        if not _INTEGER.fullmatch(value.strip()):
            raise _Unfit
        return int(value)
    if isinstance(value, float) and not value.is_integer():
        raise _Unfit
    whole = int(value)  # type: ignore[arg-type]  # null was answered before
    if abs(whole) >= 10**_LONGEST_NUMBER:
        raise _Unfit
    return whole


def _decimal(rules: ValueRules, value: Value) -> int | float:
    exact = _exact(value)
    if rules.decimals is not None and -int(exact.normalize().as_tuple().exponent) > rules.decimals:
        raise _Unfit
    if exact == exact.to_integral_value() and abs(exact) < 2**53:
        return int(exact)
    if isinstance(value, int):
        return value
    stored = float(exact)
    if not math.isfinite(stored) or Decimal(repr(stored)) != exact:
        raise _Unfit  # more digits than a JSON number keeps
    return stored


def _exact(value: Value) -> Decimal:
    if isinstance(value, bool) or value is None:
        raise _Unfit
    if isinstance(value, str):
        if not _DECIMAL.fullmatch(value.strip()):
            raise _Unfit
        return Decimal(value.strip())
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _Unfit
        return Decimal(repr(value))
    if abs(value) >= 10**_LONGEST_NUMBER:
        raise _Unfit
    return Decimal(value)


def _boolean(rules: ValueRules, value: Value) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word not in _WORDS_FOR_TRUE | _WORDS_FOR_FALSE:
        raise _Unfit
    return word in _WORDS_FOR_TRUE


def _date(rules: ValueRules, value: Value) -> str:
    return _moment("date", value).isoformat()


def _datetime(rules: ValueRules, value: Value) -> str:
    return _moment("datetime", value).isoformat().replace("+00:00", "Z")


def _moment(kind: str, value: Value) -> date:
    text = _stripped(value)
    if kind == "date":
        if not _DATE.fullmatch(text):
            raise _Unfit
        return date.fromisoformat(text)
    if not _DATETIME.fullmatch(text):
        raise _Unfit
    return datetime.fromisoformat(text.upper()).astimezone(UTC)


def _choice(rules: ValueRules, value: Value) -> str:
    text = _text(rules, value).strip()
    if text in rules.choices:
        return text
    alike = [choice for choice in rules.choices if choice.casefold() == text.casefold()]
    if len(alike) != 1:
        raise _Unfit
    return alike[0]


def _url(rules: ValueRules, value: Value) -> str:
    text = _stripped(value)
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or _NOT_IN_URLS.search(text):
        raise _Unfit
    if not re.match(r"https?://", text, re.IGNORECASE) or parts.port == 0:
        raise _Unfit
    return f"{parts.scheme}{text[len(parts.scheme) :]}"


def _phone(rules: ValueRules, value: Value) -> str:
    number = _PHONE_LAYOUT.sub("", _stripped(value).removeprefix("tel:"))
    if number.startswith("00"):
        number = f"+{number[2:]}"
    if not _PHONE.fullmatch(number):
        raise _Unfit
    return number


def _email(rules: ValueRules, value: Value) -> str:
    text = _stripped(value)
    try:
        validate_email(text)
    except ValidationError as refused:
        raise _Unfit from refused
    name, _at, domain = text.rpartition("@")
    return f"{name}@{domain.lower()}"


def _stripped(value: Value) -> str:
    if not isinstance(value, str):
        raise _Unfit
    return value.strip()


_PARSERS: dict[str, Callable[[ValueRules, Value], Value]] = {
    "text": _text,
    "integer": _integer,
    "decimal": _decimal,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "choice": _choice,
    "url": _url,
    "phone": _phone,
    "email": _email,
}


def _measure(kind: str, value: Value) -> Ordered:
    """The value as something that can be compared with another of its kind."""
    if kind == "integer":
        return Decimal(_integer(ValueRules(), value))
    if kind == "decimal":
        return _exact(value)
    return _moment(kind, value)


_TYPES_IN_WORDS = {
    "text": gettext_lazy("a text"),
    "integer": gettext_lazy("a whole number"),
    "decimal": gettext_lazy("a number"),
    "boolean": gettext_lazy("true or false, or yes or no"),
    "date": gettext_lazy("a date as year-month-day"),
    "datetime": gettext_lazy("a date and time with its offset from UTC"),
    "url": gettext_lazy("a web address that begins with http:// or https://"),
    "phone": gettext_lazy("a phone number in international form, with + and country code"),
    "email": gettext_lazy("an e-mail address"),
}
_EXAMPLES = {
    "integer": "42",
    "decimal": "12.5",
    "boolean": "true",
    "date": "2026-11-21",
    "datetime": "2026-11-21T14:30:00+02:00",
    "url": "https://example.com/orders/42",
    "phone": "+358401234567",
    "email": "aino@example.com",
}
