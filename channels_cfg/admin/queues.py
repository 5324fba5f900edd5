"""Queues in the System Configurator."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display

from channels_cfg.admin.configurator import ConfiguratorInline
from channels_cfg.admin.keys.extra_data_lists import ExtraDataAdmin, ExtraDataForm, kept_in_words, kind_of
from channels_cfg.admin.rights.access_rights import QueueRightsInline
from channels_cfg.admin.rights.effective import ShowsEffectiveRights
from channels_cfg.admin.session_metadata.destination_list import FIELDS as SESSION_METADATA
from channels_cfg.admin.uploads import ComesAsTable
from channels_cfg.configuration_file.tables import TABLES
from channels_cfg.keys.effective_settings import (
    EXTRA_DATA_LISTS,
    LISTS_OF_KIND,
    Effective,
    EffectiveSettings,
    effective_settings,
)
from channels_cfg.models import Channel, Queue, QueueAddress, SystemSettings


class QueueForm(ExtraDataForm):
    instance: Queue

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stored_channel  # noqa: B018  # read now, since what is chosen is put into the record before it is asked
        if "channel" in self.fields:
            if self._is_fixed:
                self.fields["channel"].disabled = True
                self.fields["channel"].help_text = _("Fixed, because the queue has had conversations.")
            else:
                self.fields["channel"].help_text = _("Whose settings it follows. Example: Customer chat")

    @cached_property
    def _is_fixed(self) -> bool:
        return is_fixed(self.instance)

    @cached_property
    def _stored_channel(self) -> Channel | None:
        return self.instance.channel if self.instance.channel_id else None

    @cached_property
    def _channel(self) -> Channel | None:
        """The channel that is chosen, else the one that is stored."""
        chosen = self.data.get(self.add_prefix("channel")) or self.initial.get("channel")
        if self._is_fixed or str(chosen) == str(self.instance.channel_id):
            return self._stored_channel
        return channel_of(chosen) or self._stored_channel

    def _tell_what_counts(self, widget: Any, name: str, inherited: Effective[list[str]] | None) -> None:
        super()._tell_what_counts(widget, name, inherited)
        if "channel" in self.fields and not self._is_fixed:
            widget.what_counts = reverse("admin:queue_what_counts")
        if inherited is None:
            widget.when_empty = _("Empty: follows the channel.")

    def inherited(self) -> EffectiveSettings | None:
        return effective_settings(channel=self._channel) if self._channel else None

    def inherited_before(self) -> EffectiveSettings | None:
        return effective_settings(channel=self._stored_channel) if self._stored_channel else None

    def level_name(self, origin: str) -> str:
        if origin == "channel":
            return _("channel %(channel)s") % {"channel": self._channel}
        return super().level_name(origin)

    def known_kind(self) -> str | None:
        return kind_of(self._channel)

    def chosen_kind(self) -> str | None:
        return kind_of(self.cleaned_data.get("channel")) or self.known_kind()


def is_fixed(queue: Queue | None) -> bool:
    """Whether the queue stays with its channel."""
    return queue is not None and queue.pk is not None and queue.conversations.exists()


def channel_of(pk: Any) -> Channel | None:
    return Channel.objects.filter(pk=pk).first() if str(pk).isdecimal() and len(str(pk)) < 19 else None


class QueueAddressInline(ConfiguratorInline):
    model = QueueAddress
    verbose_name = gettext_lazy("address")
    verbose_name_plural = gettext_lazy("Addresses: where customers reach this queue")


@admin.register(Queue)
class QueueAdmin(ShowsEffectiveRights, ComesAsTable, ExtraDataAdmin):
    table = TABLES["queues"]
    custom_urls = (
        ("what-counts/", "queue_what_counts", lambda request, model_admin: model_admin.what_counts(request)),
    )
    form = QueueForm
    list_is_for = gettext_lazy("Conversations of a channel wait in a queue until somebody who may serve it takes them.")
    list_display = ["name", "channel", "kind_label", "kept_at_the_end", "group_names"]
    list_filter = [
        ("channel", AutocompleteSelectFilter),
        ("channel__kind", ChoicesDropdownFilter),
        ("groups", AutocompleteSelectFilter),
    ]
    list_select_related = ["channel"]
    search_fields = ["name", "description", "addresses__address", "channel__name", "statistics_keys"]
    search_help_text = gettext_lazy("Name, address, channel or a key that is kept")
    ordering = ["name"]
    autocomplete_fields = ["channel", "groups", "opening_hours"]
    inlines = [QueueAddressInline, QueueRightsInline]
    history_parts = [(Queue.groups.through, "queue")]
    confirms_deleting = True
    deleting_leads_to = [
        gettext_lazy("Its addresses lead nowhere any more: a conversation that comes in there is not taken in."),
        gettext_lazy("Every right that was granted on it is gone."),
    ]
    instead_of_deleting = gettext_lazy(
        "History and the Contact Log need it. To stop using it, remove its addresses, choose another queue in its "
        "messaging services, and take the right to serve it away."
    )

    def get_fieldsets(self, request: HttpRequest, obj: Queue | None = None) -> Any:
        channel = self._chosen_channel(request, obj)
        lists = LISTS_OF_KIND[channel.kind] if channel else EXTRA_DATA_LISTS
        shown = [name for name in ("statistics_keys", *EXTRA_DATA_LISTS[:3]) if name in lists]
        description = (
            _("An empty list follows channel %(channel)s; a filled one replaces it.") % {"channel": channel}
            if channel
            else _(
                "An empty list follows the channel; a filled one replaces it. Allocation is for voice and e-mail, "
                "connecting and outbound for voice only; on other channels they are ignored."
            )
        )
        return [
            (None, {"fields": ["name", "channel", "groups", "description"]}),
            (_("Extra data"), {"description": self.about_lists(description, obj), "fields": shown}),
            (
                _("Wrap-up"),
                {
                    "description": _("What is left empty follows the channel."),
                    "fields": ["dispositions", "wrap_up_keys", "required_keys"],
                },
            ),
            (_("Session metadata files"), {"fields": SESSION_METADATA}),
            (_("Routing"), {"fields": ["priority", "size", "opening_hours", "contact_information"]}),
        ]

    def _chosen_channel(self, request: HttpRequest, queue: Queue | None) -> Channel | None:
        """The channel that was sent or that the address proposes, else the queue's own."""
        chosen = None if is_fixed(queue) else channel_of(request.POST.get("channel") or request.GET.get("channel"))
        return chosen or (queue.channel if queue else None)

    def what_counts(self, request: HttpRequest) -> HttpResponse:
        """For ``?channel=5`` the lists that say something there, each with its ``label`` and what counts while it is
        ``empty`` or ``filled``, in words."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        form = self.get_form(request)(initial={"channel": request.GET.get("channel", "")})
        lists = {
            name: {"label": field.label, **field.widget.what_counts_in_words()}
            for name, field in form.fields.items()
            if name in EXTRA_DATA_LISTS
        }
        return JsonResponse({"lists": lists})

    def get_queryset(self, request: HttpRequest) -> QuerySet[Queue]:
        system = SystemSettings.objects.values("statistics_keys")[:1]
        return (
            super().get_queryset(request).prefetch_related("groups").annotate(system_statistics_keys=Subquery(system))
        )

    @display(
        description=gettext_lazy("Kind"),
        ordering="channel__kind",
        label={"voice": "info", "email": "warning", "chat": "success"},
    )
    def kind_label(self, queue: Queue) -> tuple[str, str]:
        return queue.channel.kind, str(Channel.Kind(queue.channel.kind).label)

    @display(description=gettext_lazy("Kept at the end"))
    def kept_at_the_end(self, queue: Any) -> str:
        system = SystemSettings(statistics_keys=queue.system_statistics_keys or [])
        counted = effective_settings(channel=queue.channel, queue=queue, system=system)
        return kept_in_words(counted.statistics_keys, here="queue")

    @display(description=gettext_lazy("Queue groups"))
    def group_names(self, queue: Queue) -> str:
        return ", ".join(group.name for group in queue.groups.all()) or "—"
