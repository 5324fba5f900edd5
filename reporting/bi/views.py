"""What BI tools read: views of the Contact Log, each showing to a login what its user may see in reports.

Whoever is connected counts, as ``BiLogin`` knows the role; a role without a login sees no row. The views are made anew
with every migration, so that a migration of what they read need not know of them. Their names and columns stay.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from django.db import connections, transaction

SCHEMA = "bi"
RIGHTS = "bi_rights"
"""The schema of what only the views themselves read."""

# Whoever asks cannot become another: session_user stays whatever role is set.
_RIGHTS_VIEWS = {
    "held": """
        SELECT held.queue_id, held.queue_group_id, held.direct_conversations_of_id AS group_id
          FROM reporting_bilogin login
          JOIN channels_cfg_user person ON person.id = login.user_id AND person.is_active
          JOIN channels_cfg_accessright held ON held."right" = 'view_reports' AND (
                   held.user_id = person.id
                   OR held.group_id IN (SELECT group_id FROM channels_cfg_user_groups WHERE user_id = person.id))
         WHERE login.role = session_user
    """,
    "queues": f"""
        SELECT queue_id FROM {RIGHTS}.held WHERE queue_id IS NOT NULL
         UNION
        SELECT member.queue_id
          FROM {RIGHTS}.held held
          JOIN channels_cfg_queue_groups member ON member.queuegroup_id = held.queue_group_id
    """,
    "channels": f"""
        SELECT DISTINCT channel_id FROM channels_cfg_queue WHERE id IN (SELECT queue_id FROM {RIGHTS}.queues)
    """,
    "direct_agents": f"""
        SELECT DISTINCT member.user_id AS agent_id
          FROM {RIGHTS}.held held
          JOIN channels_cfg_user_groups member ON member.group_id = held.group_id
    """,
}

_VIEWS = {
    "contact_log": f"""
        SELECT entry.conversation_id, entry.received_at, entry.accepted_at, entry.ended_at, entry.handled_at,
               entry.channel_id, channel.name AS channel, channel.kind AS channel_kind,
               nullif(entry.messaging_channel, '') AS messaging_channel,
               entry.queue_id, queue.name AS queue, entry.agent_id, agent.username AS agent,
               entry.direction, entry.state, entry.ended_in_ivr,
               entry.state IN ('wrap_up', 'handled') AS is_served, entry.state = 'abandoned' AS is_abandoned,
               entry.state = 'false_attempt' AS is_false_attempt, entry.within_service_level,
               entry.waited_seconds, entry.ivr_seconds, entry.handling_seconds, entry.hold_seconds,
               nullif(entry.disposition, '') AS disposition,
               entry.kept_data, entry.dropped_keys, entry.judged_keys, entry.first_reported_at, entry.reported_at,
               entry.late_changes
          FROM reporting_contactlogentry entry
          JOIN channels_cfg_channel channel ON channel.id = entry.channel_id
          LEFT JOIN channels_cfg_queue queue ON queue.id = entry.queue_id
          LEFT JOIN channels_cfg_user agent ON agent.id = entry.agent_id
         WHERE entry.queue_id IN (SELECT queue_id FROM {RIGHTS}.queues)
            OR entry.queue_id IS NULL AND entry.agent_id IN (SELECT agent_id FROM {RIGHTS}.direct_agents)
            OR entry.ended_in_ivr AND entry.channel_id IN (SELECT channel_id FROM {RIGHTS}.channels)
    """,
    "kept_keys": f"""
        SELECT entry.conversation_id, entry.received_at, kept.key, jsonb_typeof(kept.value) AS type,
               kept.value #>> '{{}}' AS text,
               CASE jsonb_typeof(kept.value) WHEN 'number' THEN kept.value::numeric END AS number,
               CASE jsonb_typeof(kept.value) WHEN 'boolean' THEN kept.value::boolean END AS boolean
          FROM {SCHEMA}.contact_log entry
         CROSS JOIN LATERAL jsonb_each(entry.kept_data) AS kept
    """,
    "legs": f"""
        SELECT leg.id AS leg_id, entry.conversation_id, entry.received_at, leg.purpose, leg.entry,
               leg.queue_id, queue.name AS queue, leg.agent_id, agent.username AS agent,
               leg.started_at, leg.connected_at, leg.ended_at,
               extract(epoch FROM leg.ended_at - leg.started_at)::float8 AS seconds
          FROM {SCHEMA}.contact_log entry
          JOIN conversations_leg leg ON leg.conversation_id = entry.conversation_id
          LEFT JOIN channels_cfg_queue queue ON queue.id = leg.queue_id
          LEFT JOIN channels_cfg_user agent ON agent.id = leg.agent_id
         WHERE leg.queue_id IS NULL OR leg.queue_id IN (SELECT queue_id FROM {RIGHTS}.queues)
    """,
    "channels": f"""
        SELECT id AS channel_id, name AS channel, kind
          FROM channels_cfg_channel
         WHERE id IN (SELECT channel_id FROM {RIGHTS}.channels)
    """,
    "queues": f"""
        SELECT queue.id AS queue_id, queue.name AS queue, queue.channel_id, channel.name AS channel
          FROM channels_cfg_queue queue
          JOIN channels_cfg_channel channel ON channel.id = queue.channel_id
         WHERE queue.id IN (SELECT queue_id FROM {RIGHTS}.queues)
    """,
    "agents": f"""
        SELECT DISTINCT agent_id, agent FROM {SCHEMA}.contact_log WHERE agent_id IS NOT NULL
    """,
}

COLUMNS = {
    "contact_log": {
        "conversation_id": "One row each, also after a transfer",
        "received_at": "When it was received; name a period of it, since the log is partitioned by it",
        "accepted_at": "When an agent first accepted it",
        "handled_at": "When it was handled, after wrap-up",
        "queue": "Null: a direct conversation, or a call that ended in the IVR",
        "agent": "User name of who had it last",
        "is_served": "Accepted by an agent before it ended",
        "within_service_level": "Accepted in time; null where service level does not count it",
        "waited_seconds": "From queued, or received without a queue, to first accepted or the end",
        "ivr_seconds": "In the IVR; no part of the waiting time",
        "handling_seconds": "From first accepted to handled; null until then",
        "hold_seconds": "On hold, of all its agents; a part of the handling time",
        "kept_data": "{key: value}; kept_keys has a row for each",
        "dropped_keys": "{key: reason}: what came and was not kept; never a value",
        "judged_keys": "The list of keys to keep that counted when it ended; one of them without a value never came",
        "first_reported_at": "Earlier than reported_at: it was reported again",
        "late_changes": "What changed after the first report: kept_data, disposition, handling, anonymised",
    },
    "kept_keys": {
        "type": "Of the value, in terms of JSON: string, number, boolean or null",
        "text": "The value as text, whatever its type",
    },
    "legs": {
        "purpose": "Who it was: customer, workflow (an IVR), queue, agent",
        "entry": "How it came in: arrived, queue, direct, transfer, consultation, conference",
        "seconds": "From joining to leaving; null while it lasts",
    },
}
"""What is to be said of columns whose name does not say it all."""

_CREATE = [
    f"DROP SCHEMA IF EXISTS {SCHEMA}, {RIGHTS} CASCADE",
    f"CREATE SCHEMA {RIGHTS}",
    f"CREATE SCHEMA {SCHEMA}",
    *(f"CREATE VIEW {RIGHTS}.{name} AS {query}" for name, query in _RIGHTS_VIEWS.items()),
    # A condition of whoever asks is looked at after ours, unless it can tell nothing of rows that it does not pass.
    *(f"CREATE VIEW {SCHEMA}.{name} WITH (security_barrier) AS {query}" for name, query in _VIEWS.items()),
    *(
        f"COMMENT ON COLUMN {SCHEMA}.{view}.{column} IS '{words}'"
        for view, columns in COLUMNS.items()
        for column, words in columns.items()
    ),
    # To everybody who can connect: the portal itself and logins for BI, each of which sees the rows of its user alone.
    f"GRANT USAGE ON SCHEMA {SCHEMA} TO PUBLIC",
    f"GRANT SELECT ON ALL TABLES IN SCHEMA {SCHEMA} TO PUBLIC",
]
_DIGEST = sha256("\n".join(_CREATE).encode()).hexdigest()


def drop_views(using: str, plan: list[Any], **_facts: Any) -> None:
    """Before migrations: nothing stands in the way of what they change."""
    if plan:
        with connections[using].cursor() as cursor:
            cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA}, {RIGHTS} CASCADE")


def create_views(using: str, **_facts: Any) -> None:
    """After migrations: the views, where they are not there as they are written here."""
    with transaction.atomic(using), connections[using].cursor() as cursor:
        cursor.execute("SELECT obj_description(to_regnamespace(%s), 'pg_namespace')", [SCHEMA])
        if cursor.fetchone() == (_DIGEST,):
            return
        for statement in _CREATE:
            cursor.execute(statement)
        cursor.execute(f"COMMENT ON SCHEMA {SCHEMA} IS '{_DIGEST}'")
