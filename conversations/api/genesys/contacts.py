"""Contacts over the API: listed, read, made, replaced, merged, found by what identifies them, deleted."""

from __future__ import annotations

import uuid
from http import HTTPStatus
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.api.genesys.base import (
    CONTACTS,
    LARGEST_PAGE,
    ContactsView,
    as_uuid,
    check_known,
    flag_of,
    list_of,
    no_such_contact,
    number_of,
    object_of,
    page_of,
    refuse,
    text_of,
    wrong,
)
from conversations.api.genesys.contact_shapes import (
    changed_by,
    contact_json,
    details_of,
    identifier_json,
    identifier_of,
    told_identifier,
)
from conversations.contacts import records
from conversations.contacts.custom_fields import typed
from conversations.contacts.holding import contact_of, held
from conversations.contacts.identifiers import holders
from conversations.contacts.merging import MOST, merge
from conversations.contacts.searching import matching
from conversations.models import ExternalContact
from conversations.storable import storable

SORTED_BY = {"firstName": "first_name", "lastName": "last_name", "middleName": "middle_name", "title": "title"}
EXACT = {**SORTED_BY, "salutation": "salutation"}
MOST_IDENTIFIERS = 25
MOST_CHANGES = 100


def id_of(text: Any) -> uuid.UUID:
    """Raises the refusal of an id that is none."""
    return as_uuid(text) or no_such_contact()


def answer(contact: ExternalContact, status: int = HTTPStatus.OK) -> Response:
    return Response(contact_json(contact), status=status)


class ContactListView(ContactsView):
    def lists(self, request: Request) -> bool:
        return request.method == "GET"

    def get(self, request: Request) -> Response:
        """All that match ``q``, and whose fields are exactly those of ``title=…`` or ``customFields.<name>=…``."""
        asked = request.query_params
        found = matching(asked.get("q", "")) if self.is_manager else ExternalContact.objects.none()
        return listing(_exactly(found, asked), asked)

    def post(self, request: Request) -> Response:
        return answer(records.create(details_of(request.data), now=timezone.now()))


def _exactly(found: QuerySet[ExternalContact], asked: Any) -> QuerySet[ExternalContact]:
    for name, value in asked.items():
        value = storable(value).strip()
        if name in EXACT:
            found = found.filter(words__finds=value, **{EXACT[name]: value})
        elif name.startswith("customFields."):
            custom = name.removeprefix("customFields.")
            found = found.filter(custom_fields__contains={custom: typed(custom, value)})
    return found


def listing(found: QuerySet[ExternalContact], asked: Any) -> Response:
    field, _colon, direction = str(asked.get("sortOrder") or "lastName:asc").partition(":")
    if field not in SORTED_BY or direction.lower() not in ("", "asc", "desc"):
        wrong("sortOrder", f"Write a field and a direction, such as lastName:asc. Fields are: {', '.join(SORTED_BY)}.")
    column = SORTED_BY[field]
    others = [name for name in ("last_name", "first_name", "id") if name != column]
    order = [f"-{name}" if direction.lower() == "desc" else name for name in (column, *others)]
    rows, around = page_of(found.order_by(*order).prefetch_related("identifiers"), asked, CONTACTS)
    return Response({"entities": [contact_json(contact) for contact in rows], **around})


class ContactSearchView(ContactsView):
    """The same question, asked in a body."""

    def lists(self, request: Request) -> bool:
        return True

    def post(self, request: Request) -> Response:
        body = object_of(request.data)
        operation = object_of(body.get("operation") or {}, "operation")
        simple = operation.get("simpleSearch") or {}
        asked = object_of(simple, "operation.simpleSearch")
        found = matching(text_of(asked, "query")) if self.is_manager else ExternalContact.objects.none()
        if ids := list_of(asked, "ids", most=LARGEST_PAGE):
            found = found.filter(pk__in=[pk for one in ids if (pk := as_uuid(one))])
        order = list_of(asked, "sortOrder", most=1)
        return listing(found, body | ({"sortOrder": str(order[0])} if order else {}))


class ContactScanView(ContactsView):
    """All contacts, however many, in no order; ``cursor`` leads on."""

    def lists(self, request: Request) -> bool:
        return True

    def get(self, request: Request) -> Response:
        asked = request.query_params
        limit = number_of(asked, "limit", 100, 200, least=10)
        found = ExternalContact.objects.current().order_by("pk") if self.is_manager else ExternalContact.objects.none()
        if cursor := asked.get("cursor"):
            after = as_uuid(cursor) or wrong("cursor", "Send the cursor of the page before.")
            found = found.filter(pk__gt=after)
        rows = list(found.prefetch_related("identifiers")[: limit + 1])
        more = {"cursor": str(rows[limit - 1].pk)} if len(rows) > limit else {}
        return Response({"entities": [contact_json(contact) for contact in rows[:limit]], **more})


class ContactView(ContactsView):
    """One contact; the id of a merged one leads to the one that it was merged into."""

    def get(self, request: Request, contact_id: str) -> Response:
        return answer(contact_of(id_of(contact_id)))

    def put(self, request: Request, contact_id: str) -> Response:
        return answer(records.change(id_of(contact_id), details_of(request.data), now=timezone.now()))

    @transaction.atomic
    def patch(self, request: Request, contact_id: str) -> Response:
        """``{"changes": [{"field", "value", "action"}]}``, a part of an object as ``address.city``."""
        body = object_of(request.data)
        check_known(body, ("changes",))
        contact = held(id_of(contact_id))
        details = details_of(changed_by(contact_json(contact), list_of(body, "changes", fewest=1, most=MOST_CHANGES)))
        return answer(records.change(contact.pk, details, now=timezone.now()))

    def delete(self, request: Request, contact_id: str) -> Response:
        records.delete(id_of(contact_id), now=timezone.now())
        return Response({})


