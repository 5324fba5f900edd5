"""Searching conversations: the same questions on the history page and over the API."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from itertools import chain
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_cfg.keys.effective_settings import effective_settings
from channels_cfg.models import AccessRight, Channel, Queue, Right, SystemSettings, User
from channels_cfg.time_zones import zone_named
from conversations.attached_data.kept_condition import KeptCondition
from conversations.models import Conversation, ExternalReference, State, direct_agents
from conversations.models.conversation import ConversationQuerySet
from conversations.models.places import in_places
from conversations.periods import Period, bounds, midnight
from conversations.telephone import numbers_meant

MOST_CONDITIONS = 10
DIRECT = "direct"


# What can be asked


class MomentTextField(forms.CharField):
    """A date, meaning its midnight, or a date and time; on the viewer's clock where no offset is given."""

    zone = ZoneInfo("UTC")  # the filter set puts the viewer's here
    widget = forms.TextInput(attrs={"placeholder": "2026-11-21 or 2026-11-21 14:30"})

    def to_python(self, value: Any) -> datetime | None:  # type: ignore[override]
        text = super().to_python(value)
        if not text:
            return None
        try:
            moment = self._moment(text)
        except (ValueError, OverflowError):
            moment = None
        if moment is None or not 1970 <= moment.year < 3000:
            raise ValidationError(_("This is not a date or time. Write it like 2026-11-21 or 2026-11-21 14:30."))
        return moment

    def _moment(self, text: str) -> datetime | None:
        # In a URL that was put together by hand, the plus sign of an offset has become a space.
        text = re.sub(r" (\d\d:?\d\d)$", r"+\1", text) if "T" in text else text
        if moment := parse_datetime(text):
            return (moment if moment.tzinfo else moment.replace(tzinfo=self.zone)).astimezone(UTC)
        day: date | None = parse_date(text)
        return midnight(day, self.zone).astimezone(UTC) if day else None


class KeptConditionsField(forms.Field):
    """Conditions on kept data, each of which must hold; see ``kept_condition``."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: list[str] | None) -> list[KeptCondition]:
        written = [item for item in value or [] if item.strip()]
        if len(written) > MOST_CONDITIONS:
            raise ValidationError(_("At most %(most)s conditions on kept data at once.") % {"most": MOST_CONDITIONS})
        return [KeptCondition.parse(item) for item in written]


class MomentFilter(django_filters.Filter):
    field_class = MomentTextField


class KeptFilter(django_filters.Filter):
    field_class = KeptConditionsField

    def filter(self, qs: QuerySet, value: Iterable[KeptCondition]) -> QuerySet:
        for condition in value or ():
            qs = qs.filter(condition.q)
        return qs


class ConversationFilterForm(forms.Form):
    """Checks what single fields cannot."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        after, before = cleaned.get("received_after"), cleaned.get("received_before")
        if cleaned.get("period") and (after or before):
            self.add_error("period", _("Give either a period in words or dates, not both."))
        if after and before and before <= after:
            self.add_error("received_before", _("The period ends before it begins. Choose a later end."))
        return cleaned


# What is offered: nothing that the viewer's rights do not cover


