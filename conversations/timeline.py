"""The timeline of a conversation in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from channels_cfg.models import Queue, Source, User
from conversations.models import Conversation, Event


@dataclass(frozen=True)
class TimelineEntry:
    """One event: what, more of it, by whom, when, and how long after the one before."""

    label: str
    detail: str
    actor: str
    at: datetime
    since_previous: timedelta | None


def timeline(conversation: Conversation) -> list[TimelineEntry]:
    """All events, the oldest first; three queries."""
    events = list(Event.objects.filter(conversation=conversation).select_related("actor").order_by("at", "id"))
    queues = _named(Queue, (event.detail.get("queue") for event in events))
    agents = _named(User, (event.detail.get("agent") for event in events))
    previous = [None, *events[:-1]]
    return [
        TimelineEntry(
            label=event.get_kind_display(),
            detail=_detail(event, queues, agents),
            actor=str(event.actor or ""),
            at=event.at,
            since_previous=event.at - before.at if before else None,
        )
        for before, event in zip(previous, events, strict=True)
    ]


def _named(model: type[Queue] | type[User], ids: Iterable[Any]) -> dict[int, str]:
    wanted = {pk for pk in ids if isinstance(pk, int)}
    return {row.pk: str(row) for row in model._default_manager.filter(pk__in=wanted)}


def _detail(event: Event, queues: Mapping[int, str], agents: Mapping[int, str]) -> str:
    """Queue, agent and key names. What else a detail holds is for machines."""
    detail: Mapping[str, Any] = event.detail
    parts = []
    if queue := queues.get(detail.get("queue", 0)):
        words = _("in %(name)s") if event.kind == Event.Kind.QUEUED else _("to %(name)s")
        parts.append(words % {"name": queue})
    agent = agents.get(detail.get("agent", 0))
    if event.kind == Event.Kind.WITHDRAWN:
        words = _("%(name)s did not accept it within %(seconds)s seconds")
        parts.append(words % {"name": agent or _("Nobody"), "seconds": detail.get("seconds", "")})
    elif agent:
        words = _("with %(name)s") if event.kind == Event.Kind.CONFERENCE else _("to %(name)s")
        parts.append(words % {"name": agent})
    if detail.get("ended_by") in Conversation.Party.values:
        parts.append(_("by the %(party)s") % {"party": Conversation.Party(detail["ended_by"]).label.lower()})
    for name, words in (("keys", "%s"), ("kept", _("kept: %s")), ("destroyed", _("destroyed: %s"))):
        if keys := detail.get(name):
            parts.append(words % ", ".join(str(key) for key in keys))
    if detail.get("source") in Source.values:
        parts.append(_("source: %(source)s") % {"source": Source(detail["source"]).label})
    return " · ".join(parts)
