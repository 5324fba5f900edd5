"""The pages on which contacts come from a file: sending it, how far it is, what it would do, what it did."""

from __future__ import annotations

import uuid
from http import HTTPStatus

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRefresh

from channels_cfg.configuration_file.nodes import UnreadableFile
from channels_cfg.configuration_file.tables import MOST_BYTES
from channels_cfg.models import PlannedRecord, WaitingUpload
from channels_cfg.models.waiting_upload import WaitingUploadQuerySet
from conversations.contact_pages.importing import MOST_ROWS, headings
from conversations.contact_pages.imports import confirm, take_in
from conversations.contacts.rights import may_manage_contacts
from conversations.signed_in import page_for_people, viewer

Outcome = PlannedRecord.Outcome
ROWS_PER_PAGE = 50


@page_for_people
def import_file(request: HttpRequest) -> HttpResponse:
    """A file is sent; nothing in it counts before it is confirmed."""
    if not may_manage_contacts(viewer(request)):
        raise Http404
    problems = []
    if request.method == "POST":
        sent = request.FILES.get("file")
        content, name = (sent.read(MOST_BYTES + 1), sent.name or "") if sent else (b"", "")
        try:
            upload = take_in(content, name=name, user=viewer(request), now=timezone.now())
        except UnreadableFile as unreadable:
            problems = unreadable.problems
        else:
            return redirect("contacts:import_preview", pk=upload.pk)
    context = {
        "headings": headings(),
        "most_rows": MOST_ROWS,
        "most_megabytes": MOST_BYTES // 1024**2,
        "problems": problems,
        "waiting": _waiting(request),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK
    return render(request, "contacts/import.html", context, status=status)


@page_for_people
@transaction.atomic
def import_preview(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """How far the file is; what it would do, row by row, and the button that does it; what it did."""
    waiting = _waiting(request)
    upload = (waiting.select_for_update() if request.method == "POST" else waiting).filter(pk=pk).first()
    if upload is None:
        raise Http404
    if request.method == "POST":
        return _discard(request, upload) if "discard" in request.POST else _confirm(request, upload)
    return _preview_page(request, upload)


def _discard(request: HttpRequest, upload: WaitingUpload) -> HttpResponse:
    is_stopped = upload.is_unfinished and upload.rows_done
    words = _("Stopped after row %(row)s. What was imported before stays.") % {"row": f"{upload.rows_done:,}"}
    if upload.state != WaitingUpload.State.DONE:
        messages.success(request, words if is_stopped else _("The file is discarded. Nothing was changed."))
    upload.delete()
    return redirect("contacts:index" if is_stopped else "contacts:import")


def _confirm(request: HttpRequest, upload: WaitingUpload) -> HttpResponse:
    refused = upload.records.filter(outcome=Outcome.REFUSED)
    is_agreed = "without_refused" in request.POST or not refused.exists()
    if not (upload.is_ready and is_agreed and upload.records.exclude(outcome=Outcome.REFUSED).exists()):
        return _preview_page(request, upload, status=HTTPStatus.CONFLICT)
    confirm(upload, now=timezone.now())
    return redirect("contacts:import_preview", pk=upload.pk)


@page_for_people
@require_safe
def import_progress(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """How far it is, as htmx asks for it; then the page is loaded again."""
    upload = _waiting(request).filter(pk=pk).first()
    if upload is None or not upload.is_unfinished:
        return HttpResponseClientRefresh()
    return render(request, "contacts/_import_progress.html", {"upload": upload})


def _preview_page(request: HttpRequest, upload: WaitingUpload, *, status: int = HTTPStatus.OK) -> HttpResponse:
    counts = dict(upload.records.order_by().values_list("outcome").annotate(Count("pk")))
    outcomes = [outcome for outcome in Outcome if counts.get(outcome)]
    chosen = request.GET.get("outcome", "")
    if chosen not in outcomes and chosen != "all":
        chosen = Outcome.REFUSED if Outcome.REFUSED in outcomes else "all"
    shown = upload.records.all() if chosen == "all" else upload.records.filter(outcome=chosen)
    context = {
        "upload": upload,
        "counts": [(outcome, outcome.label, counts[outcome]) for outcome in outcomes],
        "total": sum(counts.values()),
        "refused": counts.get(Outcome.REFUSED, 0),
        "effects": counts.get(Outcome.ADD, 0) + counts.get(Outcome.CHANGE, 0),
        "chosen": chosen,
        "page": Paginator(shown, ROWS_PER_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "contacts/import_preview.html", context, status=status)


def _waiting(request: HttpRequest) -> WaitingUploadQuerySet:
    """Files with contacts that the viewer has sent; nobody else sees them."""
    if not may_manage_contacts(viewer(request)):
        raise Http404
    sent = WaitingUpload.objects.of(viewer(request), now=timezone.now())
    return sent.filter(kind=WaitingUpload.Kind.CONTACTS)
