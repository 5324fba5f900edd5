"""A centre's history of any size, made by set-based SQL in a moment; its ids follow time, as the portal's do."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from channels_cfg.models import (
    QUEUE_RIGHTS,
    AccessRight,
    ApiKey,
    Channel,
    MessagingService,
    Queue,
    User,
    WebhookSecret,
)

KEPT_KEYS = ["csat", "customerType", "orderId"]
WEBHOOK_SECRET = "bench-secret-of-the-webhook"

_CONVERSATIONS = """
    INSERT INTO conversations_conversation (
        id, channel_id, queue_id, messaging_channel, direction, state, agent_id, customer_address, customer_name,
        received_at, queued_at, allocated_at, accepted_at, ended_at, handled_at, ended_by,
        kept_data, kept_sources, kept_times, kept_flags, dropped_keys, judged_keys, settings_version, version
    )
    SELECT (lpad(to_hex(floor(extract(epoch FROM at) * 1000)::bigint), 12, '0')
                || right(replace(gen_random_uuid()::text, '-', ''), 20))::uuid,
           %(channel)s, (%(queues)s::bigint[])[1 + n %% %(queue_count)s],
           (ARRAY['WHATSAPP', 'SMS', 'RCS', 'MESSENGER'])[1 + n %% 4], 'inbound',
           CASE WHEN abandoned THEN 'abandoned' ELSE 'handled' END,
           CASE WHEN abandoned THEN NULL ELSE (%(agents)s::bigint[])[1 + n %% %(agent_count)s] END,
           '35840' || lpad((n::bigint * 7919 %% 10000000)::text, 7, '0'),
           CASE WHEN n %% 3 = 0 THEN 'Customer ' || n ELSE '' END,
           at, at, CASE WHEN abandoned THEN NULL ELSE at + interval '20 s' END,
           CASE WHEN abandoned THEN NULL ELSE at + interval '30 s' END,
           at + interval '400 s', CASE WHEN abandoned THEN NULL ELSE at + interval '430 s' END,
           CASE WHEN n %% 2 = 0 THEN 'agent' ELSE 'customer' END,
           CASE WHEN abandoned THEN '{}'::jsonb ELSE jsonb_build_object(
               'customerType', (ARRAY['gold', 'silver', 'bronze'])[1 + n %% 3],
               'orderId', 'A' || n, 'csat', n %% 5) END,
           CASE WHEN abandoned THEN '{}'::jsonb ELSE
               '{"customerType": "customer", "orderId": "customer", "csat": "api"}'::jsonb END,
           '{}', '{}', '{"customerId": "not_kept"}', '{customerType,orderId,csat}', 1, 4
      FROM (SELECT n, n %% 10 = 9 AS abandoned, now() - interval '1 hour' - n * interval '17 s' AS at
              FROM generate_series(1, %(rows)s) AS n) AS numbered
"""


@dataclass(frozen=True)
class Dataset:
    """The people and places of a filled database."""

    supervisor: User
    api_key: str
    service: MessagingService
    conversation_id: str


def fill(rows: int) -> Dataset:
    """Fill an empty, migrated database with this many ended conversations."""
    channel = Channel.objects.create(name="Chat", kind=Channel.Kind.CHAT, statistics_keys=KEPT_KEYS)
    queues = [Queue.objects.create(name=f"Queue {number}", channel=channel) for number in range(20)]
    for number in range(50):
        User.objects.create(username=f"agent{number}")
    supervisor = User.objects.create(username="supervisor")
    client = User.objects.create(username="client", is_api_client=True)
    AccessRight.objects.bulk_create(
        AccessRight(user=user, right=right, queue=queue)
        for user in (supervisor, client)
        for right in QUEUE_RIGHTS
        for queue in queues
    )
    _, api_key = ApiKey.objects.issue(user=client)
    service = MessagingService.objects.create(name="Bench", project_id="bench", app_id="BENCH", queue=queues[0])
    WebhookSecret.objects.create(service=service, secret=WEBHOOK_SECRET)
    converse(rows)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM conversations_conversation WHERE state = 'handled' ORDER BY id LIMIT 1")
        (conversation_id,) = cursor.fetchone()
    report_all_anew()
    vacuum()
    return Dataset(supervisor, api_key, service, conversation_id.hex)


def converse(rows: int) -> None:
    """So many conversations more, one every 17 seconds, the latest of which came an hour ago."""
    queues = Queue.objects.filter(channel__name="Chat").order_by("pk")
    agents = User.objects.filter(username__startswith="agent").order_by("pk")
    with connection.cursor() as cursor:
        cursor.execute(
            _CONVERSATIONS,
            {
                "rows": rows,
                "channel": queues[0].channel_id,
                "queues": [queue.pk for queue in queues],
                "queue_count": len(queues),
                "agents": [agent.pk for agent in agents],
                "agent_count": len(agents),
            },
        )


def report_all_anew() -> None:
    """Empty the Contact Log and make every conversation news for the reporting job."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE reporting_contactlogentry, reporting_keptkeyname, conversations_reportablechange")
        cursor.execute(
            "INSERT INTO conversations_reportablechange (conversation_id, made_at) "
            "SELECT id, now() FROM conversations_conversation"
        )


def vacuum() -> None:
    """Let PostgreSQL know its tables, as it would by itself after a while."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
