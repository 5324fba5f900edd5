"""Metadata destinations in the System Configurator."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from channels_cfg.admin.messaging.trying import TriesConnections, complaints_of, trying_at
from channels_cfg.admin.session_metadata.destination_form import (
    CONDITIONS,
    TEMPLATES,
    MetadataDestinationForm,
    shown,
)
from channels_cfg.messaging.finding import Finding
from channels_cfg.metadata_destinations.store import StoreRefused, StoreUnreachable
from channels_cfg.metadata_destinations.stores import store_of
from channels_cfg.models import Channel, MetadataDestination, Queue, SystemSettings

Kind = MetadataDestination.Kind

TestedForm = forms.modelform_factory(MetadataDestination, form=MetadataDestinationForm, exclude=["name", "is_active"])
"""Of the form what a test takes."""


def _tested(destination: MetadataDestination) -> Finding:
    try:
        with store_of(destination) as store:
            return Finding("good", store.test())
    except (StoreRefused, StoreUnreachable) as failure:
        return Finding("bad", str(failure))


def _queues_that_deliver() -> QuerySet[Queue]:
    """Voice and chat queues whose files go to the destination of the outer query; see ``effective_destinations``."""
    here = {"metadata_destinations__contains": [OuterRef("name")]}
    of_channel = {f"channel__{name}": value for name, value in here.items()}
    by_system = SystemSettings.objects.filter(metadata_destinations__contains=[OuterRef(OuterRef("name"))])
    follows = Q(metadata_destinations=[])
    return Queue.objects.order_by().filter(
        Q(**here) | follows & (Q(**of_channel) | Q(channel__metadata_destinations=[]) & Q(Exists(by_system))),
        channel__kind__in=[Channel.Kind.VOICE, Channel.Kind.CHAT],
    )


@admin.register(MetadataDestination)
class MetadataDestinationAdmin(TriesConnections):
    form = MetadataDestinationForm
    list_is_for = gettext_lazy(
        "A metadata destination is where the files of finished voice and chat conversations are delivered to: a folder,"
        " an object store, an SFTP server, the record of a CRM or its mail box. System settings, channels and queues"
        " name theirs."
    )
    list_display = ["name", "kind_label", "where", "queue_count", "active"]
    list_filter = [("kind", ChoicesDropdownFilter), "is_active"]
    search_fields = ["name", "folder", "bucket", "host", "address"]
    search_help_text = gettext_lazy("Name, folder, bucket, host or address")
    ordering = ["name"]
    conditional_fields = CONDITIONS
    change_form_before_template = "admin/channels_cfg/metadatadestination/_test.html"
    tried_at = "test_metadata_destination"
    try_words = gettext_lazy("Test the destination")
    try_stored_words = gettext_lazy("Test the destination as it is saved")
    custom_urls = (
        trying_at("test/", tried_at),
        (
            "example/<slug:name>/",
            "metadata_destination_example",
            require_POST(lambda request, model_admin, name: model_admin.example(request, name)),
        ),
    )
    confirms_deleting = True
    deleting_leads_to = [
        gettext_lazy("Nothing is delivered there any more, also nothing of what waits. Its secret is gone."),
        gettext_lazy("The files that lie there stay there: later changes, also erasures, do not reach them."),
    ]
    instead_of_deleting = gettext_lazy("Take it off these lists first, or switch it off.")
    fieldsets = [
        (None, {"fields": ["name", "kind", "is_active"]}),
        (
            gettext_lazy("Where it is"),
            {
                "fields": [
                    "bucket", "region", "endpoint", "host", "port", "host_key", "address", "method", "body_format",
                    "folder",
                ]
            },
        ),
        (
            gettext_lazy("Who delivers"),
            {"fields": ["authentication", "account", "secret", "header", "token_address", "scope"]},
        ),
        (gettext_lazy("What it is called there"), {"fields": ["subject", "file_name"]}),
        (gettext_lazy("For the company’s own analysis"), {"fields": ["dataset_folder"]}),
    ]  # fmt: skip

    class Media:
        css = {"all": ["configurator/pages.css", "configurator/templates.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[MetadataDestination]:
        counted = _queues_that_deliver().annotate(one=Value(1)).values("one").annotate(Count("pk")).values("pk__count")
        return super().get_queryset(request).annotate(number_of_queues=Coalesce(Subquery(counted), 0))

    def findings(self, request: HttpRequest, destination: MetadataDestination | None) -> list[Finding]:
        """What a delivery would meet there."""
        if destination is not None and "kind" not in request.POST:
            return [_tested(destination)]
        form = TestedForm(request.POST, instance=destination)
        return [_tested(form.instance)] if form.is_valid() else list(complaints_of(form))

    def example(self, request: HttpRequest, name: str) -> HttpResponse:
        """What the template that is being typed becomes, or what is wrong with it."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        if name not in TEMPLATES:
            raise Http404
        is_address = name != "address" or request.POST.get("kind") == Kind.CRM
        text = request.POST.get(name, "").strip()
        context = shown(name, text) if text and is_address else {}
        return TemplateResponse(request, "admin/channels_cfg/metadatadestination/_example.html", context)

    @display(description=gettext_lazy("Kind"), ordering="kind")
    def kind_label(self, destination: MetadataDestination) -> str:
        return destination.get_kind_display()

    @display(description=gettext_lazy("Where"))
    def where(self, destination: MetadataDestination) -> str:
        return destination.where

    @display(description=gettext_lazy("Queues"), ordering="number_of_queues")
    def queue_count(self, destination: Any) -> str:
        return str(destination.number_of_queues)

    @display(description=gettext_lazy("Active"), ordering="is_active", boolean=True)
    def active(self, destination: MetadataDestination) -> bool:
        return destination.is_active
