"""The measures, by name. Each is taken beside its limit in the same run, in turn, and the medians are compared."""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from django.db import connection
from django.test import Client

from channels_cfg.models import User
from config.schedule import ensure_schedule
from conversations.demo import CALLBACK_PATH
from conversations.keyset import keyset_page
from conversations.models import Conversation
from reporting.contact_log.fill import run_reporting_job
from reporting.contact_log.query import LogQuery
from tests.bench import (
    contact_log,
    databases,
    deliveries,
    desks,
    doors,
    exports,
    integrations,
    replies,
    routing,
    sessions,
    web,
    web_chats,
)
from tests.bench.dataset import Dataset, vacuum
from tests.bench.result import ROUNDS, Result, execute, seconds
from tests.large_centre import Size, enlarge, every_page

PAGES = 60


# Files


def csv_export(dataset: Dataset, rows: int) -> Result:
    """Rows per second of the CSV file as the task writes it, over COPY of the same query to a file."""
    return _export("csv", exports.copy_to, dataset, rows, bar=0.85)


def parquet_export(dataset: Dataset, rows: int) -> Result:
    """Rows per second of the Parquet file as the task writes it, over pyarrow alone writing what COPY of the same query
    brings, all text."""
    return _export("parquet", exports.parquet_to, dataset, rows, bar=0.7)


def xlsx_export(dataset: Dataset, rows: int) -> Result:
    """Rows per second of the workbook as the task writes it, over XlsxWriter alone writing the same cells."""
    return _export("xlsx", exports.xlsx_to, dataset, rows, bar=0.8)


def _export(
    format: str, plainly: Callable[[Path, LogQuery, User], None], dataset: Dataset, rows: int, *, bar: float
) -> Result:
    run_reporting_job()
    vacuum()
    query = exports.everything()
    ours, limit = [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS):
            limit.append(rows / seconds(lambda: plainly(Path(folder, "limit"), query, dataset.supervisor)))
            ours.append(rows / seconds(lambda: exports.write(query, format, dataset.supervisor)))
    return Result(statistics.median(ours), statistics.median(limit), bar=bar)


def csv_export_memory(dataset: Dataset, rows: int) -> Result:
    """Megabytes a process needs to write all rows as CSV, over 200."""
    return _export_memory("csv")


def xlsx_export_memory(dataset: Dataset, rows: int) -> Result:
    """Megabytes a process needs to write all rows as XLSX, over 200."""
    return _export_memory("xlsx")


def parquet_export_memory(dataset: Dataset, rows: int) -> Result:
    """Megabytes a process needs to write all rows as Parquet, over 200."""
    return _export_memory("parquet")


def dataset_memory(dataset: Dataset, rows: int) -> Result:
    """Megabytes a process needs to write the dataset's file of a day to which all rows belong, and to deliver it to a
    folder, over 200."""
    with databases.filled("keepsake_bench_day", rows):
        run_reporting_job()
        execute(
            "UPDATE reporting_contactlogentry SET received_at = latest.day + random() * interval '23 hours'"
            " FROM (SELECT date_trunc('day', max(received_at)) AS day FROM reporting_contactlogentry) AS latest"
        )
        vacuum()
        return _export_memory("dataset")


def _export_memory(format: str) -> Result:
    run_reporting_job()
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.export_memory", format],
        env={**os.environ, "BENCH_DATABASE": str(connection.settings_dict["NAME"])},
        stdout=subprocess.PIPE,
        check=True,
    )
    return Result(float(done.stdout.split()[-1]), 200, bar=1, less_is_better=True)


# The desk

DESKS = 200
MESSAGES = 40
IDLE = 30.0  # seconds


def desk(dataset: Dataset, rows: int) -> Result:
    """Seconds from a callback to the agent's open desk, median, among 200 desks of one queue, over 1; what those cost
    that nobody writes to goes to stderr."""
    execute("TRUNCATE conversations_inbounddelivery")
    database = str(connection.settings_dict["NAME"])
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.bench.portal_settings", "BENCH_DATABASE": database}
    open_desks = desks.open_desks(dataset.service, DESKS)
    with (
        web.server("config.wsgi", settings="tests.bench.portal_settings", database=database) as port,
        desks.worker(environment),
    ):
        browsers = desks.Browsers(port, open_desks)
        browsers.run(10)  # until all wait, and the worker works
        before = browsers.requests
        browsers.run(IDLE)
        print(f"{(browsers.requests - before) / IDLE:8.1f} requests a second of {DESKS} idle desks", file=sys.stderr)
        taken = [_until_heard(browsers, dataset, one) for one in open_desks[:MESSAGES]]
    return Result(statistics.median(taken), 1, bar=1, less_is_better=True)


