"""Jobs at work: found, claimed, held while they are worked on, tried again, given up.

A kind of job is a model that stands on ``Job`` and a function that works on one row of it and marks it finished.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_cfg.disks import is_disk_full
from channels_cfg.models.job import Job

logger = logging.getLogger(__name__)

HANDFUL = 20
LONGEST_TURN = timedelta(seconds=30)
LONGEST_REASON = 500


class TryLater(Exception):
    """It cannot be done yet. No failure: nothing is logged, and after a pause, ``after`` or its own, it is tried again.

    The words, without data, say what it waits for.
    """

    def __init__(self, words: str = "", *, after: timedelta | None = None) -> None:
        super().__init__(words)
        self.after = after


class GiveUp(Exception):
    """It can never be done. Says why, in words without data."""


class Failed(Exception):
    """It failed, and is tried again as after any failure. Says what went wrong, in words without data."""


class NoLongerHeld(Exception):
    """The job was cancelled, or another worker took it over."""


@dataclass(frozen=True)
class Kind:
    """A kind of job. ``work`` is called with a claimed row; ``longest`` is after how long its worker is stopped, and
    ``at_once`` on how many rows one worker works at the same time, since they do little but wait for others.

    After ``turn`` a worker begins no other row: then other work has its turn. Where many rows come at once that take
    long, it is short.

    Where ``handful`` is more than 1, ``work`` is called with a list of so many rows at most, which one claim holds.
    """

    model: type[Job]
    work: Callable[[Any], None]
    longest: timedelta
    at_once: int = 1
    handful: int = 1
    turn: timedelta = LONGEST_TURN

    @property
    def label(self) -> str:
        return self.model._meta.label


_kinds: dict[str, Kind] = {}


def register(
    model: type[Job],
    work: Callable[[Any], None],
    *,
    longest: timedelta = timedelta(minutes=30),
    at_once: int = 1,
    handful: int = 1,
    turn: timedelta = LONGEST_TURN,
) -> None:
    _kinds[model._meta.label] = Kind(model, work, longest, at_once, handful, turn)


_ways_to_tell: list[Callable[[type[Job]], None]] = []


def tell_workers_by(tell: Callable[[type[Job]], None]) -> None:
    """How workers are told that a job of a kind waits. It returns at once and never fails."""
    _ways_to_tell[:] = [tell]


def announce(model: type[Job]) -> None:
    """Have a worker told, once the caller's transaction is committed, that a job of this kind waits."""
    for tell in _ways_to_tell:
        transaction.on_commit(partial(tell, model))


def kinds() -> list[Kind]:
    return list(_kinds.values())


def kind_of(model: type[Job] | str) -> Kind:
    """The kind of this model, or of the model with this label, such as ``reporting.ReportFile``."""
    return _kinds[model if isinstance(model, str) else model._meta.label]


# Working


