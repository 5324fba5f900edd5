"""The months of the Contact Log, each a table of its own: made when the first entry of a month is to be written.

There is no partition for all the rest, which would fill unnoticed and stand in the way of the month that belongs there.
What claims to have been received before 2000 or after 2099 has two partitions of its own, made by the migration.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import DatabaseError, connection, transaction
from psycopg.errors import CheckViolation

from conversations.models import ENDED_STATES
from reporting.models import ContactLogEntry

LOG = ContactLogEntry._meta.db_table
FIRST_YEAR, LAST_YEAR = 2000, 2099

_ONE_AT_A_TIME = f"SELECT pg_advisory_xact_lock(hashtext('months of {LOG}'))"
_MONTHS_TO_REPORT = f"""
    SELECT DISTINCT extract(year FROM month)::int, extract(month FROM month)::int
      FROM (SELECT date_trunc('month', received_at AT TIME ZONE 'UTC') AS month
              FROM conversations_conversation
             WHERE state = ANY (%s) AND id IN (SELECT conversation_id FROM conversations_reportablechange)) AS found
     WHERE to_regclass('{LOG}' || to_char(month, '"_"YYYY"_"MM')) IS NULL
     ORDER BY 1, 2
"""
# Attached rather than made as a partition, which would wait for everybody who reads the log, and have all others wait.
_MAKE = "CREATE TABLE {month} (LIKE {log} INCLUDING ALL)"
_ATTACH = "ALTER TABLE {log} ATTACH PARTITION {month} FOR VALUES FROM ('{start}') TO ('{end}')"


def is_for_want_of_a_month(refused: DatabaseError) -> bool:
    """Whether the database refused an entry because there is no partition for its month."""
    cause = refused.__cause__
    return isinstance(cause, CheckViolation) and cause.diag.constraint_name is None and cause.diag.table_name == LOG


@transaction.atomic
def make_months() -> bool:
    """Make the partitions for all that waits to be reported; whether one was missing."""
    with connection.cursor() as cursor:
        cursor.execute(_ONE_AT_A_TIME)
        cursor.execute(_MONTHS_TO_REPORT, [[state.value for state in ENDED_STATES]])
        months = [month for month in cursor.fetchall() if FIRST_YEAR <= month[0] <= LAST_YEAR]
        for year, month in months:
            start = datetime(year, month, 1, tzinfo=UTC)
            end = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
            name = f"{LOG}_{start:%Y_%m}"
            cursor.execute(_MAKE.format(log=LOG, month=name))
            cursor.execute(_ATTACH.format(log=LOG, month=name, start=start, end=end))
    return bool(months)
