"""The state of the portal in words: what works, what does not, and what to do about it.

The same facts as /health and /metrics, for people. No fact says anything about a customer.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_celery_beat.models import PeriodicTask

from channels_cfg import jobs, moments
from channels_cfg.models import JobQuerySet, ScheduledChange, SystemSettings
from config import health
from config.health import LATE, TOO_LONG, Fact, Level, ago, lateness, waiting_words
from config.metrics import changes_waiting, jobs_waiting, metadata_due
from config.portal.menu import may_open, page_of
from conversations.doors.registry import door_named
from conversations.models import InboundDelivery, RefusedCallbacks
from reporting.models import DeliveryPause, FileDelivery, ReportRun

FREE_AT_LEAST = 0.10
FREE_IN_NEED = 0.03
REFRESH_SECONDS = 10
PAGES = {"scheduler": PeriodicTask, "callbacks": InboundDelivery}


def status(request: HttpRequest) -> HttpResponse:
    """The page, or to htmx its facts alone."""
    if not may_open(request, SystemSettings):
        raise PermissionDenied
    now = timezone.now()
    facts = [replace_hidden_link(fact, request) for fact in all_facts(now)]
    worst = max(fact.level for fact in facts)
    context: dict[str, Any] = {
        "facts": facts,
        "worst": worst,
        "not_well": [fact for fact in facts if fact.level != Level.GOOD],
        "now": now,
        "refresh_seconds": REFRESH_SECONDS,
    }
    if request.headers.get("HX-Request"):
        return TemplateResponse(request, "admin/_status.html", context)
    context |= {**admin.site.each_context(request), "title": _("Status")}
    return TemplateResponse(request, "admin/status.html", context)


def replace_hidden_link(fact: Fact, request: HttpRequest) -> Fact:
    """Links to pages that this user may not open lead nowhere."""
    shown = request.user.is_superuser or not fact.link or _may_follow(fact.link, request)
    return fact if shown else replace(fact, link="")


def _may_follow(link: str, request: HttpRequest) -> bool:
    return any(link == page_of(model) and may_open(request, model) for model in admin.site._registry)


def all_facts(now: datetime) -> Iterator[Fact]:
    """Every part, in the order in which work passes through it."""
    for part, fact in health.facts(now).items():
        words = f"{last_callback(now)} {fact.words}" if part == "callbacks" else fact.words
        yield replace(fact, words=words, link=page_of(PAGES[part]) if part in PAGES else "")
    yield from refused_fact(now)
    yield given_up_fact()
    yield reporting_fact(now)
    yield changes_fact(now)
    yield from metadata_facts(now)
    yield from job_facts(now)
    yield planned_fact(now)
    yield disk_fact()


def last_callback(now: datetime) -> str:
    """When, and for whom."""
    last = last_delivery()
    if not last:
        return _("No callback has come yet.")
    return _("The last came %(ago)s for %(service)s.") % {"ago": ago(last.received_at, now), "service": for_whom(last)}


def last_delivery() -> InboundDelivery | None:
    return InboundDelivery.objects.select_related("service", "mail_box").defer("body").order_by("-id").first()


def for_whom(delivery: InboundDelivery) -> str:
    """The messaging service or mail box; the door's name where that is no more."""
    return str(delivery.service or delivery.mail_box or door_named(delivery.door).label)


def refused_fact(now: datetime) -> Iterator[Fact]:
    """Whether callbacks were refused lately."""
    refused = list(RefusedCallbacks.objects.filter(last_at__gt=now - timedelta(days=1)))
    if refused:
        reasons = " ".join(
            f"{door_named(one.door).label}: {one.get_reason_display()}, {ago(one.last_at, now)}." for one in refused
        )
        yield Fact(
            _("Refused callbacks"),
            Level.WARN,
            reasons,
            _(
                "Compare the webhook's secret at Sinch with the messaging service's, and the clocks of the servers. "
                "Strangers that try the address are refused as well."
            ),
        )


def given_up_fact() -> Fact:
    count = InboundDelivery.objects.filter(state=InboundDelivery.State.FAILED).count()
    if not count:
        return Fact(_("Callbacks given up"), Level.GOOD, _("None."))
    words = ngettext("%(count)d could not be applied.", "%(count)d could not be applied.", count) % {"count": count}
    advice = _("The delivery log says why. They are not tried again.")
    return Fact(_("Callbacks given up"), Level.WARN, words, advice, page_of(InboundDelivery))


def reporting_fact(now: datetime) -> Fact:
    last = ReportRun.objects.order_by("-started_at").first()
    name, link = _("Reporting job"), page_of(ReportRun)
    if last is None:
        return Fact(name, Level.WARN, _("It has not run yet."), _("The scheduler starts it every minute."), link)
    complete = ReportRun.objects.latest_complete()
    done = complete.finished_at if complete else None
    words = (_("Last succeeded %(ago)s.") % {"ago": ago(done, now)}) if done else _("It has never succeeded.")
    if last.error:
        return Fact(
            name, Level.BAD, f"{words} {last.error}", _("It is tried again every minute; its page says more."), link
        )
    late = done is None or now - done > TOO_LONG
    advice = _("Look at scheduler and workers above, and at the periodic task “Run the reporting job”.")
    return Fact(name, Level.WARN if late else Level.GOOD, words, advice if late else "", link)


