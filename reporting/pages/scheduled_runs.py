"""One schedule with its runs, and one run: what each recipient got, and how its rows differ from others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRefresh

from channels_cfg import mail_server
from channels_cfg.models import Right, User
from conversations.filters import GrantedPlaces, is_id
from conversations.models import Conversation
from conversations.signed_in import page_for_people, viewer
from reporting.contact_log.files import lies_in
from reporting.contact_log.words.asked_words import period_in_words
from reporting.models import ReportSchedule, RunRecipient, ScheduledRun
from reporting.models.report_schedule import RUNS_KEPT
from reporting.pages.saved_reports import address_of
from reporting.pages.schedules import TIMES_SHOWN, own_schedule
from reporting.schedules.planning import RunUnderWay, refusal, run_again, run_now
from reporting.schedules.rows import ROWS_SHOWN, RowDifference, RunComparison, erased_rows, query_of, rows_changed_since
from reporting.schedules.running import has_no_address, may_not_receive
from reporting.viewing import report_recipients

NOW = "now"


def _own_run(request: HttpRequest, pk: int) -> ScheduledRun:
    """A run of the viewer's schedule. Another's is not found."""
    runs = ScheduledRun.objects.filter(schedule__owner=viewer(request)).select_related("schedule")
    return get_object_or_404(runs, pk=pk)


@page_for_people
@require_GET
def schedule(request: HttpRequest, pk: int) -> HttpResponse:
    """A schedule of the viewer's, and its runs, the newest first."""
    shown = own_schedule(request, pk)
    # Whether there were rows for a recipient is not always the owner's to know.
    outcomes = RunRecipient.Outcome
    served = Count("recipients", filter=~Q(recipients__outcome__in=[outcomes.WAITING, outcomes.FAILED]))
    runs = shown.runs.annotate(served=served, named=Count("recipients")).order_by("-created_at", "-pk")[:RUNS_KEPT]
    context = {
        "schedule": shown,
        "report_address": address_of(shown.report) if shown.report else "",
        "runs": runs,
        "recipients": shown.recipients.all(),
        "formats": shown.format_labels,
        "coming": shown.next_times(TIMES_SHOWN, now=timezone.now()),
        "refusal": refusal(shown),
        "has_mail": mail_server.is_set(),
    }
    return render(request, "reports/schedule.html", context)


@page_for_people
@require_POST
def start(request: HttpRequest, pk: int) -> HttpResponse:
    """Have a schedule of the viewer's run at once, unless a run of it is under way."""
    shown = own_schedule(request, pk)
    try:
        return _started(request, lambda: run_now(shown, now=timezone.now()), words=_("It runs now."))
    except ValidationError as refused:
        messages.error(request, " ".join(refused.messages))
        return redirect("reports:schedule", pk)


