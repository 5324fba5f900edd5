"""Calling the data actions of an integration, one after the other, each with what those before it brought."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from channels_cfg.integrations.action_calls import ActionCall
from channels_cfg.integrations.configuration import Configuration
from channels_cfg.integrations.paths import Path, look_up
from channels_cfg.integrations.placeholders import fill_tree
from channels_cfg.models import DataAction
from conversations.data_actions.outcome import ActionFailure
from conversations.data_actions.run import run_action
from conversations.integrations.answers import Answered

NOT_FOUND = 404


@dataclass
class _Chain:
    """``brought`` holds the outputs by the names of the calls, ``told`` what became of each call."""

    payload: Mapping[str, Any]
    deadline: float
    brought: dict[str, Any] = field(default_factory=dict)
    told: list[dict[str, Any]] = field(default_factory=list)

    def find(self, path: Path) -> Any:
        return look_up({**self.payload, "response": {"body": self.brought}}, path)

    def answered(self) -> Answered:
        return Answered(200, {}, self.brought, calls=tuple(self.told))

    def failed_at(self, call: ActionCall, failure: ActionFailure) -> Answered:
        words = f"{call.action}: {failure.message}"
        status = failure.remote_status or failure.status
        return Answered(
            status, {}, self.brought, why_failed=words, timed_out=failure.is_timeout, calls=tuple(self.told)
        )

    def tells(self, call: ActionCall, inputs: Any, outcome: str, begins: float) -> None:
        about = {"name": call.name, "action": call.action, "inputs": inputs, "outcome": outcome}
        self.told.append(about | {"seconds": round(time.monotonic() - begins, 3)})


def call_actions(read: Configuration, payload: Mapping[str, Any], *, seconds: float) -> Answered:
    """Make the calls of the configuration, all of them within these seconds. What another system does not find (404)
    is left out; any other failure ends the chain, and what was brought until then is told with it."""
    actions = {
        action.name: action for action in DataAction.objects.filter(name__in={call.action for call in read.calls})
    }
    chain = _Chain(payload, time.monotonic() + seconds)
    for call in read.calls:
        if failure := _call(chain, call, actions.get(call.action)):
            return chain.failed_at(call, failure)
    return chain.answered()


def _call(chain: _Chain, call: ActionCall, action: DataAction | None) -> ActionFailure | None:
    begins = time.monotonic()
    if not all(condition.holds(chain.find) for condition in call.conditions):
        chain.tells(call, {}, _("Left out: its condition does not hold."), begins)
        return None
    inputs = fill_tree(call.inputs, chain.find)
    result = run_action(action or DataAction(name=call.action), inputs, seconds=max(chain.deadline - begins, 0.001))
    failure = result.failure
    if failure is None:
        chain.brought[call.name] = result.outputs
        chain.tells(call, inputs, _("Done"), begins)
    elif failure.remote_status == NOT_FOUND:
        failure = None
        chain.tells(call, inputs, _("Nothing found (404)"), begins)
    else:
        chain.tells(call, inputs, failure.message, begins)
    return failure
