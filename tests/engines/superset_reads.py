"""Apache Superset, in an environment of its own: it is signed in to over HTTP, and reads the BI views by a login."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError

from tests.engines.questions import Dialect

DIALECT = Dialect(
    length="cardinality",
    moment="timestamptz",
    seconds="date_part('epoch', {moment})",
    group_of_key="CASE WHEN jsonb_exists(kept_data, '{key}') THEN concat('value:', kept_data ->> '{key}') "
    "WHEN NOT is_served THEN 'reason:abandoned' "
    "WHEN jsonb_exists(dropped_keys, '{key}') THEN concat('reason:', dropped_keys ->> '{key}') "
    "WHEN '{key}' = ANY (judged_keys) THEN 'reason:not_provided' ELSE 'reason:not_kept' END",
)
CONFIGURATION = Path(__file__).with_name("superset_config.py")
STARTS_WITHIN = 120  # seconds
MOST_ROWS = 1_000_000
MOST_DRAWN = 50_000


class Superset:
    """A running Superset that is connected to the portal's database."""

    def __init__(self, port: int, password: str) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.token = ""
        self.token = self.ask("security/login", username="admin", password=password, provider="db")["access_token"]

    def ask(self, path: str, /, **document: Any) -> Any:
        """What it answers to a document, or to a question without one."""
        request = urllib.request.Request(
            f"{self.address}/api/v1/{path}",
            data=json.dumps(document).encode() if document else None,
            headers={
                **({"Content-Type": "application/json"} if document else {}),
                **({"Authorization": f"Bearer {self.token}"} if self.token else {}),
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=180) as answer:
                return json.load(answer)
        except HTTPError as refused:
            raise RuntimeError(f"Superset refuses {path}: {refused.read().decode()}") from refused

    def connect(self, address: str) -> int:
        """Add the database at the address; its id."""
        return int(self.ask("database/", database_name="Keepsake", sqlalchemy_uri=address)["id"])

    def rows(self, database: int, statement: str) -> list[tuple[Any, ...]]:
        """What SQL Lab shows for the statement."""
        asked = {"database_id": database, "schema": "bi", "sql": statement, "queryLimit": MOST_ROWS}
        return [tuple(row.values()) for row in self.ask("sqllab/execute/", **asked)["data"]]

    def chart(self, database: int) -> dict[int, int]:
        """Make a bar chart of conversations per day and queue, and return what it draws: conversations by seconds since
        1970."""
        dataset = self.ask("dataset/", database=database, schema="bi", table_name="contact_log")["id"]
        query = {
            "columns": [
                {
                    "columnType": "BASE_AXIS",
                    "sqlExpression": "received_at",
                    "label": "received_at",
                    "expressionType": "SQL",
                    "timeGrain": "P1D",
                },
                "queue",
            ],
            "metrics": [{"expressionType": "SQL", "sqlExpression": "count(*)", "label": "conversations"}],
            "row_limit": MOST_DRAWN,
        }
        form = {"viz_type": "echarts_timeseries_bar", "datasource": f"{dataset}__table", **_DRAWN}
        source = {"id": dataset, "type": "table"}
        context = {"datasource": source, "queries": [query], "form_data": form, "result_type": "full"}
        chart = self.ask(
            "chart/",
            slice_name="Conversations per day",
            viz_type=form["viz_type"],
            datasource_id=dataset,
            datasource_type="table",
            params=json.dumps(form),
            query_context=json.dumps(context),
        )["id"]
        drawn: dict[int, int] = {}
        for row in self.ask(f"chart/{chart}/data/")["result"][0]["data"]:
            day = int(row["received_at"] // 1000)
            drawn[day] = drawn.get(day, 0) + row["conversations"]
        return drawn


_DRAWN = {
    "x_axis": "received_at",
    "time_grain_sqla": "P1D",
    "groupby": ["queue"],
    "metrics": [{"expressionType": "SQL", "sqlExpression": "count(*)", "label": "conversations"}],
    "stack": "Stack",
    "row_limit": MOST_DRAWN,
}


@contextmanager
def running(environment: Path) -> Iterator[Superset]:
    """Superset as it comes from the environment's folder of programs, with a user of its own; gone afterwards."""
    password = secrets.token_urlsafe()
    with tempfile.TemporaryDirectory() as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        variables = {
            **os.environ,
            "SUPERSET_CONFIG_PATH": str(CONFIGURATION),
            "SUPERSET_SECRET": secrets.token_urlsafe(),
            "SUPERSET_FOLDER": folder,
            "FLASK_APP": "superset",
        }
        who = ["--username", "admin", "--firstname", "A", "--lastname", "B", "--email", "admin@example.com"]
        program = environment / "superset"
        for order in (["db", "upgrade"], ["fab", "create-admin", *who, "--password", password], ["init"]):
            subprocess.run([program, *order], env=variables, check=True, capture_output=True)
        with Path(folder, "log").open("wb") as log:
            order = [program, "run", "--port", str(port), "--with-threads"]
            server = subprocess.Popen(order, env=variables, stdout=log, stderr=log)
            try:
                _wait_for(port)
                yield Superset(port, password)
            finally:
                server.terminate()
                server.wait(timeout=30)


def _wait_for(port: int) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
        except (URLError, ConnectionError):
            if time.monotonic() > until:
                raise
            time.sleep(0.5)
        else:
            return


def on_clock(address: str, zone: str) -> str:
    """The address of a database, with the clock on which its sessions tell times, as SQLAlchemy reads it."""
    sign = "&" if "?" in address else "?"
    return f"{address.replace('postgresql://', 'postgresql+psycopg2://')}{sign}options=-c%20TimeZone%3D{zone}"
