"""The JSON of an integration: what is asked, and what becomes of the answer. Read whole, or refused with every fault
in its place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from channels_cfg.integrations.action_calls import ActionCall, KnownAction, least_safe, read_calls
from channels_cfg.integrations.conditions import Condition
from channels_cfg.integrations.json_position import JSONDocument, JSONFault, Path, parse_json
from channels_cfg.integrations.part_reader import PartReader
from channels_cfg.integrations.paths import MISSING
from channels_cfg.key_names import check_key_name
from channels_cfg.near_names import did_you_mean

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
AUTHENTICATION_TYPES = ("basic", "bearer", "api_key", "oauth2")
WITH_A_KEY = ("bearer", "api_key")
"""Those that ``{authentications.name}`` stands for."""
IDENTIFIES_AGENT = ("id", "number", "chat_address", "username", "email")
SETS: Mapping[str, tuple[str, ...]] = {
    "priority": ("value",),
    "queue": ("id", "address", "name"),
    "preferredAgent": IDENTIFIES_AGENT,
    "requiredAgents": ("agents", "timeout"),
}
"""What a response may set, and by which names."""

HIGHEST_PRIORITY = 32767
LONGEST_PRIORITY = 20
LONGEST_CONFIGURATION = 64 * 1024
MOST_FAULTS = 20
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OURS = ("host", "content-length", "transfer-encoding", "connection", "accept-encoding", "upgrade", "te", "trailer")
"""Headers that the way out to the network sets by itself."""


class ConfigurationFaults(Exception):
    """The JSON cannot be a configuration; ``faults`` says why and where."""

    def __init__(self, *faults: JSONFault) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


@dataclass(frozen=True)
class SetRule:
    """One thing that is set, where the conditions hold. ``value`` is JSON with placeholders."""

    value: Any
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Configuration:
    """What is asked and what becomes of the answer. ``authentication`` is the name of one, empty where none is shown;
    of ``sets`` the first rule that holds counts. Where ``calls`` are made, ``method`` is the least safe of theirs."""

    method: str = "GET"
    calls: tuple[ActionCall, ...] = ()
    authentication: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    body: Any = MISSING
    save: Mapping[str, Any] = field(default_factory=dict)
    sets: Mapping[str, tuple[SetRule, ...]] = field(default_factory=dict)
    uses_attached_data: bool = False
    """Whether what was attached before decides what is asked or set."""


def read_configuration(
    text: str, *, authentications: Mapping[str, str], actions: Mapping[str, KnownAction] | None = None
) -> Configuration:
    """``authentications`` are the types of those that there are, by name; ``actions`` the data actions that may be
    called, None where a request is sent in their place. Raises ``ConfigurationFaults``."""
    if len(text) > LONGEST_CONFIGURATION:
        words = _("At most %(most)s characters.") % {"most": LONGEST_CONFIGURATION}
        raise ConfigurationFaults(JSONDocument(text).fault((), words))
    try:
        document = parse_json(text)
    except JSONFault as fault:
        raise ConfigurationFaults(fault) from None
    return _ConfigurationReader(document, authentications, actions).whole()


class _ConfigurationReader(PartReader):
    def __init__(
        self,
        document: JSONDocument,
        authentications: Mapping[str, str],
        actions: Mapping[str, KnownAction] | None = None,
    ) -> None:
        super().__init__(document, keys=(name for name, kind in authentications.items() if kind in WITH_A_KEY))
        self.authentications = authentications
        self.actions = actions

    def whole(self) -> Configuration:
        top = self.members((), self.document.value, ("request", "actions", "response"))
        asked = self.request(top) if self.actions is None else self.action_calls(top, self.actions)
        response = self.members(("response",), top.get("response", {}), ("save", "set"))
        read = replace(
            asked,
            save=self.save(response.get("save", {})),
            sets=self.sets(response.get("set", {})),
            uses_attached_data=self.uses_attached_data,
        )
        if self.faults:
            raise ConfigurationFaults(*sorted(self.faults, key=lambda fault: fault.position)[:MOST_FAULTS])
        return read

    def request(self, top: Mapping[str, Any]) -> Configuration:
        if "actions" in top:
            self.refuse_name(("actions",), _("Data actions are called where the endpoint is edi://actions."))
        request = self.members(
            ("request",), top.get("request", {}), ("authentication", "method", "headers", "params", "body")
        )
        body = request.get("body", MISSING)
        self.check_texts(("request", "body"), body)
        return Configuration(
            method=self.method(request.get("method", "GET" if body is MISSING else "POST")),
            authentication=self.authentication(request.get("authentication")),
            headers=self.headers(request.get("headers", {})),
            params=self.params(request.get("params", {})),
            body=body,
        )

    def action_calls(self, top: Mapping[str, Any], actions: Mapping[str, KnownAction]) -> Configuration:
        if "request" in top:
            words = _("The endpoint is edi://actions: list the data actions below “actions” in place of a request.")
            self.refuse_name(("request",), words)
        calls = read_calls(self, top.get("actions", []), actions)
        return Configuration(method=least_safe([actions[call.action].request_type for call in calls]), calls=calls)

    # The request

    def method(self, value: Any) -> str:
        method = str(value).upper()
        if method not in METHODS:
            about = {"methods": ", ".join(METHODS), "near": did_you_mean(method, METHODS)}
            self.refuse(("request", "method"), _("One of %(methods)s is expected here.%(near)s") % about)
        return method

    def authentication(self, value: Any) -> str:
        path: Path = ("request", "authentication")
        if value is None:
            return ""
        if isinstance(value, dict) and (secrets := value.keys() - {"type", "name"}):
            words = _("“%(name)s” belongs to the entry below Authentications, where it is stored encrypted.")
            self.refuse_name((*path, min(secrets)), words % {"name": min(secrets)[:80]})
            return ""
        found = self.object(path, value)
        kind, name = found.get("type"), found.get("name")
        if kind not in AUTHENTICATION_TYPES:
            about = {
                "types": ", ".join(AUTHENTICATION_TYPES),
                "near": did_you_mean(str(kind or ""), AUTHENTICATION_TYPES),
            }
            self.refuse((*path, "type"), _("One of %(types)s is expected here.%(near)s") % about)
            return ""
        return self.chosen(path, str(kind), name)

    def chosen(self, path: Path, kind: str, name: Any) -> str:
        """The one authentication that is meant."""
        fitting = [name for name, given in self.authentications.items() if given == kind]
        if name is not None:
            if name not in fitting:
                words = _("There is no authentication “%(name)s” of type %(type)s.%(near)s")
                about = {"name": str(name)[:80], "type": kind, "near": did_you_mean(str(name), fitting)}
                self.refuse((*path, "name"), words % about)
            return str(name)
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            words = _("There are several of type %(type)s: add “name” with one of %(names)s.")
        else:
            words = _("There is no authentication of type %(type)s. Add one below Authentications.")
        self.refuse((*path, "type"), words % {"type": kind, "names": ", ".join(fitting)})
        return ""

    def headers(self, value: Any) -> dict[str, str]:
        path: Path = ("request", "headers")
        headers = {}
        for name, text in self.object(path, value).items():
            if not _HEADER.fullmatch(name):
                self.refuse_name((*path, name), _("A header's name has letters, digits and hyphens only."))
            elif name.lower() in _OURS:
                self.refuse_name((*path, name), _("This header is set by itself. Remove it."))
            elif not isinstance(text, str | int) or isinstance(text, bool):
                self.refuse((*path, name), _("The value of a header is a text."))
            elif re.search(r"[\x00-\x1f\x7f]", str(text)):
                self.refuse((*path, name), _("A header cannot hold a line break or another control character."))
            else:
                self.check_text((*path, name), str(text))
                headers[name] = str(text)
        return headers

    def params(self, value: Any) -> dict[str, Any]:
        path: Path = ("request", "params")
        params = self.object(path, value)
        for name, below in params.items():
            items = below if isinstance(below, list) else [below]
            if any(isinstance(item, dict | list) for item in items):
                self.refuse((*path, name), _("A parameter is a text, a number, true or false, or a list of those."))
            self.check_texts((*path, name), below)
        return params

    # The response

    def save(self, value: Any) -> dict[str, Any]:
        path: Path = ("response", "save")
        tree = self.object(path, value)
        self.check_texts(path, tree)
        for below, name in _keys(path, tree, ""):
            try:
                check_key_name(name)
            except ValidationError as bad:
                self.refuse_name(below, bad.messages[0])
        return tree

    def sets(self, value: Any) -> dict[str, tuple[SetRule, ...]]:
        path: Path = ("response", "set")
        found = self.members(path, value, (*SETS, "condition"))
        shared = self.condition((*path, "condition"), found.pop("condition", None))
        return {name: tuple(self.rules((*path, name), name, below, shared)) for name, below in found.items()}

    def rules(self, path: Path, name: str, value: Any, shared: tuple[Condition, ...]) -> Iterator[SetRule]:
        """One rule, or several, of which the first that holds counts."""
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield self.rule((*path, index), name, item, shared)
        else:
            yield self.rule(path, name, value, shared)

    def rule(self, path: Path, name: str, value: Any, shared: tuple[Condition, ...]) -> SetRule:
        if isinstance(value, dict):
            found = self.members(path, value, (*SETS[name], "condition"))
            own = self.condition((*path, "condition"), found.pop("condition", None))
            self.check_texts(path, found)
            if not found:
                words = _("Name what is set, by one of: %(names)s.") % {"names": ", ".join(SETS[name])}
                self.refuse(path, words)
            if name == "priority":
                self.priority((*path, "value"), found.get("value"))
                return SetRule(found.get("value"), (*shared, *own))
            return SetRule(found, (*shared, *own))
        if name in ("queue", "requiredAgents"):
            self.object(path, value)
        elif not isinstance(value, str | int) or isinstance(value, bool):
            self.refuse(path, _("A text or a whole number is expected here."))
        else:
            self.check_texts(path, value)
            if name == "priority":
                self.priority(path, value)
        return SetRule(value, shared)

    def priority(self, path: Path, value: Any) -> None:
        """One that stands here is a number; what a placeholder brings shows when it does."""
        if not (isinstance(value, str) and "{" in value) and priority_of(value) is None:
            self.refuse(path, _("A whole number from 0 to %(most)s is expected here.") % {"most": HIGHEST_PRIORITY})


def priority_of(value: Any) -> int | None:
    """The priority that a number or text means; None where it means none."""
    text = str(value).strip()
    is_number = not isinstance(value, bool) and text.isascii() and text.isdecimal() and len(text) <= LONGEST_PRIORITY
    return int(text) if is_number and int(text) <= HIGHEST_PRIORITY else None


def _keys(path: Path, tree: Any, above: str) -> Iterator[tuple[Path, str]]:
    """The leaves with the names that they are attached by; lists that are filled get theirs when they are."""
    for name, below in tree.items() if isinstance(tree, dict) else enumerate(tree):
        called = f"{above}.{name}" if above else str(name)
        if isinstance(below, dict | list) and below:
            yield from _keys((*path, name), below, called)
        else:
            yield (*path, name), called
