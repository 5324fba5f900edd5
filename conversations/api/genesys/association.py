"""``PUT /api/v2/externalcontacts/conversations/<id>``: who the customer of a conversation is.

The vendor's own call answers 202 whatever the ids are. Ours checks each, in one transaction, answers what is true
then, and says of an id that is another what it is.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NoReturn

from django.db import transaction
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from channels_cfg.models import Right, User
from conversations.api.caller import caller
from conversations.api.genesys.base import (
    as_uuid,
    check_known,
    flag_of,
    no_such_contact,
    object_of,
    refuse,
    text_of,
    told,
    wrong,
)
from conversations.api.genesys.contact_shapes import moment
from conversations.api.genesys.conversations import no_such_conversation
from conversations.api.genesys.participants import (
    MEDIA,
    OF_THE_CUSTOMER,
    MediaKind,
    Participant,
    Whole,
    is_alike,
    whole,
)
from conversations.contacts.associating import OtherContact, associate, dissociate
from conversations.conversation_id import conversation_id as read_id
from conversations.lifecycle import WrongState
from conversations.models import Association, Conversation

FIELDS = ("conversationId", "communicationId", "mediaType", "externalContactId", "purpose", "replace")
OTHER_MEDIA = (
    "CALLBACK",
    "COBROWSE",
    "INTERNAL_MESSAGE",
    "SCREENSHARE",
    "SCREEN_MONITORING",
    "SOCIAL_EXPRESSION",
    "VIDEO",
)
"""The vendor's, which no conversation here has."""
UNKNOWN_TO_THE_SDK = "outdated_sdk_version"
"""What the vendor's SDK puts in place of a value that it does not know."""
UNPROCESSABLE = HTTPStatus.UNPROCESSABLE_ENTITY


@dataclass(frozen=True)
class AssociationOrder:
    """What is asked, as far as its shape goes."""

    communication: str
    purpose: str
    medium: MediaKind | None
    other_medium: str
    contact_id: uuid.UUID | None
    replace: bool


@extend_schema(exclude=True)
class AssociationView(APIView):
    """Associates the contact with the conversation; without ``externalContactId``, takes off the one that it has."""

    def put(self, request: Request, conversation_id: str) -> Response:
        user = caller(request)
        sent = object_of(request.data)
        order = _order(sent, request)
        try:
            pk = read_id(conversation_id)
        except ValueError:
            no_such_conversation()
        try:
            with transaction.atomic():
                return Response(_associated(pk, sent, order, user))
        except Exception as failure:
            raise told(failure) from None


def _order(sent: dict[str, Any], request: Request) -> AssociationOrder:
    check_known(sent, FIELDS)
    text_of(sent, "conversationId", required=True)
    name = text_of(sent, "mediaType", required=True)
    if name == UNKNOWN_TO_THE_SDK:
        message = "Your SDK does not know the media type that it was given. Update it, or write one of: "
        wrong("mediaType", message + ", ".join(medium.constant for medium in MEDIA), code="outdated.sdk")
    medium = next((medium for medium in MEDIA if medium.constant == name), None)
    if medium is None and name not in OTHER_MEDIA:
        wrong("mediaType", f"Write one of: {', '.join([medium.constant for medium in MEDIA] + list(OTHER_MEDIA))}.")
    communication, purpose = text_of(sent, "communicationId"), text_of(sent, "purpose")
    if not communication and not purpose:
        wrong("communicationId", 'Name the communication, or {"purpose": "customer"}.', code="missing.value")
    contact = text_of(sent, "externalContactId")
    contact_id = (as_uuid(contact) or no_such_contact()) if contact else None
    replaces = bool(flag_of(sent, "replace")) or request.query_params.get("replace") == "true"
    return AssociationOrder(communication.lower(), purpose.lower(), medium, name, contact_id, replaces)


def _associated(pk: uuid.UUID, sent: dict[str, Any], order: AssociationOrder, user: User) -> dict[str, Any]:
    managed = Conversation.objects.granting(Right.MANAGE_CONTACTS, to=user)
    conversation = managed.with_places().filter(pk=pk).first() or no_such_conversation()
    if sent["conversationId"].lower().replace("-", "") != pk.hex:
        message = "The conversation in the address is another than that in the body."
        refuse(HTTPStatus.BAD_REQUEST, "conversation.id.mismatch", message)
    found = whole(conversation, seen_by=user)
    party, communication_id, medium = _communication(order, found)
    if order.medium is None or not is_alike(order.medium, medium):
        message = f"The communication is of media type {medium.constant}, not {order.other_medium}."
        refuse(UNPROCESSABLE, "media.type.mismatch", message)
    answer = {
        "conversationId": str(pk),
        "communicationId": communication_id,
        "participantId": party.id,
        "mediaType": medium.constant,
    }
    return answer | _written(conversation, order, user)


