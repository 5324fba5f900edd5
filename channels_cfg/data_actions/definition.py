"""What a data action says: the texts of its fields as they are edited, and what is read from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from channels_cfg.data_actions.contract import read_schema
from channels_cfg.data_actions.json_text import read_texts

LONGEST_WAIT = 60
"""Seconds, as at Genesys Cloud."""


@dataclass(frozen=True)
class ActionDefinition:
    """One data action. Objects are JSON texts, so that faults in them have a line and a column.

    What reads them raises the ``ActionFault`` of its kind.
    """

    name: str = ""
    integration_type: str = ""
    action_type: str = "custom"
    secure: bool = False
    timeout_seconds: int = LONGEST_WAIT
    request_type: str = "GET"
    request_url_template: str = ""
    headers: str = ""
    request_template: str = ""
    translation_map: str = ""
    translation_map_defaults: str = ""
    success_template: str = "${rawResult}"
    input_schema: str = ""
    success_schema: str = ""

    @cached_property
    def header_templates(self) -> dict[str, str]:
        return read_texts(self.headers)

    @cached_property
    def paths(self) -> dict[str, str]:
        return read_texts(self.translation_map)

    @cached_property
    def defaults(self) -> dict[str, str]:
        return read_texts(self.translation_map_defaults)

    @cached_property
    def inputs(self) -> dict[str, Any]:
        return read_schema(self.input_schema)

    @cached_property
    def outputs(self) -> dict[str, Any]:
        return read_schema(self.success_schema)


FIELDS_IN_FILE = {
    "name": "name",
    "integration_type": "integrationType",
    "action_type": "actionType",
    "secure": "secure",
    "timeout_seconds": "timeoutSeconds",
    "request_type": "requestType",
    "request_url_template": "requestUrlTemplate",
    "headers": "headers",
    "request_template": "requestTemplate",
    "translation_map": "translationMap",
    "translation_map_defaults": "translationMapDefaults",
    "success_template": "successTemplate",
    "input_schema": "inputSchema",
    "success_schema": "successSchema",
}
"""What each field is called in a published file."""
FIELDS_BY_NAME_IN_FILE = {there: here for here, there in FIELDS_IN_FILE.items()}
