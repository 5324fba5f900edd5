"""The functions that published templates call: ``$esc``, ``$encoding``, ``$successTemplateUtils`` and so on."""

from __future__ import annotations

import base64
import html
import math
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from django.utils.translation import gettext as _

from channels_cfg.data_actions.json_text import NotJson, json_text, read_json
from channels_cfg.data_actions.velocity_values import NotPossible, ToolBox, as_number, as_text, limited

_SOSL = re.compile(r"""([?&|!{}\[\]()^~*:\\"'+-])""")


def url_text(value: Any) -> str:
    """As Java's ``URLEncoder``: a space is a plus sign."""
    return quote_plus(as_text(value), safe="*").replace("~", "%7E")


def json_string(value: Any) -> str:
    """What stands between the quotation marks of a JSON text."""
    return json_text(as_text(value))[1:-1]


def json_decoded(value: Any) -> str:
    try:
        found = read_json(f'"{as_text(value)}"')
    except NotJson:
        raise NotPossible(_("This is not the inside of a JSON text.")) from None
    return as_text(found)


def first_from_array(items: Any, otherwise: Any = None) -> str:
    """The first item as JSON text; of an empty list the second value as it is, or nothing."""
    if isinstance(items, str):
        try:
            items = read_json(items)
        except NotJson:
            raise NotPossible(_("firstFromArray needs a list, written as JSON.")) from None
    if items is None or items == []:
        return "" if otherwise is None else as_text(otherwise)
    if not isinstance(items, list):
        raise NotPossible(_("firstFromArray needs a list. A path to one value needs no firstFromArray."))
    return json_text(items[0])


def optional_query_param(name: Any, value: Any) -> str:
    """``?name=value`` is the caller's to begin; without a value nothing."""
    return f"{url_text(name)}={url_text(value)}" if value not in (None, "") else ""


def _passing_null(function: Callable[[Any], Any]) -> tuple[Callable[..., Any], int, int]:
    return (lambda value: None if value is None else function(value)), 1, 1


def _constant(text: str) -> tuple[Callable[..., Any], int, int]:
    return (lambda: text), 0, 0


def _arithmetic(function: Callable[..., Any], count: int) -> tuple[Callable[..., Any], int, int]:
    return (lambda *numbers: limited(function(*map(as_number, numbers)))), count, count


ESCAPES = ToolBox(
    "esc",
    {
        "url": _passing_null(url_text),
        "urlFormEncode": _passing_null(url_text),
        "uriEncode": _passing_null(lambda value: quote(as_text(value), safe="")),
        "jsonString": _passing_null(json_string),
        "jsonEncode": _passing_null(json_string),
        "javascript": _passing_null(json_string),
        "jsonDecode": _passing_null(json_decoded),
        "html": _passing_null(lambda value: html.escape(as_text(value))),
        "xml": _passing_null(lambda value: html.escape(as_text(value))),
        "quote": _constant('"'),
        "q": _constant('"'),
        "singleQuote": _constant("'"),
        "s": _constant("'"),
        "dollar": _constant("$"),
        "d": _constant("$"),
        "hash": _constant("#"),
        "h": _constant("#"),
        "backslash": _constant("\\"),
        "b": _constant("\\"),
        "newline": _constant("\n"),
        "n": _constant("\n"),
        "exclamation": _constant("!"),
        "e": _constant("!"),
    },
)
MATH = ToolBox(
    "math",
    {
        "add": _arithmetic(lambda left, right: left + right, 2),
        "sub": _arithmetic(lambda left, right: left - right, 2),
        "mul": _arithmetic(lambda left, right: left * right, 2),
        "div": _arithmetic(lambda left, right: left / right, 2),
        "idiv": _arithmetic(lambda left, right: left // right, 2),
        "mod": _arithmetic(lambda left, right: left % right, 2),
        "max": _arithmetic(max, 2),
        "min": _arithmetic(min, 2),
        "abs": _arithmetic(abs, 1),
        "ceil": _arithmetic(math.ceil, 1),
        "floor": _arithmetic(math.floor, 1),
        "round": _arithmetic(lambda number: math.floor(number + 0.5), 1),
        "toInteger": _arithmetic(int, 1),
        "toNumber": _arithmetic(lambda number: number, 1),
    },
)
IN_REQUESTS: Mapping[str, ToolBox] = {
    "esc": ESCAPES,
    "math": MATH,
    "encoding": ToolBox(
        "encoding", {"base64": _passing_null(lambda value: base64.b64encode(as_text(value).encode()).decode())}
    ),
    "urlTool": ToolBox("urlTool", {"optionalQueryParam": (optional_query_param, 2, 2)}),
    "salesforce": ToolBox(
        "salesforce", {"escReserved": _passing_null(lambda value: _SOSL.sub(r"\\\1", as_text(value)))}
    ),
}
IN_RESULTS: Mapping[str, ToolBox] = {
    **IN_REQUESTS,
    "successTemplateUtils": ToolBox("successTemplateUtils", {"firstFromArray": (first_from_array, 1, 2)}),
}
