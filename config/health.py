"""Whether the portal works, told to machines, on the status page and on the first page of the configurator alike.

No fact says anything about a customer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from django.db import Error, connection
from django.db.models import Count, Min
from django.db.models.functions import Greatest
from django.http import HttpRequest, JsonResponse
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from config.celery import app
from config.metrics import Waiting
from config.models import SCHEDULER, Heartbeat
from conversations.models import InboundDelivery

ALIVE = timedelta(minutes=1)
"""How fresh a heartbeat has to be; one comes every five seconds."""

LATE = timedelta(minutes=2)
"""What waits longer than this is late."""

NOT_WORKED_ON = timedelta(minutes=5)
"""Callbacks that wait longer than this, although nothing keeps them, are not worked on."""

TOO_LONG = timedelta(minutes=15)
"""What waits longer than this needs somebody."""

WELL = "ok"


class Level(IntEnum):
    """How well something is; the greatest of all is the state of the portal."""

    GOOD = 0
    WARN = 1
    BAD = 2

    @property
    def words(self) -> str:
        return {Level.GOOD: _("Working"), Level.WARN: _("Look at it"), Level.BAD: _("Does not work")}[self]

    @property
    def icon(self) -> str:
        return {Level.GOOD: "check_circle", Level.WARN: "warning", Level.BAD: "error"}[self]


@dataclass(frozen=True)
class Fact:
    """One part of the portal. ``advice`` is what to do where it is not well; ``link`` leads to its page."""

    name: str
    level: Level
    words: str
    advice: str = ""
    link: str = ""


@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """This process answers. A proxy goes by this: callbacks are taken in while nobody works on them."""
    return JsonResponse({"portal": WELL})


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Whether what comes in is worked on: “ok” of each part, or a sentence about it and 503."""
    found = facts(timezone.now())
    body = {part: fact.words if fact.level == Level.BAD else WELL for part, fact in found.items()}
    return JsonResponse(body, status=200 if set(body.values()) == {WELL} else 503)


def facts(now: datetime) -> dict[str, Fact]:
    """The parts that a callback passes on its way; the others are not known while the database does not answer."""
    known = {"database": database_fact(), "broker": broker_fact()}
    if known["database"].level != Level.BAD:
        known |= {"scheduler": scheduler_fact(now), "workers": worker_fact(now), "callbacks": callbacks_fact(now)}
    return known


def database_fact() -> Fact:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('server_version'), pg_database_size(current_database())")
            version, size = cursor.fetchone()
    except Error as failure:
        return Fact(
            _("Database"),
            Level.BAD,
            _("It does not answer (%(failure)s).") % {"failure": type(failure).__name__},
            _("Start the PostgreSQL server, or correct DATABASE_URL."),
        )
    words = _("PostgreSQL %(version)s answers; the data takes %(size)s.")
    return Fact(_("Database"), Level.GOOD, words % {"version": version.split()[0], "size": filesizeformat(size)})


def broker_fact() -> Fact:
    try:
        with app.connection_for_write(connect_timeout=2) as broker:
            broker.ensure_connection(max_retries=1, interval_start=0)
    except Exception as failure:  # each broker has errors of its own
        return Fact(
            _("Broker"),
            Level.BAD,
            _("It cannot be reached (%(failure)s).") % {"failure": type(failure).__name__},
            _("Start it, or correct CELERY_BROKER_URL. Until then work waits in the database; nothing is lost."),
        )
    return Fact(_("Broker"), Level.GOOD, _("Takes messages for the workers."))


def scheduler_fact(now: datetime) -> Fact:
    beat = Heartbeat.objects.filter(name=SCHEDULER).first()
    return _alive(
        _("Scheduler"),
        beat.at if beat else None,
        now,
        never=_("It has not run yet."),
        advice=_("Start it: celery -A config beat. Without it nothing happens by itself."),
    )


def worker_fact(now: datetime) -> Fact:
    workers = list(Heartbeat.objects.workers())
    fresh = [worker for worker in workers if now - worker.at < ALIVE]
    if fresh:
        names = ", ".join(worker.name.split(" ", 1)[1] for worker in fresh)
        words = ngettext("%(count)d worker running: %(names)s.", "%(count)d workers running: %(names)s.", len(fresh))
        return Fact(_("Workers"), Level.GOOD, words % {"count": len(fresh), "names": names})
    return _alive(
        _("Workers"),
        max((worker.at for worker in workers), default=None),
        now,
        never=_("None has done anything yet."),
        advice=_("Start one: celery -A config worker. Until then work waits in the database; nothing is lost."),
    )


def _alive(name: str, seen: datetime | None, now: datetime, *, never: str, advice: str) -> Fact:
    """Whether a program was seen within ALIVE; ``never`` where it never was."""
    if seen is None:
        return Fact(name, Level.BAD, never, advice)
    level = Level.GOOD if now - seen < ALIVE else Level.BAD
    return Fact(name, level, _("Last seen %(ago)s.") % {"ago": ago(seen, now)}, advice)


def callbacks_fact(now: datetime) -> Fact:
    """Those that are due: what failed and is to be tried again later is not."""
    due = InboundDelivery.objects.waiting(now=now)
    waiting = Waiting(**due.aggregate(count=Count("pk"), oldest=Min(Greatest("received_at", "held_until"))))
    return Fact(
        _("Callbacks"),
        lateness(waiting, now, too_long=NOT_WORKED_ON),
        waiting_words(waiting, now),
        _("They wait to be applied. Look at the workers; callbacks are kept until they are applied."),
    )


def lateness(waiting: Waiting, now: datetime, *, too_long: timedelta = TOO_LONG) -> Level:
    if waiting.oldest is None or now - waiting.oldest < LATE:
        return Level.GOOD
    return Level.BAD if now - waiting.oldest > too_long else Level.WARN


def waiting_words(waiting: Waiting, now: datetime) -> str:
    if waiting.oldest is None:
        return _("Nothing waits.")
    if now - waiting.oldest < timedelta(minutes=1):
        words = ngettext("%(count)d came just now.", "%(count)d came just now.", waiting.count)
        return words % {"count": waiting.count}
    words = ngettext("%(count)d waits, for %(time)s.", "%(count)d wait, the oldest for %(time)s.", waiting.count)
    return words % {"count": waiting.count, "time": timesince(waiting.oldest, now)}


def ago(moment: datetime, now: datetime) -> str:
    """``12 seconds ago``, or in minutes and more where it is longer."""
    seconds = max(int((now - moment).total_seconds()), 0)
    if seconds < 60:
        return ngettext("%(count)d second ago", "%(count)d seconds ago", seconds) % {"count": seconds}
    return _("%(time)s ago") % {"time": timesince(moment, now)}