class GrantedPlaces:
    """Where the user holds one of the rights, and what may be called by its name to them; read once."""

    def __init__(self, viewer: User, rights: Sequence[Right]) -> None:
        self.rights = rights
        queues = (Queue.objects.granting(right, to=viewer).values_list("pk", "channel") for right in rights)
        self.channel_of_queue = dict(chain.from_iterable(queues))
        self.queue_ids = set(self.channel_of_queue)
        self.direct_agents = {pk for right in rights for pk in direct_agents(right, viewer)}

    def seen_beyond(self) -> QuerySet[User]:
        """Whoever holds one of the rights in another place, too."""
        elsewhere = Queue.objects.exclude(pk__in=self.queue_ids)
        others = User.objects.exclude(pk__in=self.direct_agents)
        beyond = Q(queue__in=elsewhere) | Q(queue_group__queues__in=elsewhere)
        beyond |= Q(direct_conversations_of__in=User.groups.through.objects.filter(user__in=others).values("group"))
        return AccessRight.objects.filter(beyond, right__in=self.rights).holders()

    @property
    def conversations(self) -> ConversationQuerySet:
        return Conversation.objects.filter(in_places(self.channel_of_queue.items(), self.direct_agents))

    def queues(self) -> QuerySet[Queue]:
        """Those queues."""
        return Queue.objects.filter(pk__in=self.queue_ids)

    def channels(self) -> QuerySet[Channel]:
        """Channels of those queues, and of direct conversations there."""
        offered = Q(queues__in=self.queue_ids)
        if self.direct_agents:
            direct = Conversation.objects.filter(queue=None, agent__in=self.direct_agents)
            offered |= Q(Exists(direct.filter(channel=OuterRef("pk"))))
        return Channel.objects.filter(offered).distinct()

    def agents(self, asked_for: Iterable[int] = ()) -> QuerySet[User]:
        """Who may serve those queues, and whoever is asked for and served a conversation there."""
        serving = AccessRight.objects.filter(right=Right.SERVE).filter(
            Q(queue__in=self.queue_ids) | Q(queue_group__queues__in=self.queue_ids)
        )
        offered = Q(access_rights__in=serving) | Q(groups__access_rights__in=serving) | Q(pk__in=self.direct_agents)
        if ids := list(asked_for):
            offered |= Q(pk__in=ids) & Q(Exists(self.conversations.filter(agent=OuterRef("pk"))))
        return User.objects.filter(offered).distinct()


def is_id(text: str) -> bool:
    """Whether the text is a number that an id may be."""
    return text.isascii() and text.isdecimal() and len(text) < 19


def offered_queues(request: HttpRequest | None) -> QuerySet[Queue]:
    """Queues on which the viewer holds one of the filter's rights; without a viewer, none."""
    return _places(request).queues().order_by("name") if request else Queue.objects.none()


def offered_channels(request: HttpRequest | None) -> QuerySet[Channel]:
    return _places(request).channels().order_by("name") if request else Channel.objects.none()


def offered_agents(request: HttpRequest | None) -> QuerySet[User]:
    if request is None:
        return User.objects.none()
    asked_for = [int(text) for text in request.GET.getlist("agent") if is_id(text)]
    return _places(request).agents(asked_for).order_by("username")


def _places(request: HttpRequest) -> GrantedPlaces:
    places: GrantedPlaces = request.granted_places  # type: ignore[attr-defined]  # put there by the filter set
    return places


