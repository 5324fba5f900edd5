"""Versions of the settings: the list, one of them, undoing it, the settings at a time, and the change log."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_cfg.admin.configurator import ConfiguratorAdmin, page_of_changes
from channels_cfg.admin.history.recorded_rows import (
    EffectiveRows,
    RecordRows,
    csv_of_changes,
    kinds_of_records,
    with_links,
)
from channels_cfg.admin.history.version_questions import AsOfForm, DifferenceForm, VersionFilters, keyset_page
from channels_cfg.admin.read_only import ReadOnly
from channels_cfg.admin.safeguards.confirming import AGREED_TO, Confirming
from channels_cfg.admin.safeguards.undo import may_undo
from channels_cfg.history.change_log import ChangeHistory
from channels_cfg.history.record_words import Difference, kind_of
from channels_cfg.history.revert import preview, undoing_of
from channels_cfg.history.settings_at import as_of, difference
from channels_cfg.history.versions import how_made, in_lines, versions
from channels_cfg.models import SettingsVersion

RECORDS_PER_PAGE = 50
EFFECTIVE = "in-effect"
"""Instead of a kind of records: the extra-data lists that counted."""


@admin.register(SettingsVersion)
class VersionsAdmin(ReadOnly, ConfiguratorAdmin):
    """A version is one transaction's changes of the settings."""

    @property
    def custom_urls(self) -> Any:
        pages = (
            ("<int:number>/undo/", "undo_version", "undo"),
            ("as-of/", "settings_as_of", "settings_as_of"),
            ("difference/", "settings_difference", "settings_difference"),
            ("changes/", "change_log", "change_log"),
            ("changes.csv", "change_log_csv", "change_log_csv"),
        )
        return tuple((path, name, _viewing(method)) for path, name, method in pages)

    def conversations_judged(self, request: HttpRequest, numbers: Sequence[int]) -> dict[int, str]:
        """How many conversations each version judged, of those that the viewer may see; known on floors above."""
        return {}

    # The list

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self._check(request)
        asked = VersionFilters(request)
        found = versions(by=asked.by, kind=asked.kind, record=asked.record, since=asked.since, before=asked.until)
        page = keyset_page(found, request)
        lines = in_lines(page.versions)
        judged = self.conversations_judged(request, [line.number for line in lines])
        return self._render(
            request,
            "list.html",
            title=_("Versions of the settings"),
            lines=[(line, judged.get(line.number, "")) for line in lines],
            shows_judged=bool(judged),
            older=asked.address(before=page.oldest) if page.has_older else "",
            newer=asked.address(after=page.newest) if page.has_newer else "",
            filters=asked,
        )

    # One version

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self._check(request)
        version = self._version(object_id)
        page = page_of_changes(ChangeHistory.of_everything(versions=[version.pk]), request)
        judged = self.conversations_judged(request, [version.pk])
        return self._render(
            request,
            "page.html",
            title=str(version),
            line=how_made(version),
            page=page,
            changes=list(with_links(request, page)),
            judged=judged.get(version.pk, ""),
            earlier=SettingsVersion.objects.filter(pk__lt=version.pk).order_by("-pk").first(),
            later=SettingsVersion.objects.filter(pk__gt=version.pk).order_by("pk").first(),
            may_undo=may_undo(request),
        )

    def undo(self, request: HttpRequest, number: int) -> HttpResponse:
        """Shows what undoing would do; posted, does it. ``also`` names versions undone along."""
        self._check(request)
        version = self._version(number)
        if not may_undo(request):
            raise PermissionDenied
        asked = request.POST if request.method == "POST" else request.GET
        numbers = sorted({version.pk, *(int(text) for text in asked.getlist("also") if text.isdecimal())})
        what: dict[str, Any] = {"versions": numbers, "leave_out_secrets": bool(asked.get("without_secrets"))}
        confirming = Confirming(
            request,
            partial(undoing_of, **what),
            preview=partial(preview, **what),
            was_previewed=AGREED_TO in request.POST,
        )
        if not confirming.change_set.may_be_applied_by(confirming.by):
            raise PermissionDenied
        if request.method == "POST" and not confirming.change_set.refused and confirming.is_ready():
            if question := confirming.ask():
                return question
            if confirming.apply(reverts=numbers):
                made = confirming.change_set.version
                messages.success(request, _("Undone: the settings are now version %(number)s.") % {"number": made})
                return redirect(reverse("admin:channels_cfg_settingsversion_change", args=[made]))
        found = confirming.change_set
        return self._render(
            request,
            "undo.html",
            title=_("Undo %(versions)s") % {"versions": found.in_words},
            version=version,
            line=how_made(version),
            found=found,
            also=[other for other in found.with_conflicts if other != version.pk],
            undone_too=[other for other in found.versions if other != version.pk],
            **confirming.context | {"confirmation": None},
        )

    # The settings at a time, and between two

    def settings_as_of(self, request: HttpRequest) -> HttpResponse:
        self._check(request)
        form = AsOfForm(request.GET or None)
        state = as_of(form.time())
        kinds = kinds_of_records()
        chosen = request.GET.get("kind", "")
        chosen = chosen if chosen in kinds or chosen == EFFECTIVE else "systemsettings"
        text = request.GET.get("q", "").strip()[:100]
        rows: Any = EffectiveRows(state, text) if chosen == EFFECTIVE else RecordRows(state, kinds[chosen], text)
        page = Paginator(rows, RECORDS_PER_PAGE).get_page(request.GET.get("page"))
        return self._render(
            request,
            "as_of.html",
            title=_("Settings as of a time"),
            form=form,
            state=state,
            version=SettingsVersion.objects.filter(pk=state.version).first(),
            kinds=[(name, kind_of(model).verbose_name_plural, state.counts[model]) for name, model in kinds.items()],
            chosen=chosen,
            effective=chosen == EFFECTIVE,
            text=text,
            page=page,
            query=without_page(request),
        )

    def settings_difference(self, request: HttpRequest) -> HttpResponse:
        self._check(request)
        form = DifferenceForm(request.GET or None)
        earlier, later = form.times()
        pages: Paginator[Difference] = Paginator(difference(earlier, later), RECORDS_PER_PAGE)
        page = pages.get_page(request.GET.get("page"))
        return self._render(
            request,
            "difference.html",
            title=_("Difference between two times"),
            form=form,
            page=page,
            changes=list(with_links(request, page)),
            earlier=as_of(earlier).version,
            later=as_of(later).version,
            query=without_page(request),
        )

    # Every change

    def change_log(self, request: HttpRequest) -> HttpResponse:
        """Change by change, whichever version it belongs to."""
        self._check(request)
        asked = VersionFilters(request)
        page = page_of_changes(asked.history(), request)
        return self._render(
            request,
            "changes.html",
            title=_("Change log"),
            page=page,
            changes=list(with_links(request, page)),
            filters=asked,
            query=without_page(request),
        )

    def change_log_csv(self, request: HttpRequest) -> HttpResponseBase:
        """The same as a file, a row for each field."""
        self._check(request)
        name = f"change-log-{timezone.localdate():%Y-%m-%d}.csv"
        return StreamingHttpResponse(
            csv_of_changes(VersionFilters(request).history()),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    def _check(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def _version(self, number: Any) -> SettingsVersion:
        known = SettingsVersion.objects.select_related("context")
        version = known.filter(pk=number).first() if str(number).isdecimal() else None
        if version is None:
            raise Http404
        return version

    def _render(self, request: HttpRequest, template: str, **context: Any) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "opts": self.opts, **context}
        return TemplateResponse(request, f"admin/channels_cfg/settingsversion/{template}", context)


def _viewing(method: str) -> Any:
    """A page of the admin as ``custom_urls`` wants it."""

    def view(request: HttpRequest, model_admin: Any, **named: Any) -> HttpResponseBase:
        return getattr(model_admin, method)(request, **named)

    return view


def without_page(request: HttpRequest) -> str:
    """What was asked, for a link to another page of the same."""
    query = request.GET.copy()
    query.pop("page", None)
    return query.urlencode()
