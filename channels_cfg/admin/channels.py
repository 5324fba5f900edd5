"""Channels in the System Configurator."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from channels_cfg.admin.keys.extra_data_lists import APPLIES, ExtraDataAdmin, ExtraDataForm, kept_in_words
from channels_cfg.admin.numbers import number_of
from channels_cfg.keys.effective_settings import EffectiveSettings, effective_settings
from channels_cfg.models import Channel, Queue, SystemSettings


class ChannelForm(ExtraDataForm):
    instance: Channel

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "kind" in self.fields and self.instance.pk and self.instance.queues.exists():
            self.fields["kind"].disabled = True
            self.fields["kind"].help_text = _("Fixed, because the channel has queues.")
        counted = self.inherited()
        if "precedence" in self.fields:
            self.fields["precedence"].widget.inherited = counted.precedence.value
        if "false_attempt_seconds" in self.fields:
            self.fields["false_attempt_seconds"].help_text = _(
                "Empty: as in the system settings, now %(seconds)s. Example: 5"
            ) % {"seconds": counted.false_attempt_seconds.value}

    def inherited(self) -> EffectiveSettings:
        return effective_settings(channel=Channel(kind=self.known_kind() or Channel.Kind.VOICE))

    def known_kind(self) -> str | None:
        return self.instance.kind or None

    def chosen_kind(self) -> str | None:
        return self.cleaned_data.get("kind") or self.known_kind()


@admin.register(Channel)
class ChannelAdmin(ExtraDataAdmin):
    form = ChannelForm
    list_is_for = gettext_lazy(
        "A channel is a kind of contact, voice, e-mail or chat, and decides which attached data its "
        "conversations show and keep. Every queue belongs to one."
    )
    list_display = ["name", "kind_label", "queue_count", "kept_at_the_end"]
    list_filter = [("kind", ChoicesDropdownFilter)]
    search_fields = ["name", "description", "statistics_keys"]
    search_help_text = gettext_lazy("Name, description or a key that is kept")
    ordering = ["name"]
    conditional_fields = APPLIES
    confirms_deleting = True
    deleting_leads_to = [
        gettext_lazy("Its settings are gone. What was recorded of their changes stays in the change log.")
    ]
    instead_of_deleting = gettext_lazy(
        "It stays as long as History and the Contact Log need it. To stop using it, remove the addresses of its queues."
    )

    def get_fieldsets(self, request: HttpRequest, obj: Channel | None = None) -> Any:
        description = _(
            "Which attached data is shown, passed on and kept. A queue of this channel may replace any of these lists "
            "by its own."
        )
        lists = ["statistics_keys", "allocation_keys", "connection_keys", "outbound_keys"]
        return [
            (None, {"fields": ["name", "kind", "description"]}),
            (_("Extra data"), {"description": self.about_lists(description, obj), "fields": lists}),
            (
                _("Conversations"),
                {"fields": ["live_data_until_handled", "precedence", "false_attempt_seconds", "pick_up_seconds"]},
            ),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Channel]:
        system = SystemSettings.objects.values("statistics_keys")[:1]
        return (
            super()
            .get_queryset(request)
            .annotate(number_of_queues=number_of(Queue.objects, "channel"), system_statistics_keys=Subquery(system))
        )

    @display(
        description=gettext_lazy("Kind"),
        ordering="kind",
        label={"voice": "info", "email": "warning", "chat": "success"},
    )
    def kind_label(self, channel: Channel) -> tuple[str, str]:
        return channel.kind, channel.get_kind_display()

    @display(description=gettext_lazy("Queues"), ordering="number_of_queues")
    def queue_count(self, channel: Any) -> str:
        address = reverse("admin:channels_cfg_queue_changelist")
        return format_html(
            '<a class="text-link" href="{}?channel__id__exact={}">{}</a>', address, channel.pk, channel.number_of_queues
        )

    @display(description=gettext_lazy("Kept at the end"))
    def kept_at_the_end(self, channel: Any) -> str:
        system = SystemSettings(statistics_keys=channel.system_statistics_keys or [])
        return kept_in_words(effective_settings(channel=channel, system=system).statistics_keys, here="channel")
