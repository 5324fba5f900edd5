"""The schema of custom fields over the API: the one of the system settings, to read."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from channels_cfg.contact_fields import schema_of
from channels_cfg.models import SystemSettings
from conversations.api.genesys.base import CONTACTS, ContactsView, refuse
from conversations.api.genesys.contact_shapes import SCHEMA_ID


def schema_json() -> dict[str, Any]:
    schema = schema_of(SystemSettings.load().contact_fields)
    return {
        "id": SCHEMA_ID,
        "name": "Custom fields of contacts",
        "version": 1,
        "appliesTo": ["CONTACT"],
        "enabled": True,
        "jsonSchema": {"$schema": "http://json-schema.org/draft-04/schema#", "type": "object", **schema},
        "selfUri": f"{CONTACTS}/schemas/{SCHEMA_ID}",
    }


class SchemaListView(ContactsView):
    def get(self, request: Request) -> Response:
        return Response({"entities": [schema_json()], "total": 1})


class SchemaView(ContactsView):
    def get(self, request: Request, schema_id: str) -> Response:
        if schema_id != SCHEMA_ID:
            refuse(HTTPStatus.NOT_FOUND, "schema.not.found", f"There is one schema; its id is {SCHEMA_ID}.")
        return Response(schema_json())
