"""The viewer's schedules: list, make, change, pause, delete; and those that others send to the viewer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from channels_cfg import mail_server
from conversations.signed_in import page_for_people, viewer
from reporting.models import ReportSchedule, ScheduledRun
from reporting.pages.schedule_form import ScheduleForm, TimesForm, new_schedule
from reporting.schedules.planning import delete_schedules, refusal, schedules_of
from reporting.viewing import may_view_reports

TIMES_SHOWN = 3
SHOWN_WITH = ("owner", "report__owner", "opening_hours")


def own_schedule(request: HttpRequest, pk: int, *, is_held: bool = False) -> ReportSchedule:
    """The viewer's schedule. Another's is not found. While it ``is_held``, to the end of the transaction, nobody else
    changes or deletes it."""
    schedules = schedules_of(viewer(request)).select_related(*SHOWN_WITH)
    return get_object_or_404(schedules.select_for_update(of=("self",)) if is_held else schedules, pk=pk)


@page_for_people
@require_GET
def schedule_list(request: HttpRequest) -> HttpResponse:
    """The viewer's schedules, and those of others that name the viewer as a recipient."""
    user = viewer(request)
    latest = ScheduledRun.objects.filter(schedule=OuterRef("pk")).order_by("-created_at", "-pk")
    schedules = schedules_of(user).select_related(*SHOWN_WITH).prefetch_related("recipients")
    schedules = schedules.annotate(latest_state=Subquery(latest.values("state")[:1]))
    now, may_view = timezone.now(), may_view_reports(user)
    own = [
        (schedule, schedule.next_times(1, now=now).at, refusal(schedule, owner_may_view=may_view))
        for schedule in schedules
    ]
    received = ReportSchedule.objects.filter(recipients=user).exclude(owner=user).select_related("owner")
    context = {"may_view": may_view, "schedules": own, "received": received}
    return render(request, "reports/schedule_list.html", context)


@page_for_people
def new(request: HttpRequest) -> HttpResponse:
    return _edit(request, new_schedule(viewer(request), request.GET.get("report", "")))


@page_for_people
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _edit(request, own_schedule(request, pk))


def _edit(request: HttpRequest, schedule: ReportSchedule) -> HttpResponse:
    if not may_view_reports(viewer(request)):
        return redirect("reports:index")
    form = ScheduleForm(request.POST if request.method == "POST" else None, schedule=schedule)
    now = timezone.now()
    try:
        is_saved = request.method == "POST" and form.save(origin=request.build_absolute_uri("/"), now=now)
    except ReportSchedule.DoesNotExist:
        raise Http404 from None
    if is_saved:
        messages.success(request, _("“%(name)s” is saved.") % {"name": schedule.name})
        return redirect("reports:schedule", schedule.pk)
    asked = TimesForm(request.POST if request.method == "POST" else form.initial, viewer=schedule.owner)
    context = {"form": form, "schedule": schedule, "is_new": not schedule.pk, "has_mail": mail_server.is_set()}
    return render(request, "reports/schedule_form.html", context | _times_of(asked, now))


@page_for_people
@require_GET
def times_typed(request: HttpRequest) -> HttpResponse:
    """The next times of what is typed, for htmx."""
    form = TimesForm(request.GET, viewer=viewer(request))
    return render(request, "reports/_schedule_times.html", _times_of(form, timezone.now()))


def _times_of(form: TimesForm, now: datetime) -> dict[str, Any]:
    try:
        expression, zone = form.times()
    except ValidationError as bad:
        return {"complaints": bad.messages}
    hours = form.cleaned_data["opening_hours"]
    asked = ReportSchedule(cron=expression, zone=zone, opening_hours=hours, next_at=now)
    return {"words": asked.in_words, "zone": zone, "hours": hours, "coming": asked.next_times(TIMES_SHOWN, now=now)}


@page_for_people
@require_POST
@transaction.atomic
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Pause it, or have it go on."""
    schedule = own_schedule(request, pk, is_held=True)
    if not schedule.next_at and (reason := refusal(schedule)):
        messages.error(request, reason)
        return redirect("reports:schedule", pk)
    if schedule.next_at:
        schedule.next_at = None
        words = _("“%(name)s” is paused.")
    else:
        schedule.plan(now=timezone.now())
        words = _("“%(name)s” runs again at its times.")
    schedule.save(update_fields=["next_at"])
    messages.success(request, words % {"name": schedule.name})
    return redirect("reports:schedule", pk)


@page_for_people
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    schedule = own_schedule(request, pk)
    delete_schedules(schedules_of(viewer(request)).filter(pk=pk))
    messages.success(request, _("“%(name)s” is deleted.") % {"name": schedule.name})
    return redirect("reports:schedules")


@page_for_people
@require_POST
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    """Be no recipient of somebody's schedule any more."""
    schedule = get_object_or_404(ReportSchedule, pk=pk, recipients=viewer(request))
    schedule.recipients.remove(viewer(request))
    messages.success(request, _("“%(name)s” is not sent to you any more.") % {"name": schedule.name})
    return redirect("reports:schedules")
