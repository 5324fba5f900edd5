"""Rebuilds of session metadata: asking for the files of a period once more, how far it is, and a way to stop it."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminTextInputWidget

from channels_cfg.admin.moment_input import MomentField, MomentInput
from channels_cfg.models import User
from conversations.admin.jobs import JobAdmin
from reporting.models import DeliveryRebuild
from reporting.session_metadata import rebuilding


class DeliveryRebuildForm(forms.ModelForm):
    """Which period, and where to."""

    start = MomentField(
        label=gettext_lazy("From"),
        widget=UnfoldAdminTextInputWidget(attrs=MomentInput().attrs),
        help_text=gettext_lazy("Conversations that ended then or later, on your clock. Example: 2026-03-01 00:00"),
    )
    end = MomentField(
        label=gettext_lazy("To"),
        widget=UnfoldAdminTextInputWidget(attrs=MomentInput().attrs),
        help_text=gettext_lazy("Conversations that ended before then. Example: 2026-04-01 00:00"),
    )
    which = forms.ChoiceField(
        label=gettext_lazy("Which"),
        choices=DeliveryRebuild.Which.choices,
        initial=DeliveryRebuild.Which.ALL,
        widget=UnfoldAdminRadioSelectWidget,
    )

    class Meta:
        model = DeliveryRebuild
        fields = ["destination", "start", "end", "which"]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if destination := given.get("destination"):
            self.instance.destination_name = destination.name
        self.instance.asked_at = timezone.now()
        return given


@admin.register(DeliveryRebuild)
class DeliveryRebuildAdmin(JobAdmin):
    form = DeliveryRebuildForm
    list_is_for = gettext_lazy(
        "A rebuild delivers the session metadata files of a period once more, such as those of March to a new bucket."
    )
    empty_list_leads_to = ("admin:reporting_deliveryrebuild_add", gettext_lazy("Rebuild a period"))
    list_display = ["__str__", "which", "job_state", "reason", "total", "asked_at", "asked_by"]
    list_filter = [("state", ChoicesDropdownFilter)]
    list_filter_submit = True
    list_select_related = ["asked_by"]
    ordering = ["-id"]
    warn_unsaved_form = True
    change_form_outer_after_template = "admin/reporting/deliveryrebuild/_progress.html"
    custom_urls = (
        ("<int:pk>/progress/", "rebuild_progress", lambda request, model_admin, pk: model_admin.progress(request, pk)),
        (
            "<int:pk>/cancel/",
            "cancel_rebuild",
            require_POST(lambda request, model_admin, pk: model_admin.cancel(request, pk)),
        ),
    )
    facts = ["destination_name", "start", "end", "which", *JobAdmin.details_of_a_job, "asked_at", "asked_by", "total"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("reporting.add_deliveryrebuild"))

    def get_fieldsets(self, request: HttpRequest, obj: DeliveryRebuild | None = None) -> Any:
        return [(None, {"fields": self.facts if obj else DeliveryRebuildForm.Meta.fields})]

    def get_readonly_fields(self, request: HttpRequest, obj: DeliveryRebuild | None = None) -> Any:
        return [*self.facts, "next_try"] if obj else []

    # Asking for one

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Say first how many files it would deliver."""
        if request.method == "POST" and object_id is None and "confirmed" not in request.POST:
            if not self.has_add_permission(request):
                raise PermissionDenied
            form = self.get_form(request)(request.POST)
            if form.is_valid():
                return self._ask(request, form)
        shown = {"show_save_and_continue": False, "show_save_and_add_another": False, **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, shown)

    def _ask(self, request: HttpRequest, form: forms.ModelForm) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Rebuild a period"),
            "opts": self.opts,
            "rebuild": form.instance,
            "count": rebuilding.count(form.instance),
            "given": [(name, request.POST[name]) for name in form.fields if name in request.POST],
        }
        return TemplateResponse(request, "admin/reporting/deliveryrebuild/confirm.html", context)

    def save_model(self, request: HttpRequest, obj: DeliveryRebuild, form: Any, change: bool) -> None:
        assert obj.destination  # the form asks for it
        made = rebuilding.ask_for_rebuild(
            obj.destination,
            start=obj.start,
            end=obj.end,
            which=obj.which,
            by=cast(User, request.user),
            now=timezone.now(),
        )
        obj.pk = made.pk

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """The row itself says who asked for it."""

    def response_add(
        self, request: HttpRequest, obj: DeliveryRebuild, post_url_continue: str | None = None
    ) -> HttpResponse:
        self.message_user(request, _("The files are delivered once more."))
        return redirect("admin:reporting_deliveryrebuild_change", obj.pk)

    # How far it is

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if original := context.get("original"):
            context |= self._progress_of(request, original)
        return super().render_change_form(request, context, *args, **kwargs)

    def _progress_of(self, request: HttpRequest, rebuild: DeliveryRebuild) -> dict[str, Any]:
        return {"progress": rebuilding.progress(rebuild), "may_cancel": self.has_add_permission(request)}

    def progress(self, request: HttpRequest, pk: int) -> HttpResponse:
        """How far it is, to htmx alone."""
        rebuild = self._found(request, pk, may=self.has_view_permission(request))
        context = {"original": rebuild, **self._progress_of(request, rebuild)}
        return TemplateResponse(request, "admin/reporting/deliveryrebuild/_progress.html", context)

    def cancel(self, request: HttpRequest, pk: int) -> HttpResponse:
        rebuild = self._found(request, pk, may=self.has_add_permission(request))
        stopped = rebuilding.cancel(rebuild, now=timezone.now())
        self.message_user(request, _("It is cancelled.") if stopped else _("There was nothing left to cancel."))
        return redirect("admin:reporting_deliveryrebuild_change", pk)

    def _found(self, request: HttpRequest, pk: int, *, may: bool) -> DeliveryRebuild:
        if not may:
            raise PermissionDenied
        rebuild = DeliveryRebuild.objects.filter(pk=pk).first()
        if rebuild is None:
            raise Http404
        return rebuild
