"""External contacts, made as every entrance makes them."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from conversations.contacts import records
from conversations.contacts.identifiers import Identifier, email, phone
from conversations.models import ExternalContact


def external_contact(
    first_name: str = "Aino", last_name: str = "Laine", *, identifiers: tuple[Identifier, ...] = (), **fields: Any
) -> ExternalContact:
    """A contact with these identifiers; ``phone`` and ``email`` are given as text."""
    given = list(identifiers)
    if "phone" in fields:
        given.append(phone(fields.pop("phone")))
    if "email" in fields:
        given.append(email(fields.pop("email")))
    now = fields.pop("now", None) or timezone.now()
    details = records.Details({"first_name": first_name, "last_name": last_name, **fields}, given)
    return records.create(details, now=now)
