"""The task interface (RTI): other systems make e-mail tasks, and see how far they are."""

from __future__ import annotations

import uuid
from http import HTTPStatus
from typing import Any

from django.db.models import Case, CharField, Q, QuerySet, Value, When
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

from channels_cfg.api.bodies import ChoiceField, InstantField, StrictSerializer, TextField, checked
from channels_cfg.api.problems import Problem
from channels_cfg.models import Queue, Right, User
from conversations import email_tasks
from conversations.api import tasks_schema as schema
from conversations.api.caller import caller
from conversations.api.repeated import idempotency_key, once
from conversations.email_tasks import NewTask
from conversations.filters import is_id
from conversations.models import ACTIVE_STATES, Conversation, State, Task
from conversations.models.conversation import LONGEST_SUBJECT
from conversations.pairs import RefusedPairs

LONGEST_ADDRESS = 320
LONGEST_LIST = 1000
DEEPEST_OFFSET = 100_000
KV = "data.values.KV"


# Making one


class TaskItem(StrictSerializer):
    type = ChoiceField(Task.TaskKind.values, help_text="XRI: a task; EMAIL: one that is a mail")
    queue = TextField(max_length=LONGEST_ADDRESS, help_text="Address of an e-mail queue where the caller serves")


class KeyAndValue(StrictSerializer):
    k = TextField(max_length=1000, allow_blank=True, trim_whitespace=False, help_text="The key. Example: orderId")
    v = serializers.JSONField(allow_null=True, help_text="Text, a number, true, false or null")


class TaskValues(StrictSerializer):
    KV = KeyAndValue(many=True, required=False, help_text="The attached data")


class TaskData(StrictSerializer):
    item = TaskItem()
    subject = TextField(max_length=LONGEST_SUBJECT, allow_blank=True, default="")
    fromAddress = TextField(max_length=LONGEST_ADDRESS, allow_blank=True, default="")  # noqa: N815
    toAddress = TextField(max_length=LONGEST_ADDRESS, allow_blank=True, default="")  # noqa: N815
    values = TaskValues(required=False)


class PostedTask(StrictSerializer):
    """A task as it is posted."""

    data = TaskData()  # type: ignore[assignment]  # the serializer's own data is not used


def _new_task(sent: dict[str, Any]) -> NewTask:
    data = sent["data"]
    entries = data.get("values", {}).get("KV", [])
    pairs: dict[str, Any] = {}
    for number, entry in enumerate(entries):
        if entry["k"] in pairs:
            raise _not_made({f"{KV}[{number}]": ["The same key is there twice. Send it once."]})
        pairs[entry["k"]] = entry["v"]
    return NewTask(
        kind=data["item"]["type"],
        queue_address=data["item"]["queue"],
        subject=data["subject"],
        from_address=data["fromAddress"],
        to_address=data["toAddress"],
        pairs=pairs,
    )


def _take_in(task: NewTask, pk: uuid.UUID, user: User) -> tuple[dict[str, Any], str]:
    try:
        email_tasks.take_in(task, pk=pk, by=user, now=timezone.now())
    except email_tasks.NoSuchQueue as wrong:
        raise ValidationError({"data.item.queue": str(wrong)}) from None
    except email_tasks.TooManyPairs as wrong:
        raise _not_made({KV: [str(wrong)]}) from None
    except email_tasks.QueueIsShut as shut:
        raise Problem(HTTPStatus.CONFLICT, f"{shut} Nothing was made of the task; post it again later.") from None
    except RefusedPairs as refused:
        raise _refusal(refused, list(task.pairs)) from None
    return {"id": pk.hex.upper()}, ""


def _refusal(refused: RefusedPairs, keys: list[str]) -> Problem:
    """Each complaint at the entry that it is about; what is said of all is said once."""
    said = set(refused.complaints.values())
    if len(said) == 1 < len(refused.complaints):
        return _not_made({KV: [*said]})
    errors: dict[str, list[str]] = {}
    for path, complaint in refused.complaints.items():
        errors.setdefault(_entry_of(path, keys), []).append(complaint)
    return _not_made(errors)


def _not_made(errors: dict[str, list[str]]) -> Problem:
    detail = "No task was made. Correct what errors names, and post again."
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=errors)


def _entry_of(path: str, keys: list[str]) -> str:
    """``data.values.KV[3]`` for the key of the fourth entry, or for what lies within its value."""
    numbers = [number for number, key in enumerate(keys) if path == key or path.startswith(f"{key}.")]
    exact = [number for number in numbers if keys[number] == path]
    return f"{KV}[{(exact or numbers)[0]}]" if numbers else KV


# Reading them

