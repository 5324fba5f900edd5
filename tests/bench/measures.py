"""The measures, by name. Each is taken beside its limit in the same run, in turn, and the medians are compared."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.db import connection
from django.test import Client
from django.utils import timezone

from channels_cfg.models import User
from config.schedule import ensure_schedule
from conversations.demo import CALLBACK_PATH, inbound_message, sign
from conversations.keyset import keyset_page
from conversations.models import Conversation
from reporting.contact_log.fill import run_reporting_job
from tests.bench import databases, exports, web
from tests.bench.dataset import WEBHOOK_SECRET, Dataset, report_all_anew, vacuum
from tests.large_centre import Size, enlarge, every_page

ROUNDS = 3
PAGES = 60


@dataclass(frozen=True)
class Result:
    """``ours`` against ``limit``. ``bar`` is the least ratio, or the greatest where less is better."""

    ours: float
    limit: float
    bar: float
    less_is_better: bool = False

    @property
    def ratio(self) -> float:
        return round(self.ours / self.limit, 3)

    @property
    def ok(self) -> bool:
        return self.ratio <= self.bar if self.less_is_better else self.ratio >= self.bar

    def line(self, name: str) -> str:
        verdict = "ok" if self.ok else "short"
        sign = "≤" if self.less_is_better else "≥"
        return f"{name:<22} {self.ours:>12,.2f} {self.limit:>12,.2f} {self.ratio:>7.3f} {sign}{self.bar:<5} {verdict}"


def seconds(deed: Callable[[], object]) -> float:
    start = time.perf_counter()
    deed()
    return time.perf_counter() - start


def execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


# The reporting job


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
    return Result(statistics.median(ours), statistics.median(limit), bar=0.5)


# Files


def csv_export(dataset: Dataset, rows: int) -> Result:
    """Rows per second of the CSV file as the task writes it, over COPY of the same query to a file."""
    run_reporting_job()
    vacuum()
    query = exports.everything()
    ours, limit = [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS):
            limit.append(rows / seconds(lambda: exports.copy_to(Path(folder, "limit.csv"), query, dataset.supervisor)))
            ours.append(rows / seconds(lambda: exports.write(query, "csv", dataset.supervisor)))
    return Result(statistics.median(ours), statistics.median(limit), bar=0.5)


def csv_export_memory(dataset: Dataset, rows: int) -> Result:
    """Megabytes a process needs to write all rows as CSV, over 200."""
    return _export_memory("csv")


def xlsx_export_memory(dataset: Dataset, rows: int) -> Result:
    """Megabytes a process needs to write all rows as XLSX, over 200."""
    return _export_memory("xlsx")


def _export_memory(format: str) -> Result:
    run_reporting_job()
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.export_memory", format],
        env={**os.environ, "BENCH_DATABASE": str(connection.settings_dict["NAME"])},
        stdout=subprocess.PIPE,
        check=True,
    )
    return Result(float(done.stdout.split()[-1]), 200, bar=1, less_is_better=True)


# The web


def beside_bare(ours: Callable[[int], bytes], limit: Callable[[int], bytes]) -> Result:
    """Requests per second of the portal and of the bare view, each on a server of its own, in turn."""
    name = connection.settings_dict["NAME"]
    with (
        web.server("config.wsgi", settings="tests.bench.portal_settings", database=name) as portal,
        web.server("tests.bench.bare_wsgi", settings="tests.bench.bare_settings", database=name) as bare,
    ):
        measured = [
            (
                web.requests_per_second(portal, ours, expected=200),
                web.requests_per_second(bare, limit, expected=200),
            )
            for _ in range(ROUNDS)
        ]
    return Result(statistics.median(m[0] for m in measured), statistics.median(m[1] for m in measured), bar=0.5)


def get(path: str, **headers: str) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n".encode()


def post(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{lines}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def contact_data_get(dataset: Dataset, rows: int) -> Result:
    """contactData with key, right and ETag, over a bare view with the default middleware and one SELECT by id."""
    ours = get(f"/RI/cmi/contactData/{dataset.conversation_id}", **{"X-Api-Key": dataset.api_key})
    limit = get(f"/read/{uuid.UUID(dataset.conversation_id)}")
    return beside_bare(lambda _: ours, lambda _: limit)


def callbacks(dataset: Dataset, rows: int) -> Result:
    """Callbacks taken in per second, over a bare view that commits one row of the same body."""
    execute("CREATE TABLE bench_body (id bigserial PRIMARY KEY, body bytea NOT NULL)")
    message = inbound_message(
        dataset.service,
        text="Hello, is the blue jacket back in stock?",
        at=timezone.now(),
        conversation=uuid.uuid4().hex[:26].upper(),
        customer="358401112233",
        metadata={"customerId": "1234567", "customerType": "gold"},
    )
    body = json.dumps(message).encode()

    def signed(number: int) -> bytes:
        headers = sign(body, secret=WEBHOOK_SECRET, nonce=uuid.uuid4().hex, now=timezone.now())
        return post(CALLBACK_PATH, body, headers)

    bare = post("/store", body, {})
    result = beside_bare(signed, lambda _: bare)
    execute("DROP TABLE bench_body")
    execute("TRUNCATE conversations_inbounddelivery")
    return result


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


MEASURES: dict[str, Callable[[Dataset, int], Result]] = {
    "reporting_job": reporting_job,
    "csv_export": csv_export,
    "csv_export_memory": csv_export_memory,
    "xlsx_export_memory": xlsx_export_memory,
    "contact_data_get": contact_data_get,
    "callbacks": callbacks,
    "history_first_page": history_first_page,
    "history_page_1000": history_page_1000,
    "configurator": configurator,
}
