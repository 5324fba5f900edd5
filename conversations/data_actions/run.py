"""Running one data action, step by step, from its inputs to its outputs."""

from __future__ import annotations

import io
import json
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

from channels_cfg import outgoing
from channels_cfg.data_actions.contract import complaints_about
from channels_cfg.data_actions.definition import ActionDefinition
from channels_cfg.data_actions.faults import ActionFault
from channels_cfg.data_actions.json_text import json_text
from channels_cfg.data_actions.requesting import RequestValues, address_of, body_of, headers_of
from channels_cfg.data_actions.results import answer_text, document_of, outputs_from, success_text, translated
from channels_cfg.models import DataAction, DataActionConnection
from conversations.data_actions.outcome import (
    MOST_SHOWN,
    ActionFailure,
    ActionResult,
    ActionStep,
    bad_request,
    in_words_of_actions,
    not_in_time,
    remote_failure,
)
from conversations.data_actions.signing_in import (
    SignedIn,
    credentials_of,
    forget,
    header_for,
    kept_or_asked,
    may_see,
)

logger = logging.getLogger(__name__)

MASK = "•••"
_SIGNED_IN_BY = ("credentials", "authresponse")


def run_action(action: DataAction, inputs: Mapping[str, Any], *, seconds: float | None = None) -> ActionResult:
    """Run a published action. It takes ``seconds`` at most, and never longer than its own time limit."""
    if not action.is_published:
        return ActionResult(None, [], bad_request(_("The data action is not published.")))
    return run_definition(action.definition(), action.connection, inputs, seconds=seconds)


def run_definition(
    definition: ActionDefinition,
    connection: DataActionConnection | None,
    inputs: Mapping[str, Any],
    *,
    seconds: float | None = None,
) -> ActionResult:
    """As ``run_action``, of a draft too. Raises nothing: what goes wrong is in the result."""
    limit = min(seconds or definition.timeout_seconds, definition.timeout_seconds)
    run = _ActionRun(definition, connection, dict(inputs), time.monotonic() + limit)
    try:
        outputs = run.whole()
    except ActionFailure as failure:
        logger.info("A data action failed: %s %s", failure.error_code, failure.code)
        return ActionResult(None, run.steps, failure)
    return ActionResult(outputs, run.steps)


@dataclass(frozen=True)
class _ReadyRequest:
    address: str
    headers: Mapping[str, str]
    body: str