def _until_heard(browsers: desks.Browsers, dataset: Dataset, one: desks.Desk) -> float:
    body, headers = desks.callback(dataset.service, one)
    began = time.perf_counter()
    with socket.create_connection(("127.0.0.1", browsers.port)) as sender:
        sender.sendall(doors.post(CALLBACK_PATH, body, headers))
        while one.heard_at < began and time.perf_counter() < began + 30:
            browsers.run(0.02)
    return max(one.heard_at, began + 30 * (one.heard_at < began)) - began


CHATS = 200
ROUND_TRIPS = 30


def web_chat(dataset: Dataset, rows: int) -> Result:
    """Seconds from a visitor's message to the agent's browser and from the reply back to the visitor's, median, among
    200 open chats, over 1; what those cost in which nobody writes goes to stderr."""
    chats = web_chats.open_chats(dataset.service.queue, CHATS)
    database = str(connection.settings_dict["NAME"])
    with web.server("config.wsgi", settings="tests.bench.portal_settings", database=database) as port:
        browsers = web_chats.BothBrowsers(port, [side for chat in chats for side in chat])
        browsers.run(10)  # until all wait
        before = browsers.requests
        browsers.run(IDLE)
        print(f"{(browsers.requests - before) / IDLE:8.1f} requests a second of {CHATS} idle chats", file=sys.stderr)
        taken = [browsers.round_trip(*chat) for chat in chats[:ROUND_TRIPS]]
    return Result(statistics.median(taken), 1, bar=1, less_is_better=True)


# Replies


def replies_sent(dataset: Dataset, rows: int) -> Result:
    """Replies taken and sent per second by two workers, over bare loops of the same HTTPS calls, two at once. The
    channel takes 50 ms to answer, as one across a continent does."""
    ours, limit = [], []
    with tempfile.TemporaryDirectory() as folder, replies.channel(Path(folder)) as environment:
        agent, answered = replies.customers(dataset.service, environment["CHANNEL"])
        with replies.workers(environment):
            for _ in range(ROUNDS):
                limit.append(replies.calls_per_second(environment))
                ours.append(replies.taken_and_sent_per_second(agent, answered))
    return Result(statistics.median(ours), statistics.median(limit), bar=0.7)


# History


def history_first_page(dataset: Dataset, rows: int) -> Result:
    """Milliseconds for the first page at all rows, over the same at 2,000."""
    (ours,) = _milliseconds(dataset, "")
    with databases.filled("keepsake_bench_small", 2_000) as small:
        (limit,) = _milliseconds(small, "")
    return Result(ours, limit, bar=1.5, less_is_better=True)


