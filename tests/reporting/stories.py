"""Conversations that ended at a chosen time, and threads that use the database as other processes do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Thread
from typing import Any

from django.db import connection

from channels_cfg.models import Queue, Source, User
from conversations import lifecycle
from conversations.attached_data.attach import attach_data
from conversations.models import Conversation
from tests.factories import UserFactory

MINUTE = timedelta(minutes=1)


def served(
    queue: Queue,
    *,
    received_at: datetime,
    data: dict[str, Any] | None = None,
    agent: User | None = None,
    handled: bool = True,
    **facts: Any,
) -> Conversation:
    """Received, accepted a minute later, ended after five, handled after six."""
    agent = agent or UserFactory()
    conversation = lifecycle.receive(channel=queue.channel, queue=queue, now=received_at, **facts)
    if data:
        attach_data(conversation, data, source=Source.CUSTOMER, at=received_at)
    lifecycle.accept(conversation.pk, by=agent, now=received_at + MINUTE)
    conversation = lifecycle.end(conversation.pk, by=agent, now=received_at + 5 * MINUTE)
    return lifecycle.handle(conversation.pk, by=agent, now=received_at + 6 * MINUTE) if handled else conversation


def abandoned(
    queue: Queue, *, received_at: datetime, data: dict[str, Any] | None = None, waited: timedelta = MINUTE, **facts: Any
) -> Conversation:
    """Received, and left by the customer before an agent came."""
    conversation = lifecycle.receive(channel=queue.channel, queue=queue, now=received_at, **facts)
    if data:
        attach_data(conversation, data, source=Source.CUSTOMER, at=received_at)
    return lifecycle.end(conversation.pk, now=received_at + waited)


class Elsewhere(Thread):
    """Does something on a database connection of its own; ``finish`` gives back its result, or raises its error."""

    def __init__(self, action: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self.action = action
        self.result: Any = None
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self.result = self.action()
        except BaseException as error:
            self.error = error
        finally:
            connection.close()

    def finish(self) -> Any:
        self.join(timeout=30)
        assert not self.is_alive()
        if self.error:
            raise self.error
        return self.result


def waits_for_a_lock(*, statement_like: str) -> int | None:
    """The database process that waits for a lock in such a statement, None when there is none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # a transaction sees its first look otherwise
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            " AND query LIKE %s",
            [statement_like],
        )
        found = cursor.fetchone()
    return found[0] if found else None
