"""DuckDB, which reads the files in this process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from tests.engines.questions import Dialect

DIALECT = Dialect(length="len", moment="TIMESTAMPTZ", seconds="epoch({moment})")


def answers(dataset: Path, statements: Sequence[str], *, zone: str) -> list[list[tuple[Any, ...]]]:
    """The rows of each statement about ``contact_log``, on the zone's clock."""
    with duckdb.connect() as engine:
        engine.execute(f"SET TimeZone = '{zone}'")
        engine.execute(
            "CREATE VIEW contact_log AS SELECT * FROM "
            f"read_parquet('{dataset}/*/*/*.parquet', hive_partitioning = true)"
        )
        return [engine.execute(statement).fetchall() for statement in statements]
