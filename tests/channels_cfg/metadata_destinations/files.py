"""Session metadata files to deliver: as small as a store takes them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO

import pyarrow
from pyarrow import parquet

from channels_cfg.destination_templates import SessionFacts
from channels_cfg.metadata_destinations.store import DATASET, MetadataFile

NAME = "metadata/call-17.json"
CALL = "3e2f0b9c-51a2-4c79-9d4e-0d6f0a1b2c3d"
OTHER_CALL = "a3a7d7d1-0d3a-4c5e-8f65-0f6b7c8d9e0f"
FACTS = SessionFacts(
    kind="call",
    number=17,
    id=CALL,
    ended_at=datetime(2026, 11, 29, 12, tzinfo=UTC),
    channel="Telephone",
    queue="Sales",
    ticket_id="4711",
    ticket_url="https://crm.example.com/tickets/4711",
)


def call_file(
    revision: int = 1, *, of: str = CALL, name: str = NAME, ticket_id: str = "4711", size: int = 0
) -> MetadataFile:
    document = {"id": 17, "call_uuid": of, "rating": revision, "feedback": "x" * size}
    return MetadataFile(name, json.dumps(document).encode(), replace(FACTS, id=of, ticket_id=ticket_id), revision)


def dataset_file(rows: int, *, keepsake: str = DATASET) -> bytes:
    """A Parquet file whose metadata say what it is."""
    content, table = BytesIO(), pyarrow.table({"n": list(range(rows))})
    parquet.write_table(table.replace_schema_metadata({"keepsake": keepsake}), content)
    return content.getvalue()


def manifest_of(*files: MetadataFile) -> bytes:
    lines = ({"name": file.name, "sha256": file.sha256, "revision": file.revision} for file in files)
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)
