"""The timeline of a conversation in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_cfg.models import Queue, Source, User
from conversations.models import Association, Consent, Conversation, Event

CUSTOMER_EVENTS = {
    "reaction_event": gettext_lazy("reacted to a message"),
    "comment_event": gettext_lazy("commented"),
    "payment_status_update_event": gettext_lazy("a payment changed"),
    "shortlink_activated_event": gettext_lazy("followed a link into the channel"),
    "conversation_deleted_event": gettext_lazy("deleted the conversation on the channel"),
}


@dataclass(frozen=True)
class TimelineEntry:
    """One event: what, more of it, by whom, when, and how long after the one before."""

    label: str
    detail: str
    actor: str
    at: datetime
    since_previous: timedelta | None


def timeline(conversation: Conversation, consents: Iterable[Consent] = ()) -> list[TimelineEntry]:
    """All events, and those of the consents that the customer gave or withdrew meanwhile, the oldest first; three
    queries."""
    events = list(Event.objects.filter(conversation=conversation).select_related("actor").order_by("at", "id"))
    queues = _named(Queue, (event.detail.get("queue") for event in events))
    agents = _named(User, (event.detail.get("agent") for event in events))
    told = [
        (event.at, event.get_kind_display(), _detail(event, queues, agents), str(event.actor or "")) for event in events
    ]
    during = [consent for consent in consents if _is_during(conversation, consent.at)]
    told += [
        (consent.at, str(consent), consent.get_source_display(), str(consent.recorded_by or ""))
        for consent in reversed(during)
    ]
    told.sort(key=lambda entry: entry[0])
    previous = [None, *(at for at, *_rest in told[:-1])]
    return [
        TimelineEntry(label, detail, actor, at, at - before if before else None)
        for before, (at, label, detail, actor) in zip(previous, told, strict=True)
    ]


def _is_during(conversation: Conversation, at: datetime) -> bool:
    return conversation.received_at <= at and (conversation.ended_at is None or at <= conversation.ended_at)


_OFFERED = {
    "longest": gettext_lazy("available longest"),
    "preferred": gettext_lazy("the preferred agent"),
    "required": gettext_lazy("one of the required agents"),
}
_TURNED_AWAY = {"queue_full": gettext_lazy("the queue is full"), "queue_closed": gettext_lazy("the queue is closed")}


def _named(model: type[Queue] | type[User], ids: Iterable[Any]) -> dict[int, str]:
    wanted = {pk for pk in ids if isinstance(pk, int)}
    return {row.pk: str(row) for row in model._default_manager.filter(pk__in=wanted)}


def _about_agent(event: Event, agent: str | None) -> Iterator[str]:
    detail: Mapping[str, Any] = event.detail
    if event.kind == Event.Kind.WITHDRAWN and detail.get("away"):
        yield _("%(name)s went away") % {"name": agent or _("Nobody")}
    elif event.kind == Event.Kind.WITHDRAWN:
        words = _("%(name)s did not accept it within %(seconds)s seconds")
        yield words % {"name": agent or _("Nobody"), "seconds": detail.get("seconds", "")}
    elif agent:
        words = _("with %(name)s") if event.kind == Event.Kind.CONFERENCE else _("to %(name)s")
        yield words % {"name": agent}
        if why := _OFFERED.get(detail.get("why", "")):
            yield str(why)


def _detail(event: Event, queues: Mapping[int, str], agents: Mapping[int, str]) -> str:
    """Queue, agent and key names. What else a detail holds is for machines."""
    detail: Mapping[str, Any] = event.detail
    parts = [str(CUSTOMER_EVENTS[told])] if (told := detail.get("event")) in CUSTOMER_EVENTS else []
    if queue := queues.get(detail.get("queue", 0)):
        words = _("in %(name)s") if event.kind == Event.Kind.QUEUED else _("to %(name)s")
        parts.append(words % {"name": queue})
    if why := _TURNED_AWAY.get(detail.get("why", "")):
        parts.append(str(why))
    parts += _about_agent(event, agents.get(detail.get("agent", 0)))
    if detail.get("ended_by") in Conversation.Party.values:
        parts.append(_("by the %(party)s") % {"party": Conversation.Party(detail["ended_by"]).label.lower()})
    for name, words in (("keys", "%s"), ("facts", "%s"), ("kept", _("kept: %s")), ("destroyed", _("destroyed: %s"))):
        if keys := detail.get(name):
            parts.append(words % ", ".join(str(key) for key in keys))
    if detail.get("how") in Association.How.values:
        parts.append(str(Association.How(detail["how"]).label))
    if detail.get("source") in Source.values:
        parts.append(_("source: %(source)s") % {"source": Source(detail["source"]).label})
    return " · ".join(parts)
