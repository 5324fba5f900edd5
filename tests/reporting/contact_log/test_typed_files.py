"""Files of the Contact Log for programs: Parquet and JSON Lines, read back by programs of others."""

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import jsonschema
import pytest
from pyarrow import parquet

from channels_cfg.models import Right
from reporting.contact_log import parquet_parts as parquet_files
from reporting.contact_log.fill import run_reporting_job
from reporting.contact_log.json_lines import line_schema
from tests.factories import AttachedKeyFactory, QueueFactory, user_with
from tests.reporting.contact_log.test_files import asked_file, files_of_their_own, lines_of, written  # noqa: F401
from tests.reporting.stories import abandoned, served

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HELSINKI = ZoneInfo("Europe/Helsinki")
TYPED = {"visits": "integer", "balance": "decimal", "member": "boolean", "born": "date", "since": "datetime"}
VALUES = {"visits": 3, "balance": 12.5, "member": True, "born": "2000-02-29", "since": "2026-03-02T12:00:00Z"}

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def queue():
    for name, kind in TYPED.items():
        AttachedKeyFactory(name=name, kind=kind, label=name.capitalize())
    return QueueFactory(name="=Sales", statistics_keys=[*TYPED, "customerType", "state"])


@pytest.fixture
def viewer(queue):
    return user_with(Right.VIEW_REPORTS, on=queue)


def test_parquet_has_the_types_of_the_catalogue_and_says_what_each_column_is(queue, viewer):
    served(queue, received_at=NOON, data=VALUES | {"customerType": 'go"ld,\n', "state": "FI"})
    abandoned(queue, received_at=NOON - timedelta(hours=1))
    run_reporting_job()

    table = parquet.read_table(written(asked_file(viewer, format="parquet")).path)

    first, second = table.to_pylist()
    assert (
        first["received_at"] == NOON
        and str(table.schema.field("received_at").type) == "timestamp[us, tz=Europe/Helsinki]"
    )
    assert {key: first[key] for key in TYPED} == VALUES | {"born": date(2000, 2, 29), "since": NOON}
    assert (first["queue"], first["state"], first["customerType"]) == ("=Sales", "handled", 'go"ld,\n')
    assert first["state (attached data)"] == "FI"
    assert (first["waited_seconds"], second["handling_seconds"]) == (60, None)
    assert (first["within_service_level"], first["ivr_seconds"], first["disposition"]) == (False, 0, "")
    assert (second["visits"], second["empty_because"][:10]) == (None, "balance: A")
    of_visits = table.schema.field("visits").metadata
    assert of_visits == {b"key": b"visits", b"type": b"integer", b"catalogue_type": b"integer", b"label": b"Visits"}
    about = json.loads(table.schema.metadata[b"keepsake"])
    assert (about["Time zone"], about["Rows"]) == ("Europe/Helsinki", "2")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("visits", "many"), ("visits", 2**63), ("visits", 1.5), ("balance", 2**53 + 1),
        pytest.param("balance", 10**400, id="balance-too_large"), ("member", "perhaps"), ("born", "2026-02-29"),
        ("born", "2026-02-30"), ("born", "1.2.2026"), ("since", "2026-03-02"), ("since", "2026-03-02T25:00:00Z"),
    ],
)  # fmt: skip
def test_a_key_with_a_value_that_does_not_fit_its_type_is_text(queue, viewer, key, value):
    served(queue, received_at=NOON, data=VALUES)
    served(queue, received_at=NOON - timedelta(hours=1), data=VALUES | {key: value})
    run_reporting_job()

    table = parquet.read_table(written(asked_file(viewer, format="parquet")).path)

    assert str(table.schema.field(key).type) == "string"
    assert [row[key] for row in table.to_pylist()] == [as_csv(VALUES[key]), as_csv(value)]
    assert table.schema.field(key).metadata[b"catalogue_type"] == TYPED[key].encode()
    others = [str(table.schema.field(other).type) for other in TYPED if other != key]
    assert "string" not in others


