"""Files of the Contact Log: ask for one, watch it being written, fetch it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from channels_cfg.sign_in.client_address import client_address
from conversations.signed_in import page_for_people, viewer
from conversations.tasks import send_worker_to
from reporting.contact_log import files, json_lines
from reporting.contact_log.comparison import may_compare
from reporting.contact_log.query import LogQuery, zone_of
from reporting.contact_log.words.asked_words import in_brief
from reporting.contact_log.words.row_addresses import as_asked, page_of
from reporting.models import ReportFile, RunRecipient
from reporting.pages.report_form import NO_INTERVAL
from reporting.pages.report_runs import may_view_reports

FILES_SHOWN = 50
CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
    "jsonl": "application/jsonl",
}


def _own_file(request: HttpRequest, pk: uuid.UUID) -> ReportFile:
    """The viewer's file. Another's is not found, whatever rights the two share."""
    return get_object_or_404(ReportFile, pk=pk, owner=viewer(request))


@page_for_people
@require_GET
def file_list(request: HttpRequest) -> HttpResponse:
    """The viewer's own files, the newest first."""
    own = ReportFile.objects.filter(owner=viewer(request)).select_related("owner")[:FILES_SHOWN]
    return render(request, "reports/file_list.html", {"files": _facts(list(own))})


def _facts(files: Sequence[ReportFile]) -> list[dict[str, Any]]:
    """Each file with the name of the schedule that had it made, and where what it was asked for is shown."""
    schedules = dict(RunRecipient.objects.filter(files__in=files).values_list("files", "run__schedule__name"))
    return [
        {
            "file": file,
            "schedule": schedules.get(file.pk, ""),
            **(_asked(file) if file.query else {}),
        }
        for file in files
    ]


def _asked(file: ReportFile) -> dict[str, str]:
    """What it was asked for, in a line, and the page that shows it."""
    query, _complaints = LogQuery.read(file.query, zone=zone_of(file.owner), now=file.created_at)
    if ReportFile.Format(file.format).is_of_counts:
        address = page_of({"interval": [NO_INTERVAL], **file.query}, page="reports:index")
    else:
        address = page_of(file.query, page="reports:rows")
        query = replace(query, interval="")  # with which rows are what they are without
    return {"asked": in_brief(query), "asked_address": address}


@page_for_people
@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    """Have the rows of a query, or its counts, written to a file; the task is told, and finds it by itself should the
    news be lost."""
    format = request.POST.get("format", "")
    delimiter = request.POST.get("delimiter", ReportFile.Delimiter.COMMA)
    if format not in ReportFile.Format.values or delimiter not in ReportFile.Delimiter.values:
        raise Http404
    user = viewer(request)
    query, complaints = LogQuery.read(request.POST, zone=zone_of(user), now=timezone.now())
    if complaints or not may_compare(query, user):
        return redirect(as_asked(request.POST))
    files.ask_for(
        query,
        format=format,
        owner=user,
        now=timezone.now(),
        delimiter=delimiter,
        byte_order_mark="without_mark" not in request.POST,
    )
    transaction.on_commit(lambda: send_worker_to(ReportFile, expires=60))
    return redirect("reports:files")


@page_for_people
@require_GET
def progress(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """One file's line in the list, as htmx asks for it while it is being written."""
    return render(request, "reports/_file.html", _facts([_own_file(request, pk)])[0])


@page_for_people
@require_POST
def cancel(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Stop writing a file."""
    file = _own_file(request, pk)
    if not files.cancel(file):
        messages.info(request, _("There was nothing left to cancel: the file was finished already."))
    return redirect("reports:files")


@page_for_people
@require_GET
def download(request: HttpRequest, pk: uuid.UUID) -> Any:
    """The file itself, to its owner, as long as the owner's rights still cover all its rows."""
    file = _own_file(request, pk)
    if file.state != ReportFile.State.READY or (file.expires_at and file.expires_at <= timezone.now()):
        return _refuse(request, file, _("This file cannot be downloaded: it is not there yet, or no longer."))
    if not files.may_download(viewer(request), file):
        return _refuse(
            request,
            file,
            _("Your rights changed since this file was made: it has rows you may no longer see. Ask for a new one."),
        )
    try:
        content = file.path.open("rb")
    except FileNotFoundError:
        return _refuse(request, file, _("The file is gone from the server. Ask for a new one."))
    files.note_download(file, by=viewer(request), address=client_address(request), now=timezone.now())
    content_type = CONTENT_TYPES[ReportFile.Format(file.format).suffix]
    return FileResponse(content, as_attachment=True, filename=file.name, content_type=content_type)


@page_for_people
@require_GET
def line_schema(request: HttpRequest) -> HttpResponse:
    """The JSON Schema of a line of JSON Lines, which names the keys of the catalogue."""
    if not may_view_reports(viewer(request)):
        raise Http404
    response = JsonResponse(json_lines.line_schema(), json_dumps_params={"indent": 2, "ensure_ascii": False})
    response["Content-Disposition"] = 'attachment; filename="contact-log.schema.json"'
    return response


def _refuse(request: HttpRequest, file: ReportFile, reason: str) -> HttpResponse:
    return render(request, "reports/file_refused.html", {"file": file, "reason": reason}, status=403)
