"""The types that values of keys can have: how each is read, compared and told. Words only, no database."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Protocol
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy

Value = str | int | float | bool | None
Ordered = Decimal | date | datetime

_LONGEST_NUMBER = 400  # digits; no number that anything counts has more

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


class Unfit(Exception):
    """The value is not of the type."""


class Limits(Protocol):
    """What reading a value goes by, besides its type."""

    @property
    def choices(self) -> Sequence[str]: ...

    @property
    def decimals(self) -> int | None: ...


# One parser for each type: a value as it comes in → as it is stored


def _text(limits: Limits, value: Value) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float) and not math.isfinite(value):
        raise Unfit
    return json.dumps(value)


def _integer(limits: Limits, value: Value) -> int:
    return _whole(value)


def _whole(value: Value) -> int:
    if isinstance(value, bool):
        raise Unfit
    if isinstance(value, str):
        if not _INTEGER.fullmatch(value.strip()):
            raise Unfit
        return int(value)
    if isinstance(value, float) and not value.is_integer():
        raise Unfit
    whole = int(value)  # type: ignore[arg-type]  # null was answered before
    if abs(whole) >= 10**_LONGEST_NUMBER:
        raise Unfit
    return whole


def _decimal(limits: Limits, value: Value) -> int | float:
    exact = _exact(value)
    if limits.decimals is not None and -int(exact.normalize().as_tuple().exponent) > limits.decimals:
        raise Unfit
    if exact == exact.to_integral_value() and abs(exact) < 2**53:
        return int(exact)
    if isinstance(value, int):
        return value
    stored = float(exact)
    if not math.isfinite(stored) or Decimal(repr(stored)) != exact:
        raise Unfit  # more digits than a JSON number keeps
    return stored


def _exact(value: Value) -> Decimal:
    if isinstance(value, bool) or value is None:
        raise Unfit
    if isinstance(value, str):
        if not _DECIMAL.fullmatch(value.strip()):
            raise Unfit
        return Decimal(value.strip())
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Unfit
        return Decimal(repr(value))
    if abs(value) >= 10**_LONGEST_NUMBER:
        raise Unfit
    return Decimal(value)


def _boolean(limits: Limits, value: Value) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word not in _WORDS_FOR_TRUE | _WORDS_FOR_FALSE:
        raise Unfit
    return word in _WORDS_FOR_TRUE


def _date(limits: Limits, value: Value) -> str:
    return _moment("date", value).isoformat()


def _datetime(limits: Limits, value: Value) -> str:
    return _moment("datetime", value).isoformat().replace("+00:00", "Z")


def _moment(kind: str, value: Value) -> date:
    text = _stripped(value)
    if kind == "date":
        if not _DATE.fullmatch(text):
            raise Unfit
        return date.fromisoformat(text)
    if not _DATETIME.fullmatch(text):
        raise Unfit
    return datetime.fromisoformat(text.upper()).astimezone(UTC)


def _choice(limits: Limits, value: Value) -> str:
    text = _text(limits, value).strip()
    if text in limits.choices:
        return text
    alike = [choice for choice in limits.choices if choice.casefold() == text.casefold()]
    if len(alike) != 1:
        raise Unfit
    return alike[0]


def _url(limits: Limits, value: Value) -> str:
    text = _stripped(value)
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or _NOT_IN_URLS.search(text):
        raise Unfit
    if not re.match(r"https?://", text, re.IGNORECASE) or parts.port == 0:
        raise Unfit
    return f"{parts.scheme}{text[len(parts.scheme) :]}"


def _phone(limits: Limits, value: Value) -> str:
    number = _PHONE_LAYOUT.sub("", _stripped(value).removeprefix("tel:"))
    if number.startswith("00"):
        number = f"+{number[2:]}"
    if not _PHONE.fullmatch(number):
        raise Unfit
    return number


def _email(limits: Limits, value: Value) -> str:
    text = _stripped(value)
    try:
        validate_email(text)
    except ValidationError as refused:
        raise Unfit from refused
    name, _at, domain = text.rpartition("@")
    return f"{name}@{domain.lower()}"


def _stripped(value: Value) -> str:
    if not isinstance(value, str):
        raise Unfit
    return value.strip()


PARSERS: dict[str, Callable[[Limits, Value], Value]] = {
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


def measure(kind: str, value: Value) -> Ordered:
    """The value as something that can be compared with another of its kind."""
    if kind == "integer":
        return Decimal(_whole(value))
    if kind == "decimal":
        return _exact(value)
    return _moment(kind, value)


TYPES_IN_WORDS = {
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
EXAMPLES = {
    "integer": "42",
    "decimal": "12.5",
    "boolean": "true",
    "date": "2026-11-21",
    "datetime": "2026-11-21T14:30:00+02:00",
    "url": "https://example.com/orders/42",
    "phone": "+358401234567",
    "email": "aino@example.com",
}