def as_csv(value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_a_line_of_json_lines_has_values_as_they_are_and_fits_the_schema(queue, viewer):
    kept = served(queue, received_at=NOON, data=VALUES | {"customerType": 'ÿ\\"\u2028=1\n'})
    served(queue, received_at=NOON - timedelta(hours=1), data={"visits": "many"})
    abandoned(queue, received_at=NOON - timedelta(hours=2))
    run_reporting_job()

    lines = written(asked_file(viewer, format="jsonl")).path.read_text().split("\n")

    first, second, third = rows = [json.loads(line) for line in lines[:-1]]
    for row in rows:
        jsonschema.validate(row, line_schema(), cls=jsonschema.Draft202012Validator)
    assert lines[-1] == "" and first["conversation_id"] == str(kept.pk)
    assert first["attached_data"] == VALUES | {"customerType": 'ÿ\\"\u2028=1\n'}
    assert (first["received_at"], first["missing"]) == ("2026-03-02T14:00:00+02:00", {})
    assert second["attached_data"] == {"visits": "many"}
    assert set(third["missing"].values()) == {"abandoned"}


def test_files_for_programs_have_the_columns_that_were_chosen_under_their_own_names(queue, viewer):
    served(queue, received_at=NOON, data=VALUES)
    run_reporting_job()

    year = {"received_after": ["2026-01-01"], "received_before": ["2027-01-01"]}
    (line,) = written(asked_file(viewer, format="jsonl", **year, column=["visits", "state"])).path.open()

    assert json.loads(line)["attached_data"] == {"visits": 3}
    assert json.loads(line)["missing"] == {"state": "not_provided"}
    asked = year | {"column": ["visits", "field:state", "state"], "heading": ["visits=Besuche", "field:state=Zustand"]}
    (line,) = written(asked_file(viewer, format="jsonl", **asked)).path.open()
    assert json.loads(line) == {"state": "handled", "attached_data": {"visits": 3}}
    jsonschema.validate(json.loads(line), line_schema(), cls=jsonschema.Draft202012Validator)
    table = parquet.read_table(written(asked_file(viewer, format="parquet", **asked)).path)
    assert table.to_pylist() == [{"visits": 3, "state": "handled", "state (attached data)": None}]
    assert table.column_names == ["visits", "state", "state (attached data)"]
    assert table.schema.field("state").metadata == {b"label": b"State", b"heading": b"Zustand"}
    assert json.loads(table.schema.metadata[b"keepsake"])["Column “Besuche”"] == "visits"


@pytest.mark.parametrize("zone", [HELSINKI, ZoneInfo("America/Sao_Paulo")])
def test_duckdb_counts_the_same_in_every_file(queue, viewer, zone, monkeypatch):
    monkeypatch.setattr(parquet_files, "BYTES_AT_ONCE", 300)
    monkeypatch.setattr(parquet_files, "ROWS_A_GROUP", 4)
    for hours in range(11):
        served(
            queue,
            received_at=datetime(2026, 3, 28, 19, tzinfo=UTC) + timedelta(hours=hours),
            data={"visits": hours % 3},
        )
    run_reporting_job()

    files = {format: str(written(asked_file(viewer, format=format, zone=zone)).path) for format in ("parquet", "jsonl")}
    read = {"parquet": f"read_parquet('{files['parquet']}')", "jsonl": f"read_json('{files['jsonl']}')"}
    visits = {"parquet": "visits", "jsonl": "CAST(attached_data.visits AS BIGINT)"}
    counts = {
        format: duckdb.sql(
            f"SELECT {visits[format]}, count(*), min(received_at::TIMESTAMPTZ) FROM {rows} GROUP BY 1 ORDER BY 1"
        ).fetchall()
        for format, rows in read.items()
    }
    assert counts["parquet"] == counts["jsonl"]
    assert [(value, count) for value, count, _first in counts["parquet"]] == [(0, 4), (1, 4), (2, 3)]
    assert len(lines_of(written(asked_file(viewer, zone=zone)))) == 11


def test_a_column_alone_has_a_row_for_each_conversation_in_parquet(queue, viewer):
    served(queue, received_at=NOON, data={"customerType": "gold"})
    abandoned(queue, received_at=NOON - timedelta(hours=1))
    run_reporting_job()

    alone = {"received_after": ["2026-01-01"], "received_before": ["2027-01-01"], "column": ["field:", "customerType"]}
    table = parquet.read_table(written(asked_file(viewer, format="parquet", **alone)).path)

    assert table.to_pylist() == [{"customerType": "gold"}, {"customerType": None}]


def test_a_file_without_rows_has_its_columns(viewer):
    assert parquet.read_table(written(asked_file(viewer, format="parquet")).path).num_rows == 0
    assert written(asked_file(viewer, format="jsonl")).path.read_bytes() == b""


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_csv_is_written_with_the_delimiter_asked_for(queue, viewer, delimiter):
    conversation = served(queue, received_at=NOON, data={"customerType": "a;b\tc,d"})
    run_reporting_job()

    file = asked_file(viewer)
    file.delimiter, file.byte_order_mark = delimiter, False
    file.save()
    (row,) = csv.DictReader(io.StringIO(written(file).path.read_text(), newline=""), delimiter=delimiter)

    assert (row["Conversation"], row["customerType"]) == (str(conversation.pk), "a;b\tc,d")