@page_for_people
@require_POST
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Have a run made once more, of the same period, unless one of it is under way."""
    earlier = _own_run(request, pk)
    words = _("It runs again, of the same period.")
    return _started(request, lambda: run_again(earlier, now=timezone.now()), words=words)


def _started(request: HttpRequest, start: Callable[[], ScheduledRun], *, words: str) -> HttpResponse:
    """Leads to the run that was started, or to the one that is under way."""
    try:
        run = start()
        messages.success(request, words)
    except RunUnderWay as under_way:
        run = under_way.run
        messages.info(request, _("It is under way already."))
    except ReportSchedule.DoesNotExist as deleted:
        raise Http404 from deleted
    return redirect("reports:scheduled_run", run.pk)


@page_for_people
@require_GET
def changes(request: HttpRequest, pk: int) -> HttpResponse:
    """How many rows of a run changed since, for htmx."""
    run = _own_run(request, pk)
    changed = rows_changed_since(run) if run.taken_at else 0
    return render(request, "reports/_run_changes.html", {"run": run, "changed": changed})


@page_for_people
@require_GET
def scheduled_run(request: HttpRequest, pk: int) -> HttpResponse:
    """A run: what became of it, and how its rows differ from another run's or from the log now.

    To htmx, which asks while it is under way, the first alone; once it is over, that the page is to be loaded anew.
    """
    run = _own_run(request, pk)
    if request.htmx and not run.is_unfinished:  # type: ignore[attr-defined]  # set by the middleware of django_htmx
        return HttpResponseClientRefresh()
    context: dict[str, Any] = {
        "run": run,
        "schedule": run.schedule,
        "recipients": _recipients(run, viewer(request)),
    }
    if run.taken_at:
        context["period"] = period_in_words(query_of(run))
    if run.has_rows and not request.htmx:  # type: ignore[attr-defined]  # set by the middleware of django_htmx
        context |= {"erased": erased_rows(run), **_compared(request, run)}
    return render(request, "reports/scheduled_run.html", context)


def _recipients(run: ScheduledRun, owner: User) -> list[dict[str, Any]]:
    """Each recipient with what the owner may know: of somebody who sees more than the owner, no rows nor whether there
    are any, but what is said ``instead``, and a failure."""
    seen = GrantedPlaces(owner, [Right.VIEW_REPORTS])
    users = run.recipients.order_by().values("user")
    seeing_more, receiving = (set(some.filter(pk__in=users)) for some in (seen.seen_beyond(), report_recipients()))
    told = []
    for recipient in run.recipients.select_related("user").prefetch_related("files"):
        files = recipient.files.all()
        is_seen = recipient.user not in seeing_more
        is_seen = is_seen and all(lies_in(file, seen) for file in files)  # made with the rights of that time
        is_told = is_seen or recipient.outcome == RunRecipient.Outcome.FAILED
        instead = "" if is_told else _instead_of_outcome(recipient.user, may_receive=recipient.user in receiving)
        told.append({"got": recipient, "instead": instead, "files": files if is_seen else []})
    return told


def _instead_of_outcome(user: User, *, may_receive: bool) -> str:
    """What is as true with rows as without."""
    if not may_receive:
        return may_not_receive()
    hidden = _("Sees more in reports than you do: whether there were rows, and how many, only they are told.")
    return hidden if user.email else f"{has_no_address()} {hidden}"


def _compared(request: HttpRequest, run: ScheduledRun) -> dict[str, Any]:
    """With the run that was chosen, or with the one before where none was, or with the log now."""
    others = run.schedule.runs.filter(has_rows=True).exclude(pk=run.pk)
    earlier = others.filter(taken_at__lt=run.taken_at).order_by("-taken_at")
    chosen = request.GET.get("with", "")
    other = others.filter(pk=chosen).first() if is_id(chosen) else None if chosen == NOW else earlier.first()
    context: dict[str, Any] = {"others": others, "other": other, "now": NOW, "rows_shown": ROWS_SHOWN}
    before, after = _in_order(run, other) if other else (run, None)
    comparison = RunComparison(before, after)
    counts = comparison.counts()
    found = list(dict.fromkeys(count.difference for count in counts))
    asked = request.GET.get("difference", "")
    difference = RowDifference(asked) if asked in found else next(iter(found), None)
    rows = comparison.rows(difference) if difference else []
    openable = _openable(viewer(request), [entry.pk for entry, _reason in rows])
    return context | {
        "comparison": comparison,
        "before": before,
        "after": after,
        "counts": counts,
        "differences": found,
        "difference": difference,
        "rows": [(entry, reason, entry.pk in openable) for entry, reason in rows],
    }


def _in_order(one: ScheduledRun, other: ScheduledRun) -> tuple[ScheduledRun, ScheduledRun]:
    assert one.taken_at and other.taken_at  # their rows are noted
    return (one, other) if one.taken_at < other.taken_at else (other, one)


def _openable(user: User, pks: list[Any]) -> set[Any]:
    """Of the conversations, those whose history the viewer may open."""
    granted = Conversation.objects.granting(Right.VIEW_HISTORY, to=user)
    return set(granted.filter(pk__in=pks).values_list("pk", flat=True))
