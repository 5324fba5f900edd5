"""Saved reports: the viewer's own, to save, open, rename, share and delete; and those that others share."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count, Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from channels_cfg.models import User
from conversations.filters import is_id
from conversations.signed_in import page_for_people, viewer
from reporting.contact_log.query import LogQuery, zone_of
from reporting.contact_log.words.asked_words import cannot_be_asked, in_brief
from reporting.contact_log.words.row_addresses import as_asked, page_of
from reporting.models import SavedReport
from reporting.pages.report_form import NO_INTERVAL
from reporting.pages.report_runs import may_view_reports
from reporting.saved_reports import NameTaken, rename_report, reports_of, save_report, shared_with
from reporting.schedules.planning import delete_report, schedules_of

SHARED_PER_PAGE = 50


def _own(request: HttpRequest, pk: int, *, is_held: bool = False) -> SavedReport:
    """The viewer's report. Another's is not found. While it ``is_held``, to the end of the transaction, nobody else
    changes or deletes it."""
    reports = reports_of(viewer(request))
    return get_object_or_404(reports.select_for_update() if is_held else reports, pk=pk)


def address_of(report: SavedReport) -> str:
    """The page that shows it: rows where columns were chosen, else counts."""
    page = "reports:rows" if {"column", "heading"} & report.query.keys() else "reports:index"
    return page_of({"interval": [NO_INTERVAL], **report.query}, page=page)


def _facts(report: SavedReport, user: User) -> tuple[SavedReport, str, str]:
    """The report, its address and what it asks."""
    query, complaints = LogQuery.read(report.query, zone=zone_of(user), now=timezone.now())
    return report, address_of(report), cannot_be_asked(complaints) if complaints else in_brief(query)


@page_for_people
@require_GET
def report_list(request: HttpRequest) -> HttpResponse:
    """The viewer's saved reports by name, then those that others share."""
    user = viewer(request)
    scheduled = Prefetch("schedules", schedules_of(user), to_attr="scheduled")
    own = reports_of(user).annotate(used=Count("schedules", filter=~Q(schedules__owner=user)))
    shared = shared_with(user) if may_view_reports(user) else SavedReport.objects.none()
    page = Paginator(shared.prefetch_related(scheduled), SHARED_PER_PAGE).get_page(request.GET.get("page"))
    lists = {"reports": own.prefetch_related(scheduled), "shared": page.object_list}
    context = {name: [_facts(report, user) for report in some] for name, some in lists.items()}
    return render(request, "reports/saved_list.html", {**context, "page": page})


@page_for_people
@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Keep the report that is shown, under a name. Before it replaces another the viewer is asked."""
    user, sent = viewer(request), request.POST
    if not may_view_reports(user):
        return redirect("reports:index")
    now, replaced = timezone.now(), sent.get("replaced", "")
    try:
        query = LogQuery.parse(sent, zone=zone_of(user), now=now)
        report = save_report(
            query=query,
            name=sent.get("name", ""),
            owner=user,
            now=now,
            replaced=int(replaced) if is_id(replaced) else None,
        )
    except ValidationError as bad:
        messages.error(request, " ".join(bad.messages))
        return redirect(as_asked(sent))
    except NameTaken as taken:
        return _ask_whether_to_replace(request, taken.report, query)
    messages.success(request, _("“%(name)s” is saved.") % {"name": report.name})
    return redirect(address_of(report))


def _ask_whether_to_replace(request: HttpRequest, report: SavedReport, query: LogQuery) -> HttpResponse:
    """The viewer's report has the name under which the query would be saved: who has it, and what can be done."""
    params = query.as_params()
    own = report.schedules.filter(owner=report.owner_id).count()
    context = {
        "report": report,
        "address": address_of(report),
        "shown_address": address_of(SavedReport(query=params)),
        "params": params,
        "own_schedules": own,
        "others_schedules": report.schedules.count() - own,
    }
    return render(request, "reports/name_taken.html", context)


@page_for_people
@require_POST
@transaction.atomic
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    report = _own(request, pk, is_held=True)
    try:
        rename_report(report, name=request.POST.get("name", ""))
        messages.success(request, _("The report is called “%(name)s” now.") % {"name": report.name})
    except ValidationError as bad:
        messages.error(request, " ".join(bad.messages))
    return redirect("reports:saved")


@page_for_people
@require_POST
@transaction.atomic
def share(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the report to everybody who may view reports, or to nobody else any more."""
    report = _own(request, pk, is_held=True)
    report.is_shared = "stop" not in request.POST
    report.save(update_fields=["is_shared"])
    said = _("“%(name)s” is shared.") if report.is_shared else _("“%(name)s” is yours alone again.")
    messages.success(request, said % {"name": report.name})
    return redirect("reports:saved")


@page_for_people
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    report = _own(request, pk)
    delete_report(report)
    messages.success(request, _("“%(name)s” is deleted.") % {"name": report.name})
    return redirect("reports:saved")
