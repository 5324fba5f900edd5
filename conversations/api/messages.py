"""Messages of a conversation: reading them, answering the customer, taking an answer back."""

from __future__ import annotations

import uuid
from http import HTTPStatus
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from channels_cfg.api.bodies import StrictSerializer, TextField, checked
from channels_cfg.api.problems import Problem, problems
from channels_cfg.messaging.templates import usable_by
from channels_cfg.models import ReplyTemplate, Right, User
from conversations.api.actions import conflict
from conversations.api.caller import caller
from conversations.api.contact_data_schema import CONTACT_ID
from conversations.api.conversations import LARGEST_PAGE, TAGS, USUAL_PAGE
from conversations.api.repeated import IDEMPOTENCY_KEY, idempotency_key, once
from conversations.api.visible import visible_to
from conversations.attachments.visible import attachments_of
from conversations.idempotency import Answer
from conversations.lifecycle import WrongState
from conversations.models import Attachment, Conversation, Message
from conversations.quoting import quoted_by
from conversations.replies import deliveries
from conversations.replies.take_back import TooLate, take_back
from conversations.replies.window import LONGEST_TEXT
from conversations.replies.write import NotSendable, reply


class FileSerializer(serializers.ModelSerializer[Attachment]):
    """The file of a message."""

    url = serializers.SerializerMethodField(help_text="Answers whoever may see the conversation")
    type = serializers.CharField(source="media_type", help_text="By its bytes")

    class Meta:
        model = Attachment
        fields = ("url", "name", "type", "size")
        read_only_fields = fields

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, attachment: Attachment) -> str:
        address = reverse("api_file", args=[self.context["conversation_id"], attachment.pk])
        return self.context["request"].build_absolute_uri(address)


class QuoteSerializer(serializers.ModelSerializer[Message]):
    """The agent's message that the customer quotes."""

    agent = serializers.SlugRelatedField[Any]("username", read_only=True, allow_null=True)
    text = serializers.CharField(source="beginning", help_text="Its beginning")
    file = FileSerializer(source="held", allow_null=True)

    class Meta:
        model = Message
        fields = ("id", "agent", "text", "file", "sent_at")
        read_only_fields = fields


class MessageSerializer(serializers.ModelSerializer[Message]):
    """One message of the transcript."""

    agent = serializers.SlugRelatedField[Any]("username", read_only=True, allow_null=True)
    content = serializers.DictField(help_text="The parts of a message that is more than text")
    delivery = serializers.SerializerMethodField(help_text="How far a message to the customer got")
    why = serializers.SerializerMethodField(help_text="Why it waits or failed, in words; often empty")
    quotes = serializers.SerializerMethodField(help_text="The agent's message that the customer quoted")
    file = FileSerializer(source="held", allow_null=True)

    class Meta:
        model = Message
        fields = (
            "id",
            "external_id",
            "author",
            "agent",
            "messaging_channel",
            "content_type",
            "text",
            "content",
            "reply_to",
            "sent_at",
            "delivery",
            "why",
            "quotes",
            "file",
        )
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(deliveries.State.choices, allow_null=True))
    def get_delivery(self, message: Message) -> str | None:
        found = self.context["deliveries"].get(message.pk)
        return found.state if found else None

    @extend_schema_field(serializers.CharField())
    def get_why(self, message: Message) -> str:
        found = self.context["deliveries"].get(message.pk)
        return found.why if found else ""

    @extend_schema_field(QuoteSerializer(allow_null=True))
    def get_quotes(self, message: Message) -> Any:
        quoted = self.context["quoted"].get(message.pk)
        return QuoteSerializer(quoted, context=self.context).data if quoted else None


class InOrder(CursorPagination):
    """The oldest first."""

    ordering = ("sent_at", "id")
    page_size = USUAL_PAGE
    page_size_query_param = "limit"
    max_page_size = LARGEST_PAGE


CONTENTS = {"text": (), "file": ("caption",), "template": ("parameters",)}
"""What an answer is, and what may come with each."""


class ParametersField(serializers.DictField):
    child = serializers.CharField(max_length=LONGEST_TEXT, allow_blank=True, trim_whitespace=False)


class ReplyOrder(StrictSerializer):
    """What the customer is to get: a text, a file, or a template."""

    in_schema: ClassVar = {
        "oneOf": [
            {
                "required": [one],
                "not": {"anyOf": [{"required": [x]} for y in CONTENTS if y != one for x in (y, *CONTENTS[y])]},
            }
            for one in CONTENTS
        ]
    }

    text = TextField(max_length=LONGEST_TEXT, trim_whitespace=False, required=False, help_text="It leaves today.")
    file = serializers.UUIDField(required=False, help_text="The id of a file that was uploaded for the conversation")
    caption = TextField(max_length=LONGEST_TEXT, required=False, help_text="A text beside the file")
    template = TextField(max_length=100, required=False, help_text="Name of a reply template that you may use")
    parameters = ParametersField(required=False, help_text="By the names in the template's text")

    def validate(self, order: dict[str, Any]) -> dict[str, Any]:
        contents = order.keys() & CONTENTS.keys()
        if len(contents) != 1 or order.keys() - contents - set(CONTENTS[min(contents)]):
            raise serializers.ValidationError(
                "Send a text, or a file, perhaps with a caption, or a template with its parameters."
            )
        return order


