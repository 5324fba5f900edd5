"""contactData: kept data, for whoever may manage contacts (specification 000; rule 11 of the domain)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import parse_etags
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from channels_cfg.api.bodies import FlagField, InstantField, StrictSerializer, checked
from channels_cfg.api.problems import Problem
from channels_cfg.models import Right, User
from conversations.api import contact_data_schema as schema
from conversations.api.caller import caller
from conversations.api.contact_id import ContactIdField
from conversations.api.refused_pairs import refusal_of
from conversations.api.repeated import idempotency_key, once
from conversations.attached_data.kept_data import etag_of, kept_data_of
from conversations.attached_data.post import ChangedMeanwhile, NotPostable, post_data
from conversations.conversation_id import PATTERN
from conversations.models import POSTABLE_STATES, Conversation
from conversations.pairs import Pairs, RefusedPairs

LONGEST_LIST = 1000
MOST_IDS = 100
DEEPEST_OFFSET = 100_000


def contact_data(conversation_id: uuid.UUID, kept: Pairs) -> dict[str, Any]:
    return {"contact_id": conversation_id.hex.upper(), "attached_data": kept}


class ContactDataView(APIView):
    """The kept data of one conversation."""

    @extend_schema(**schema.READ)
    def get(self, request: Request, conversation_id: uuid.UUID) -> HttpResponse:
        kept = kept_data_of(conversation_id, Right.MANAGE_CONTACTS, to=caller(request))
        if kept is None:
            raise Http404
        etag = etag_of(kept)
        headers = {"ETag": etag}
        if is_named(etag, request.META.get("HTTP_IF_NONE_MATCH")):
            return HttpResponse(status=HTTPStatus.NOT_MODIFIED, headers=headers)
        return JsonResponse(contact_data(conversation_id, kept), headers=headers)


def is_named(etag: str, header: str | None) -> bool:
    """Whether an If-None-Match header names the validator; what a proxy weakened counts too (RFC 9110, 13.1.2)."""
    return header is not None and (header == "*" or etag in {tag.removeprefix("W/") for tag in parse_etags(header)})


@extend_schema_field({"type": "string", "pattern": rf"^\s*(?:{PATTERN})?\s*(?:,\s*(?:{PATTERN})?\s*)*$"})
class ContactIds(serializers.Field[list[uuid.UUID], list[str], str, Any]):
    """Texts, each an id or ids with commas between them."""

    def to_internal_value(self, data: list[str]) -> list[uuid.UUID]:
        ids = [part.strip() for text in data for part in text.split(",") if part.strip()]
        if len(ids) > MOST_IDS:
            raise serializers.ValidationError(f"At most {MOST_IDS} ids at once.")
        return [ContactIdField().to_internal_value(text) for text in ids]


class ListQuery(StrictSerializer):
    """What the list can be asked."""

    contactId = ContactIds(required=False, help_text=f"Up to {MOST_IDS} ids with commas between them")  # noqa: N815
    startTime = InstantField(required=False, help_text="Received at this time or later; needs endTime")  # noqa: N815
    endTime = InstantField(required=False, help_text="Received before this time; needs startTime")  # noqa: N815
    limit = serializers.IntegerField(default=100, min_value=1, max_value=LONGEST_LIST)
    offset = serializers.IntegerField(default=0, min_value=0, max_value=DEEPEST_OFFSET)

    def validate(self, query: dict[str, Any]) -> dict[str, Any]:
        if ("startTime" in query) != ("endTime" in query):
            missing = "endTime" if "startTime" in query else "startTime"
            raise serializers.ValidationError({missing: "A period needs both: startTime and endTime."})
        if "startTime" in query and query["startTime"] >= query["endTime"]:
            raise serializers.ValidationError({"endTime": "The period ends before it begins. Choose a later end."})
        return query


class Post(StrictSerializer):
    """What is posted."""

    contact_id = ContactIdField()
    attached_data = serializers.DictField(
        help_text="Pairs to merge. Objects are flattened with dots, arrays with indexes; null is a value and deletes "
        "nothing. Other names of a catalogued key are accepted, and its values checked."
    )


class PostOptions(StrictSerializer):
    """How it is posted."""

    dry_run = FlagField(default=False, help_text="Answer as if it were stored, and write nothing")


class ContactDataListView(APIView):
    """Kept data of many conversations, and the door where more is posted."""

    @extend_schema(parameters=[ListQuery], **schema.LIST)
    def get(self, request: Request) -> HttpResponse:
        params = request.query_params
        lists = {"contactId": params.getlist("contactId")} if "contactId" in params else {}
        query = checked(ListQuery, {**params.dict(), **lists})
        found = Conversation.objects.granting(Right.MANAGE_CONTACTS, to=caller(request)).newest_first()
        if "contactId" in query:
            found = found.filter(pk__in=query["contactId"])
        if "startTime" in query:
            found = found.received_during(query["startTime"], query["endTime"])
        first = query["offset"]
        page = found.values_list("id", "kept_data")[first : first + query["limit"]]
        return JsonResponse([contact_data(*row) for row in page], safe=False)

    @extend_schema(parameters=[PostOptions, *schema.POST_HEADERS], request=Post, **schema.POST)
    def post(self, request: Request) -> HttpResponse:
        dry_run = checked(PostOptions, request.query_params.dict())["dry_run"]
        key = idempotency_key(request)
        sent = checked(Post, request.data)
        user = caller(request)
        conversation = (
            Conversation.objects.granting(Right.MANAGE_CONTACTS, to=user).filter(pk=sent["contact_id"]).first()
        )
        if conversation is None:
            raise Http404
        posting = Posting(conversation, sent["attached_data"], user, if_match=request.META.get("HTTP_IF_MATCH"))
        if dry_run:
            answer, _ = posting.post(dry_run=True)
            return JsonResponse(answer)
        answer, etag = posting.post_once(key)
        location = reverse("contact_data", args=[conversation.pk])
        return JsonResponse(
            answer,
            status=HTTPStatus.CREATED,
            headers={"Location": location, "ETag": etag},
            json_dumps_params={"sort_keys": True},  # so that an answer repeated from the database is the same text
        )


@dataclass(frozen=True)
class Posting:
    """One posting of pairs, and the answers to it."""

    conversation: Conversation
    data: dict[str, Any]
    user: User
    if_match: str | None

    def post_once(self, key: str | None) -> tuple[dict[str, Any], str]:
        """Post, or repeat the answer that the same request with the same key had. Both in one transaction."""
        if key is None:
            return self.post()
        request = [self.conversation.pk.hex, self.data, self.if_match]
        return once(self.user, key, request, self.conversation.pk, self.post)

    def post(self, *, dry_run: bool = False) -> tuple[dict[str, Any], str]:
        try:
            kept, results = post_data(
                self.conversation,
                self.data,
                by=self.user,
                now=timezone.now(),
                only_if=self.condition(),
                dry_run=dry_run,
            )
        except NotPostable as wrong:
            raise Problem(HTTPStatus.CONFLICT, str(wrong), state=wrong.state, needed=list(POSTABLE_STATES)) from None
        except ChangedMeanwhile:
            raise Problem(
                HTTPStatus.PRECONDITION_FAILED,
                "The data has changed since you read it. Read it again, and post with the new ETag.",
            ) from None
        except RefusedPairs as refused:
            raise refusal_of(refused, self.data) from None
        answer = contact_data(self.conversation.pk, kept)
        answer["verdicts"] = {key: result.as_json() for key, result in results.items()}
        return answer, etag_of(kept)

    def condition(self) -> Callable[[Pairs], bool] | None:
        """What If-Match demands of the data as it is: to be one of those versions, in the strong sense."""
        if self.if_match is None or self.if_match.strip() == "*":
            return None
        wanted = parse_etags(self.if_match)
        return lambda kept: etag_of(kept) in wanted
