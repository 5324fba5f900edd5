"""The rows of a long sheet in slices: each is read, written as XML and compressed on its own, several at a time.

The processes that do so see the database as whoever asks for the slices sees it, and know nothing of the portal but how
a row is written. They end with whom they work for.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import psycopg
from django.db.backends.utils import CursorWrapper
from psycopg import sql

from channels_cfg.spreadsheets import RowFormat
from channels_cfg.zip_pieces import Piece, PieceWriter

ROWS_AT_ONCE = 2000


@dataclass(frozen=True)
class Slice:
    """Rows of a sheet that follow one another, the first of which is row ``first`` there, counted from 1."""

    sheet: int
    first: int
    statement: str
    path: Path


@dataclass(frozen=True)
class WrittenSlice:
    slice: Slice
    piece: Piece
    rows: int
    cut: int
    """How many texts were too long for Excel."""


@dataclass(frozen=True)
class SharedSnapshot:
    """One state of the database: where it is, and what it is called there while somebody holds it."""

    address: dict[str, Any]
    snapshot: str

    @classmethod
    def of(cls, cursor: CursorWrapper) -> SharedSnapshot:
        """What the cursor sees, for as long as its transaction lasts."""
        info = cursor.connection.info
        cursor.execute("SELECT pg_export_snapshot()")
        return cls({**info.get_parameters(), "password": info.password}, cursor.fetchone()[0])

    @contextmanager
    def open(self) -> Iterator[psycopg.Connection[Any]]:
        with psycopg.connect(**self.address, autocommit=True) as connection:
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            connection.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(self.snapshot))
            yield connection
            connection.execute("ROLLBACK")


@dataclass(frozen=True)
class SliceWriter:
    """Writes slices of rows whose last column but one has the kept data; ``keys`` of it become columns."""

    source: SharedSnapshot
    keys: Sequence[str]
    plain: int
    moment: int
    note: str

    def write(self, slices: Sequence[Slice], *, processes: int, tell: Callable[[int], None]) -> Iterator[WrittenSlice]:
        """The slices in the order in which they are done. ``tell`` is told of more rows, and of 0 rows every second,
        and may stop the work by raising."""
        if min(processes, len(slices)) > 1:
            yield from self._write_in_processes(slices, min(processes, len(slices)), tell)
            return
        with self.source.open() as connection:
            for one in slices:
                yield self.write_one(one, connection, tell)

    def write_one(self, one: Slice, connection: psycopg.Connection[Any], tell: Callable[[int], None]) -> WrittenSlice:
        format = RowFormat(self.plain, self.moment, self.note)
        piece, number = PieceWriter(one.path), one.first
        with connection.cursor("slice") as rows:
            rows.execute(one.statement)
            while some := rows.fetchmany(ROWS_AT_ONCE):
                xml = [format.row(number, self._values(row)) for number, row in enumerate(some, number)]
                piece.write("".join(xml).encode())
                number += len(some)
                tell(len(some))
        return WrittenSlice(one, piece.close(), number - one.first, format.cut)

    def _values(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        *fixed, kept, reasons = row
        return (*fixed, *(kept.get(key) for key in self.keys), reasons)

    def _write_in_processes(
        self, slices: Sequence[Slice], processes: int, tell: Callable[[int], None]
    ) -> Iterator[WrittenSlice]:
        todo = iter(slices)
        with _processes(self, processes) as pipes:
            for pipe in pipes:
                pipe.send(next(todo))
            busy = list(pipes)
            while busy:
                done = wait(busy, timeout=1)
                for pipe in [pipe for pipe in busy if pipe in done]:
                    written = _received(pipe)
                    tell(written.rows)
                    yield written
                    if (following := next(todo, None)) is None:
                        busy.remove(pipe)
                    else:
                        pipe.send(following)
                tell(0)


class SliceFailed(Exception):
    """A slice was not written. Says the kind of the failure alone: its message may quote data."""


def _received(pipe: Connection) -> WrittenSlice:
    try:
        written = pipe.recv()
    except EOFError as died:
        raise SliceFailed("a process died") from died
    if isinstance(written, str):
        raise SliceFailed(written)
    assert isinstance(written, WrittenSlice)
    return written


@contextmanager
def _processes(writer: SliceWriter, count: int) -> Iterator[list[Connection]]:
    """So many that write what they are sent, until this is left."""
    # Forked ones would bring along threads' locks and connections.
    context = multiprocessing.get_context("spawn")
    pipes: list[Connection] = []
    processes: list[BaseProcess] = []
    try:
        for _process in range(count):
            ours, theirs = context.Pipe()
            process: BaseProcess = context.Process(target=_write_what_is_sent, args=[writer, theirs], daemon=True)
            process.start()
            theirs.close()
            pipes.append(ours)
            processes.append(process)
        yield pipes
    finally:
        for pipe in pipes:
            pipe.close()
        for process in processes:
            process.kill()
            process.join()


def _write_what_is_sent(writer: SliceWriter, pipe: Connection) -> None:
    """One process. Where nobody is left who sends, it ends."""
    try:
        with writer.source.open() as connection:
            while True:
                pipe.send(writer.write_one(pipe.recv(), connection, lambda rows: None))
    except (EOFError, BrokenPipeError):
        return
    except Exception as failure:
        pipe.send(type(failure).__name__)
