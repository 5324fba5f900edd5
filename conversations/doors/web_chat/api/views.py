"""What is answered at the addresses of web chat.

The page shows the token that it made, and no cookie. Its origin has to be one that the channel allows; what it may
read of an answer, the browser asks by CORS.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpResponse
from django.utils import timezone, translation
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from channels_cfg.api.bodies import checked
from channels_cfg.api.problems import Problem, problems
from channels_cfg.models import Channel
from channels_cfg.models.web_chat import LONGEST_ORIGIN
from channels_cfg.sign_in.client_address import counted_address
from conversations.doors.web_chat import chat, limits, news
from conversations.doors.web_chat.api.shapes import (
    KNOWS,
    DetailsShape,
    EntryShape,
    MessageOrder,
    NewsShape,
    ReadOrder,
    SetOrder,
    StartOrder,
    TypingOrder,
    VisitorMessageShape,
)
from conversations.doors.web_chat.form import form_of
from conversations.doors.web_chat.texts import language_of, texts
from conversations.doors.web_chat.tokens import BadToken
from conversations.models import Conversation
from conversations.pairs import RefusedPairs
from conversations.topics import WAITS_FOR

LARGEST_BODY = 64 * 1024
HEADERS = f"Authorization, Content-Type, {KNOWS}"
PREFLIGHT_SECONDS = 7200
TAGS = ["Web chat"]
AUTH: Any = [{"visitorToken": []}]


class VisitorView(APIView):
    """Answers pages of allowed origins, and lets their scripts read the answer."""

    authentication_classes = ()
    permission_classes = ()

    origin = ""
    is_admitted = False

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """People read what is answered here: it speaks the language of their browser."""
        with translation.override(language_of(request.META.get("HTTP_ACCEPT_LANGUAGE", ""))):
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.origin = _origin(request)
        if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_BODY:
            raise RequestDataTooBig

    def admit(self, channel: Channel) -> None:
        if self.origin and self.origin not in channel.allowed_origins:
            raise _not_here()
        self.is_admitted = bool(self.origin)

    def token(self, request: Request) -> str:
        scheme, _space, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Problem(
                HTTPStatus.UNAUTHORIZED,
                "Show the chat's token: Authorization: Bearer …",
                headers={"WWW-Authenticate": 'Bearer realm="Web chat"'},
            )
        return str(token.strip())

    def chat(self, request: Request, conversation_id: uuid.UUID) -> Conversation:
        """The token's own chat; with another's token it is not there."""
        try:
            found = news.chat_of(self.token(request), now=timezone.now())
        except Conversation.DoesNotExist:
            raise Http404 from None
        if found.pk != conversation_id:
            raise Http404
        self.admit(found.channel)
        return found

    def options(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:  # type: ignore[override]
        """What a browser asks before it lets a page of another origin ask."""
        return HttpResponse(status=HTTPStatus.NO_CONTENT)

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers["Vary"] = "Origin, Accept-Language"
        response.headers["Content-Language"] = translation.get_language()
        origin = self.origin or _origin(request)
        if origin and (self.is_admitted or _is_allowed_somewhere(origin)):
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = "Retry-After"
            if request.method == "OPTIONS":
                response.headers["Access-Control-Allow-Methods"] = ", ".join(self.allowed_methods)
                response.headers["Access-Control-Allow-Headers"] = HEADERS
                response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
        return response


def _origin(request: Any) -> str:
    """Of the page that asks. Browsers leave it out where a page asks its own host for something."""
    if origin := request.META.get("HTTP_ORIGIN", ""):
        return str(origin)[: LONGEST_ORIGIN + 1]
    if request.META.get("HTTP_SEC_FETCH_SITE") == "same-origin":
        return f"{request.scheme}://{request.get_host()}"
    return ""


def _is_allowed_somewhere(origin: str) -> bool:
    return Channel.objects.filter(kind=Channel.Kind.CHAT, allowed_origins__contains=[origin]).exists()


def _not_here() -> Problem:
    return Problem(
        HTTPStatus.FORBIDDEN,
        "There is no web chat here for this page: no queue has the address, or its channel does not name the page's "
        "origin among the allowed ones.",
    )


@contextmanager
def answered_in_words() -> Iterator[None]:
    """What the work refuses, as problems."""
    try:
        yield
    except chat.NoChatHere:
        raise _not_here() from None
    except BadToken:
        raise Problem(HTTPStatus.UNAUTHORIZED, "The token is 32 random bytes in base64url: 43 characters.") from None
    except (chat.SetAfterStart, chat.ChatOver, chat.OtherWords) as refused:
        raise Problem(HTTPStatus.CONFLICT, str(refused)) from None
    except RefusedPairs as refused:
        errors = {key: [why] for key, why in refused.complaints.items()}
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "Some values cannot be accepted.", errors=errors) from None
    except limits.TooMany as refused:
        headers = {"Retry-After": str(refused.after)}
        raise Problem(HTTPStatus.TOO_MANY_REQUESTS, str(refused), headers=headers) from None


def _base(request: Request) -> str:
    return request.build_absolute_uri("/")


class EntryView(VisitorView):
    @extend_schema(
        operation_id="visitor_entry",
        tags=TAGS,
        summary="What a visitor is asked before a chat, and the widget's words",
        description="In the language of `Accept-Language`, where visitors' words are translated into it.",
        parameters=[
            OpenApiParameter("address", OpenApiTypes.STR, required=True, description="An address of the queue"),
        ],
        auth=[],
        responses={200: EntryShape, **problems(400, 403)},
    )
    def get(self, request: Request) -> Response:
        address = request.query_params.get("address", "")
        if not address or "\0" in address:
            raise serializers.ValidationError({"address": "Name an address of a queue."})
        queue = chat.queue_of(address)
        if queue is None or not self.origin:
            raise _not_here()
        self.admit(queue.channel)
        form = [asdict(question) for question in form_of(queue.channel)]
        told = {"form": form, "texts": texts(), "language": translation.get_language()}
        return Response(told | {"longest_message": chat.LONGEST_MESSAGE})


class ChatListView(VisitorView):
    @extend_schema(
        operation_id="visitor_start",
        tags=TAGS,
        summary="Begin a chat",
        description="The token is made by the page: 32 random bytes in base64url. Told again it is the same chat.",
        auth=AUTH,
        request=StartOrder,
        responses={
            201: DetailsShape,
            200: OpenApiResponse(DetailsShape, description="It was there"),
            **problems(400, 401, 403, 409, 413, 415, 422),
        },
    )
    def post(self, request: Request) -> Response:
        token = self.token(request)
        order = checked(StartOrder, request.data)
        own = {key: order[key] for key in ("name", "email") if key in order}
        beginning = chat.Beginning(
            addresses=[queue["address"] for queue in order["queues"]],
            data=order.get("attached_data", {}) | own,
            origin=self.origin,
            address_digest=limits.digest_of_address(counted_address(request._request)),
        )
        with answered_in_words():
            found, is_new = chat.start(token, beginning, now=timezone.now())
        found = self.chat(request, found.pk)
        status = HTTPStatus.CREATED if is_new else HTTPStatus.OK
        return Response(news.details_of(found, base=_base(request)), status=status)


class ChatView(VisitorView):
    @extend_schema(
        operation_id="visitor_details",
        tags=TAGS,
        summary="Who takes part, and what was said",
        auth=AUTH,
        responses={200: DetailsShape, **problems(401, 403, 404)},
    )
    def get(self, request: Request, conversation_id: uuid.UUID) -> Response:
        return Response(news.details_of(self.chat(request, conversation_id), base=_base(request)))

    @extend_schema(
        operation_id="visitor_set",
        tags=TAGS,
        summary="Refused: data is set before the start",
        description="Attached data, name and e-mail address are set before a chat starts.",
        auth=AUTH,
        request=SetOrder,
        responses={**problems(400, 401, 403, 404, 409, 413, 415)},
    )
    def patch(self, request: Request, conversation_id: uuid.UUID) -> Response:
        self.chat(request, conversation_id)
        checked(SetOrder, request.data)
        with answered_in_words():
            raise chat.SetAfterStart


class NewsView(VisitorView):
    @extend_schema(
        operation_id="visitor_news",
        tags=TAGS,
        summary="What is new, as soon as it is",
        description="Nothing for up to 25 seconds: 204, to be asked again.",
        parameters=[
            OpenApiParameter(KNOWS, OpenApiTypes.STR, OpenApiParameter.HEADER, description="`knows` of before")
        ],
        auth=AUTH,
        responses={200: NewsShape, 204: OpenApiResponse(description="Nothing"), **problems(401, 403, 404)},
    )
    def get(self, request: Request, conversation_id: uuid.UUID) -> Response:
        found = self.chat(request, conversation_id)
        known = news.Known.read(request.headers.get(KNOWS, ""))
        news.note_seen(found, known, now=timezone.now())
        told = news.news_of(found, known, base=_base(request))
        if told is not None:
            return Response(told)
        waits_for = news.waits_for(found)
        return Response(status=HTTPStatus.NO_CONTENT, headers={WAITS_FOR: waits_for} if waits_for else None)


class MessagesView(VisitorView):
    @extend_schema(
        operation_id="visitor_message",
        tags=TAGS,
        summary="Write",
        auth=AUTH,
        request=MessageOrder,
        responses={
            201: VisitorMessageShape,
            200: OpenApiResponse(VisitorMessageShape, description="It was there"),
            **problems(400, 401, 403, 404, 409, 413, 415),
        },
    )
    def post(self, request: Request, conversation_id: uuid.UUID) -> Response:
        found = self.chat(request, conversation_id)
        order = checked(MessageOrder, request.data)
        with answered_in_words():
            message, is_new = chat.say(found.pk, message_id=order["id"], text=order["text"], now=timezone.now())
        status = HTTPStatus.CREATED if is_new else HTTPStatus.OK
        return Response(news.message_json(message, found, base=_base(request)), status=status)


NOTED: dict[Any, Any] = {204: OpenApiResponse(description="Noted"), **problems(400, 401, 403, 404, 413, 415)}


class TypingView(VisitorView):
    @extend_schema(
        operation_id="visitor_typing", tags=TAGS, summary="Type", auth=AUTH, request=TypingOrder, responses=NOTED
    )
    def post(self, request: Request, conversation_id: uuid.UUID) -> Response:
        found = self.chat(request, conversation_id)
        chat.types(found.pk, is_typing=checked(TypingOrder, request.data)["typing"], now=timezone.now())
        return Response(status=HTTPStatus.NO_CONTENT)


class ReadView(VisitorView):
    @extend_schema(
        operation_id="visitor_read", tags=TAGS, summary="Read", auth=AUTH, request=ReadOrder, responses=NOTED
    )
    def post(self, request: Request, conversation_id: uuid.UUID) -> Response:
        found = self.chat(request, conversation_id)
        chat.reads(found.pk, message_id=checked(ReadOrder, request.data)["message"])
        return Response(status=HTTPStatus.NO_CONTENT)


class LeaveView(VisitorView):
    @extend_schema(
        operation_id="visitor_leave",
        tags=TAGS,
        summary="Leave: the chat ends",
        auth=AUTH,
        request=None,
        responses={200: DetailsShape, **problems(401, 403, 404, 413)},
    )
    def post(self, request: Request, conversation_id: uuid.UUID) -> Response:
        found = self.chat(request, conversation_id)
        chat.leave(found.pk, now=timezone.now())
        return Response(news.details_of(self.chat(request, conversation_id), base=_base(request)))
