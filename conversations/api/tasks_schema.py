"""What ``/api/schema/`` says of tasks."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter
from rest_framework import serializers

from channels_cfg.api.problems import problems
from conversations.api.contact_data_schema import CONTACT_ID
from conversations.api.contact_id import ContactIdField
from conversations.api.repeated import IDEMPOTENCY_KEY
from conversations.doors.tasks.seen import STATUSES
from conversations.models import Task

TAGS = ["Tasks"]


class MadeTask(serializers.Serializer[Any]):
    """The task that was made."""

    id = ContactIdField()


class ListedTask(MadeTask):
    """A task, and how far it is."""

    type = serializers.ChoiceField(Task.TaskKind.values)
    queue = serializers.IntegerField(allow_null=True, help_text="Id of the queue it is in")
    queueName = serializers.CharField(allow_null=True)  # noqa: N815
    responsible = serializers.CharField(
        allow_null=True, help_text="User name of whom it is offered to, or who served it last"
    )
    status = serializers.ChoiceField(
        STATUSES,
        help_text="Open: it was accepted, waits, is served or wrapped up. Abandoned: it ended and nobody had served it",
    )
    rowVersion = serializers.IntegerField(help_text="Grows with every change")  # noqa: N815


class ReadTask(ListedTask):
    """A task with what its sender told of it; attached data is at /api/v1/conversations/<id> once it waits there."""

    subject = serializers.CharField(allow_blank=True)
    fromAddress = serializers.CharField(allow_blank=True)  # noqa: N815
    toAddress = serializers.CharField(allow_blank=True)  # noqa: N815


LIST: dict[str, Any] = {
    "operation_id": "tasks_list",
    "tags": TAGS,
    "summary": "Tasks, newest first",
    "description": "Of the queues where the caller serves or manages contacts, from the moment they were accepted.",
    "responses": {200: ListedTask(many=True), **problems(400, 401)},
}

READ: dict[str, Any] = {
    "operation_id": "task_read",
    "tags": TAGS,
    "summary": "One task",
    "parameters": [CONTACT_ID],
    "responses": {200: ReadTask, **problems(401, 404)},
}

POST_HEADERS = [
    IDEMPOTENCY_KEY,
    OpenApiParameter(
        "Location", OpenApiTypes.STR, OpenApiParameter.HEADER, response=[201], description="Where to read it"
    ),
]

POST: dict[str, Any] = {
    "operation_id": "task_make",
    "tags": TAGS,
    "summary": "Make a task",
    "description": "It is checked as a whole, kept and answered; a moment later it waits, since it was answered, "
    "in the e-mail queue with the address item.queue, on which the caller needs the right Serve. Its values are its "
    "attached data: agents see of it what the list “Extra Data Included When E-Mail Allocated” names; XRI-body, plain "
    "text or HTML, is shown as the body. For a queue that is closed or full no task is accepted: 409; one that was "
    "accepted waits there even where the queue closes meanwhile. A key or value that breaks the rules makes none "
    "either: 422, and errors names the entry of KV.",
    "responses": {201: MadeTask, **problems(400, 401, 403, 409, 413, 415, 422)},
    "examples": [
        OpenApiExample(
            "A task",
            value={
                "data": {
                    "item": {"type": "XRI", "queue": "taskdesk@example.com"},
                    "subject": "Order FI123456 came back",
                    "fromAddress": "maija.korhonen@example.com",
                    "toAddress": "taskdesk@example.com",
                    "values": {
                        "KV": [
                            {"k": "XRI-body", "v": "<p>Please call <b>the customer</b>.</p>"},
                            {"k": "orderId", "v": "FI123456"},
                        ]
                    },
                }
            },
            request_only=True,
        ),
        OpenApiExample(
            "Made", value={"id": "9C2D1E0FA1B24C3D8E4F5A6B7C8D9E0F"}, response_only=True, status_codes=["201"]
        ),
    ],
}
