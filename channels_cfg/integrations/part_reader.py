"""Reading parts of an integration's JSON, each fault in its place: names, placeholders, conditions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from channels_cfg.integrations.conditions import Condition, ConditionFault, parse_condition
from channels_cfg.integrations.json_position import JSONDocument, JSONFault, Path
from channels_cfg.integrations.names import IN_RESPONSE, bringing, in_request, uses_attached_data, why_unknown
from channels_cfg.integrations.placeholders import Placeholder, PlaceholderFault, parse_text
from channels_cfg.near_names import did_you_mean


class PartReader:
    """Notes what is wrong as ``faults``. ``keys`` are the authentications that placeholders of a request may name."""

    def __init__(self, document: JSONDocument, *, keys: Iterable[str]) -> None:
        self.document = document
        self.known = {"request": in_request(keys), "response": IN_RESPONSE, "actions": bringing(in_request(()), ())}
        self.brought: list[str] = []
        self.faults: list[JSONFault] = []
        self.uses_attached_data = False

    def brings(self, name: str) -> None:
        """What follows may ask for what the call of this name brings."""
        self.brought.append(name)
        self.known |= {side: bringing(self.known[side], self.brought) for side in ("actions", "response")}

    def refuse(self, path: Path, words: str, *, character: int | None = None) -> None:
        self.faults.append(self.document.fault(path, words, character=character))

    def refuse_name(self, path: Path, words: str) -> None:
        self.faults.append(self.document.fault_of_name(path, words))

    def members(self, path: Path, value: Any, known: tuple[str, ...]) -> dict[str, Any]:
        """Those of an object that may be there."""
        found = self.object(path, value)
        for name in found:
            if name not in known:
                near = did_you_mean(name, known) or " " + _("There are: %(names)s.") % {"names": ", ".join(known)}
                words = _("“%(name)s” is not known here.%(near)s") % {"name": name[:80], "near": near}
                self.refuse_name((*path, name), words)
        return {name: below for name, below in found.items() if name in known}

    def object(self, path: Path, value: Any) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        self.refuse(path, _("An object in braces is expected here, such as {}."))
        return {}

    def check_texts(self, path: Path, value: Any) -> None:
        """Placeholders in each text at and below the path."""
        if isinstance(value, str):
            self.check_text(path, value)
        elif isinstance(value, dict | list):
            for name, below in value.items() if isinstance(value, dict) else enumerate(value):
                self.check_texts((*path, name), below)

    def check_text(self, path: Path, text: str) -> None:
        try:
            placeholders = [part for part in parse_text(text) if isinstance(part, Placeholder)]
        except PlaceholderFault as fault:
            self.refuse(path, fault.text, character=fault.at)
            return
        self.check_names(path, placeholders)

    def check_names(self, path: Path, placeholders: list[Placeholder]) -> None:
        side = str(path[0])
        for placeholder in placeholders:
            if why := why_unknown(placeholder.path, self.known[side]):
                self.refuse(path, why, character=placeholder.at)
            if side != "response" or path[1] == "set":
                self.uses_attached_data |= uses_attached_data(placeholder.path)

    def condition(self, path: Path, value: Any) -> tuple[Condition, ...]:
        if value is None:
            return ()
        if not isinstance(value, str):
            self.refuse(path, _('A condition is a text, such as "{contact.cad.rank} >= 100".'))
            return ()
        try:
            condition = parse_condition(value)
        except ConditionFault as fault:
            self.refuse(path, fault.text, character=fault.at)
            return ()
        self.check_names(path, list(condition.placeholders))
        return (condition,)
