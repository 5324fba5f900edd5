"""Writing down what is to be asked, in the transaction in which it happened. Nothing is asked here."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.db.models import Prefetch
from django.utils import timezone

from channels_cfg.integrations.configuration import ConfigurationFaults
from channels_cfg.jobs import announce
from channels_cfg.models import Integration, Queue
from channels_cfg.prepared import first_row
from conversations.integrations.matching import Occasion, events_of, verdicts
from conversations.lifecycle.news import Happened
from conversations.models import IntegrationRun


def plan_runs(news: Sequence[Happened]) -> None:
    """A run for each integration that answers; one query where none does."""
    named = [(one, events) for one in news if (events := events_of(one.kind, is_forwarded=bool(one.came_from)))]
    if not named:
        return
    candidates = answering({event for _one, events in named for event in events})
    runs = [run for one, events in named for event in events for run in _runs(candidates, one, event)]
    if runs:
        IntegrationRun.objects.bulk_create(runs)
        announce(IntegrationRun)


_ANY = "SELECT 1 FROM channels_cfg_integration WHERE enabled AND events && %s::varchar[] LIMIT 1"


def answering(events: set[str]) -> list[Integration]:
    """Those that are on and answer one of the events, with all that decides at hand."""
    if not first_row(_ANY, [sorted(events)]):
        return []
    queues = Prefetch("queues", Queue.objects.only("pk"))
    found = Integration.objects.filter(enabled=True, events__overlap=sorted(events))
    return list(found.prefetch_related(queues, "authentications"))


def _runs(candidates: Sequence[Integration], one: Happened, event: str) -> list[IntegrationRun]:
    if not candidates:
        return []
    conversation = one.conversation
    occasion = Occasion(event, conversation.channel.kind, conversation.direction, one.queue_id)
    asked = [verdict.integration for verdict in verdicts(candidates, occasion) if not verdict.why_not]
    needing = [number > 0 and needs_earlier(integration) for number, integration in enumerate(asked)]
    group = uuid.uuid4()
    return [
        IntegrationRun(
            conversation_id=conversation.pk,
            integration=integration,
            integration_name=integration.name,
            event=event,
            group=group,
            position=number + 1,
            in_turn=needing[number],
            awaited=any(needing[number + 1 :]),
            happened_at=one.at,
            made_at=timezone.now(),
            facts=_facts(one),
        )
        for number, integration in enumerate(asked)
    ]


def needs_earlier(integration: Integration) -> bool:
    """Whether what those before it bring or set decides what it does; others are asked at the same time."""
    integration.given_authentications = {one.name: one.kind for one in integration.authentications.all()}
    try:
        read = integration.read()
    except ConfigurationFaults:
        return True
    return integration.is_echo or read.uses_attached_data or bool(read.sets)


def _facts(one: Happened) -> dict[str, Any]:
    """Ids alone."""
    facts = {
        "queue": one.queue_id,
        "agent": one.agent_id,
        "forwarding_queue": one.came_from,
        "transferring_agent": one.by_id if one.kind == "transferred" else None,
    }
    return {name: value for name, value in facts.items() if value}
