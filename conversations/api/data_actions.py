"""Data actions as Genesys Cloud's own API has them, so that its SDK reads and runs ours.

The vendor describes these calls; ours are the part of them that the facts on Genesys Cloud name.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import Throttled, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from channels_cfg.data_actions.json_text import read_json_object
from channels_cfg.data_actions.published_file import document_of
from channels_cfg.data_actions.results import flattened
from channels_cfg.models import DataAction
from conversations.api.caller import caller
from conversations.data_actions.outcome import ActionResult
from conversations.data_actions.run import run_action

PREFIX = "/api/v2/integrations/actions"
LARGEST_PAGE = 100
VIEW = "channels_cfg.view_dataaction"
EXECUTE = "channels_cfg.execute_dataaction"
LONGEST_WAIT = 45.0
"""Seconds for which a caller waits; a web process waits no longer than a minute."""
LONGEST_QUEUE = 2.0
RETRY_AFTER = 5


@cache
def _turns() -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(settings.DATA_ACTIONS_AT_ONCE)


@contextmanager
def _turn() -> Iterator[None]:
    """So many actions of this process run at the same time: each keeps a thread, and others want to be served."""
    if not _turns().acquire(timeout=LONGEST_QUEUE):
        raise Throttled(wait=RETRY_AFTER, detail="So many data actions are running that this one must wait.")
    try:
        yield
    finally:
        _turns().release()


def visible_actions(request: Request, right: str) -> QuerySet[DataAction]:
    """Published actions, for whoever holds the right; for others there are none."""
    if not caller(request).has_perm(right):
        return DataAction.objects.none()
    return DataAction.objects.filter(state=DataAction.State.PUBLISHED).order_by("name")


def action_or_404(request: Request, action_id: str, right: str) -> DataAction:
    found = visible_actions(request, right).filter(pk=int(action_id)).first() if action_id.isdecimal() else None
    if found is None:
        raise Http404
    return found


def action_json(action: DataAction, *, contract: bool, config: bool) -> dict[str, Any]:
    """The action as the vendor's API shows it."""
    document = document_of(action.definition())
    shown: dict[str, Any] = {
        "id": str(action.pk),
        "name": action.name,
        "category": action.category,
        "integrationId": str(action.connection_id or ""),
        "secure": action.secure,
        "selfUri": f"{PREFIX}/{action.pk}",
    }
    if contract:
        shown["contract"] = document["contract"]
    if config:
        shown["config"] = {**document["config"], "timeoutSeconds": action.timeout_seconds}
    return shown


@extend_schema(exclude=True)
class DataActionListView(APIView):
    def get(self, request: Request) -> Response:
        asked = request.query_params
        found = visible_actions(request, VIEW)
        if name := asked.get("name"):
            found = found.filter(name__icontains=name.replace("\0", ""))
        if category := asked.get("category"):
            found = found.filter(category=category.replace("\0", ""))
        if (secure := asked.get("secure", "")).lower() in ("true", "false"):
            found = found.filter(secure=secure.lower() == "true")
        size = _number(asked, "pageSize", 25, LARGEST_PAGE)
        page = _number(asked, "pageNumber", 1, 1_000_000)
        total = found.count()
        entities = [
            action_json(action, contract=False, config=asked.get("includeConfig") == "true")
            for action in found[(page - 1) * size : page * size]
        ]
        return Response(
            {
                "entities": entities,
                "pageSize": size,
                "pageNumber": page,
                "total": total,
                "pageCount": -(-total // size),
                "selfUri": f"{PREFIX}?pageSize={size}&pageNumber={page}",
            }
        )


@extend_schema(exclude=True)
class DataActionView(APIView):
    def get(self, request: Request, action_id: str) -> Response:
        action = action_or_404(request, action_id, VIEW)
        asked = request.query_params
        contract = "contract" in asked.get("expand", "").split(",")
        return Response(action_json(action, contract=contract, config=asked.get("includeConfig") == "true"))


_PARTS: dict[str, Callable[[DataAction], Any]] = {
    "inputschema.json": lambda action: read_json_object(action.input_schema),
    "successschema.json": lambda action: read_json_object(action.success_schema),
    "requesttemplate.vm": lambda action: action.request_template,
    "successtemplate.vm": lambda action: action.success_template,
}


@extend_schema(exclude=True)
class DataActionPartView(APIView):
    """A schema, or a template, as a file of its own."""

    def get(self, request: Request, action_id: str, file_name: str) -> Response:
        action = action_or_404(request, action_id, VIEW)
        part = _PARTS.get(file_name.lower())
        if part is None:
            raise Http404
        return Response(part(action))


class _RunsAction(APIView):
    def _run(self, request: Request, action_id: str) -> ActionResult:
        inputs = request.data
        action = action_or_404(request, action_id, EXECUTE)
        if not isinstance(inputs, dict):
            raise ValidationError({"inputs": "Send the inputs as a JSON object by name."})
        with _turn():
            result = run_action(action, inputs, seconds=LONGEST_WAIT)
        if result.failure is None and request.query_params.get("flatten") == "true":
            return ActionResult(flattened(result.outputs), result.steps)
        return result


@extend_schema(exclude=True)
class ExecuteDataActionView(_RunsAction):
    """Answers the outputs, or the documented error."""

    def post(self, request: Request, action_id: str) -> Response:
        result = self._run(request, action_id)
        if failure := result.failure:
            return Response(failure.as_answer(str(uuid.uuid4())), status=failure.status)
        return Response(result.outputs)


@extend_schema(exclude=True)
class TestDataActionView(_RunsAction):
    """Runs it really, and answers each step; a failure is an answer, too."""

    def post(self, request: Request, action_id: str) -> Response:
        result = self._run(request, action_id)
        operations = [
            {
                "step": number,
                "name": step.name,
                "success": step.success,
                "result": step.result,
                "error": {"message": step.error} if step.error else None,
            }
            for number, step in enumerate(result.steps, 1)
        ]
        failure = result.failure.as_answer(str(uuid.uuid4())) if result.failure else None
        answer = {
            "operations": operations,
            "success": failure is None,
            "finalResult": result.outputs,
            "error": failure,
        }
        return Response(answer, status=HTTPStatus.OK)


def _number(asked: Any, name: str, usual: int, most: int) -> int:
    text = asked.get(name)
    if text is None:
        return usual
    if not text.isdecimal() or not 1 <= int(text[:10]) <= most or len(text) > 10:
        raise ValidationError({name: f"A whole number from 1 to {most} is expected here."})
    return int(text)
