"""Everything callbacks leave in the database, in a form that can be compared.

Left out: ids and numbers of our own; deliveries; how often a conversation was written (``version``) and how often the
reporting job is told of it, since both count writes and not what is so.
"""

from __future__ import annotations

import json
from typing import Any

from django.db.models import Model

from conversations.models import (
    Consent,
    Contact,
    Conversation,
    DeliveryStatus,
    ExternalReference,
    MediaFetch,
    Message,
    ReportableChange,
)

OUR_OWN = {"id", "number", "version", "conversation_id", "reference_id", "leg_id", "brought_by_id"}


def facts(row: Model) -> dict[str, Any]:
    return {
        field.attname: str(field.value_from_object(row))
        for field in row._meta.concrete_fields
        if field.attname not in OUR_OWN
    }


def ordered(rows: Any) -> list[Any]:
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))


def story(conversation: Conversation) -> dict[str, Any]:
    return facts(conversation) | {
        "thread": conversation.reference.external_id if conversation.reference else None,
        "legs": ordered(
            facts(leg) | {"communications": ordered(map(facts, leg.communications.all()))}
            for leg in conversation.legs.all()
        ),
        "events": ordered(map(facts, conversation.events.all())),
        "messages": ordered(map(facts, conversation.messages.all())),
        "media": ordered(MediaFetch.objects.filter(message__conversation=conversation).values_list("url", flat=True)),
        "live data": ordered(map(facts, conversation.live_data.all())),
        "to report": ReportableChange.objects.filter(conversation=conversation).exists(),
    }


def all_rows() -> dict[str, list[Any]]:
    return {
        "conversations": ordered(map(story, Conversation.objects.all())),
        "threads": ordered(map(facts, ExternalReference.objects.all())),
        "waiting messages": ordered(map(facts, Message.objects.filter(conversation=None))),
        "consents": ordered(map(facts, Consent.objects.all())),
        "contacts": ordered(map(facts, Contact.objects.all())),
        "delivery statuses": ordered(map(facts, DeliveryStatus.objects.all())),
    }
