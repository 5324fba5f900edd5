"""Data actions that an integration calls one after the other, each with what those before it brought.

``{"actions": [{"name": "found", "action": "Find contact", "inputs": {"phone": "{contact.source}"}}, …]}``; what an
action brings is ``{response.body.found}``, for the actions after it and for the response.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from channels_cfg.integrations.conditions import Condition
from channels_cfg.integrations.json_position import Path
from channels_cfg.integrations.part_reader import PartReader
from channels_cfg.near_names import did_you_mean

MOST_CALLS = 10
MEMBERS = ("name", "action", "inputs", "condition")
SAFE = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE")
"""Asked twice, they do what they do once (RFC 9110, 9.2.2)."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@dataclass(frozen=True)
class KnownAction:
    """What can be said of a published data action: its request type, the inputs of its contract, those it needs."""

    request_type: str
    inputs: Collection[str]
    required: Collection[str]


@dataclass(frozen=True)
class ActionCall:
    """One call. ``name`` is what its outputs are called, ``inputs`` JSON with placeholders; it is left out unless all
    conditions hold."""

    name: str
    action: str
    inputs: Mapping[str, Any]
    conditions: tuple[Condition, ...] = ()


def least_safe(methods: Collection[str]) -> str:
    """The one of them that forbids most: what is made of several calls is repeated as that one is."""
    return max(methods, key=lambda method: (method not in SAFE, method != "GET"), default="GET")


def actions_called_in(configuration: str) -> set[str]:
    """The names of the actions that a stored configuration calls."""
    calls = json.loads(configuration).get("actions", [])
    return {call["action"] for call in calls}


def read_calls(reader: PartReader, value: Any, known: Mapping[str, KnownAction]) -> tuple[ActionCall, ...]:
    """The calls in their order; what is wrong is noted with the reader."""
    path: Path = ("actions",)
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_CALLS:
        reader.refuse(path, _("A list of 1 to %(most)s calls is expected here.") % {"most": MOST_CALLS})
        return ()
    calls = []
    for index, item in enumerate(value):
        call = _read_call(reader, (*path, index), item, known)
        if call:
            calls.append(call)
            reader.brings(call.name)
    return tuple(calls)


def _read_call(reader: PartReader, path: Path, value: Any, known: Mapping[str, KnownAction]) -> ActionCall | None:
    found = reader.members(path, value, MEMBERS)
    name = _name_of(reader, path, found.get("name"))
    action = found.get("action")
    inputs = reader.object((*path, "inputs"), found.get("inputs", {}))
    reader.check_texts((*path, "inputs"), inputs)
    conditions = reader.condition((*path, "condition"), found.get("condition"))
    if not isinstance(action, str) or action not in known:
        words = _("There is no published data action “%(name)s”.%(near)s")
        about = {"name": str(action or "")[:80], "near": did_you_mean(str(action or ""), known)}
        reader.refuse((*path, "action") if "action" in found else path, words % about)
        return None
    _check_inputs(reader, (*path, "inputs") if "inputs" in found else path, inputs, known[action])
    return ActionCall(name, action, inputs, conditions) if name else None


def _name_of(reader: PartReader, path: Path, name: Any) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        words = _("Each call has a “name”, by which placeholders ask for what it brings: letters, digits, underscores.")
        reader.refuse((*path, "name") if isinstance(name, str) else path, words)
        return ""
    if name in reader.brought:
        reader.refuse((*path, "name"), _("An earlier call is called “%(name)s”.") % {"name": name})
        return ""
    return name


def _check_inputs(reader: PartReader, path: Path, inputs: Mapping[str, Any], known: KnownAction) -> None:
    for name in inputs:
        if known.inputs and name not in known.inputs:
            near = did_you_mean(name, known.inputs) or " " + _("There are: %(names)s.") % {
                "names": ", ".join(sorted(known.inputs))
            }
            words = _("The action has no input “%(name)s”.%(near)s") % {"name": name[:80], "near": near}
            reader.refuse_name((*path, name), words)
    if missing := [name for name in sorted(known.required) if name not in inputs]:
        reader.refuse(path, _("The action needs the inputs %(names)s.") % {"names": ", ".join(missing)})
