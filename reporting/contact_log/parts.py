"""Parts of a file of the Contact Log: rows that follow one another, read in a shared state of the database and written
to a path of their own.

It knows nothing of the portal but how rows are written, and imports what a format needs when it is needed, so that a
process that writes parts stays small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

ROWS_AT_ONCE = 2000
LINES_BETWEEN_LOOKS = 500

Tell = Callable[[int], None]
"""Is told of more rows, and may stop the work by raising."""

DATASET_DAY = "dataset_day"
"""The format of a day of the dataset, which has one part."""
MOMENT = "moment"
Column = tuple[str, str, Mapping[str, str]]
"""Of a Parquet file: name, type and facts. The type is ``MOMENT`` or a name that pyarrow knows."""

Connection = psycopg.Connection[Any]

Facts = dict[str, Any]
"""What there is to say of a written part: its ``rows``, and what the format wants to know when parts are joined."""


class SnapshotGone(Exception):
    """Nobody holds the state of the database any more in which the part was to be read."""


@dataclass(frozen=True)
class Part:
    """What is read, and how it is written where."""

    address: Mapping[str, Any]
    snapshot: str
    """What PostgreSQL calls the state of the database, as long as somebody holds it."""
    settings: Mapping[str, str]
    statement: str
    format: str
    how: Mapping[str, Any]
    """What else the format's writer needs, as JSON can say it."""
    first_row: int
    path: Path

    def write(self, tell: Tell) -> Facts:
        """Raises ``SnapshotGone``, and what the database raises."""
        with self._open() as connection:
            return _WRITERS[self.format](self, connection, tell)

    @contextmanager
    def _open(self) -> Iterator[Connection]:
        with psycopg.connect(**self.address, autocommit=True) as connection:
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            connection.execute("SET LOCAL max_parallel_workers_per_gather TO 0")  # parts are written side by side
            try:
                connection.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(self.snapshot))
            except (psycopg.errors.UndefinedObject, psycopg.errors.InvalidParameterValue) as gone:
                raise SnapshotGone from gone
            for name, value in self.settings.items():
                connection.execute("SELECT set_config(%s, %s, true)", [name, value])
            yield connection
            connection.execute("ROLLBACK")


def _write_lines(part: Part, connection: Connection, tell: Tell) -> Facts:
    """Lines as COPY with the options ``copy`` writes them."""
    rows = 0
    with part.path.open("wb") as out:
        for rows, line in enumerate(_copied(part, connection, part.how["copy"]), 1):
            out.write(line)
            if not rows % LINES_BETWEEN_LOOKS:
                tell(LINES_BETWEEN_LOOKS)
    tell(rows % LINES_BETWEEN_LOOKS)
    return {"rows": rows}


def _copied(part: Part, connection: Connection, options: str) -> Iterator[Any]:
    with connection.cursor().copy(f"COPY ({part.statement}) TO STDOUT WITH ({options})".encode()) as lines:
        yield from lines


def _write_sheet_rows(part: Part, connection: Connection, tell: Tell) -> Facts:
    """Rows of a sheet, compressed. ``cells`` says for each column which of the statement's it is, or which key of the
    kept data, which are the statement's last."""
    from channels_cfg.spreadsheets import RowFormat
    from channels_cfg.zip_pieces import PieceWriter

    cells, format = part.how["cells"], RowFormat(part.how["plain"], part.how["moment"], part.how["note"])
    piece, number = PieceWriter(part.path), part.first_row
    with connection.cursor("part") as rows:
        rows.execute(part.statement.encode())
        while some := rows.fetchmany(ROWS_AT_ONCE):
            values = [[row[-1].get(cell) if isinstance(cell, str) else row[cell] for cell in cells] for row in some]
            piece.write("".join(map(format.row, range(number, number + len(some)), values)).encode())
            number += len(some)
            tell(len(some))
    written = piece.close()
    return {"rows": number - part.first_row, "cut": format.cut, "size": written.size, "checksum": written.checksum}


def _write_row_groups(part: Part, connection: Connection, tell: Tell) -> Facts:
    from reporting.contact_log.parquet_parts import write_part

    lines = _copied(part, connection, "FORMAT csv")
    return {"rows": write_part(part.path, lines, part.how["columns"], zone=part.how["zone"], tell=tell)}


def _write_day(part: Part, connection: Connection, tell: Tell) -> Facts:
    from reporting.contact_log.dataset_parts import write_day

    lines = _copied(part, connection, "FORMAT csv")
    return {"rows": write_day(part.path, lines, part.how["columns"], about=part.how["about"], tell=tell)}


_WRITERS: dict[str, Callable[[Part, Connection, Tell], Facts]] = {
    "csv": _write_lines,
    "jsonl": _write_lines,
    "xlsx": _write_sheet_rows,
    "parquet": _write_row_groups,
    DATASET_DAY: _write_day,
}


@dataclass(frozen=True)
class ParquetJoin:
    """Parts that become one Parquet file, which says of itself what ``about`` does."""

    paths: Sequence[Path]
    columns: Sequence[Column]
    zone: str
    about: Mapping[str, Any]
    path: Path

    def write(self, tell: Tell) -> Facts:
        from reporting.contact_log.parquet_parts import join_parts

        join_parts(self.path, self.paths, self.columns, zone=self.zone, about=self.about, tell=tell)
        return {}
