"""What was answered, read within limits."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from channels_cfg.integrations.json_position import LONGEST_NUMBER, MOST_NESTED
from channels_cfg.integrations.paths import MISSING

LARGEST_ANSWER = 1024 * 1024
MOST_NAMES = 10_000
HTML = ("<!doctype", "<html")


class UnusableAnswer(Exception):
    """The answer is no JSON that can be used. Says why, in words without data."""


@dataclass(frozen=True)
class Answered:
    """``body`` is the JSON, or ``MISSING`` where there is none, and then ``why_no_body`` says why. Where data actions
    were called, ``calls`` tells of each, and ``why_failed`` why the chain ended before its end."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = MISSING
    why_no_body: str = ""
    text: str = ""
    why_failed: str = ""
    timed_out: bool = False
    calls: tuple[Mapping[str, Any], ...] = ()


def read_answer(status: int, headers: Mapping[str, str], content: bytes, *, secrets: tuple[str, ...]) -> Answered:
    """The answer with each secret in it masked."""
    named = {name.lower(): _masked(value, secrets) for name, value in headers.items()}
    text = ""
    try:
        text = _masked(content.decode(), secrets)
        return Answered(status, named, _json(text), text=text)
    except UnicodeDecodeError:
        return Answered(status, named, why_no_body=_("It is not in UTF-8."))
    except UnusableAnswer as unreadable:
        return Answered(status, named, why_no_body=str(unreadable), text=text)


def _masked(text: str, secrets: tuple[str, ...]) -> str:
    for secret in secrets:
        text = text.replace(secret, "•••")
    return text


def _json(text: str) -> Any:
    if not text.strip():
        raise UnusableAnswer(_("It is empty."))
    if text.lstrip().lower().startswith(HTML):
        raise UnusableAnswer(_("It is a page (HTML) in place of JSON."))
    if _depth(text) > MOST_NESTED:
        raise UnusableAnswer(_("It is nested more than %(most)s levels deep.") % {"most": MOST_NESTED})
    names = 0

    def count(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal names
        names += len(pairs)
        if names > MOST_NAMES:
            raise UnusableAnswer(_("It has more than %(most)s names.") % {"most": MOST_NAMES})
        return dict(pairs)

    try:
        return json.loads(
            text, object_pairs_hook=count, parse_int=_whole, parse_float=_fraction, parse_constant=_constant
        )
    except (ValueError, RecursionError):
        raise UnusableAnswer(_("It is no JSON.")) from None


def _depth(text: str) -> int:
    """At most so deep; brackets in texts count too, which makes no honest answer too deep."""
    if text.count("[") + text.count("{") <= MOST_NESTED:
        return 0
    depth = deepest = 0
    is_text = False
    previous = ""
    for character in text:
        if is_text:
            is_text = character != '"' or previous == "\\"
            previous = "" if previous == "\\" else character
            continue
        if character == '"':
            is_text, previous = True, ""
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def _whole(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise UnusableAnswer(_("It holds a number of %(count)s digits.") % {"count": len(digits)})
    return int(digits)


def _fraction(digits: str) -> float:
    number = float(digits)
    if len(digits) > LONGEST_NUMBER or not math.isfinite(number):
        raise UnusableAnswer(_("It holds a number that is too large or too long."))
    return number


def _constant(word: str) -> float:
    raise UnusableAnswer(_("It holds %(word)s, which is no number.") % {"word": word})


def storable(value: Any) -> Any:
    """With a sign in place of each character that PostgreSQL cannot hold."""
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {storable(name): storable(below) for name, below in value.items()}
    if isinstance(value, list):
        return [storable(below) for below in value]
    return value
