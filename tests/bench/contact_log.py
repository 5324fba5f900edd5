"""The Contact Log: how fast the reporting job fills it, and how it answers however much it holds."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from datetime import timedelta

from django.db import connection
from django.test import Client
from django.utils import timezone

from channels_cfg.models import Queue
from reporting.contact_log.counts import count
from reporting.contact_log.fill import run_reporting_job
from tests.bench import databases, exports
from tests.bench.dataset import Dataset, converse, report_all_anew, vacuum
from tests.bench.result import ROUNDS, Result, execute, seconds

SMALL = 100_000
ADDED = 10_000
ASKED = 20


def reporting_job(dataset: Dataset, rows: int) -> Result:
    """Conversations reported per second, over a plain INSERT … SELECT of the same columns, with the same indexes."""
    run_reporting_job()
    execute("CREATE TABLE bench_log (LIKE reporting_contactlogentry INCLUDING ALL)")
    execute("CREATE TABLE bench_source AS TABLE reporting_contactlogentry")
    ours, limit = [], []
    for _ in range(ROUNDS):
        execute("TRUNCATE bench_log")
        vacuum()
        limit.append(rows / seconds(lambda: execute("INSERT INTO bench_log SELECT * FROM bench_source")))
        report_all_anew()
        vacuum()
        ours.append(rows / seconds(run_reporting_job))
    execute("DROP TABLE bench_log, bench_source")
    return Result(statistics.median(ours), statistics.median(limit), bar=0.7)


def added(dataset: Dataset, rows: int) -> Result:
    """Milliseconds to report 10,000 more conversations beside all rows, over the same beside 100,000."""
    large = str(connection.settings_dict["NAME"])
    run_reporting_job()
    ours, limit = [], []
    with databases.filled("keepsake_bench_small", SMALL):
        run_reporting_job()
        for _ in range(ROUNDS + 1):
            limit.append(_report_more())
            with databases.led_to(large):
                ours.append(_report_more())
    return Result(statistics.median(ours[1:]), statistics.median(limit[1:]), bar=1.3, less_is_better=True)


def _report_more() -> float:
    converse(ADDED)
    execute(
        "INSERT INTO conversations_reportablechange (conversation_id, made_at) SELECT id, now() "
        "FROM conversations_conversation WHERE xmin = pg_current_xact_id_if_assigned()::xid OR id IN "
        "(SELECT id FROM conversations_conversation WHERE received_at > now() - interval '3 days'"
        " EXCEPT SELECT conversation_id FROM reporting_contactlogentry WHERE received_at > now() - interval '3 days')"
    )
    vacuum()
    return seconds(run_reporting_job) * 1000


def counts(dataset: Dataset, rows: int) -> Result:
    """Milliseconds for a month's counts by day and queue, over the same SQL by hand."""
    run_reporting_job()
    vacuum()
    end = timezone.now()
    query = exports.everything(start=end - timedelta(days=30), end=end, interval="day", group_by=("queue",))
    queues = list(Queue.objects.values_list("pk", flat=True))
    by_hand = """
        SELECT date_trunc('day', received_at, 'Europe/Helsinki') AS at, queue_id, count(*),
               count(*) FILTER (WHERE state IN ('wrap_up', 'handled')), count(*) FILTER (WHERE state = 'abandoned'),
               count(*) FILTER (WHERE state = 'false_attempt'),
               avg(CASE WHEN within_service_level THEN 1.0::float8 WHEN NOT within_service_level THEN 0.0::float8 END),
               avg(waited_seconds), avg(ivr_seconds) FILTER (WHERE ivr_seconds > 0), avg(handling_seconds),
               avg(hold_seconds) FILTER (WHERE hold_seconds > 0), count(*) FILTER (WHERE late_changes <> '{}')
          FROM reporting_contactlogentry
         WHERE received_at >= %s AND received_at < %s AND queue_id = ANY (%s)
         GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
    """

    def ask() -> None:
        with connection.cursor() as cursor:
            cursor.execute(by_hand, [query.start, query.end, queues])
            cursor.fetchall()

    return _in_turn(lambda: count(query, dataset.supervisor), ask, bar=1.3)


def first_rows(dataset: Dataset, rows: int) -> Result:
    """Milliseconds for the first page of rows at all rows, over the same at 100,000."""
    return _against_small(dataset, "/reports/rows/?period=last_7_days")


def first_rows_of_all_time(dataset: Dataset, rows: int) -> Result:
    """Milliseconds for the first rows of all time over the API at all rows, over the same at 100,000."""
    return _against_small(dataset, "/api/v1/contact-log?received_after=2000-01-01&received_before=2100-01-01")


def _against_small(dataset: Dataset, page: str) -> Result:
    large = str(connection.settings_dict["NAME"])
    run_reporting_job()
    vacuum()
    with databases.filled("keepsake_bench_small", SMALL) as small:
        run_reporting_job()
        vacuum()

        def ask_large() -> None:
            with databases.led_to(large):
                _open(dataset, page)

        def ask_small() -> None:
            with databases.led_to("keepsake_bench_small"):
                _open(small, page)

        return _in_turn(ask_large, ask_small, bar=1.3)


def _open(dataset: Dataset, page: str) -> None:
    client = Client(SERVER_NAME="localhost")
    client.force_login(dataset.supervisor)
    answer = client.get(page)
    assert answer.status_code == 200, answer.status_code


def _in_turn(ours: Callable[[], object], limit: Callable[[], object], *, bar: float) -> Result:
    """In milliseconds, less is better; asked in turn, so that a busy moment hits both."""
    ours(), limit()
    taken = [(seconds(ours), seconds(limit)) for _ in range(ASKED)]
    by_kind = [statistics.median(kind) * 1000 for kind in zip(*taken, strict=True)]
    return Result(*by_kind, bar=bar, less_is_better=True)
