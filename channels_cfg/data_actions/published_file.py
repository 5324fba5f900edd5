"""Published files: a data action as Genesys Cloud exports it, read and written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from channels_cfg.data_actions.definition import LONGEST_WAIT, ActionDefinition
from channels_cfg.data_actions.faults import ActionFault, ActionFinding, Severity
from channels_cfg.data_actions.json_text import NotJson, pretty_json, read_json_object

LARGEST_FILE = 1_000_000
ACTION_TYPES = ("custom", "customAuth", "static")
REQUEST_TYPES = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")

_PARTS: tuple[tuple[str, set[str]], ...] = (
    ("", {"name", "integrationType", "actionType", "config", "contract", "secure", "category"}),
    ("config", {"request", "response", "timeoutSeconds"}),
    ("config.request", {"requestUrlTemplate", "requestType", "headers", "requestTemplate"}),
    ("config.response", {"translationMap", "translationMapDefaults", "successTemplate"}),
    ("contract", {"input", "output"}),
    ("contract.input", {"inputSchema"}),
    ("contract.output", {"successSchema"}),
)


class UnreadableAction(ActionFault):
    """The file is no data action; the message names the part."""


def read_action(content: bytes | str) -> tuple[ActionDefinition, list[ActionFinding]]:
    """The data action that the file holds, and what of the file is not kept. Raises ``UnreadableAction``."""
    if len(content) > LARGEST_FILE:
        raise UnreadableAction(_("The file is larger than %(most)d characters.") % {"most": LARGEST_FILE})
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content.removeprefix("\ufeff")
        document = read_json_object(text)
    except UnicodeDecodeError:
        raise UnreadableAction(_("The file is not UTF-8.")) from None
    except NotJson as fault:
        raise UnreadableAction(fault.message, at=fault.at) from None
    return action_from(document)


def action_from(document: dict[str, Any]) -> tuple[ActionDefinition, list[ActionFinding]]:
    """As ``read_action``, of the file's JSON."""
    part = _Parts(document)
    request, response = part["config.request"], part["config.response"]
    definition = ActionDefinition(
        name=part.text(document, "name"),
        integration_type=part.text(document, "integrationType"),
        action_type=part.choice(document, "actionType", ACTION_TYPES, "custom"),
        secure=part.switch(document, "secure"),
        timeout_seconds=part.seconds(part["config"]),
        request_type=part.choice(request, "requestType", REQUEST_TYPES, "GET"),
        request_url_template=part.text(request, "requestUrlTemplate"),
        headers=part.object(request, "headers"),
        request_template=part.text(request, "requestTemplate"),
        translation_map=part.object(response, "translationMap"),
        translation_map_defaults=part.object(response, "translationMapDefaults"),
        success_template=part.text(response, "successTemplate"),
        input_schema=part.object(part["contract.input"], "inputSchema"),
        success_schema=part.object(part["contract.output"], "successSchema"),
    )
    if not definition.name.strip():
        raise UnreadableAction(_("The file has no “name”."))
    if not document.get("config"):
        raise UnreadableAction(_("The file has no “config”: it is no exported data action."))
    return definition, list(_not_kept(part))


def document_of(definition: ActionDefinition) -> dict[str, Any]:
    """The JSON of the file. Raises ``ActionFault`` where a part of the action is not JSON."""
    waits = {} if definition.timeout_seconds == LONGEST_WAIT else {"timeoutSeconds": definition.timeout_seconds}
    return {
        "name": definition.name,
        "integrationType": definition.integration_type,
        "actionType": definition.action_type,
        "config": {
            "request": {
                "requestUrlTemplate": definition.request_url_template,
                "requestType": definition.request_type,
                "headers": read_json_object(definition.headers),
                "requestTemplate": definition.request_template,
            },
            "response": {
                "translationMap": read_json_object(definition.translation_map),
                "translationMapDefaults": read_json_object(definition.translation_map_defaults),
                "successTemplate": definition.success_template,
            },
            **waits,
        },
        "contract": {
            "input": {"inputSchema": read_json_object(definition.input_schema)},
            "output": {"successSchema": read_json_object(definition.success_schema)},
        },
        "secure": definition.secure,
    }


def write_action(definition: ActionDefinition) -> str:
    """The file, as ``read_action`` reads it."""
    return pretty_json(document_of(definition)) + "\n"


class _Parts:
    """The objects of the file by their place, each refused where it is something else."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        for place, _known in _PARTS:
            above, _dot, name = place.rpartition(".")
            found = (self.objects[above] if above else document).get(name) if place else document
            if found is None:
                found = {}
            if not isinstance(found, dict):
                raise UnreadableAction(_("“%(place)s” must be an object.") % {"place": place})
            self.objects[place] = found

    def __getitem__(self, place: str) -> dict[str, Any]:
        return self.objects[place]

    def text(self, part: dict[str, Any], name: str) -> str:
        found = part.get(name)
        if found is not None and not isinstance(found, str):
            raise UnreadableAction(_("“%(name)s” must be a text.") % {"name": name})
        if found and "\x00" in found:
            raise UnreadableAction(_("“%(name)s” holds a character that cannot be kept (U+0000).") % {"name": name})
        if found and any("\ud800" <= character <= "\udfff" for character in found):
            raise UnreadableAction(_("“%(name)s” holds half a character.") % {"name": name})
        return found or ""

    def choice(self, part: dict[str, Any], name: str, choices: tuple[str, ...], default: str) -> str:
        found = self.text(part, name) or default
        for choice in choices:
            if found.lower() == choice.lower():
                return choice
        about = {"name": name, "choices": ", ".join(choices)}
        raise UnreadableAction(_("“%(name)s” is none of %(choices)s.") % about)

    def switch(self, part: dict[str, Any], name: str) -> bool:
        found = part.get(name)
        if found is not None and not isinstance(found, bool):
            raise UnreadableAction(_("“%(name)s” must be true or false.") % {"name": name})
        return bool(found)

    def seconds(self, part: dict[str, Any]) -> int:
        found = part.get("timeoutSeconds")
        if found is None:
            return LONGEST_WAIT
        if not isinstance(found, int) or isinstance(found, bool) or not 1 <= found <= LONGEST_WAIT:
            raise UnreadableAction(_("“timeoutSeconds” is a whole number from 1 to %(most)d.") % {"most": LONGEST_WAIT})
        return found

    def object(self, part: dict[str, Any], name: str) -> str:
        found = part.get(name)
        if found is not None and not isinstance(found, dict):
            raise UnreadableAction(_("“%(name)s” must be an object.") % {"name": name})
        text = pretty_json(found or {})
        self.text({name: text}, name)
        if "\\u0000" in text:
            raise UnreadableAction(_("“%(name)s” holds a character that cannot be kept (U+0000).") % {"name": name})
        return text


def _not_kept(parts: _Parts) -> Iterator[ActionFinding]:
    for place, known in _PARTS:
        for name in sorted(parts[place].keys() - known):
            written = f"{place}.{name}".lstrip(".")[:120]
            yield ActionFinding(
                Severity.WARNING,
                written,
                _("This part of the file is not kept."),
                _("Texts behind an address (…Uri) must be in the file itself.") if name.endswith("Uri") else "",
            )
