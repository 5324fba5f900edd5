"""The bench: a recorded run against an edited configuration, without asking anybody and without changing anything."""

from __future__ import annotations

import json
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _

from channels_cfg.integrations.configuration import Configuration, ConfigurationFaults
from channels_cfg.integrations.paths import MISSING
from channels_cfg.integrations.placeholders import UnusableValue
from channels_cfg.key_names import is_listed
from channels_cfg.models import Integration, Right, User
from conversations.attached_data.settings import settings_of
from conversations.integrations.answers import Answered
from conversations.integrations.asking import MASK, request_of, secrets_of
from conversations.integrations.debugging import window_of
from conversations.integrations.payload import payload_of
from conversations.integrations.response import outcome_of, values_with_answer, why_it_failed
from conversations.models import Conversation, IntegrationRun
from conversations.pairs import RefusedPairs, Value, check_pairs


@dataclass(frozen=True)
class BenchPair:
    """What would be attached, and whether the settings would keep it."""

    key: str
    value: Value
    is_kept: bool


@dataclass
class Replay:
    """What the configuration would do with what was answered then. ``faults`` come with line and column."""

    faults: list[str] = field(default_factory=list)
    request: str = ""
    pairs: list[BenchPair] = field(default_factory=list)
    sets: dict[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


def exchange_for(viewer: User, run: IntegrationRun, *, now: datetime) -> dict[str, Any] | None:
    """What was asked and answered, for whoever may see the conversation, while it lives or the integration is
    debugged."""
    return None if why_not_shown(viewer, run, now=now) else run.exchange


class NotShown(StrEnum):
    """Why what was asked and answered is not shown."""

    MAY_NOT_SEE = "may_not_see"
    HAS_ENDED = "has_ended"
    NOT_ANSWERED = "not_answered"


def why_not_shown(viewer: User, run: IntegrationRun, *, now: datetime) -> NotShown | None:
    rights = (Right.SERVE, Right.VIEW_HISTORY)
    rows = Conversation.objects.filter(pk=run.conversation_id)
    if not any(rows.granting(right, to=viewer).exists() for right in rights):
        return NotShown.MAY_NOT_SEE
    if not run.conversation.is_active and window_of(run.integration, now=now) is None:
        return NotShown.HAS_ENDED
    return None if run.exchange else NotShown.NOT_ANSWERED


def replay(run: IntegrationRun, exchange: dict[str, Any], configuration: str) -> Replay:
    """``exchange`` is the run's."""
    told = Replay()
    if run.integration is None:
        told.faults.append(_("The integration was removed."))
        return told
    integration = copy(run.integration)
    integration.configuration = configuration
    known = secrets_of(run.integration)
    integration.given_authentications = {name: one.kind for name, one in known.items()}
    try:
        read = integration.read()
        exchange = exchange | {"payload": _completed(run, exchange["payload"])}
        request = request_of(integration, read, exchange["payload"], secrets=dict.fromkeys(known, MASK)).shown()
        told.request = in_lines(request)
        _replay(told, run, integration, read, request, exchange)
    except ConfigurationFaults as refused:
        told.faults += [str(fault) for fault in refused.faults]
    except UnusableValue as unusable:
        told.faults.append(str(unusable))
    except RefusedPairs as refused_pairs:
        told.faults += [f"{key}: {why}" for key, why in refused_pairs.complaints.items()]
    return told


def _completed(run: IntegrationRun, known: dict[str, Any]) -> dict[str, Any]:
    """With what the recorded run did not name, as it is now."""
    whole = payload_of(run, run.conversation)
    told = {name: value for name, value in known["contact"].items() if value}
    return whole | known | {"contact": whole["contact"] | told}


def _replay(
    told: Replay,
    run: IntegrationRun,
    integration: Integration,
    read: Configuration,
    request: dict[str, Any],
    exchange: dict[str, Any],
) -> None:
    response = exchange["response"]
    answered = Answered(
        response["status"], response["headers"], response.get("body", MISSING), text=response.get("text", "")
    )
    if words := why_it_failed(read, answered):
        told.faults.append(words)
        return
    values = values_with_answer(integration, exchange["payload"], request, answered, run.seconds or 0.0)
    outcome = outcome_of(read, values, is_debugged=False)
    settings = settings_of(run.conversation)
    pairs = check_pairs(outcome.save, settings=settings)
    told.pairs = [BenchPair(key, value, is_listed(key, settings.statistics_keys.value)) for key, value in pairs.items()]
    told.sets = {kind: in_lines(value) for kind, value in outcome.sets.items()}
    told.left_out = outcome.left_out


def in_lines(value: Any) -> str:
    """JSON as people read it."""
    return json.dumps(value, ensure_ascii=False, indent=2)
