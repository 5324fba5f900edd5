"""From an empty portal to the first conversation: three steps, ticked by what is really there."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from channels_cfg.keys.configured import LEVELS
from channels_cfg.models import AccessRight, Channel, MessagingService, Queue, Right
from config.portal.menu import may_open
from conversations.models import Conversation, InboundDelivery


@dataclass(frozen=True)
class Step:
    """One of the first steps. ``link`` leads to what is missing, or is empty where others have to do it."""

    title: str
    text: str
    done: bool
    link: str
    link_text: str


def first_steps(request: HttpRequest) -> list[Step]:
    return [_channel(request), _queue(request), _first_message(request)]


def queues_served() -> QuerySet[Queue]:
    """Those that somebody may serve."""
    served = AccessRight.objects.filter(right=Right.SERVE)
    by_group = Queue.groups.through.objects.filter(queuegroup__in=served.values("queue_group"))
    return Queue.objects.filter(Q(pk__in=served.values("queue")) | Q(pk__in=by_group.values("queue")))


def _channel(request: HttpRequest) -> Step:
    keeps_something = any(model._default_manager.exclude(statistics_keys=[]).exists() for model in LEVELS)
    there = Channel.objects.exists()
    return Step(
        _("Set up a channel, and choose what it keeps"),
        _(
            "A channel is a kind of contact: voice, e-mail or chat. Put keys such as customerType into its Extra Data "
            "Included in Statistics; everything else is destroyed when a conversation ends."
        ),
        there and keeps_something,
        reverse("extra_data") if there else _form_of(request, Channel),
        _("Choose keys to keep") if there else _("Add a channel"),
    )


def _queue(request: HttpRequest) -> Step:
    unserved = Queue.objects.first()
    return Step(
        _("Add a queue, and say who serves it"),
        _("Conversations wait in a queue. Nobody sees them before a right is granted on it."),
        queues_served().exists(),
        _form_of(request, Queue, unserved),
        _("Grant somebody the right to serve it") if unserved else _("Add a queue"),
    )


def _first_message(request: HttpRequest) -> Step:
    service = MessagingService.objects.first()
    return Step(
        _("Add a messaging service, and receive the first message"),
        _("Its page shows the address to enter at Sinch. Then write to it as a customer would."),
        InboundDelivery.objects.exists() or Conversation.objects.exists(),
        _form_of(request, MessagingService, service),
        _("Look up the address to enter") if service else _("Add a messaging service"),
    )


def _form_of(request: HttpRequest, model: type[Model], record: Model | None = None) -> str:
    """Where the record is changed, or a first one added; empty for whoever may not."""
    pages = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    if record is None:
        may_add = admin.site._registry[model].has_add_permission(request)
        return reverse(f"{pages}_add") if may_add else ""
    return reverse(f"{pages}_change", args=[record.pk]) if may_open(request, model) else ""