def changes_fact(now: datetime) -> Fact:
    waiting = changes_waiting()
    return Fact(
        _("Changes to report"),
        lateness(waiting, now),
        waiting_words(waiting, now),
        _("The next reporting job takes them. See above whether it runs."),
        page_of(ReportRun),
    )


def metadata_facts(now: datetime) -> Iterator[Fact]:
    """What is due, which destinations cannot be reached, and what is parked, ours apart."""
    link, due = page_of(FileDelivery), metadata_due(now)
    level, words = lateness(due, now), waiting_words(due, now)
    for pause in DeliveryPause.objects.select_related("destination"):
        level = max(level, Level.WARN)
        facts = {"destination": pause.destination, "ago": ago(pause.since, now), "reason": pause.reason}
        words += " " + _("%(destination)s cannot be reached, first %(ago)s: %(reason)s") % facts
    advice = _("Workers deliver them. Their page says what each waits for; the page of a destination tries it.")
    yield Fact(capfirst(str(FileDelivery._meta.verbose_name_plural)), level, words, advice, link)
    parked = FileDelivery.objects.dead_letters().order_by()
    if theirs := parked.filter(is_our_error=False).count():
        words = ngettext("%(count)d is parked.", "%(count)d are parked.", theirs) % {"count": theirs}
        advice = _("Their page says why. Once that is mended, send them again.")
        yield Fact(_("Parked deliveries of session metadata"), Level.WARN, words, advice, link)
    if ours := parked.filter(is_our_error=True).count():
        words = ngettext(
            "%(count)d could not be made as the schema wants it.",
            "%(count)d could not be made as the schema wants them.",
            ours,
        ) % {"count": ours}
        advice = _("That is an error of the portal. Tell its developers what their page says; then send them again.")
        yield Fact(_("Session metadata files that do not fit"), Level.BAD, words, advice, link)


def job_facts(now: datetime) -> Iterator[Fact]:
    """Each kind of job, but those that have facts of their own."""
    for model in (kind.model for kind in jobs.kinds() if kind.model not in (InboundDelivery, FileDelivery)):
        waiting = jobs_waiting(model)
        level, words = lateness(waiting, now), waiting_words(waiting, now)
        if failed := JobQuerySet(model).dead_letters().filter(finished_at__gt=now - timedelta(days=1)).count():
            level = max(level, Level.WARN)
            failures = ngettext("%(count)d failed in the last day.", "%(count)d failed in the last day.", failed)
            words = f"{words} {failures % {'count': failed}}"
        name = capfirst(str(model._meta.verbose_name_plural))
        if admin.site.is_registered(model):
            advice = _("Workers do them. Their page says why one failed, and tries it again where that can be done.")
            yield Fact(name, level, words, advice, page_of(model))
        else:
            yield Fact(name, level, words, _("Workers do them. Whoever asked for one is told why it failed."))


def planned_fact(now: datetime) -> Fact:
    planned = ScheduledChange.objects.filter(state=ScheduledChange.State.PLANNED).order_by("takes_effect_at")
    failed = ScheduledChange.objects.filter(
        state=ScheduledChange.State.FAILED, settled_at__gt=now - timedelta(days=1)
    ).count()
    name = _("Scheduled changes")
    if failed:
        words = ngettext("%(count)d failed in the last day.", "%(count)d failed in the last day.", failed)
        return Fact(
            name, Level.WARN, words % {"count": failed}, _("Open the record it was scheduled for: it says why.")
        )
    first = planned.first()
    if first is None:
        return Fact(name, Level.GOOD, _("None."))
    count = planned.count()
    if now - first.takes_effect_at > LATE:
        words = _("One is overdue since %(ago)s.") % {"ago": ago(first.takes_effect_at, now)}
        return Fact(name, Level.BAD, words, _("Workers put it into effect. Look at scheduler and workers above."))
    words = ngettext("%(count)d; the next at %(at)s.", "%(count)d; the next at %(at)s.", count)
    return Fact(name, Level.GOOD, words % {"count": count, "at": moments.in_words(first.takes_effect_at)})


def disk_fact() -> Fact:
    disk = shutil.disk_usage(settings.VAR_DIR)
    share = disk.free / disk.total
    level = Level.BAD if share < FREE_IN_NEED else Level.WARN if share < FREE_AT_LEAST else Level.GOOD
    words = _("%(free)s of %(total)s are free where the portal keeps its files.")
    return Fact(
        _("Disk"),
        level,
        words % {"free": filesizeformat(disk.free), "total": filesizeformat(disk.total)},
        _("Make room, or move VAR_DIR to a larger disk."),
    )
