"""Settings that come and go as files: the page of the configuration file, tables of keys, queues and users, and the
preview between sending a file and confirming it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django_htmx.http import HttpResponseClientRefresh
from unfold.decorators import action

from channels_cfg.admin.safeguards.confirming import AGREED_TO, Confirming
from channels_cfg.admin.safeguards.typed_confirmation import confirmation_context
from channels_cfg.configuration_file import waiting
from channels_cfg.configuration_file.nodes import FileProblem, UnreadableFile
from channels_cfg.configuration_file.section import Section
from channels_cfg.configuration_file.sections import SECTIONS, SYSTEM
from channels_cfg.configuration_file.table_writing import (
    TooLongForExcel,
    as_csv,
    as_xlsx,
    example_row,
    headings,
    refused_rows,
    rows_of,
    what_for,
)
from channels_cfg.configuration_file.tables import MOST_BYTES, MOST_ROWS, TABLES, columns_of
from channels_cfg.configuration_file.writing import export
from channels_cfg.models import PlannedRecord, User, WaitingUpload
from channels_cfg.models.waiting_upload import WaitingUploadQuerySet

RECORDS_PER_PAGE = 50
PROBLEMS_SHOWN = 50
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"


class UploadForm(forms.Form):
    file = forms.FileField(
        max_length=200,
        error_messages={
            "required": gettext_lazy("Choose a file first."),
            "empty": gettext_lazy("The file is empty."),
            "missing": gettext_lazy("Choose a file first."),
        },
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(
                _("The file is larger than %(most)s MiB. Send it in parts.") % {"most": MOST_BYTES // 1024**2}
            )
        return file


# Sending


def _take_in(request: HttpRequest, kind: str) -> tuple[HttpResponse | None, list[FileProblem], UploadForm]:
    """The way to the preview, or what is wrong with the file."""
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return None, [], form
    file = form.cleaned_data["file"]
    try:
        upload = waiting.take_in(
            file.read(),
            kind=kind,
            name=file.name,
            user=_user(request),
            environment=os.environ,
            now=timezone.now(),
        )
    except UnreadableFile as unreadable:
        return None, unreadable.problems, form
    return HttpResponseRedirect(reverse("admin:upload_preview", args=[upload.pk])), [], form


def configuration_file(request: HttpRequest, model_admin: Any = None) -> HttpResponse:
    """Download all settings as a file, or send one."""
    if not _may_configure(request):
        raise PermissionDenied
    answer, problems, form = None, list[FileProblem](), UploadForm()
    if request.method == "POST":
        answer, problems, form = _take_in(request, WaitingUpload.Kind.CONFIGURATION)
    if answer is not None:
        return answer
    context = {
        **admin.site.each_context(request),
        "title": _("Configuration file"),
        "form": form,
        "problems": problems[:PROBLEMS_SHOWN],
        "more_problems": max(0, len(problems) - PROBLEMS_SHOWN),
        "sections": [capfirst(section.plural) for section in _visible(request)],
        "waiting": _waiting(request).filter(kind=WaitingUpload.Kind.CONFIGURATION),
    }
    return TemplateResponse(request, "admin/configuration_file.html", context, status=422 if problems else 200)


def download_configuration(request: HttpRequest, model_admin: Any = None) -> HttpResponse:
    """The file, with the sections whose records the user may see."""
    if not _may_configure(request):
        raise PermissionDenied
    return _file(export(_visible(request)), "keepsake-configuration.yaml", "application/yaml; charset=utf-8")


def _visible(request: HttpRequest) -> list[Section]:
    return [
        section
        for section in SECTIONS
        if request.user.has_perm(section.permission("view")) or request.user.has_perm(section.permission("change"))
    ]


def _may_configure(request: HttpRequest) -> bool:
    return request.user.has_perm(SYSTEM.permission("change"))


# The preview


@transaction.atomic
def preview(request: HttpRequest, pk: Any, model_admin: Any = None) -> HttpResponse:
    """What the file would do, record by record; confirming does it, once."""
    upload = _upload(request, pk, for_update=request.method == "POST")
    if request.method == "POST" and "discard" in request.POST:
        upload.delete()
        messages.success(request, _("The file is discarded. Nothing was changed."))
        return HttpResponseRedirect(_back(upload))
    if not upload.is_ready:
        return _progress_page(request, upload)
    return _confirm(request, upload) if request.method == "POST" else _preview_page(request, upload)


def progress(request: HttpRequest, pk: Any, model_admin: Any = None) -> HttpResponse:
    """How far the reading of a large file is, as htmx asks for it; then the page is loaded again."""
    upload = _waiting(request).filter(pk=pk).first()
    if upload is None or not upload.is_unfinished:
        return HttpResponseClientRefresh()
    return TemplateResponse(request, "admin/_upload_progress.html", {"upload": upload})


def _progress_page(request: HttpRequest, upload: WaitingUpload) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "title": _("What “%(file)s” would do") % {"file": upload.name},
        "upload": upload,
    }
    return TemplateResponse(request, "admin/upload_progress.html", context)


def _confirm(request: HttpRequest, upload: WaitingUpload) -> HttpResponse:
    without_refused = request.POST.get("without_refused") == "yes"
    confirming: Confirming[Any] = Confirming(
        request,
        partial(waiting.plan_again, upload, environment=os.environ, without_refused=without_refused),
        preview=partial(waiting.ShownPlan, upload),
        was_previewed=AGREED_TO in request.POST,
    )
    if not (confirming.is_ready() and confirming.is_confirmed()):
        return _preview_page(request, upload, status=409, **confirming.context)
    if not confirming.apply():
        waiting.show_again(upload, environment=os.environ)
        messages.error(request, f"{confirming.refusal} " + _("Nothing was changed."))
        return HttpResponseRedirect(request.path)
    done = sum(1 for _record in confirming.change_set.effects)
    upload.delete()
    said = ngettext("%(count)d change applied.", "%(count)d changes applied.", done)
    return confirming.done(said % {"count": done}, _back(upload))


def _preview_page(request: HttpRequest, upload: WaitingUpload, *, status: int = 200, **asked: Any) -> HttpResponse:
    counts = dict(upload.records.order_by().values_list("outcome").annotate(Count("pk")))
    outcomes = [outcome for outcome in PlannedRecord.Outcome if counts.get(outcome)]
    chosen = request.GET.get("outcome", "")
    first = [outcome for outcome in outcomes if outcome == PlannedRecord.Outcome.REFUSED]
    if chosen not in outcomes and chosen != "all":
        chosen = first[0] if first else "all"
    records = upload.records.filter(outcome=chosen) if chosen != "all" else upload.records.all()
    confirmation = waiting.ShownPlan(upload).confirmation
    effects = sum(counts.get(outcome, 0) for outcome in _EFFECTS)
    context = {
        **admin.site.each_context(request),
        **(confirmation_context(request, confirmation) if confirmation else {}),
        "title": _("What “%(file)s” would do") % {"file": upload.name},
        "upload": upload,
        "is_table": upload.kind in TABLES,
        "counts": [(outcome, outcome.label, counts[outcome]) for outcome in outcomes],
        "total": sum(counts.values()),
        "refused": counts.get(PlannedRecord.Outcome.REFUSED, 0),
        "effects": effects,
        "can_confirm": effects and (upload.kind in TABLES or not counts.get(PlannedRecord.Outcome.REFUSED)),
        "chosen": chosen,
        "page": Paginator(records, RECORDS_PER_PAGE).get_page(request.GET.get("page")),
        "back": _back(upload),
        AGREED_TO: upload.fingerprint,
        "without_refused": request.POST.get("without_refused"),
        **asked,
    }
    return TemplateResponse(request, "admin/upload_preview.html", context, status=status)


_EFFECTS = (PlannedRecord.Outcome.ADD, PlannedRecord.Outcome.CHANGE, PlannedRecord.Outcome.REMOVE)


def refused_file(request: HttpRequest, pk: Any, format: str, model_admin: Any = None) -> HttpResponse:
    """The refused rows with their reasons, to be mended and sent again."""
    upload = _upload(request, pk)
    if upload.kind not in TABLES:
        raise Http404
    section = TABLES[upload.kind]
    refused = upload.records.filter(outcome=PlannedRecord.Outcome.REFUSED)
    rows = refused_rows(section, ((record.cells, waiting.reasons(record)) for record in refused))
    name = f"refused-{section.name}"
    return _table(request, rows, name, format, back=reverse("admin:upload_preview", args=[upload.pk]))


def _upload(request: HttpRequest, pk: Any, *, for_update: bool = False) -> WaitingUpload:
    waiting_now = _waiting(request)
    upload = (waiting_now.select_for_update() if for_update else waiting_now).filter(pk=pk).first()
    if upload is None:
        raise Http404(_("This file is not waiting any more. Send it again."))
    return upload


def _waiting(request: HttpRequest) -> WaitingUploadQuerySet:
    """Those with settings; files with contacts have pages of their own."""
    sent = WaitingUpload.objects.of(_user(request), now=timezone.now())
    return sent.exclude(kind=WaitingUpload.Kind.CONTACTS).defer("content")


def _back(upload: WaitingUpload) -> str:
    if upload.kind not in TABLES:
        return reverse("admin:configuration_file")
    meta = TABLES[upload.kind].model._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")


PAGES = (
    ("configuration-file/", "configuration_file", configuration_file),
    ("configuration-file/download/", "download_configuration", download_configuration),
    ("uploads/<uuid:pk>/", "upload_preview", preview),
    ("uploads/<uuid:pk>/progress/", "upload_progress", progress),
    ("uploads/<uuid:pk>/refused.<str:format>", "upload_refused", refused_file),
)
"""Addresses of these pages, below those of the system settings."""


# Tables on the lists


class ComesAsTable:
    """For a ``ModelAdmin``: its list is downloaded as a table, and a table is sent to it."""

    table: Section
    actions_list = ["send_table", "download_csv", "download_xlsx"]

    def get_custom_urls(self) -> Any:
        """Templates."""
        names = f"{self.opts.app_label}_{self.opts.model_name}"  # type: ignore[attr-defined]
        return (
            *super().get_custom_urls(),  # type: ignore[misc]
            ("template.<str:format>", f"{names}_template", self._template),
        )

    @action(description=gettext_lazy("Import a table"), url_path="import", permissions=["import"], icon="upload_file")
    def send_table(self, request: HttpRequest) -> HttpResponse:
        problems: list[FileProblem] = []
        form = UploadForm()
        if request.method == "POST":
            answer, problems, form = _take_in(request, self.table.name)
            if answer is not None:
                return answer
        names = f"{self.opts.app_label}_{self.opts.model_name}"  # type: ignore[attr-defined]
        context = {
            **admin.site.each_context(request),
            "title": _("Import %(records)s") % {"records": self.opts.verbose_name_plural},  # type: ignore[attr-defined]
            "opts": self.opts,  # type: ignore[attr-defined]
            "form": form,
            "problems": problems[:PROBLEMS_SHOWN],
            "more_problems": max(0, len(problems) - PROBLEMS_SHOWN),
            "columns": [(entry.label, entry.name, what_for(entry)) for entry in columns_of(self.table)],
            "one": self.table.noun,
            "named_by": self.table.by_name[self.table.identity[0]].label,
            "most_rows": MOST_ROWS,
            "most_megabytes": MOST_BYTES // 1024**2,
            "template_csv": reverse(f"admin:{names}_template", args=["csv"]),
            "template_xlsx": reverse(f"admin:{names}_template", args=["xlsx"]),
            "back": reverse(f"admin:{names}_changelist"),
        }
        return TemplateResponse(request, "admin/import_table.html", context, status=422 if problems else 200)

    @action(description=gettext_lazy("Download CSV"), url_path="table.csv", permissions=["view"], icon="download")
    def download_csv(self, request: HttpRequest) -> HttpResponse:
        return self._download(request, "csv")

    @action(description=gettext_lazy("Download XLSX"), url_path="table.xlsx", permissions=["view"], icon="download")
    def download_xlsx(self, request: HttpRequest) -> HttpResponse:
        return self._download(request, "xlsx")

    def has_import_permission(self, request: HttpRequest) -> bool:
        return self.has_add_permission(request) or self.has_change_permission(request)  # type: ignore[attr-defined]

    def _download(self, request: HttpRequest, format: str) -> HttpResponse:
        rows = [headings(self.table), *rows_of(self.table)]
        return _table(request, rows, self.table.name, format, about=self.table)

    def _template(self, request: HttpRequest, format: str, model_admin: Any = None) -> HttpResponse:
        if not self.has_import_permission(request):
            raise PermissionDenied
        rows = [headings(self.table), example_row(self.table)]
        return _table(request, rows, f"{self.table.name}-template", format, about=self.table)


_WRITERS: dict[str, tuple[Callable[..., str | bytes], str]] = {"csv": (as_csv, CSV), "xlsx": (as_xlsx, XLSX)}


def _table(
    request: HttpRequest,
    rows: Iterable[list[str]],
    name: str,
    format: str,
    *,
    about: Section | None = None,
    back: str = "..",
) -> HttpResponse:
    if format not in _WRITERS:
        raise Http404
    writer, kind = _WRITERS[format]
    try:
        content = writer(rows, about=about) if format == "xlsx" else writer(rows)
    except TooLongForExcel as refused:
        messages.error(request, str(refused))
        return HttpResponseRedirect(back)
    return _file(content, f"{name}.{format}", kind)


def _file(content: str | bytes, name: str, kind: str) -> HttpResponse:
    return HttpResponse(
        content,
        content_type=kind,
        headers={"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"},
    )


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # admin pages open to nobody else
    return request.user
