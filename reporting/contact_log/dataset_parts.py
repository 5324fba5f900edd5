"""A day of the Contact Log as Parquet, from rows as COPY sends them.

It knows nothing of the portal, so that a process that does nothing else stays small.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow
from pyarrow import parquet

from reporting.contact_log.missing import missing_reasons
from reporting.contact_log.parquet_parts import ROWS_A_GROUP, groups, schema_of
from reporting.contact_log.parts import Column, Tell

_TEXTS = pyarrow.list_(pyarrow.string())
_PAIRS = pyarrow.map_(pyarrow.string(), pyarrow.string())
WORKED_OUT = {"late_changes": _TEXTS, "attached_data": _PAIRS, "missing": _PAIRS}
"""Columns of the file in place of those that are read as JSON. One that is added to the file comes behind these."""
_OF_JSON = 4
"""So many columns, the last, are read as JSON: late changes, kept data, dropped keys, judged keys."""


def write_day(
    path: Path, lines: Iterable[bytes], columns: Sequence[Column], *, about: Mapping[str, str], tell: Tell
) -> int:
    """Write the lines of CSV to the file, which says of itself what ``about`` does, and return how many there were.

    The file exists, and whoever asks for it has it open: it has no name any more as soon as anything is in it.
    """
    read = schema_of(columns, zone="UTC", about={})
    copied = list(read)[:-_OF_JSON]
    schema = pyarrow.schema([*copied, *WORKED_OUT.items()], metadata=about)
    rows = 0
    with path.open("r+b") as out:
        path.unlink()  # whoever is killed from now on leaves nothing of what customers said
        with parquet.ParquetWriter(out, schema, compression="zstd") as file:
            for group in groups(lines, read, tell=tell):
                file.write_table(_worked_out(group, schema), row_group_size=ROWS_A_GROUP)
                rows += len(group)
    return rows


def _worked_out(read: pyarrow.Table, schema: pyarrow.Schema) -> pyarrow.Table:
    """Rows as they were read, with what is made of JSON."""
    *copied, late, kept, dropped, judged = read.columns
    data = [json.loads(one, parse_int=str, parse_float=str) for one in kept.to_pylist()]
    served = read["is_served"].to_pylist()
    missing = map(_missing, served, map(tuple, data), dropped.to_pylist(), judged.to_pylist())
    made = [map(json.loads, late.to_pylist()), [list(_texts(pairs)) for pairs in data], missing]
    columns = [pyarrow.array(values, type) for values, type in zip(made, WORKED_OUT.values(), strict=True)]
    return pyarrow.table([*copied, *columns], schema=schema)


def _texts(pairs: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    """Values as texts, whatever their type: ``true``, ``5``, ``gold``; numbers as they were written."""
    for key, value in pairs.items():
        yield key, value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@lru_cache(maxsize=1024)
def _missing(is_served: bool, kept: tuple[str, ...], dropped: str, judged: str | None) -> list[tuple[str, str]]:
    """Conversations of one queue have few different answers; none holds a value."""
    reasons = missing_reasons(
        is_served=is_served, kept=kept, dropped=json.loads(dropped), judged=json.loads(judged) if judged else None
    )
    return list(reasons.items())