def work_on_waiting(kind: Kind, *, until: datetime) -> None:
    """Work on what waits, the oldest first. Several workers may do so at once; each row is worked on by one."""
    if kind.handful > 1:
        while timezone.now() < until and work_on_handful(kind):
            pass
        return
    todo = _waiting(kind, until)
    if kind.at_once == 1:
        for pk in todo:
            work_on(kind.model, pk)
        return
    connection.close()  # the threads have their own, and a pool has only so many
    turn = threading.Lock()
    threads = [threading.Thread(target=_work_beside, args=[kind, todo, turn]) for _ in range(kind.at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _waiting(kind: Kind, until: datetime) -> Iterator[Any]:
    """What waits, until nothing does or the time is over. One that was handed out and not claimed yet comes again."""
    while (now := timezone.now()) < until:
        waiting = kind.model.rows().waiting(now=now).order_by(*kind.model.oldest_first)
        pks = list(waiting.values_list("pk", flat=True)[:HANDFUL])
        for pk in pks:
            if timezone.now() < until:
                yield pk
        if not pks:
            return


def _work_beside(kind: Kind, todo: Iterator[Any], turn: threading.Lock) -> None:
    """One of several threads, with a connection to the database of its own."""
    try:
        while True:
            with turn:
                pk = next(todo, None)
            if pk is None:
                return
            work_on(kind.model, pk)
    finally:
        connection.close()


def work_on(model: type[Job], pk: Any) -> None:
    """Work on a waiting job. Called twice, at once or again, it is done once.

    One that fails is tried again with growing pauses until it is exhausted, and then given up.
    """
    job = model.rows().claim(pk, now=timezone.now())
    if job is None:
        logger.debug("%s %s is finished, or another worker has it", model.__name__, pk)
        return
    _work([job], lambda held: kind_of(model).work(held[0]))


def work_on_handful(kind: Kind) -> int:
    """Claim as many waiting jobs as are worked on together, and work on them; how many there were."""
    claimed: list[Any] = kind.model.rows().claim_handful(kind.handful, now=timezone.now())
    if claimed:
        _work(claimed, kind.work)
    return len(claimed)


def _work(claimed: list[Any], work: Callable[[list[Any]], None]) -> None:
    """Work on jobs of one claim. What ends them all tells of each that is still held."""
    with _renewed(claimed):
        held = [job for job in claimed if not _is_worn_out(job)]
        try:
            if held:
                work(held)
        except NoLongerHeld:
            logger.info("%s was cancelled, or another worker took it over", _in_log(claimed))
        except TryLater as later:
            for job in held:
                _put_off(job, after=later.after, reason=str(later)[:LONGEST_REASON])
        except GiveUp as reason:
            for job in held:
                give_up(job, str(reason))
        except Exception as failure:
            kind = _kind_of(failure)
            logger.error("%s failed (%s)", _in_log(claimed), kind)
            for job in held:
                _fail(job, kind)


def _in_log(claimed: list[Any]) -> str:
    return f"{type(claimed[0]).__name__} {', '.join(str(job.pk) for job in claimed[:HANDFUL])}"


def _is_worn_out(job: Job) -> bool:
    if job.interruptions < job.most_interruptions:
        return False
    give_up(job, _("Its worker was interrupted %(times)s times.") % {"times": job.interruptions})
    return True


def _kind_of(failure: Exception) -> str:
    """The kind alone: messages of databases and parsers quote what the customer said."""
    if isinstance(failure, Failed):
        return str(failure)
    if is_disk_full(failure):
        return _("the portal's disk is full")
    return type(failure).__name__


def _fail(job: Job, kind: str) -> None:
    if not job.is_exhausted(now=timezone.now()):
        _put_off(job, reason=_("It failed (%(kind)s) and is tried again.") % {"kind": kind})
    elif job.attempts == 1 or not job.tells_attempts:
        give_up(job, kind)
    else:
        words = _("Given up after %(attempts)s attempts (%(kind)s).")
        give_up(job, words % {"attempts": job.attempts, "kind": kind})


def finish(job: Job, state: str = Job.State.DONE, **facts: Any) -> None:
    """Mark it finished. Raises ``NoLongerHeld``."""
    note(job, state=state, finished_at=timezone.now(), holder=None, held_until=None, **facts)


def note(job: Job, **facts: Any) -> None:
    """Write fields of a job that the caller holds. Raises ``NoLongerHeld``."""
    if not job.rows().held_by(job).update(**facts):
        raise NoLongerHeld


class Progress:
    """Tells how far a job is that the caller holds."""

    seconds: ClassVar[float] = 1.0
    """Between two tellings."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self._told_at = time.monotonic()

    def tell(self, **facts: Any) -> None:
        """Write the fields once a second, however often it is called. Raises ``NoLongerHeld`` where work is in vain."""
        if time.monotonic() - self._told_at >= self.seconds:
            self._told_at = time.monotonic()
            note(self.job, **facts)


def give_up(job: Job, reason: str) -> None:
    """Make it a dead letter, and erase what it would have worked on."""
    _let_go(job, state=Job.State.FAILED, finished_at=timezone.now(), reason=reason[:LONGEST_REASON], **job.input_erased)


def _put_off(job: Job, *, reason: str, after: timedelta | None = None) -> None:
    _let_go(job, state=Job.State.WAITING, held_until=timezone.now() + (after or job.pause), reason=reason)


def _let_go(job: Job, **facts: Any) -> None:
    job.rows().held_by(job).update(**{"held_until": None, "holder": None, **facts})


# Leases

_held: dict[uuid.UUID, list[Job]] = {}
_start = threading.Lock()
_renewing_in: int | None = None


@contextmanager
def _renewed(claimed: list[Job]) -> Iterator[None]:
    """Renew the lease of jobs of one claim as long as this process lives and works on them."""
    holder = claimed[0].holder
    assert holder  # they were claimed
    _held[holder] = claimed
    if _renewing_in != os.getpid():
        _start_renewing()
    try:
        yield
    finally:
        _held.pop(holder, None)


def _start_renewing() -> None:
    """One thread in each process; those of a parent do not come along when it forks."""
    global _renewing_in
    with _start:
        if _renewing_in != os.getpid():
            threading.Thread(target=_renew_for_ever, name="leases", daemon=True).start()
            _renewing_in = os.getpid()


def _renew_for_ever() -> None:
    while True:
        time.sleep(settings.JOB_LEASE.total_seconds() / 3)
        try:
            for claimed in list(_held.values()):
                claimed[0].rows().renew(*claimed, now=timezone.now())
        except Exception as failure:
            logger.warning("Leases were not renewed (%s); the next try comes soon", type(failure).__name__)
        finally:
            connection.close()