_OPEN = [*ACTIVE_STATES, State.WRAP_UP]
_STATUS = Case(
    When(conversation__state__in=_OPEN, then=Value("Open")),
    When(conversation__state=State.HANDLED, then=Value("Handled")),
    default=Value("Abandoned"),
    output_field=CharField(),
)
SORTED_BY = {
    "id": "conversation",
    "type": "kind",
    "queue": "conversation__queue",
    "queueName": "conversation__queue__name",
    "responsible": "conversation__agent__username",
    "status": "status",
    "rowVersion": "conversation__version",
    "received": "conversation__received_at",
}


class TaskListQuery(StrictSerializer):
    """What the list can be asked."""

    sort = ChoiceField(
        [*SORTED_BY, *(f"-{name}" for name in SORTED_BY)],
        default="-received",
        help_text="A field; - before it: descending",
    )
    type = ChoiceField(Task.TaskKind.values, required=False)
    status = ChoiceField(schema.STATUSES, required=False)
    queue = TextField(max_length=LONGEST_ADDRESS, required=False, help_text="Id, name or address of a queue")
    responsible = TextField(max_length=150, required=False, help_text="User name of the agent")
    startTime = InstantField(required=False, help_text="Received at this time or later")  # noqa: N815
    endTime = InstantField(required=False, help_text="Received before this time")  # noqa: N815
    limit = serializers.IntegerField(default=100, min_value=1, max_value=LONGEST_LIST)
    offset = serializers.IntegerField(default=0, min_value=0, max_value=DEEPEST_OFFSET)


def _granted_to(user: User) -> QuerySet[Any]:
    """The tasks in the queues where the caller serves or manages contacts."""
    granted = Conversation.objects.granting(Right.SERVE, to=user) | Conversation.objects.granting(
        Right.MANAGE_CONTACTS, to=user
    )
    found = Task.objects.filter(conversation__in=granted.order_by())
    return found.annotate(status=_STATUS).select_related("conversation__queue", "conversation__agent")


def _asked_for(found: QuerySet[Any], query: dict[str, Any]) -> QuerySet[Any]:
    wanted = {
        "kind": query.get("type"),
        "status": query.get("status"),
        "conversation__agent__username": query.get("responsible"),
        "conversation__received_at__gte": query.get("startTime"),
        "conversation__received_at__lt": query.get("endTime"),
    }
    found = found.filter(**{field: value for field, value in wanted.items() if value is not None})
    if "queue" in query:
        found = found.filter(_in_queue(query["queue"])).distinct()
    field = SORTED_BY[query["sort"].removeprefix("-")]
    return found.order_by(
        f"-{field}" if query["sort"].startswith("-") else field, "-conversation__received_at", "-conversation"
    )


def _in_queue(text: str) -> Q:
    if is_id(text):
        return Q(conversation__queue=int(text))
    return Q(conversation__queue__in=Queue.objects.filter(Q(name=text) | Q(addresses__address__iexact=text)))


def task_json(task: Any) -> dict[str, Any]:
    conversation = task.conversation
    return {
        "id": conversation.hex_id,
        "type": task.kind,
        "queue": conversation.queue_id,
        "queueName": conversation.queue and conversation.queue.name,
        "responsible": conversation.agent and conversation.agent.username,
        "status": task.status,
        "rowVersion": conversation.version,
    }


class TaskListView(APIView):
    """Tasks, and the door where more are made."""

    @extend_schema(parameters=[TaskListQuery], **schema.LIST)
    def get(self, request: Request) -> HttpResponse:
        query = checked(TaskListQuery, request.query_params.dict())
        first = query["offset"]
        page = _asked_for(_granted_to(caller(request)), query)[first : first + query["limit"]]
        return JsonResponse([task_json(task) for task in page], safe=False)

    @extend_schema(parameters=schema.POST_HEADERS, request=PostedTask, **schema.POST)
    def post(self, request: Request) -> HttpResponse:
        key = idempotency_key(request)
        task, user, pk = _new_task(checked(PostedTask, request.data)), caller(request), uuid.uuid4()
        answer, _etag = once(user, key, ["task", request.data], pk, lambda: _take_in(task, pk, user))
        location = reverse("rti_task", args=[answer["id"]])
        return JsonResponse(answer, status=HTTPStatus.CREATED, headers={"Location": location})


class TaskView(APIView):
    """One task."""

    @extend_schema(**schema.READ)
    def get(self, request: Request, conversation_id: uuid.UUID) -> HttpResponse:
        task = get_object_or_404(_granted_to(caller(request)), conversation=conversation_id)
        told = {
            "subject": task.conversation.subject,
            "fromAddress": task.conversation.customer_address,
            "toAddress": task.to_address,
        }
        return JsonResponse(task_json(task) | told)
