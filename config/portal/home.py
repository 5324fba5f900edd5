"""The first page of the System Configurator: what needs attention, in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels_cfg.history.planned_changes import name_of, with_names
from channels_cfg.key_names import look_alikes
from channels_cfg.keys.configured import listed_names, places_of
from channels_cfg.models import AccessRight, ApiKey, Channel, MessagingService, Queue, ScheduledChange, User
from channels_cfg.moments import in_words
from config import health
from config.demo_data import is_loaded
from config.portal.demo_page import may_remove_demo
from config.portal.first_steps import first_steps, queues_served
from config.portal.menu import may_open, page_of
from config.portal.status import for_whom, last_delivery
from conversations.models import InboundDelivery, OutboundMessage, SendingPause
from reporting.models import ReportRun

NAMED_AT_MOST = 5
FAILED_LATELY = timedelta(days=7)
FAILED_IN_A_ROW = 3
"""So often a channel takes no reply before that is told here."""


@dataclass(frozen=True)
class Attention:
    """Something an administrator should look at, and where."""

    text: str
    link: str


def home(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the page's contents; nothing where the user may not see the configuration."""
    context["title"] = _("Home")
    if not may_open(request, Channel):
        return context
    steps = first_steps(request)
    delivery = last_delivery()
    planned = ScheduledChange.objects.filter(state=ScheduledChange.State.PLANNED)
    counts = [model for model in (Channel, Queue, MessagingService, User, AccessRight) if may_open(request, model)]
    return context | {
        "configures": True,
        "steps": steps,
        "demo_is_loaded": may_remove_demo(request) and is_loaded(),
        "first_run": not all(step.done for step in steps),
        "attention": list(needs_attention()),
        "planned": [(change, name_of(change)) for change in with_names(planned)[:NAMED_AT_MOST]],
        "counts": [(model._meta.verbose_name_plural, model.objects.count(), page_of(model)) for model in counts],
        "report_run": ReportRun.objects.order_by("-started_at").first(),
        "delivery": delivery,
        "delivered_for": for_whom(delivery) if delivery else "",
        "valid_api_keys": ApiKey.objects.valid().count(),
    }


def needs_attention() -> Iterator[Attention]:
    """Each problem in a sentence that says what it leads to."""
    for fact in health.facts(timezone.now()).values():
        if fact.level == health.Level.BAD:
            yield Attention(f"{fact.name}: {fact.words} {fact.advice}", reverse("status"))
    yield from _messaging_services()
    yield from _unserved_queues()
    yield from _look_alikes()
    yield from _failures()


def _messaging_services() -> Iterator[Attention]:
    """Those that refuse callbacks, and those over which replies wait."""
    silent = MessagingService.objects.filter(enabled=True, secrets=None)
    for service in silent[:NAMED_AT_MOST]:
        yield Attention(
            _("Messaging service “%(service)s” has no secret: its callbacks are refused.") % {"service": service},
            reverse("admin:channels_cfg_messagingservice_change", args=[service.pk]),
        )
    for pause in SendingPause.objects.filter(failures__gte=FAILED_IN_A_ROW).select_related("service")[:NAMED_AT_MOST]:
        yield Attention(
            _("Replies over “%(service)s” wait since %(since)s: %(reason)s")
            % {"service": pause.service, "since": in_words(pause.since), "reason": pause.reason},
            _page(OutboundMessage),
        )


def _unserved_queues() -> Iterator[Attention]:
    unserved = Queue.objects.exclude(pk__in=queues_served().values("pk"))
    for queue in unserved[:NAMED_AT_MOST]:
        yield Attention(
            _("Nobody may serve queue “%(queue)s”: its conversations wait for ever.") % {"queue": queue},
            reverse("admin:channels_cfg_queue_change", args=[queue.pk]),
        )
    if (more := unserved.count() - NAMED_AT_MOST) > 0:
        yield Attention(
            ngettext("%(count)d more queue is served by nobody.", "%(count)d more queues are served by nobody.", more)
            % {"count": more},
            reverse("admin:channels_cfg_queue_changelist"),
        )


def _failures() -> Iterator[Attention]:
    """What was given up: callbacks, scheduled changes, the last reporting job."""
    if given_up := InboundDelivery.objects.filter(state=InboundDelivery.State.FAILED).count():
        yield Attention(
            _("Callbacks that could not be applied: %(count)d.") % {"count": given_up}, _page(InboundDelivery)
        )
    failed = ScheduledChange.objects.filter(
        state=ScheduledChange.State.FAILED, settled_at__gt=timezone.now() - FAILED_LATELY
    )
    for change in with_names(failed)[:NAMED_AT_MOST]:
        yield Attention(
            _("A scheduled change of %(name)s did not take effect: %(problem)s")
            % {"name": name_of(change), "problem": change.problem},
            reverse("admin:channels_cfg_scheduledchange_change", args=[change.pk]),
        )
    last_run = ReportRun.objects.order_by("-started_at").first()
    if last_run and last_run.error:
        yield Attention(_("The last reporting job failed: %(error)s") % {"error": last_run.error}, _page(ReportRun))


def _look_alikes() -> Iterator[Attention]:
    pairs = look_alikes(listed_names())[:NAMED_AT_MOST]
    places = places_of(name for pair in pairs for name in pair)
    for first, second in pairs:
        record = places[second][0].record
        yield Attention(
            _("The keys “%(first)s” (%(place)s) and “%(second)s” (%(other)s) look alike, but are two different keys.")
            % {"first": first, "place": places[first][0], "second": second, "other": places[second][0]},
            reverse(f"admin:channels_cfg_{record._meta.model_name}_change", args=[record.pk]),
        )


def _page(model: Any) -> str:
    return page_of(model) if admin.site.is_registered(model) else reverse("admin:index")