class UnresolvedContactView(ContactsView):
    """The record of this id itself, merged or not."""

    def get(self, request: Request, contact_id: str) -> Response:
        return answer(ExternalContact.objects.prefetch_related("identifiers").get(pk=id_of(contact_id)))


class ContactIdentifiersView(ContactsView):
    def get(self, request: Request, contact_id: str) -> Response:
        contact = contact_of(id_of(contact_id))
        return Response({"entities": [identifier_json(row) for row in contact.identifiers.all()]})

    def patch(self, request: Request, contact_id: str) -> Response:
        """``{"operation": "Claim" or "Release", "identifier": {…}}``"""
        body = object_of(request.data)
        check_known(body, ("operation", "identifier"))
        operation, identifier = text_of(body, "operation", required=True), identifier_of(body.get("identifier"))
        if operation == "Claim":
            records.claim(id_of(contact_id), identifier, now=timezone.now())
        elif operation == "Release":
            if not records.release(id_of(contact_id), identifier, now=timezone.now()):
                refuse(HTTPStatus.NOT_FOUND, "identifier.not.found", "The contact has no such identifier.")
        else:
            wrong("operation", "Write Claim or Release.")
        return Response(told_identifier(identifier))


# Found by what identifies them


class IdentifierLookupView(ContactsView):
    """The one contact that has the identifier, exactly."""

    def post(self, request: Request) -> Response:
        found = holders([identifier_of(request.data, "body")])
        if not found:
            refuse(HTTPStatus.NOT_FOUND, "contact.not.found", "No contact has this identifier.")
        return answer(contact_of(found[0]))


class ReverseWhitepagesView(ContactsView):
    """Whoever has the number or the e-mail address."""

    def lists(self, request: Request) -> bool:
        return True

    def get(self, request: Request) -> Response:
        value = text_of(request.query_params, "lookupVal", required=True)
        kind = "Email" if "@" in value else "Phone"
        found = holders([identifier_of({"type": kind, "value": value}, "lookupVal")]) if self.is_manager else []
        return Response({"contacts": [contact_json(contact_of(pk)) for pk in found]})


class EnrichView(ContactsView):
    """Find or make a contact in one call. ``action``: Upsert (usual), Insert, Update, Merge; ``dryRun`` only tries."""

    def post(self, request: Request) -> Response:
        body = object_of(request.data)
        check_known(body, ("matchingIdentifiers", "action", "contact", "dryRun"))
        action = text_of(body, "action") or "Upsert"
        if action not in ("Upsert", "Insert", "Update", "Merge"):
            wrong("action", "Write Upsert, Insert, Update or Merge.")
        given = list_of(body, "matchingIdentifiers", fewest=1, most=MOST_IDENTIFIERS)
        identifiers = [identifier_of(item, f"matchingIdentifiers[{place}]") for place, item in enumerate(given)]
        is_dry = flag_of(body, "dryRun") or request.query_params.get("dryRun") == "true"
        with transaction.atomic():
            contact, is_new = _enriched(action, identifiers, body.get("contact") or {})
            shown = contact_json(contact)
            transaction.set_rollback(is_dry)
        return Response(shown, status=HTTPStatus.CREATED if is_new else HTTPStatus.OK)


def _enriched(action: str, identifiers: list[Any], sent: Any) -> tuple[ExternalContact, bool]:
    now = timezone.now()
    details = details_of(sent, where="contact.", partly=True)
    found = holders(identifiers)
    if action == "Update" and not found:
        refuse(HTTPStatus.NOT_FOUND, "contact.not.found", "No contact has one of these identifiers.")
    if not found:
        contact, is_new = records.find_or_create(identifiers, details, now=now)
        if is_new:
            return contact, True
        found = [contact.pk]
    if action == "Insert":
        message = "A contact has one of these identifiers already."
        refuse(HTTPStatus.CONFLICT, "identifier.taken", message, entityId=str(found[0]))
    if action == "Merge" and len(found) > 1:
        merge(found, now=now)
    return records.change(found[0], details, now=now, only_add=True), False


# Merged


class MergeView(ContactsView):
    """``{"contactIds": […], "valueOverride": {…}}`` → the one that they are from now on: the first."""

    def post(self, request: Request) -> Response:
        body = object_of(request.data)
        check_known(body, ("contactIds", "valueOverride"))
        ids = [id_of(one) for one in list_of(body, "contactIds", fewest=2, most=MOST)]
        overrides = details_of(body.get("valueOverride") or {}, where="valueOverride.", partly=True)
        if overrides.identifiers:
            wrong("valueOverride", "Numbers, e-mail addresses and external ids of all are kept; name other fields.")
        return answer(merge(ids, overrides=overrides.fields, now=timezone.now()))


class MergePairView(ContactsView):
    """The vendor's older call: ``{"sourceContactId", "targetContactId"}`` → the target."""

    def post(self, request: Request) -> Response:
        body = object_of(request.data)
        check_known(body, ("sourceContactId", "targetContactId"))
        target, source = (id_of(text_of(body, name, required=True)) for name in ("targetContactId", "sourceContactId"))
        return answer(merge([target, source], now=timezone.now()))