def template_named(name: str, *, by: User) -> ReplyTemplate:
    template = usable_by(by).filter(name=name).first()
    if template is None:
        raise serializers.ValidationError({"template": "There is no template of this name that you may use."})
    return template


def attachment_named(pk: uuid.UUID, conversation: Conversation, *, by: User) -> Attachment:
    attachment = attachments_of(conversation, seen_by=by).filter(pk=pk, message=None).first()
    if attachment is None:
        raise serializers.ValidationError({"file": "There is no file of this id that you could send here."})
    return attachment


class WaitingReplySerializer(serializers.Serializer[Any]):
    """A reply that has been taken and waits to be sent."""

    id = serializers.IntegerField()
    state = serializers.ChoiceField(deliveries.State.choices)
    sent_at = serializers.DateTimeField(help_text="When it was written")


class MessageListView(ListAPIView[Message]):
    """The transcript of a conversation, and the door where its agent's answers come in."""

    queryset = Message.objects.none()  # for the schema; see get_queryset
    serializer_class = MessageSerializer
    pagination_class = InOrder
    filter_backends = ()

    def get_queryset(self) -> QuerySet[Message]:
        conversation = get_object_or_404(visible_to(caller(self.request)), pk=self.kwargs["conversation_id"])
        return Message.objects.filter(conversation=conversation).select_related("agent", "attachment")

    @extend_schema(
        operation_id="message_list",
        tags=TAGS,
        summary="Messages of a conversation, the oldest first",
        parameters=[CONTACT_ID],
        responses={200: MessageSerializer(many=True), **problems(400, 401, 404)},
    )
    def get(self, request: Request, conversation_id: uuid.UUID) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        assert page is not None  # the pagination always makes pages
        facts = {"deliveries": deliveries.of(page), "quoted": quoted_by(page), "conversation_id": conversation_id}
        context = {**self.get_serializer_context(), **facts}
        return self.get_paginated_response(MessageSerializer(page, many=True, context=context).data)

    @extend_schema(
        operation_id="message_send",
        tags=TAGS,
        summary="Answer the customer",
        description="The conversation is accepted, by the caller or, for an API client, by anybody. The answer leaves "
        "after those that were given before it; what the channel does not take at this moment is refused with what is "
        "possible instead, which `possible` lists.",
        parameters=[CONTACT_ID, IDEMPOTENCY_KEY],
        request=ReplyOrder,
        responses={202: WaitingReplySerializer, **problems(400, 401, 403, 404, 409, 413, 415, 422)},
    )
    def post(self, request: Request, conversation_id: uuid.UUID) -> Response:
        key, user = idempotency_key(request), caller(request)
        conversation = get_object_or_404(Conversation.objects.granting(Right.SERVE, to=user), pk=conversation_id)
        order = checked(ReplyOrder, request.data)

        def act() -> Answer:
            message = reply(
                conversation.pk,
                by=user,
                now=timezone.now(),
                text=order.get("text") or order.get("caption", ""),
                attachment=attachment_named(order["file"], conversation, by=user) if "file" in order else None,
                template=template_named(order["template"], by=user) if "template" in order else None,
                parameters=order.get("parameters"),
            )
            answer = {"id": message.pk, "state": deliveries.State.WAITING, "sent_at": message.sent_at}
            return dict(WaitingReplySerializer(answer).data), ""

        try:
            answer, _etag = once(user, key, [conversation.pk.hex, "reply", request.data], conversation.pk, act)
        except WrongState as wrong:
            raise conflict(wrong) from None
        except NotSendable as refused:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(refused), possible=refused.possible) from None
        except ValidationError as wrong:
            words = "The template is not filled in as it has to be."
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, words, errors=wrong.message_dict) from None
        return Response(answer, status=HTTPStatus.ACCEPTED)


class MessageView(APIView):
    """One answer, as long as it waits."""

    @extend_schema(
        operation_id="message_take_back",
        tags=TAGS,
        summary="Take an answer back",
        description="While it waits to be sent. It is gone then, as if it had not been written.",
        parameters=[CONTACT_ID],
        request=None,
        responses={204: None, **problems(401, 403, 404, 409)},
    )
    def delete(self, request: Request, conversation_id: uuid.UUID, message_id: int) -> Response:
        served = Conversation.objects.granting(Right.SERVE, to=caller(request))
        get_object_or_404(Message, pk=message_id, conversation__in=served.filter(pk=conversation_id))
        try:
            take_back(message_id, by=caller(request), now=timezone.now())
        except TooLate as late:
            raise Problem(HTTPStatus.CONFLICT, str(late)) from None
        except WrongState as wrong:
            raise conflict(wrong) from None
        except Message.DoesNotExist:  # taken back by another at this moment
            raise Http404 from None
        return Response(status=HTTPStatus.NO_CONTENT)