class _ActionRun:
    """One run; ``steps`` grows as it goes."""

    def __init__(
        self,
        definition: ActionDefinition,
        connection: DataActionConnection | None,
        inputs: dict[str, Any],
        deadline: float,
    ) -> None:
        self.definition, self.connection, self.inputs, self.deadline = definition, connection, inputs, deadline
        self.steps: list[ActionStep] = []
        self.signed_in = SignedIn()

    def whole(self) -> Any:
        with self._step(_("Check the inputs against the contract")) as said:
            self._check(self.inputs, self.definition.inputs)
            said(self.inputs)
        answer = self._answer_of_somebody_signed_in()
        with self._step(_("Read the answer as JSON")) as said:
            raw = answer_text(answer.body)
            document = document_of(raw)
            said(document)
        return self._outputs(raw, document)

    def _answer_of_somebody_signed_in(self) -> outgoing.Answer:
        self._sign_in()
        answer = self._call(self._request())
        if answer.status == 401 and self.connection and forget(self.connection, self.signed_in.credentials):
            self._sign_in()
            answer = self._call(self._request())
        with self._step(_("Look at the status")) as said:
            if not 200 <= answer.status < 300:
                raise self._refused_there(answer)
            said(str(answer.status))
        return answer

    def _sign_in(self) -> None:
        connection = self.connection
        if connection is None:
            return
        with self._step(_("Sign in")) as said:
            credentials = credentials_of(connection)
            self.signed_in = SignedIn(credentials)
            if self.definition.action_type == DataAction.ActionType.CUSTOM_AUTH:
                said(sorted(credentials))
                return
            action = connection.actions.filter(
                action_type=DataAction.ActionType.CUSTOM_AUTH, state=DataAction.State.PUBLISHED
            ).first()
            if action:
                answer = kept_or_asked(connection, credentials, lambda: self._signing_in(action))
                self.signed_in = SignedIn(credentials, answer)
            else:
                header = header_for(connection, credentials, seconds=self._left())
                self.signed_in = SignedIn(credentials, header=header)
            said([*sorted(credentials), *(f"authResponse.{name}" for name in self.signed_in.auth_response)])

    def _signing_in(self, action: DataAction) -> dict[str, Any]:
        result = run_definition(action.definition(), self.connection, {}, seconds=self._left())
        if result.failure:
            words = _("Signing in by “%(action)s” failed: %(why)s") % {"action": action, "why": result.failed}
            raise replace(result.failure, message=words)
        return result.outputs if isinstance(result.outputs, dict) else {}

    def _request(self) -> _ReadyRequest:
        values = RequestValues(self.inputs, self.signed_in.credentials, self.signed_in.auth_response)
        with self._step(_("Write the address"), "requestUrlTemplate") as said:
            base = self.connection.base_address if self.connection else ""
            address = address_of(self.definition, values, base=base)
            said(address)
        with self._step(_("Write the headers"), "headers") as said:
            headers = {"Accept": "application/json", **headers_of(self.definition, values)}
            names = {name.lower() for name in headers}
            if self.signed_in.header and "authorization" not in names:
                headers["Authorization"] = self.signed_in.header
            said(headers)
        with self._step(_("Write the body"), "requestTemplate") as said:
            body = body_of(self.definition, values)
            if body and "content-type" not in names:
                headers["Content-Type"] = "application/json"
            said(body)
        self._keep_secrets_from_others(address)
        return _ReadyRequest(address, headers, body)

    def _keep_secrets_from_others(self, address: str) -> None:
        connection = self.connection
        if connection is None or not (self.signed_in.header or self._uses_secrets()) or may_see(connection, address):
            return
        words = _("The credentials of “%(connection)s” are not for this host. Add it to the hosts of the connection.")
        raise bad_request(words % {"connection": connection})

    def _uses_secrets(self) -> bool:
        written = (
            self.definition.request_url_template + self.definition.headers + self.definition.request_template
        ).lower()
        return any(name in written for name in _SIGNED_IN_BY)

    def _call(self, request: _ReadyRequest) -> outgoing.Answer:
        with self._step(_("Call")) as said:
            body = io.BytesIO()
            with in_words_of_actions():
                answer = outgoing.read_into(
                    body,
                    self.definition.request_type,
                    request.address,
                    headers=request.headers,
                    seconds=self._left(),
                    largest=outgoing.LARGEST_ANSWER,
                    content=request.body.encode() if request.body else None,
                )
            answer = replace(answer, body=body.getvalue())
            said({"status": answer.status, "body": answer.body[:MOST_SHOWN].decode(errors="replace")})
            return answer

    def _refused_there(self, answer: outgoing.Answer) -> ActionFailure:
        found = answer.json()
        texts = [found.get(name) for name in ("message", "error_description", "error", "detail", "title")]
        told = next((text for text in texts if isinstance(text, str) and text), "")
        words = _("The remote system answered %(status)d.") % {"status": answer.status}
        return remote_failure(words, remote_message=self._masked(told)[:500], remote_status=answer.status)

    def _outputs(self, raw: str, document: Any) -> Any:
        with self._step(_("Apply the translation map")) as said:
            names = translated(self.definition, document)
            said(names)
        with self._step(_("Apply the success template"), "successTemplate") as said:
            text = success_text(self.definition, raw, names)
            said(text)
        with self._step(_("Check the outputs against the contract"), "successTemplate") as said:
            outputs = outputs_from(text)
            self._check(outputs, self.definition.outputs)
            said(outputs)
        return outputs

    def _check(self, value: Any, schema: dict[str, Any]) -> None:
        if complaints := complaints_about(value, schema):
            raise bad_request(" ".join(f"{complaint}." for complaint in complaints[:5]), code="invalid.schema")

    @contextmanager
    def _step(self, name: str, template: str = "") -> Iterator[Any]:
        """One step: ``said`` takes its result. What goes wrong in it ends the run as ``ActionFailure``."""
        results: list[Any] = []
        try:
            yield results.append
        except ActionFault as fault:
            failure = bad_request(_in_the_words_of_genesys(template, fault.message) if template else fault.message)
            self.steps.append(ActionStep(name, False, error=self._masked(failure.message)))
            raise failure from None
        except ActionFailure as failure:
            self.steps.append(ActionStep(name, False, error=self._masked(failure.message)))
            raise
        self.steps.append(ActionStep(name, True, self._shown(results[0] if results else None)))

    def _shown(self, value: Any) -> str:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
        return self._masked(text)[:MOST_SHOWN]

    def _masked(self, text: str) -> str:
        """Without secrets, also as they stand inside of JSON."""
        for secret in self.signed_in.secrets:
            text = text.replace(secret, MASK).replace(json_text(secret)[1:-1], MASK)
        return text

    def _left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise not_in_time(_("The time limit of the data action is over."))
        return left


def _in_the_words_of_genesys(template: str, message: str) -> str:
    what = "result" if template == "successTemplate" else "input"
    return f"Transform failed to process {what} using '{template}' template due to error:'{message}'"
