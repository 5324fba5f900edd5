"""Specification 004 as one integration of the demonstration: look a contact up, create it where there is none, and
associate it with the conversation, by data actions over the portal's own API."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from django.db import transaction

from channels_cfg.data_actions.published_file import action_from
from channels_cfg.demo import LOADED_BY, Demo, made, own_record
from channels_cfg.history.change_reason import changing_settings
from channels_cfg.models import (
    Channel,
    DataAction,
    DataActionConnection,
    DataActionCredential,
    Integration,
    Queue,
)

CONNECTION = "Contacts of this portal"
INTEGRATION = "Contact of the customer"
_TEXT = {"type": "string", "minLength": 1}


def _action(name: str, request_type: str, address: str, body: str, inputs: tuple[str, ...]) -> dict[str, Any]:
    """In the format of published files."""
    return {
        "name": name,
        "integrationType": "purecloud-data-actions",
        "actionType": "custom",
        "config": {
            "request": {
                "requestType": request_type,
                "requestUrlTemplate": address,
                "requestTemplate": body,
                "headers": {"Content-Type": "application/json"},
            },
            "response": {
                "translationMap": {"contactId": "$.id"},
                "translationMapDefaults": {"contactId": '""'},
                "successTemplate": '{"contactId": ${contactId}}',
            },
        },
        "contract": {
            "input": {
                "inputSchema": {
                    "type": "object",
                    "properties": dict.fromkeys(inputs, _TEXT),
                    "required": list(inputs),
                }
            },
            "output": {"successSchema": {"type": "object", "properties": {"contactId": {"type": "string"}}}},
        },
    }


CONTACTS = "/api/v2/externalcontacts"
ACTIONS = {
    "found": _action(
        "Find contact by number",
        "POST",
        f"{CONTACTS}/identifierlookup",
        '{"type": "Phone", "value": "+$esc.jsonString(${input.phone})"}',
        ("phone",),
    ),
    "created": _action(
        "Create contact",
        "POST",
        f"{CONTACTS}/contacts",
        '{"firstName": "$esc.jsonString(${input.firstName})", "lastName": "$esc.jsonString(${input.lastName})", '
        '"cellPhone": {"display": "+$esc.jsonString(${input.phone})"}}',
        ("phone", "firstName", "lastName"),
    ),
    "associated": _action(
        "Associate contact",
        "PUT",
        f"{CONTACTS}/conversations/$esc.url(${{input.conversationId}})",
        '{"conversationId": "$esc.jsonString(${input.conversationId})", "purpose": "customer", '
        '"mediaType": "$esc.jsonString(${input.mediaType})", '
        '"externalContactId": "$esc.jsonString(${input.contactId})"}',
        ("conversationId", "mediaType", "contactId"),
    ),
}
CUSTOMER = "contact.attached_data.customer_data"


def _calls(names: dict[str, str], medium: str) -> list[dict[str, Any]]:
    """Found, or created where the CRM has told who it is; then associated."""
    here = {"conversationId": "{contact.guid}", "mediaType": medium}
    return [
        {"name": "found", "action": names["found"], "inputs": {"phone": "{contact.source}"}},
        {
            "name": "created",
            "action": names["created"],
            "inputs": {
                "phone": "{contact.source}",
                "firstName": f"{{{CUSTOMER}.firstname}}",
                "lastName": f"{{{CUSTOMER}.lastname}}",
            },
            "condition": f"{{response.body.found.contactId}} is missing and {{{CUSTOMER}.lastname}} is not missing",
        },
        *(
            {
                "name": f"associated_{name}",
                "action": names["associated"],
                "inputs": here | {"contactId": f"{{response.body.{name}.contactId}}"},
                "condition": f"{{response.body.{name}.contactId}} is not missing",
            }
            for name in ("found", "created")
        ),
    ]


@transaction.atomic
def connect_contacts(demo: Demo, address: str) -> None:
    """From now on, have a contact associated with each message of a customer. ``address`` is the portal's own."""
    client, key = demo.clients["integration"]
    with changing_settings(command=LOADED_BY, why="The demonstration associates contacts"):
        connection, is_new = own_record(
            DataActionConnection,
            CONNECTION,
            base_address=address,
            sign_in=DataActionConnection.SignInKind.OAUTH2,
            token_address=f"{address}/oauth/token",
        )
        if not is_new and connection.base_address != address:
            connection.base_address, connection.token_address = address, f"{address}/oauth/token"
            connection.save()
        for name, secret in (("clientId", client.username), ("clientSecret", key)):
            if DataActionCredential.objects.filter(connection=connection, name=name).first() is None:
                DataActionCredential.objects.create(connection=connection, name=name, secret=secret)
        _pipeline(connection)


def _pipeline(connection: DataActionConnection) -> None:
    names = {}
    for called, document in ACTIONS.items():
        definition, _not_kept = action_from(document)
        content = {field.name: getattr(definition, field.name) for field in fields(definition) if field.name != "name"}
        action, _is_new = own_record(
            DataAction,
            definition.name,
            connection=connection,
            category="Contacts",
            state=DataAction.State.PUBLISHED,
            **content,
        )
        names[called] = action.name
    integration, is_new = own_record(
        Integration,
        INTEGRATION,
        description="Looks the customer's contact up, creates it, and associates it with the conversation",
        endpoint="edi://actions",
        channels=[Channel.Kind.CHAT],
        events=[Integration.AnsweredEvent.RECEIVED],
        ordinal=2,
        configuration=json.dumps({"actions": _calls(names, "MESSAGE")}, indent=2),
    )
    if is_new:
        integration.queues.set(made(Queue).filter(name__startswith="Chat sales"))
