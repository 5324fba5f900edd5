"""Conversations as the vendor's API shows them: whole, by medium, and for analytics; each names the communications."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, NoReturn

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from channels_cfg.models import Right, Source, User
from conversations.api.attached_data import attach
from conversations.api.caller import caller
from conversations.api.genesys.base import check_known, object_of, refuse, wrong
from conversations.api.genesys.contact_shapes import moment
from conversations.api.genesys.participants import (
    MEDIA,
    OF_THE_CUSTOMER,
    MediaKind,
    Participant,
    Whole,
    having,
    is_alike,
    state_of,
    whole,
)
from conversations.api.visible import visible_to
from conversations.conversation_id import conversation_id as read_id
from conversations.lifecycle import TakenByAnother, WrongState
from conversations.models import Communication, Conversation, Leg
from conversations.pairs import RefusedPairs

PREFIX = "/api/v2/conversations"
PROVIDER = "Keepsake"
NOT_FOUND = "conversation.not.found"
NOT_FOUND_BY_MEDIUM = "conversation.error.conversation.not.found"
MOST_AT_ONCE = 100


def no_such_conversation(code: str = NOT_FOUND) -> NoReturn:
    refuse(HTTPStatus.NOT_FOUND, code, "There is no conversation with this id.")


def conversation_for(user: User, text: str, *, code: str = NOT_FOUND) -> Conversation:
    """One that the user may see, or manages contacts of. Raises the refusal of what is none."""
    found = None
    try:
        pk = read_id(text)
    except ValueError:
        no_such_conversation(code)
    for rows in (visible_to(user), Conversation.objects.granting(Right.MANAGE_CONTACTS, to=user)):
        found = found or rows.with_places().filter(pk=pk).first()
    return found or no_such_conversation(code)


def whole_for(request: Request, text: str, *, code: str = NOT_FOUND) -> Whole:
    user = caller(request)
    return whole(conversation_for(user, text, code=code), seen_by=user)


# Whole


def conversation_json(found: Whole) -> dict[str, Any]:
    conversation = found.conversation
    return {
        "id": str(conversation.pk),
        "startTime": moment(conversation.received_at),
        **_unless_none(endTime=moment(conversation.ended_at)),
        "address": conversation.customer_address,
        "participants": [_participant_json(party, found) for party in found.parties],
        "state": "disconnected" if conversation.ended_at else "connected",
        "selfUri": f"{PREFIX}/{conversation.pk}",
    }


def _participant_json(party: Participant, found: Whole) -> dict[str, Any]:
    communications: dict[str, Any] = {}
    for id, medium, one in party.communications:
        communications.setdefault(medium.array, []).append(_communication_json(id, medium, one, party, found))
    return {**_who(party), **_unless_none(**_ids(party)), "attributes": party.attributes, **communications}


def _who(party: Participant) -> dict[str, Any]:
    leg = party.leg
    return {
        "id": party.id,
        "name": party.name,
        "purpose": party.purpose,
        "startTime": moment(leg.started_at),
        **_unless_none(connectedTime=moment(leg.connected_at), endTime=moment(leg.ended_at)),
        "wrapupRequired": leg.purpose == Leg.Purpose.AGENT,
    }


def _ids(party: Participant) -> dict[str, Any]:
    leg = party.leg
    return {
        "userId": str(leg.agent_id) if leg.agent_id else None,
        "queueId": str(leg.queue_id) if leg.queue_id else None,
        "queueName": leg.queue.name if leg.queue else None,
        "externalContactId": party.contact_id or None,
    }


def _communication_json(
    id: str, medium: MediaKind, one: Communication, party: Participant, found: Whole
) -> dict[str, Any]:
    customers = found.hangs_on.get(medium.array)
    return {
        "id": id,
        "communicationId": id,
        "state": state_of(party, one, found.conversation),
        "direction": found.conversation.direction,
        "held": found.is_held and party.is_customer,
        **_unless_none(
            connectedTime=moment(one.connected_at),
            disconnectedTime=moment(one.ended_at),
            peerId=None if party.is_customer else customers,
        ),
        "provider": PROVIDER,
        "segments": [],
    }


def _unless_none(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


@extend_schema(exclude=True)
class WholeConversationView(APIView):
    def get(self, request: Request, conversation_id: str) -> Response:
        return Response(conversation_json(whole_for(request, conversation_id)))


@extend_schema(exclude=True)
class CommunicationListView(APIView):
    """Our own: the communications alone, by ``purpose`` and ``mediaType``, each with several after commas."""

    def get(self, request: Request, conversation_id: str) -> Response:
        found = whole_for(request, conversation_id)
        purposes, media = (_asked(request, name) for name in ("purpose", "mediaType"))
        if media and not (chosen := {medium for medium in MEDIA if medium.constant.lower() in media}):
            wrong("mediaType", f"Write {', '.join(medium.constant for medium in MEDIA)}.")
        entities = [
            _communication_json(id, medium, one, party, found)
            | {"participantId": party.id, "purpose": party.purpose, "mediaType": medium.constant}
            for party in found.parties
            for id, medium, one in party.communications
            if (not purposes or purposes & _called(party)) and (not media or any(is_alike(medium, c) for c in chosen))
        ]
        return Response({"entities": entities})


def _asked(request: Request, name: str) -> set[str]:
    return {one.strip().lower() for one in request.query_params.get(name, "").split(",") if one.strip()}


def _called(party: Participant) -> set[str]:
    return set(OF_THE_CUSTOMER) if party.is_customer else {party.purpose}


# By medium


@extend_schema(exclude=True)
class MediaConversationView(APIView):
    """The flat view: one communication to a participant. The vendor's leaves its id out; ours does not."""

    def get(self, request: Request, conversation_id: str, medium: MediaKind) -> Response:
        found = whole_for(request, conversation_id, code=NOT_FOUND_BY_MEDIUM)
        parties = list(having(found, medium))
        if not parties:
            no_such_conversation(NOT_FOUND_BY_MEDIUM)
        pk = found.conversation.pk
        return Response(
            {
                "id": str(pk),
                "name": found.conversation.customer,
                "participants": [_flat(party, medium, found) for party in parties],
                "otherMediaUris": [
                    f"{PREFIX}/{other.array}/{pk}"
                    for other in MEDIA
                    if not is_alike(other, medium) and any(having(found, other))
                ],
                "selfUri": f"{PREFIX}/{medium.array}/{pk}",
            }
        )


