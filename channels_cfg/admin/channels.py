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
from channels_cfg.admin.session_metadata.destination_list import FIELDS as SESSION_METADATA
from channels_cfg.keys.effective_settings import EffectiveSettings, effective_settings
from channels_cfg.models import Channel, Queue, SystemSettings
from channels_cfg.models.web_chat import WebChatSettings

WEB_CHAT_FIELDS = [field.name for field in WebChatSettings._meta.get_fields()]
OF_CONVERSATIONS = ("live_data_until_handled", "precedence", "false_attempt_seconds", "contact_information")
OF_ROUTING = ("pick_up_seconds", "conversations_at_once", "preferred_agent_seconds", "queue_full_text", "closed_text")
CALLS_ONLY = ("sip_header_prefix", "silent_call_minutes")


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

    def clean(self) -> dict[str, Any] | None:
        """Web chat is on the page of a chat channel alone; on another nobody could mend it."""
        cleaned = super().clean()
        if self.chosen_kind() not in (None, Channel.Kind.CHAT):
            for name in filter(self.fields.__contains__, WEB_CHAT_FIELDS):
                self.errors.pop(name, None)
                self.cleaned_data[name] = getattr(Channel(), name)
                setattr(self.instance, name, self.cleaned_data[name])
        return cleaned


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
    conditional_fields = (
        APPLIES
        | dict.fromkeys(CALLS_ONLY, "!kind || kind == 'voice'")
        | dict.fromkeys(WEB_CHAT_FIELDS, "!kind || kind == 'chat'")
    )
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
                {"fields": [*OF_CONVERSATIONS, *CALLS_ONLY]},
            ),
            (
                _("Routing"),
                {
                    "description": _(
                        "The conversation that waits longest is offered to the agent who has been available longest."
                    ),
                    "fields": OF_ROUTING,
                },
            ),
            (_("Wrap-up"), {"fields": ["dispositions", "wrap_up_keys", "required_keys"]}),
            (_("Session metadata files"), {"fields": SESSION_METADATA}),
            (
                _("Web chat"),
                {
                    "description": _(
                        "Visitors of the pages named here chat with agents. A page loads /static/visitor/cvc.js and "
                        "names an address of a queue. The visitor's name and e-mail address become attached data."
                    ),
                    "fields": WEB_CHAT_FIELDS,
                },
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
        return channel.kind, str(Channel.Kind(channel.kind).label)

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