def _written(conversation: Conversation, order: AssociationOrder, user: User) -> dict[str, Any]:
    now, how = timezone.now(), Association.How.API
    try:
        if order.contact_id is None:
            dissociate(conversation.pk, how=how, by=user, now=now)
            return {}
        made = associate(conversation.pk, order.contact_id, how=how, by=user, now=now, replace=order.replace)
    except WrongState as wrong_state:
        refuse(HTTPStatus.CONFLICT, "conversation.ended", str(wrong_state), state=wrong_state.state)
    except OtherContact as other:
        refuse(
            HTTPStatus.CONFLICT,
            "contact.already.associated",
            f"{other} Send it with replace=true, or take that one off first.",
            entityId=str(other.contact_id),
        )
    redirected = {"redirectedFrom": str(order.contact_id)} if made.contact_id != order.contact_id else {}
    return {
        "externalContactId": str(made.contact_id),
        "how": made.how,
        "associatedAt": moment(made.at),
        "associatedBy": str(made.by) if made.by else None,
        **redirected,
    }


# Which communication


def _communication(order: AssociationOrder, found: Whole) -> tuple[Participant, str, MediaKind]:
    """The customer's communication that is meant. Raises the refusal of anything else."""
    if not order.communication:
        return _by_purpose(order, found)
    for party, id, medium in _all(found):
        if id == order.communication and party.is_customer:
            return party, id, medium
    return _no_communication(order.communication, found)


def _no_communication(id: str, found: Whole) -> NoReturn:
    """Say what the id is."""
    for party in found.parties:
        own = [own for own, _medium, _one in party.communications]
        if id in own:
            said = f"This is a communication of the {party.purpose}; a contact is that of the customer."
            _refuse_naming(found, said, "communication.not.of.customer", party)
        if id == party.id:
            said = f"This is a participant id, of the {party.purpose}; its communication ids are {', '.join(own)}."
            _refuse_naming(found, said, "communication.is.participant.id", party)
    if as_uuid(id) == found.conversation.pk:
        _refuse_naming(found, "This is the conversation's own id.", "communication.is.conversation.id")
    _refuse_naming(found, "The conversation has no communication with this id.", "communication.not.in.conversation")


def _all(found: Whole) -> Iterator[tuple[Participant, str, MediaKind]]:
    for party in found.parties:
        for id, medium, _one in party.communications:
            yield party, id, medium


def _refuse_naming(found: Whole, message: str, code: str, party: Participant | None = None) -> NoReturn:
    """Names whose id was meant, where it was somebody's, and the ids that would do."""
    named = [party] if party else []
    named += [one for one in found.parties if one.is_customer and one is not party]
    details = [
        {
            "errorCode": code,
            "fieldName": "communicationId",
            "entityId": one.id,
            "entityName": one.purpose,
            "purpose": one.purpose,
            "communicationIds": [id for id, _medium, _one in one.communications],
        }
        for one in named
    ]
    would_do = ", ".join(id for one, id, _medium in _all(found) if one.is_customer)
    refuse(UNPROCESSABLE, code, f"{message} Communications of the customer: {would_do}.", details=details)


def _by_purpose(order: AssociationOrder, found: Whole) -> tuple[Participant, str, MediaKind]:
    """The one communication of the customer over the medium that still lasts, or, of one that is over, lasted."""
    if order.purpose not in OF_THE_CUSTOMER:
        wrong("purpose", "A contact is associated with the customer: write customer or external.")
    mine = [
        (party, id, medium, one)
        for party in found.parties
        for id, medium, one in party.communications
        if party.is_customer and order.medium and is_alike(order.medium, medium)
    ]
    chosen = [one for one in mine if one[3].ended_at is None] or mine
    if not chosen:
        _refuse_naming(found, "The customer has no communication of this media type.", "media.type.mismatch")
    if len(chosen) > 1:
        ids = [id for _party, id, _medium, _one in chosen]
        refuse(
            HTTPStatus.CONFLICT,
            "communication.ambiguous",
            f"The customer has several communications of this media type: {', '.join(ids)}. Name one.",
            details=[{"errorCode": "communication.ambiguous", "entityId": id} for id in ids],
        )
    return chosen[0][:3]
