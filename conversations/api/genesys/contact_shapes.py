"""A contact in the vendor's words, read and written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError

from conversations.api.genesys.base import (
    CONTACTS,
    camel,
    check_known,
    flag_of,
    list_of,
    object_of,
    text_of,
    wrong,
)
from conversations.contacts.identifiers import Identifier, Kind, channel_identity, email, external_id, phone
from conversations.contacts.records import Details
from conversations.models import EMAIL_SLOTS, PHONE_SLOTS, ContactIdentifier, ContactNote, ExternalContact
from conversations.models.external_contact import MOST_EXTERNAL_IDS
from conversations.telephone import country_of, shown_number

SCHEMA_ID = "contacts"
"""There is one schema of custom fields, in the system settings."""
CHANNEL_OF_TYPE = {
    "SocialWhatsapp": "WHATSAPP",
    "SocialFacebook": "MESSENGER",
    "SocialInstagram": "INSTAGRAM",
    "SocialLine": "LINE",
    "SocialTwitter": "TWITTER",
    "AppleOpaqueId": "APPLEBC",
}
_TYPE_OF_CHANNEL = {channel: kind for kind, channel in CHANNEL_OF_TYPE.items()}
OTHER_CHANNEL = "Channel"
"""Our own type, for channels that the vendor does not know; it goes with ``channel`` and ``account``."""

WRITTEN = (
    *(camel(name) for name in ExternalContact.NAMES),
    *(camel(slot) for slot in (*PHONE_SLOTS, *EMAIL_SLOTS)),
    "address",
    "externalIds",
    "externalSystemUrl",
    "surveyOptOut",
    "customFields",
    "schema",
)
READ_ONLY = (
    "id",
    "identifiers",
    "type",
    "canonicalContact",
    "mergeSet",
    "mergedFrom",
    "mergedTo",
    "mergeOperation",
    "createDate",
    "modifyDate",
    "selfUri",
    "division",
    "externalDataSources",
)
"""Sent back by who changes what they read."""


def moment(at: datetime | None) -> str | None:
    """With milliseconds, as the vendor writes times."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else None


# Written


def contact_json(contact: ExternalContact) -> dict[str, Any]:
    """Its identifiers are to be at hand."""
    identifiers = list(contact.identifiers.all())
    shown: dict[str, Any] = {
        "id": str(contact.pk),
        **{camel(name): getattr(contact, name) for name in ExternalContact.NAMES if getattr(contact, name)},
        **{camel(row.slot): _in_slot(row) for row in identifiers if row.slot},
        "externalIds": [
            {"externalSource": {"id": row.source, "name": row.source, "active": True}, "value": row.value}
            for row in identifiers
            if row.kind == Kind.EXTERNAL_ID
        ],
        "identifiers": [identifier_json(row) for row in identifiers],
        "surveyOptOut": contact.survey_opt_out,
        "customFields": contact.custom_fields,
        "type": "Curated",
        "createDate": moment(contact.created_at),
        "modifyDate": moment(contact.modified_at),
        "selfUri": f"{CONTACTS}/{contact.pk}",
    }
    if contact.address:
        shown["address"] = contact.address
    if contact.external_system_url:
        shown["externalSystemUrl"] = contact.external_system_url
    if contact.custom_fields:
        shown["schema"] = {"id": SCHEMA_ID, "version": 1}
    if contact.merged_into_id:
        canonical = {"id": str(contact.merged_into_id), "selfUri": f"{CONTACTS}/{contact.merged_into_id}"}
        shown |= {"canonicalContact": canonical, "mergedTo": canonical}
    return shown


def _in_slot(row: ContactIdentifier) -> Any:
    if row.kind == Kind.EMAIL:
        return row.value
    number, _separator, extension = row.value.partition(";ext=")
    return {
        "display": shown_number(number),
        "e164": number,
        "countryCode": country_of(number),
        **({"extension": int(extension)} if extension.isdecimal() else {}),
        **({"acceptsSMS": row.accepts_sms} if row.accepts_sms is not None else {}),
    }


def identifier_json(row: ContactIdentifier) -> dict[str, Any]:
    shown: dict[str, Any] = {"type": _type_of(row), "value": row.value, "dateCreated": moment(row.created_at)}
    if row.kind == Kind.EXTERNAL_ID:
        shown["externalSource"] = {"id": row.source, "name": row.source}
    if row.kind == Kind.CHANNEL:
        shown |= {"channel": row.source, **({"account": row.account} if row.account else {})}
    return shown


def told_identifier(identifier: Identifier) -> dict[str, Any]:
    """One that was just claimed or released."""
    kind, source, account, value = identifier.key
    row = ContactIdentifier(kind=kind, source=source, account=account, value=value)
    return {name: told for name, told in identifier_json(row).items() if told is not None}


def _type_of(row: ContactIdentifier) -> str:
    names = {Kind.PHONE: "Phone", Kind.EMAIL: "Email", Kind.EXTERNAL_ID: "ExternalId"}
    return names.get(Kind(row.kind)) or _TYPE_OF_CHANNEL.get(row.source, OTHER_CHANNEL)