def history_page_1000(dataset: Dataset, rows: int) -> Result:
    """Milliseconds for page 1,000, over page 1."""
    size = min(50, rows // 1_001)
    deep = keyset_page(Conversation.objects.all(), size=999 * size).next_cursor
    ours, limit = _milliseconds(dataset, f"&after={deep}", "")
    return Result(ours, limit, bar=1.2, less_is_better=True)


def _milliseconds(dataset: Dataset, *queries: str) -> list[float]:
    """How long the portal takes for each page, asked for in turn, so that a busy moment hits all alike."""
    client = Client(SERVER_NAME="localhost")
    client.force_login(dataset.supervisor)

    def page(query: str) -> None:
        answer = client.get(f"/history/?{query}")
        assert answer.status_code == 200, answer.status_code

    for query in queries * 5:
        page(query)
    taken = [[seconds(lambda query=query: page(query)) for query in queries] for _ in range(PAGES)]
    return [statistics.median(page) * 1000 for page in zip(*taken, strict=True)]


# The System Configurator

SLOWEST = 5
TRIALS = 5


def configurator(dataset: Dataset, rows: int) -> Result:
    """Milliseconds of the configurator's slowest page in a large centre, over 300; the slowest few go to stderr."""
    with databases.filled("keepsake_bench_centre", 2_000):
        root = User.objects.create(username="root", is_staff=True, is_superuser=True)
        ensure_schedule()
        enlarge(Size())
        with connection.cursor() as cursor:
            cursor.execute("VACUUM")  # as a server does by itself within minutes of so many new rows
        client = Client(SERVER_NAME="localhost")
        client.force_login(root)

        def open_page(page: str) -> None:
            answer = client.get(page, follow=True)
            assert answer.status_code == 200, (page, answer.status_code)
            b"".join(answer.streaming_content) if answer.streaming else answer.content

        taken = {}
        for page in dict.fromkeys(every_page(root)):
            open_page(page)
            trials = [seconds(lambda page=page: open_page(page)) for _ in range(TRIALS)]
            taken[page] = statistics.median(trials) * 1000
    slowest = sorted(taken, key=taken.__getitem__, reverse=True)
    for page in slowest[:SLOWEST]:
        print(f"{taken[page]:8.1f} ms  {page}", file=sys.stderr)
    return Result(taken[slowest[0]], 300, bar=1, less_is_better=True)


# Routing


def offers_routed(dataset: Dataset, rows: int) -> Result:
    """Offers routed per second at 500 agents and 200 queues beside all rows, over the same beside a tenth of them."""
    large, small = str(connection.settings_dict["NAME"]), "keepsake_bench_small"
    routing.prepare()
    ours, limit = [], []
    with databases.filled(small, rows // 10):
        routing.prepare()
        for _ in range(ROUNDS):
            limit.append(routing.offers_per_second())
            with databases.led_to(large):
                ours.append(routing.offers_per_second())
    return Result(statistics.median(ours), statistics.median(limit), bar=0.8)


# Integrations


def events_answered(dataset: Dataset, rows: int) -> Result:
    """Events a minute that one worker answers with a CRM that takes 200 ms, over what the waiting alone would allow at
    as many requests at once."""
    return Result(integrations.events_per_minute(dataset.service.queue), integrations.waiting_alone(), bar=0.8)


def fetched_on_desk(dataset: Dataset, rows: int) -> Result:
    """Seconds from a customer's first message until what the CRM says stands on the agent's desk, median, less the 200
    ms that the CRM takes, over 1."""
    database = str(connection.settings_dict["NAME"])
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.bench.portal_settings", "BENCH_DATABASE": database}
    return Result(integrations.seconds_to_desk(dataset.service, environment), 1, bar=1, less_is_better=True)


def intake_with_integrations(dataset: Dataset, rows: int) -> Result:
    """Callbacks taken in per second while integrations answer their events, over the same while none does."""
    with integrations.answering():
        ours = doors.callbacks(dataset, rows).ours
    return Result(ours, doors.callbacks(dataset, rows).ours, bar=0.9)


# Session metadata


def session_metadata(dataset: Dataset, rows: int) -> Result:
    """Documents built per second, over reading the same rows and serialising them as they are."""
    chats = sessions.ended_chats()
    ours, limit = [], []
    for _ in range(ROUNDS):
        limit.append(len(chats) / seconds(lambda: sessions.read_and_write(chats)))
        ours.append(len(chats) / seconds(lambda: sessions.build(chats)))
    return Result(statistics.median(ours), statistics.median(limit), bar=0.5)


def files_delivered(dataset: Dataset, rows: int) -> Result:
    """Files of session metadata planned, built, checked and delivered to a folder per second, over writing the same
    bytes to files, each brought to the disk and renamed, as the folder's store does it."""
    ours, limit = [], []
    with tempfile.TemporaryDirectory() as folder:
        chats = deliveries.prepared(Path(folder, "ours"))
        for _ in range(ROUNDS):
            deliveries.forget(chats)
            ours.append(len(chats) / seconds(lambda: deliveries.deliver(chats)))
            contents = deliveries.contents(Path(folder, "ours"), len(chats))
            limit.append(
                len(chats) / seconds(lambda contents=contents: deliveries.write(Path(folder, "bare"), contents))
            )
    return Result(statistics.median(ours), statistics.median(limit), bar=0.3)


MEASURES: dict[str, Callable[[Dataset, int], Result]] = {
    "reporting_job": contact_log.reporting_job,
    "log_added": contact_log.added,
    "log_counts": contact_log.counts,
    "log_first_rows": contact_log.first_rows,
    "log_all_time": contact_log.first_rows_of_all_time,
    "csv_export": csv_export,
    "parquet_export": parquet_export,
    "xlsx_export": xlsx_export,
    "csv_export_memory": csv_export_memory,
    "parquet_export_memory": parquet_export_memory,
    "xlsx_export_memory": xlsx_export_memory,
    "dataset_memory": dataset_memory,
    "contact_data_get": doors.contact_data_get,
    "callbacks": doors.callbacks,
    "calls": doors.call_steps,
    "replies": replies_sent,
    "tasks": doors.tasks,
    "desk": desk,
    "web_chat": web_chat,
    "history_first_page": history_first_page,
    "history_page_1000": history_page_1000,
    "configurator": configurator,
    "routing": offers_routed,
    "integrations": events_answered,
    "fetched_on_desk": fetched_on_desk,
    "intake_integrations": intake_with_integrations,
    "session_metadata": session_metadata,
    "deliveries": files_delivered,
}
