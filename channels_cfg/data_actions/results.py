"""What a data action makes of the answer: translation map, defaults, success template, flattened outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from channels_cfg.data_actions.definition import ActionDefinition
from channels_cfg.data_actions.faults import ActionFault
from channels_cfg.data_actions.json_text import NotJson, json_text, read_json
from channels_cfg.data_actions.result_paths import NOT_FOUND, read_path
from channels_cfg.data_actions.velocity_reading import read_template
from channels_cfg.data_actions.velocity_rendering import render
from channels_cfg.data_actions.velocity_tools import IN_RESULTS

EMPTY_ANSWER = "{}"
"""What an answer without a body is read as: 202 and 204 have none."""


class UnusableResult(ActionFault):
    """The answer cannot be made into outputs; the message holds nothing of it."""


def answer_text(body: bytes) -> str:
    """The body as text. Raises ``UnusableResult``."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnusableResult(_("The answer is not UTF-8.")) from None
    return text if text.strip() else EMPTY_ANSWER


def document_of(raw: str) -> Any:
    """The answer as JSON. Raises ``UnusableResult``, which repeats nothing of it."""
    return _read(raw, _("The answer is not JSON that can be read (%(place)s)."))


def translated(definition: ActionDefinition, document: Any) -> dict[str, str]:
    """JSON text by name. Null is a value; only what a path does not find has its default, and without one no name."""
    found: dict[str, str] = {}
    for name, path in definition.paths.items():
        value = read_path(path).find(document)
        if value is not NOT_FOUND:
            found[name] = json_text(value)
        elif name in definition.defaults:
            found[name] = definition.defaults[name]
    return found


def success_text(definition: ActionDefinition, raw: str, names: Mapping[str, str]) -> str:
    """What the success template makes; where it is empty, the answer as it came."""
    template = definition.success_template if definition.success_template.strip() else "${rawResult}"
    return render(read_template(template), {**IN_RESULTS, **names, "rawResult": raw}, where="successTemplate")


def outputs_from(text: str) -> Any:
    """The outputs that the success template wrote. Raises ``UnusableResult``, with line and column in what it wrote."""
    return _read(text, _("What it makes is not JSON (%(place)s)."))


def _read(text: str, words: str) -> Any:
    try:
        return read_json(text)
    except NotJson as fault:
        # Its own words could hold a piece of the text; without a place they name a limit.
        message = words % {"place": fault.at} if fault.at.line else fault.message
        raise UnusableResult(message, at=fault.at) from None


def flattened(outputs: Any) -> dict[str, Any]:
    """As flows and scripts take outputs: names joined by dots, and a list of objects as one list for each name.

    ``{"a": [{"b": 1}, {"b": 2}]}`` is ``{"a.b": [1, 2]}``; where an item has no such name, its place holds null.
    """
    found: dict[str, Any] = {}
    _flatten("", outputs, found)
    return found


def _flatten(prefix: str, value: Any, found: dict[str, Any]) -> None:
    if isinstance(value, dict):
        for name, part in value.items():
            _flatten(f"{prefix}.{name}" if prefix else name, part, found)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        rows = [flattened(item) if isinstance(item, dict) else {} for item in value]
        for name in dict.fromkeys(name for row in rows for name in row):
            found[f"{prefix}.{name}" if prefix else name] = [row.get(name) for row in rows]
    else:
        found[prefix or "value"] = value