def _flat(party: Participant, medium: MediaKind, found: Whole) -> dict[str, Any]:
    id, held_medium, one = [held for held in party.communications if is_alike(held[1], medium)][-1]
    communication = _communication_json(id, held_medium, one, party, found)
    kept = ("communicationId", "state", "direction", "held", "provider")
    leg = party.leg
    links = {
        "user": ("users", leg.agent_id),
        "queue": ("routing/queues", leg.queue_id),
        "externalContact": ("externalcontacts/contacts", party.contact_id),
    }
    return {
        **_who(party),
        **({"address": found.conversation.customer_address} if party.is_customer else {}),
        **{name: communication[name] for name in kept},
        **_unless_none(peer=communication.get("peerId")),
        **{name: {"id": str(pk), "selfUri": f"/api/v2/{place}/{pk}"} for name, (place, pk) in links.items() if pk},
        "attributes": party.attributes,
    }


# Attributes


@extend_schema(exclude=True)
class AttributesView(APIView):
    """Attributes are the conversation's attached data: set on the customer by the customer, on an agent by an agent,
    elsewhere by an integration. A key that a stronger source has set keeps its value; ``verdicts`` says so."""

    def patch(self, request: Request, conversation_id: str, participant_id: str, **_medium: Any) -> Response:
        user = caller(request)
        body = object_of(request.data)
        check_known(body, ("attributes",))
        attributes = object_of(body.get("attributes"), "attributes")
        for name, value in attributes.items():
            if not isinstance(value, str):
                wrong(f"attributes.{name[:100]}", "Values of attributes are text.")
        conversation = conversation_for(user, conversation_id)
        party = next((one for one in whole(conversation, seen_by=user).parties if one.id == participant_id), None)
        if party is None:
            refuse(HTTPStatus.NOT_FOUND, "participant.not.found", "The conversation has no participant with this id.")
        if not Conversation.objects.granting(Right.SERVE, to=user).filter(pk=conversation.pk).exists():
            no_such_conversation()
        verdicts = _attached(conversation, user, attributes, party)
        shown = next(
            one for one in whole(conversation_for(user, conversation_id), seen_by=user).parties if one.is_customer
        )
        return Response({"attributes": shown.attributes, "verdicts": verdicts}, status=HTTPStatus.ACCEPTED)


