"""customerConsents: opt-ins of customers, read, given and withdrawn by other systems (the type “Customer Consent”).

Resources and methods are those of Contact Pro's CMI, ``/customerConsents`` and ``/customerConsents/{usage}_{address}``;
the bodies are ours. The usage is the messaging channel. All of it takes the right “View consents”.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from channels_cfg.api.bodies import ChoiceField, InstantField, StrictSerializer, TextField, checked
from channels_cfg.api.problems import problems
from channels_cfg.messaging.messaging_channels import MESSAGING_CHANNELS
from channels_cfg.models import MessagingService, User
from conversations import consents
from conversations.api.caller import caller
from conversations.models import Consent
from conversations.models.consent import ConsentQuerySet, tidied_customer

TAGS = ["customerConsents"]
TYPE = "Customer Consent"
USAGES = sorted(wire for channel in MESSAGING_CHANNELS for wire in channel.wires)
LONGEST_LIST = 1000
DEEPEST_OFFSET = 100_000

CONSENT_ID = OpenApiParameter(
    "consent_id",
    str,
    OpenApiParameter.PATH,
    description="Usage and address, such as WHATSAPP_358401234567",
)


class CustomerConsent(serializers.Serializer[Any]):
    """What a customer last said about being written to over a channel."""

    id = serializers.CharField(help_text="Usage and address")
    type = ChoiceField([TYPE])
    usage = serializers.CharField(help_text="The messaging channel")
    address = serializers.CharField(help_text="The customer's; telephone numbers in digits alone")
    service = serializers.CharField(help_text="The messaging service that may write")
    opted_in = serializers.BooleanField()
    since = serializers.DateTimeField()
    source = ChoiceField(  # type: ignore[assignment]  # no field of another name is its source
        Consent.ConsentSource.values, help_text="callback: the customer said so over the channel"
    )


class ConsentPlace(StrictSerializer):
    """Of several messaging services, which one."""

    service = TextField(required=False, max_length=100, help_text="The name of a messaging service")


class ConsentListQuery(ConsentPlace):
    """What the list can be asked."""

    usage = ChoiceField(USAGES, required=False)
    address = TextField(required=False, max_length=320)
    limit = serializers.IntegerField(default=100, min_value=1, max_value=LONGEST_LIST)
    offset = serializers.IntegerField(default=0, min_value=0, max_value=DEEPEST_OFFSET)


class GivenConsent(ConsentPlace):
    """An opt-in that another system took."""

    usage = ChoiceField(USAGES, help_text="The messaging channel")
    address = TextField(max_length=320, help_text="The customer's, such as +358401234567")
    given_at = InstantField(required=False, help_text="When the customer opted in; now where it is left out")

    def validate_given_at(self, value: Any) -> Any:
        if value > timezone.now():
            raise serializers.ValidationError("It lies in the future. Send when the customer opted in.")
        return value


class CustomerConsentListView(APIView):
    """The consents of customers, and the door where more are given."""

    @extend_schema(
        operation_id="customer_consents_list",
        tags=TAGS,
        summary="What customers last said, by usage and address",
        parameters=[ConsentListQuery],
        responses={200: CustomerConsent(many=True), **problems(400, 401)},
    )
    def get(self, request: Request) -> HttpResponse:
        query = checked(ConsentListQuery, request.query_params.dict())
        found = _seen_by(caller(request), query)
        if "usage" in query:
            found = found.filter(channel=query["usage"])
        if "address" in query:
            found = found.filter(address=tidied_customer(query["address"]))
        in_order = found.current().order_by("channel", "address", "service_id")
        page = in_order[query["offset"] : query["offset"] + query["limit"]]
        return JsonResponse([consent_json(consent) for consent in page], safe=False)

    @extend_schema(
        operation_id="customer_consents_give",
        tags=TAGS,
        summary="Record that a customer opted in",
        description="Answers what counts then: a later withdrawal stays in force.",
        request=GivenConsent,
        responses={201: CustomerConsent, **problems(400, 401, 403, 404, 413, 415)},
    )
    def post(self, request: Request) -> HttpResponse:
        sent = checked(GivenConsent, request.data)
        user = caller(request)
        service = _service_meant(user, sent)
        at = sent.get("given_at") or timezone.now()
        of = {"channel": sent["usage"], "address": sent["address"]}
        given = consents.record(service, **of, given=True, at=at, source=Consent.ConsentSource.API, by=user)
        answer = consent_json(consents.all_of(given)[0])
        location = reverse("customer_consent", args=[answer["id"]])
        return JsonResponse(answer, status=HTTPStatus.CREATED, headers={"Location": location})


class CustomerConsentView(APIView):
    """What one customer last said over one channel."""

    @extend_schema(
        operation_id="customer_consent_read",
        tags=TAGS,
        summary="What a customer last said over a channel",
        description="Where the customer spoke to several messaging services and none is named: the latest of it.",
        parameters=[CONSENT_ID, ConsentPlace],
        responses={200: CustomerConsent, **problems(400, 401, 404)},
    )
    def get(self, request: Request, consent_id: str) -> HttpResponse:
        said = list(_said(request, consent_id))
        return JsonResponse(consent_json(max(said, key=lambda consent: consent.at)))

    @extend_schema(
        operation_id="customer_consent_withdraw",
        tags=TAGS,
        summary="Withdraw a customer's consent",
        description="From every messaging service, unless one is named. Withdrawn already: nothing changes.",
        parameters=[CONSENT_ID, ConsentPlace],
        responses={204: OpenApiResponse(description="Withdrawn"), **problems(400, 401, 403, 404)},
    )
    def delete(self, request: Request, consent_id: str) -> HttpResponse:
        user, now = caller(request), timezone.now()
        for consent in _said(request, consent_id):
            consents.withdraw(consent, source=Consent.ConsentSource.API, by=user, now=now)
        return HttpResponse(status=HTTPStatus.NO_CONTENT)


def consent_json(consent: Consent) -> dict[str, Any]:
    return {
        "id": f"{consent.channel}_{consent.address}",
        "type": TYPE,
        "usage": consent.channel,
        "address": consent.address,
        "service": consent.service.name,
        "opted_in": consent.given,
        "since": consent.at,
        "source": consent.source,
    }


def _seen_by(user: User, query: dict[str, Any]) -> ConsentQuerySet:
    services = consents.services_for(user)
    if "service" in query:
        services = services.filter(name=query["service"])
    return Consent.objects.filter(service__in=services).exclude(address="").select_related("service")


def _said(request: Request, consent_id: str) -> ConsentQuerySet:
    """What counts of the customer's words to each service; ``Http404`` where the caller may view none."""
    usage, address = _parts(consent_id)
    seen = _seen_by(caller(request), checked(ConsentPlace, request.query_params.dict()))
    said = seen.filter(channel=usage, address=tidied_customer(address)).current()
    if "\0" in consent_id or not said:
        raise Http404
    return said


def _parts(consent_id: str) -> tuple[str, str]:
    """Usage and address; both may hold the line between them."""
    known = [usage for usage in USAGES if consent_id.startswith(f"{usage}_")]
    usage = max(known, key=len, default=consent_id.partition("_")[0])
    return usage, consent_id.removeprefix(f"{usage}_")


def _service_meant(user: User, sent: dict[str, Any]) -> MessagingService:
    """The service that is named, or the only one; others than those whose consents the user may view are not there."""
    services = {service.name: service for service in consents.services_for(user)}
    if not services:
        raise Http404
    name = sent.get("service") or (next(iter(services)) if len(services) == 1 else "")
    if name not in services:
        known = ", ".join(services)
        raise serializers.ValidationError({"service": [f"Name the messaging service that may write. One of: {known}"]})
    return services[name]
