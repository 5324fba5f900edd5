"""The task interface (RTI): other systems make e-mail tasks, and see how far they are."""

from __future__ import annotations

import uuid
from http import HTTPStatus
from typing import Any

from django.db.models import Q
from django.http import Http404, HttpResponse, JsonResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

from channels_cfg.api.bodies import ChoiceField, InstantField, StrictSerializer, TextField, checked
from channels_cfg.api.problems import Problem
from channels_cfg.models import Queue, User
from conversations.api import tasks_schema as schema
from conversations.api.caller import caller
from conversations.api.repeated import idempotency_key, key_reused
from conversations.doors.tasks import accepting
from conversations.doors.tasks.accepting import NewTask
from conversations.doors.tasks.seen import FACTS, STATUSES, tasks_of, told_of
from conversations.filters import is_id
from conversations.idempotency import KeyReused
from conversations.models import Task
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


def _accept(task: NewTask, user: User, request: Any, key: str | None) -> uuid.UUID:
    try:
        return accepting.accept(task, by=user, now=timezone.now(), request=request, key=key)
    except accepting.NoSuchQueue as wrong:
        raise ValidationError({"data.item.queue": str(wrong)}) from None
    except accepting.TooManyPairs as wrong:
        raise _not_made({KV: [str(wrong)]}) from None
    except accepting.QueueIsShut as shut:
        raise Problem(HTTPStatus.CONFLICT, f"{shut} Nothing was made of the task; post it again later.") from None
    except RefusedPairs as refused:
        raise _refusal(refused, list(task.pairs)) from None
    except KeyReused:
        raise key_reused() from None


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

NAMES = ("id", "type", "queue", "queueName", "responsible", "status", "rowVersion", "received")
SORTED_BY = dict(zip(NAMES, FACTS, strict=True))


class TaskListQuery(StrictSerializer):
    """What the list can be asked."""

    sort = ChoiceField(
        [*SORTED_BY, *(f"-{name}" for name in SORTED_BY)],
        default="-received",
        help_text="A field; - before it: descending",
    )
    type = ChoiceField(Task.TaskKind.values, required=False)
    status = ChoiceField(STATUSES, required=False)
    queue = TextField(max_length=LONGEST_ADDRESS, required=False, help_text="Id, name or address of a queue")
    responsible = TextField(max_length=150, required=False, help_text="User name of the agent")
    startTime = InstantField(required=False, help_text="Received at this time or later")  # noqa: N815
    endTime = InstantField(required=False, help_text="Received before this time")  # noqa: N815
    limit = serializers.IntegerField(default=100, min_value=1, max_value=LONGEST_LIST)
    offset = serializers.IntegerField(default=0, min_value=0, max_value=DEEPEST_OFFSET)


def _wanted(query: dict[str, Any]) -> Q:
    wanted = {
        "type": query.get("type"),
        "status": query.get("status"),
        "responsible": query.get("responsible"),
        "received__gte": query.get("startTime"),
        "received__lt": query.get("endTime"),
    }
    asked = Q(**{fact: value for fact, value in wanted.items() if value is not None})
    return asked & _in_queue(query["queue"]) if "queue" in query else asked


def _in_queue(text: str) -> Q:
    if is_id(text):
        return Q(in_queue=int(text))
    return Q(in_queue__in=Queue.objects.filter(Q(name=text) | Q(addresses__address__iexact=text)).values("pk"))


def task_json(facts: tuple[Any, ...]) -> dict[str, Any]:
    pk, *others = facts
    told = dict(zip(NAMES, (pk.hex.upper(), *others), strict=True))
    del told["received"]
    return told


class TaskListView(APIView):
    """Tasks, and the door where more are made."""

    @extend_schema(parameters=[TaskListQuery], **schema.LIST)
    def get(self, request: Request) -> HttpResponse:
        query = checked(TaskListQuery, request.query_params.dict())
        first, end = query["offset"], query["offset"] + query["limit"]
        descends, name = query["sort"].startswith("-"), query["sort"].removeprefix("-")
        sort = f"{'-' * descends}{SORTED_BY[name]}"
        page = tasks_of(caller(request), _wanted(query), sort=sort, end=end)[first:end]
        return JsonResponse([task_json(facts) for facts in page], safe=False)

    @extend_schema(parameters=schema.POST_HEADERS, request=PostedTask, **schema.POST)
    def post(self, request: Request) -> HttpResponse:
        key = idempotency_key(request)
        task = _new_task(checked(PostedTask, request.data))
        pk = _accept(task, caller(request), request.data, key).hex.upper()
        return JsonResponse({"id": pk}, status=HTTPStatus.CREATED, headers={"Location": f"{request.path}/{pk}"})


class TaskView(APIView):
    """One task."""

    @extend_schema(**schema.READ)
    def get(self, request: Request, conversation_id: uuid.UUID) -> HttpResponse:
        [*found] = tasks_of(caller(request), Q(task_id=conversation_id), sort="task_id", end=1)
        if not found:
            raise Http404
        told = told_of(conversation_id)
        more = {
            "subject": told["subject"],
            "fromAddress": told["customer_address"],
            "toAddress": told["to_address"],
        }
        return JsonResponse(task_json(found[0]) | more)