def _attached(conversation: Conversation, user: User, attributes: dict[str, Any], party: Participant) -> dict[str, Any]:
    order = {"attached_data": attributes, "source": _source(party, user)}
    try:
        results = attach(conversation, user, order)
    except (WrongState, TakenByAnother) as conflict:
        refuse(HTTPStatus.CONFLICT, "conversation.state", str(conflict), state=conflict.state)
    except RefusedPairs as refused:
        details = [{"errorCode": "invalid.value", "fieldName": f"attributes.{key}"} for key in refused.complaints]
        said = " ".join(f"{key}: {why}" for key, why in refused.complaints.items())
        refuse(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid.value", said, details=details)
    return {key: result.as_json() for key, result in results.items()}


def _source(party: Participant, user: User) -> Source:
    """Only an API client speaks for the customer or an integration."""
    if not user.is_api_client or party.leg.purpose == Leg.Purpose.AGENT:
        return Source.AGENT
    return Source.CUSTOMER if party.is_customer else Source.INTEGRATION


# Analytics


def analytics_json(found: Whole) -> dict[str, Any]:
    """Sessions are what conversations call communications: ``sessionId`` is the communication's id, and it is there
    under that name, too."""
    conversation = found.conversation
    return {
        "conversationId": str(conversation.pk),
        "conversationStart": moment(conversation.received_at),
        **_unless_none(conversationEnd=moment(conversation.ended_at)),
        "originatingDirection": conversation.direction,
        "participants": [
            {
                "participantId": party.id,
                "participantName": party.name,
                "purpose": party.purpose,
                **_unless_none(userId=_ids(party)["userId"], externalContactId=party.contact_id or None),
                "sessions": [_session_json(id, medium, one, party, found) for id, medium, one in party.communications],
            }
            for party in found.parties
        ],
    }


def _session_json(id: str, medium: MediaKind, one: Communication, party: Participant, found: Whole) -> dict[str, Any]:
    customers = found.hangs_on.get(medium.array)
    segment = {
        "segmentStart": moment(one.started_at),
        **_unless_none(segmentEnd=moment(one.ended_at), queueId=_ids(party)["queueId"]),
        "segmentType": "interact" if one.connected_at else "alert",
        "conference": party.leg.entry == Leg.Entry.CONFERENCE,
    }
    return {
        "sessionId": id,
        "communicationId": id,
        "mediaType": medium.analytics,
        "direction": found.conversation.direction,
        **_unless_none(peerId=None if party.is_customer else customers),
        "provider": PROVIDER,
        "metrics": [],
        "segments": [segment],
    }


@extend_schema(exclude=True)
class AnalyticsView(APIView):
    def get(self, request: Request, conversation_id: str) -> Response:
        return Response(analytics_json(whole_for(request, conversation_id)))


@extend_schema(exclude=True)
class AnalyticsListView(APIView):
    """Several by ``id=a,b``; what is none is left out."""

    def get(self, request: Request) -> Response:
        user = caller(request)
        ids = [one.strip() for one in request.query_params.get("id", "").split(",") if one.strip()]
        if len(ids) > MOST_AT_ONCE:
            wrong("id", f"At most {MOST_AT_ONCE} at once.")
        wanted = set()
        for text in ids:
            try:
                wanted.add(read_id(text))
            except ValueError:
                continue
        found = visible_to(user).with_places().filter(pk__in=wanted).newest_first()
        return Response({"conversations": [analytics_json(whole(one, seen_by=user)) for one in found]})
