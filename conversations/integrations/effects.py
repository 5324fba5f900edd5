"""What a response brings, written into the conversation. Callers hold the conversation's row lock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from channels_cfg.integrations.configuration import HIGHEST_PRIORITY, priority_of
from channels_cfg.models import Queue, Source, User
from conversations import lifecycle
from conversations.attached_data.attach import attach_data
from conversations.models import Conversation, IntegrationRun
from conversations.pairs import RefusedPairs

MOST_MOVES = 5
"""So often integrations move one conversation to another queue; then they would go on for ever."""


class NotDone(Exception):
    """Something cannot be saved or set. Says why, in words without data."""


def save(run: IntegrationRun, conversation: Conversation, data: Mapping[str, Any]) -> list[str]:
    """Attach what was fetched, and say of each key that is not there now what became of it.

    It counts as said when the event happened: of two of the same event the later in order wins, and of two events the
    later, whichever answers first. Raises ``NotDone``, having changed nothing.
    """
    at = run.happened_at + timedelta(microseconds=run.position)
    try:
        results = attach_data(conversation, data, source=Source.INTEGRATION, at=at)
    except RefusedPairs as refused:
        raise NotDone(next(iter(refused.complaints.values()))) from None
    return [f"{key}: {result.reason}" for key, result in results.items() if result.reason]


def set_one(run: IntegrationRun, conversation: Conversation, kind: str, value: Any, *, now: datetime) -> None:
    """Raises ``NotDone``, having changed nothing."""
    try:
        _SETS[kind](run, conversation, value, now)
    except (lifecycle.WrongState, lifecycle.WrongChannel) as wrong:
        raise NotDone(str(wrong)) from None


def _set_priority(run: IntegrationRun, conversation: Conversation, value: Any, now: datetime) -> None:
    priority = priority_of(value)
    if priority is None:
        raise NotDone(_("It is no whole number from 0 to %(most)s.") % {"most": HIGHEST_PRIORITY})
    lifecycle.prefer(conversation.pk, now=now, priority=priority)


def _set_queue(run: IntegrationRun, conversation: Conversation, value: Any, now: datetime) -> None:
    queue = _queue(conversation, value if isinstance(value, Mapping) else {})
    moves = IntegrationRun.objects.filter(conversation=conversation, sets__contains=["queue"]).count()
    if moves >= MOST_MOVES:
        raise NotDone(_("Integrations have moved it %(most)s times already.") % {"most": MOST_MOVES})
    lifecycle.enqueue(conversation.pk, queue=queue, now=now)


def _queue(conversation: Conversation, named: Mapping[str, Any]) -> Queue:
    rows = Queue.objects.select_related("channel")
    pk, name, address = (str(named.get(key) or "").strip() for key in ("id", "name", "address"))
    if pk:
        found = rows.filter(pk=int(pk)) if pk.isascii() and pk.isdecimal() and len(pk) < 19 else rows.none()
    elif address:
        found = rows.filter(addresses__address__iexact=address)
    else:
        found = rows.filter(name=name)
    queue = found.first()
    if queue is None:
        raise NotDone(_("There is no such queue."))
    if queue.channel_id != conversation.channel_id:
        raise NotDone(_("The queue belongs to another channel."))
    return queue


def _set_preferred_agent(run: IntegrationRun, conversation: Conversation, value: Any, now: datetime) -> None:
    lifecycle.prefer(conversation.pk, now=now, preferred_agent=_agent(value))


def _set_required_agents(run: IntegrationRun, conversation: Conversation, value: Any, now: datetime) -> None:
    given = value.get("agents") if isinstance(value, Mapping) else value
    agents = [_agent(one) for one in (given if isinstance(given, list) else [given])]
    lifecycle.prefer(conversation.pk, now=now, required_agents=agents, required_for=_required_for(value))


def _required_for(value: Any) -> timedelta | None:
    seconds = value.get("timeout") if isinstance(value, Mapping) else None
    if seconds in (None, ""):
        return None
    try:
        return timedelta(seconds=min(max(int(str(seconds)), 0), 7 * 24 * 3600))
    except ValueError:
        raise NotDone(_("The time limit is no whole number of seconds.")) from None


def _agent(value: Any) -> User:
    """The one agent who is meant: by id, number, chat address, user name or e-mail address."""
    given = list(value.values()) if isinstance(value, Mapping) else [value]
    named = next((str(one).strip() for one in given if isinstance(one, str | int) and str(one).strip()), "")
    if not named:
        raise NotDone(_("No agent is named."))
    wanted = Q(username=named) | Q(email__iexact=named)
    if named.isascii() and named.isdecimal() and len(named) < 19:
        wanted |= Q(pk=int(named))
    found = list(User.objects.filter(wanted, is_active=True, is_api_client=False).order_by("pk")[:2])
    if len(found) != 1:
        raise NotDone(_("There is no such agent.") if not found else _("There are several such agents."))
    return found[0]


_SETS = {
    "priority": _set_priority,
    "preferredAgent": _set_preferred_agent,
    "requiredAgents": _set_required_agents,
    "queue": _set_queue,
}
IN_ORDER = tuple(_SETS)
"""Who is to have it is said before it moves."""