class ConversationFilter(django_filters.FilterSet):
    """Narrows conversations that the viewer may see anyway; ``rights`` are those the queryset was made with."""

    rights: ClassVar[Sequence[Right]] = (Right.VIEW_HISTORY,)

    q = django_filters.CharFilter(
        method="filter_text",
        max_length=320,
        label=gettext_lazy("Search"),
        help_text=gettext_lazy("Name or address of the customer, or the id of a conversation or thread"),
    )
    customer = django_filters.CharFilter(
        method="filter_customer",
        max_length=320,
        label=gettext_lazy("Customer"),
        help_text=gettext_lazy("Part of the name or address"),
    )
    period = django_filters.ChoiceFilter(
        method="filter_period",
        choices=Period.choices,
        label=gettext_lazy("Period"),
        empty_label=gettext_lazy("Any time"),
    )
    received_after = MomentFilter(
        field_name="received_at",
        lookup_expr="gte",
        label=gettext_lazy("From"),
        help_text=gettext_lazy("This moment included"),
    )
    received_before = MomentFilter(
        field_name="received_at",
        lookup_expr="lt",
        label=gettext_lazy("Until"),
        help_text=gettext_lazy("This moment not included"),
    )
    channel = django_filters.ModelChoiceFilter(
        queryset=offered_channels, label=gettext_lazy("Channel"), empty_label=gettext_lazy("Any")
    )
    messaging_channel = django_filters.CharFilter(
        method="filter_messaging_channel",
        max_length=30,
        label=gettext_lazy("Messaging channel"),
        help_text=gettext_lazy("WHATSAPP, SMS, …"),
    )
    queue = django_filters.ModelChoiceFilter(
        queryset=offered_queues,
        label=gettext_lazy("Queue"),
        empty_label=gettext_lazy("Any"),
        null_label=gettext_lazy("Direct (no queue)"),
        null_value=DIRECT,
    )
    agent = django_filters.ModelChoiceFilter(
        queryset=offered_agents, label=gettext_lazy("Agent"), empty_label=gettext_lazy("Anyone")
    )
    direction = django_filters.ChoiceFilter(
        choices=Conversation.Direction.choices, label=gettext_lazy("Direction"), empty_label=gettext_lazy("Any")
    )
    state = django_filters.MultipleChoiceFilter(choices=State.choices, label=gettext_lazy("State"))
    kept = KeptFilter(
        label=gettext_lazy("Kept data"),
        help_text=gettext_lazy(
            "Repeatable: customerType (is set), customerType=gold (equals), customerType~go (contains)"
        ),
    )

    class Meta:
        model = Conversation
        fields: ClassVar[list[str]] = []
        form = ConversationFilterForm

    def __init__(self, data: Any = None, queryset: Any = None, *, request: Any = None, prefix: Any = None) -> None:
        super().__init__(data, queryset, request=request, prefix=prefix)
        self.zone = ZoneInfo("UTC")
        if request is not None and isinstance(request.user, User):
            self.zone = zone_named(request.user.time_zone)
            request.granted_places = GrantedPlaces(request.user, self.rights)
        for name in ("received_after", "received_before"):
            self.filters[name].field.zone = self.zone

    def filter_text(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(customer_contains(value) | has_id(value))

    def filter_customer(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(customer_contains(value))

    def filter_messaging_channel(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(messaging_channel=value.upper())

    def filter_period(self, queryset: ConversationQuerySet, name: str, value: str) -> QuerySet:
        return queryset.received_during(*bounds(Period(value), now=timezone.now(), zone=self.zone))

    def received_bounds(self) -> tuple[datetime | None, datetime | None]:
        """The period as start and first moment after, absolute; None where it is open, or the form has errors."""
        cleaned = self.form.cleaned_data if self.is_valid() else {}
        if cleaned.get("period"):
            return bounds(Period(cleaned["period"]), now=timezone.now(), zone=self.zone)
        return cleaned.get("received_after"), cleaned.get("received_before")

    def offered_keys(self) -> list[str]:
        """Keys that the settings of the viewer's queues keep, by name."""
        queues = offered_queues(self.request).select_related("channel")
        system = SystemSettings.load()
        lists = (effective_settings(channel=queue.channel, queue=queue, system=system) for queue in queues)
        return sorted({key for settings in lists for key in settings.statistics_keys.value})


# How it is asked of the database


def customer_contains(text: str) -> Q:
    """Name or address contains the text, or one of the telephone numbers that it may mean. Follows the trigram index on
    both."""
    found = Q(customer_address__finds=text) | Q(customer_name__finds=text)
    for number in numbers_meant(text):
        found |= Q(customer_address__finds=number)
    return found


def has_id(text: str) -> Q:
    """The conversation with this id (UUID or 32 digits in any case), or those of the thread with this id."""
    found = Q()
    with suppress(ValueError):
        found |= Q(pk=uuid.UUID(text))
    references = ExternalReference.objects.filter(external_id__in={text, text.upper()})
    if found_references := list(references.values_list("pk", flat=True)[:100]):
        found |= Q(reference__in=found_references)
    return found