def note_json(note: ContactNote) -> dict[str, Any]:
    address = f"{CONTACTS}/{note.contact_id}"
    author = {"id": str(note.author_id), "name": str(note.author)} if note.author else None
    return {
        "id": str(note.pk),
        "noteText": note.text,
        "entityId": str(note.contact_id),
        "entityType": "contact",
        **({"createdBy": author} if author else {}),
        "createDate": moment(note.created_at),
        "modifyDate": moment(note.modified_at),
        "selfUri": f"{address}/notes/{note.pk}",
    }


# Read


def details_of(body: Any, *, where: str = "", partly: bool = False) -> Details:
    """What the contact is to be; ``partly``: what is not named stays as it is. ``where`` stands before the names of
    fields in what is refused."""
    sent = object_of(body, where.rstrip(".") or "body")
    check_known(sent, (*WRITTEN, *READ_ONLY), where)
    fields: dict[str, Any] = {}
    for name in (*ExternalContact.NAMES, "external_system_url"):
        if not partly or camel(name) in sent:
            fields[name] = text_of(sent, camel(name))
    for name, usual in (("address", {}), ("custom_fields", {}), ("survey_opt_out", False)):
        if not partly or camel(name) in sent:
            value = sent.get(camel(name))
            fields[name] = usual if value is None else value
    flag_of(sent, "surveyOptOut")
    if (schema := sent.get("schema")) is not None and object_of(schema, "schema").get("id", SCHEMA_ID) != SCHEMA_ID:
        wrong("schema", f"There is one schema; its id is {SCHEMA_ID}.")
    return Details(fields, _identifiers(sent))


CHANGES = ("Set", "Clear", "Add", "Remove", "Replace", "Delete")
_CLEARING = ("Clear", "Remove", "Delete")


def changed_by(shown: dict[str, Any], changes: list[Any]) -> dict[str, Any]:
    """What the contact is to be, of what it is and the changes of single fields."""
    after = {name: value for name, value in shown.items() if name not in READ_ONLY}
    for place, change in enumerate(changes):
        given = object_of(change, f"changes[{place}]")
        check_known(given, ("field", "value", "action"), f"changes[{place}].")
        name, _dot, part = text_of(given, "field", required=True).partition(".")
        action = text_of(given, "action") or "Set"
        if action.capitalize() not in CHANGES:
            wrong(f"changes[{place}].action", "Write Set or Clear.")
        value = None if action.capitalize() in _CLEARING else given.get("value")
        after[name] = {**(after.get(name) or {}), part: value} if part else value
    return after


def _identifiers(sent: Mapping[str, Any]) -> list[Identifier]:
    found = []
    for slot in PHONE_SLOTS:
        if sent.get(camel(slot)):
            found.append(_phone(sent[camel(slot)], camel(slot)).in_slot(slot))
    for slot in EMAIL_SLOTS:
        if address := text_of(sent, camel(slot)):
            found.append(_named(camel(slot), email, address).in_slot(slot))
    for item in list_of(sent, "externalIds", most=MOST_EXTERNAL_IDS):
        given = object_of(item, "externalIds")
        found.append(_named("externalIds", external_id, _source(given, "externalIds"), text_of(given, "value")))
    return found


PHONE_FIELDS = (
    "display",
    "extension",
    "acceptsSMS",
    "normalizationCountryCode",
    "e164",
    "countryCode",
    "userInput",
)


def _phone(sent: Any, where: str) -> Identifier:
    """``display`` is what is written; the rest the vendor makes of it."""
    given = object_of(sent, where)
    check_known(given, PHONE_FIELDS, f"{where}.")
    written = text_of(given, "display") or text_of(given, "e164")
    extension = given.get("extension")
    if extension not in (None, ""):
        if not str(extension).isdecimal() or isinstance(extension, bool):
            wrong(f"{where}.extension", "A whole number is expected here.")
        written = f"{written} ext. {extension}"
    country = text_of(given, "normalizationCountryCode") or text_of(given, "countryCode")
    try:
        return phone(written, country, accepts_sms=flag_of(given, "acceptsSMS"))
    except ValidationError as failure:
        wrong(f"{where}.display", failure.messages[0])


def _source(given: Mapping[str, Any], where: str) -> str:
    source = object_of(given.get("externalSource"), f"{where}.externalSource")
    return text_of(source, "id") or text_of(source, "name")


def _named(field: str, make: Any, *given: str) -> Identifier:
    try:
        return make(*given)
    except ValidationError as failure:
        wrong(field, failure.messages[0])


IDENTIFIER_FIELDS = ("type", "value", "externalSource", "channel", "account", "division", "dateCreated")


def identifier_of(sent: Any, where: str = "identifier") -> Identifier:
    given = object_of(sent, where)
    check_known(given, IDENTIFIER_FIELDS, f"{where}.")
    kind, value = text_of(given, "type", required=True), text_of(given, "value", required=True)
    if kind == "Phone":
        return _named(f"{where}.value", phone, value)
    if kind == "Email":
        return _named(f"{where}.value", email, value)
    if kind == "ExternalId":
        return _named(f"{where}.value", external_id, _source(given, where), value)
    channel = text_of(given, "channel", required=True) if kind == OTHER_CHANNEL else CHANNEL_OF_TYPE.get(kind, "")
    if not channel:
        known = ["Phone", "Email", "ExternalId", *CHANNEL_OF_TYPE, OTHER_CHANNEL]
        wrong(f"{where}.type", f"Write one of {', '.join(known)}. A newer SDK may know more, an older one fewer.")
    return _named(f"{where}.value", channel_identity, channel, value, text_of(given, "account"))
