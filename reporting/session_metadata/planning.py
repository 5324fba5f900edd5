"""What is delivered when: the news of conversations become deliveries that wait, thousands in one statement.

The first delivery is due some time after the end, later ones at once, but a minute after the one before. Where a copy
lies, changes follow, also where the settings name that destination no more.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from channels_cfg import jobs
from channels_cfg.keys.effective_settings import effective_destinations
from channels_cfg.models import SystemSettings
from conversations.models import ENDED_STATES, Conversation, SessionMetadataChange
from reporting.models import FileDelivery
from reporting.session_metadata.reading import KINDS

logger = logging.getLogger(__name__)

CHANGES_PER_BATCH = 5_000
BETWEEN_DELIVERIES = timedelta(minutes=1)
"""Of one file to one destination."""

# Rows are written in one order, so that neither two planners nor a worker that finishes wait in a circle.
# One that a worker holds, or that waits already, only learns that something changed since.
_PLAN = """
    WITH wanted AS (
        SELECT told.id, told.ended_at, place.destination_id
          FROM conversations_conversation AS told
          JOIN unnest(%(channels)s::bigint[], %(queues)s::bigint[], %(destinations)s::bigint[])
               AS place (channel_id, queue_id, destination_id)
            ON place.channel_id = told.channel_id AND place.queue_id IS NOT DISTINCT FROM told.queue_id
         WHERE told.id = ANY (%(ids)s) AND told.state = ANY (%(ended)s)
         UNION
        SELECT told.id, told.ended_at, copy.destination_id
          FROM reporting_filedelivery AS copy
          JOIN conversations_conversation AS told ON told.id = copy.conversation_id
         WHERE copy.conversation_id = ANY (%(ids)s) AND copy.revision > 0 AND told.state = ANY (%(ended)s)
    )
    INSERT INTO reporting_filedelivery AS delivery (
           conversation_id, destination_id, destination_name, state, ended_at, due_at, held_until, changed_at)
    SELECT wanted.id, destination.id, destination.name, 'waiting', ended_at, due.at, due.at, %(now)s
      FROM wanted
      JOIN channels_cfg_metadatadestination AS destination ON destination.id = wanted.destination_id,
           greatest(ended_at + %(first_after)s, %(now)s) AS due (at)
     ORDER BY wanted.id, destination.id
        ON CONFLICT (conversation_id, destination_id) DO UPDATE
       SET changed_at = excluded.changed_at, ended_at = excluded.ended_at
"""
_DUE_AGAIN = """
    UPDATE reporting_filedelivery
       SET state = 'waiting', finished_at = NULL, attempts = 0, interruptions = 0, reason = '', is_our_error = false,
           due_at = due.at, held_until = due.at
      FROM (SELECT id, greatest(ended_at + %(first_after)s, delivered_at + %(between)s, %(now)s) AS at
              FROM reporting_filedelivery
             WHERE conversation_id = ANY (%(ids)s) AND changed_at = %(now)s AND finished_at IS NOT NULL
             ORDER BY conversation_id, destination_id
               FOR UPDATE) AS due
     WHERE reporting_filedelivery.id = due.id
"""


def plan_deliveries(*, now: datetime) -> int:
    """Have everything delivered that ended or changed, some time later; return how many deliveries that concerns.

    Several may plan at once. One that dies has lost nothing: news go in the transaction that puts them on the list.
    """
    FileDelivery.objects.without_destination().update(**_given_up(now))
    planned = 0
    while (found := _plan_batch(now)) is not None:
        planned += found
        # By ``changed_at`` a worker that took what the last batch planned knows that it was told more since.
        now += datetime.resolution
    if planned:
        jobs.announce(FileDelivery)
        logger.info("Deliveries of session metadata planned: %s", planned)
    return planned


@transaction.atomic
def _plan_batch(now: datetime) -> int | None:
    """Plan the oldest news; None where there were none. News that another planner has in hand are passed over."""
    ids = _news()
    if not ids:
        return None
    system = SystemSettings.load()
    facts: dict[str, Any] = {
        "ids": ids,
        "ended": [state.value for state in ENDED_STATES],
        "now": now,
        "first_after": timedelta(minutes=system.session_metadata_minutes),
        "between": BETWEEN_DELIVERIES,
    }
    with connection.cursor() as cursor:
        cursor.execute(_PLAN, facts | _places_and_destinations(ids, system))
        planned = cursor.rowcount
        cursor.execute(_DUE_AGAIN, facts)
    return planned


def _news() -> list[uuid.UUID]:
    """Take conversations off the list of those that have changed."""
    news = SessionMetadataChange.objects.order_by("id").select_for_update(skip_locked=True)
    taken = dict(news.values_list("pk", "conversation")[:CHANGES_PER_BATCH])
    SessionMetadataChange.objects.filter(pk__in=taken)._raw_delete("default")
    return list(set(taken.values()))


def _places_and_destinations(ids: Sequence[uuid.UUID], system: SystemSettings) -> dict[str, list[int | None]]:
    """Where these conversations were, and what the settings name there: three columns of one table."""
    sessions = Conversation.objects.filter(pk__in=ids, channel__kind__in=KINDS).order_by()
    places = set(sessions.values_list("channel", "queue"))
    rows = [
        (channel, queue, destination)
        for (channel, queue), destinations in effective_destinations(places, system=system).items()
        for destination in destinations
    ]
    return {
        "channels": [channel for channel, _queue, _destination in rows],
        "queues": [queue for _channel, queue, _destination in rows],
        "destinations": [destination for _channel, _queue, destination in rows],
    }


def _given_up(now: datetime) -> dict[str, Any]:
    return {
        "state": FileDelivery.State.FAILED,
        "finished_at": now,
        "holder": None,
        "held_until": None,
        "reason": _("Its destination was deleted."),
    }
