"""The data actions that integrations may call."""

from __future__ import annotations

from channels_cfg.data_actions.contract import read_schema
from channels_cfg.data_actions.faults import ActionFault
from channels_cfg.integrations.action_calls import KnownAction
from channels_cfg.models.data_action import DataAction


def published_actions() -> dict[str, KnownAction]:
    """What integrations may call, by name."""
    rows = DataAction.objects.filter(state=DataAction.State.PUBLISHED).exclude(
        action_type=DataAction.ActionType.CUSTOM_AUTH
    )
    return {
        name: known_action(request_type, input_schema)
        for name, request_type, input_schema in rows.values_list("name", "request_type", "input_schema")
    }


def known_action(request_type: str, input_schema: str) -> KnownAction:
    """What the contract says; a contract that cannot be read says nothing."""
    try:
        schema = read_schema(input_schema)
    except ActionFault:
        schema = {}
    properties, required = schema.get("properties", {}), schema.get("required", [])
    return KnownAction(request_type, frozenset(properties), frozenset(required))
