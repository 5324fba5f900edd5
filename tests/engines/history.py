"""A centre's history with conversations of every kind, for engines of others to count."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db import connection

from channels_cfg.models import AccessRight, Right, User
from reporting.contact_log.fill import run_reporting_job
from tests.bench.dataset import Dataset

# Of the conversations as the benchmark has them, some become others: what they may be, the database says itself.
_VALUES = r"""ARRAY['""', '"gold, or silver"', 'null', 'true', '2.50', '"Ä\"\n"']"""
_VARIETY = [
    """
    UPDATE conversations_conversation SET state = 'false_attempt', ended_at = received_at + interval '3 s'
     WHERE state = 'abandoned' AND number % 3 = 0
    """,
    """
    UPDATE conversations_conversation SET queue_id = NULL, allocated_at = NULL, time_in_ivr = interval '70 s'
     WHERE state = 'abandoned' AND number % 4 = 1
    """,
    """
    UPDATE conversations_conversation SET queue_id = NULL WHERE state = 'handled' AND number % 7 = 0
    """,
    """
    UPDATE conversations_conversation SET direction = 'outbound', disposition = 'Sold'
     WHERE state = 'handled' AND number % 11 = 0
    """,
    """
    UPDATE conversations_conversation SET accepted_at = received_at + interval '12 s', messaging_channel = ''
     WHERE state = 'handled' AND number % 5 = 0
    """,
    f"""
    UPDATE conversations_conversation
       SET kept_data = jsonb_build_object('customerType', ({_VALUES})[1 + number / 6 % 6]::jsonb)
     WHERE state = 'handled' AND number % 6 = 0
    """,
    """
    INSERT INTO conversations_reportablechange (conversation_id, made_at)
    SELECT id, now() FROM conversations_conversation WHERE number % 17 <> 0
    """,
]


def tell_of_every_kind(dataset: Dataset) -> User:
    """Report the conversations, change many, report these again; who may see all of it in reports."""
    run_reporting_job()
    with connection.cursor() as cursor:
        for statement in _VARIETY:
            cursor.execute(statement)
    run_reporting_job()
    team = Group.objects.create(name="Team")
    team.user_set.add(*User.objects.filter(username__startswith="agent"))
    AccessRight.objects.create(user=dataset.supervisor, right=Right.VIEW_REPORTS, direct_conversations_of=team)
    return dataset.supervisor
