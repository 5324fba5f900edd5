"""Facts of a session come in, during a conversation or after its end."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from channels_cfg.models import User
from conversations import session_facts
from conversations.lifecycle import locked, save, tell
from conversations.models import ENDED_STATES, Conversation, Event, Session, tell_readers
from conversations.models.session import not_told
from conversations.session_facts import LISTS, MOMENTS, ORDERED, PARTICIPANT


@transaction.atomic
def tell_facts(
    conversation_id: uuid.UUID, facts: Mapping[str, Any], *, by: User, now: datetime
) -> tuple[Conversation, Session]:
    """Store facts by name, as ``session_facts.FACTS`` describes them, and return them all. None takes a fact back.

    A thing in a list is known by its id: told again, it is replaced, and others stay. What is told twice changes
    nothing. Raises Django's ``ValidationError`` by name, and then nothing is stored.
    """
    session_facts.check(facts)
    conversation = locked(conversation_id)
    session = session_of(conversation)
    before = session.facts
    for name, value in facts.items():
        setattr(session, name, _merged(session, name, value))
    _number_participants(session.virtual_agents)
    changed = sorted(name for name, value in session.facts.items() if value != before[name])
    if changed:
        session.told_at, session.told_by = now, by
        session.full_clean(exclude=["conversation"])
        session.save()
        tell(conversation, Event.Kind.SESSION, at=now, by=by, facts=changed)
        save(conversation)
        if not conversation.is_active:
            tell_readers((conversation.pk, now))
    return conversation, session


def session_of(conversation: Conversation) -> Session:
    """What was told of it so far; a row that is not stored yet where nothing was."""
    return Session.objects.filter(conversation=conversation).first() or Session(conversation=conversation)


def _merged(session: Session, name: str, value: Any) -> Any:
    if value is None:
        return not_told(name)
    value = session_facts.tidied(value)
    if name in MOMENTS:
        return session_facts.moment(value)
    if name not in LISTS or name in ORDERED:
        return value
    by_id = {item["id"]: item for item in getattr(session, name)}
    for item in value:
        by_id[item["id"]] = _with_own_number(item, by_id.get(item["id"], {}))
    return [by_id[pk] for pk in sorted(by_id)]


def _with_own_number(item: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """A number that we gave stays, whatever is told of the rest."""
    told = {name: value for name, value in item.items() if name != PARTICIPANT}
    return told | {name: value for name, value in before.items() if name == PARTICIPANT}


_NEXT_NUMBERS = "SELECT nextval(pg_get_serial_sequence('conversations_leg', 'id')) FROM generate_series(1, %s)"


def _number_participants(virtual_agents: Iterable[dict[str, Any]]) -> None:
    """Participants have numbers of one series, whether they are legs or virtual agents."""
    new = [item for item in virtual_agents if PARTICIPANT not in item]
    if not new:
        return
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_NUMBERS, [len(new)])
        for item, (number,) in zip(new, cursor.fetchall(), strict=True):
            item[PARTICIPANT] = number


@transaction.atomic
def erase_facts(conversations: QuerySet[Conversation], *, now: datetime) -> None:
    """Nothing is left of what customers said in these sessions and are called; readers hear of those that ended."""
    told = Session.objects.filter(conversation__in=conversations)
    ended = list(told.filter(conversation__state__in=ENDED_STATES).values_list("pk", flat=True))
    told.erase_customer_data()
    tell_readers(*[(pk, now) for pk in ended])
