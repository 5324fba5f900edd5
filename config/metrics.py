"""What operations watch: how requests fare, how much waits, for how long, and whether the reporting job still succeeds.

Requests are counted by the processes that answer them. The rest is asked of the database when somebody looks, so the
doors spend nothing on it, and every process gives the same answer. Counts and times alone: no metric and no label
says anything about a customer.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from time import perf_counter

from django.conf import settings
from django.db import Error
from django.db.models import Count, Min, Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from channels_cfg.models import Job, JobQuerySet
from conversations.models import Conversation, InboundDelivery, ReportableChange
from conversations.models.conversation_state import ACTIVE_STATES, State
from reporting.models import FileDelivery, ReportRun

UNFINISHED_STATES = (*ACTIVE_STATES, State.WRAP_UP)

REQUESTS = Histogram(
    "keepsake_request_seconds", "How long requests took, by pattern of the address", ["method", "route", "status"]
)


class CountedRequests:
    """Counts and times every request. The outermost of the middleware, so that it sees the answer that is sent."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        start = perf_counter()
        response = self.get_response(request)
        route = request.resolver_match.route if request.resolver_match else "elsewhere"
        method = request.method if request.method in KNOWN_METHODS else "other"
        REQUESTS.labels(method, route, response.status_code).observe(perf_counter() - start)
        return response


KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Others are counted together: each label is kept for good, and anybody may invent a method."""


FORWARDED = frozenset(
    f"HTTP_{name}"
    for name in ("FORWARDED", "VIA", "X_FORWARDED_FOR", "X_FORWARDED_HOST", "X_FORWARDED_PROTO", "X_REAL_IP")
)
"""What proxies add. One on this machine calls from its own address, whoever is behind it."""


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """What the processes counted, then what the database holds; for the inside alone."""
    if not may_read(request):
        words = "Ask from this machine without a proxy in between, or set METRICS_TOKEN and show it as a bearer token."
        return HttpResponse(words, status=403, content_type="text/plain")
    answer: HttpResponse = ExportToDjangoView(request)
    answer.content += generate_latest(DATABASE)
    return answer


def may_read(request: HttpRequest) -> bool:
    """Whoever shows the token; where there is none, this machine itself."""
    if settings.METRICS_TOKEN:
        return constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {settings.METRICS_TOKEN}")
    caller = ip_address(request.META["REMOTE_ADDR"] or "::")
    return (getattr(caller, "ipv4_mapped", None) or caller).is_loopback and FORWARDED.isdisjoint(request.META)


class DatabaseCollector(Collector):
    """Gauges that each take one query over rows that wait or are active, never over all there are."""

    def collect(self) -> Iterable[Metric]:
        try:
            gauges = list(gauges_now(timezone.now()))
        except Error:
            gauges = []
        yield GaugeMetricFamily("keepsake_database_up", "1 where the database answers", value=1 if gauges else 0)
        yield from gauges


def gauges_now(now: datetime) -> Iterator[Metric]:
    deliveries, changes = deliveries_waiting(), changes_waiting()
    yield gauge("deliveries_waiting", "Callbacks taken in and not yet applied", deliveries.count)
    yield gauge("deliveries_oldest_seconds", "Age of the oldest of them", age(deliveries.oldest, now))
    yield gauge("reportable_changes_waiting", "Changes that the reporting job has yet to report", changes.count)
    yield gauge("reportable_changes_oldest_seconds", "Age of the oldest of them", age(changes.oldest, now))
    yield from metadata_gauges(now)
    if run := ReportRun.objects.latest_complete():
        yield gauge("reporting_job_age_seconds", "Since the last run that succeeded", age(run.finished_at, now))
    yield conversations_by_state()


@dataclass(frozen=True)
class Waiting:
    """Rows that cause work: how many are not done, and since when the oldest waits."""

    count: int
    oldest: datetime | None


def deliveries_waiting() -> Waiting:
    return jobs_waiting(InboundDelivery)


def jobs_waiting(kind: type[Job]) -> Waiting:
    """Jobs of the kind that are not done, whether or not somebody is at work on them."""
    unfinished: JobQuerySet[Job] = JobQuerySet(kind).unfinished().order_by()
    return Waiting(**unfinished.aggregate(count=Count("pk"), oldest=Min(kind.waits_since)))


def changes_waiting() -> Waiting:
    return Waiting(**ReportableChange.objects.aggregate(count=Count("pk"), oldest=Min("made_at")))


def metadata_gauges(now: datetime) -> Iterator[Metric]:
    due = metadata_due(now)
    ours = Count("pk", filter=Q(is_our_error=True))
    parked = FileDelivery.objects.dead_letters().order_by().aggregate(all=Count("pk"), ours=ours)
    yield gauge("metadata_deliveries_due", "Session metadata files that are due and not delivered", due.count)
    yield gauge("metadata_deliveries_oldest_seconds", "For how long the oldest of them is due", age(due.oldest, now))
    yield gauge("metadata_deliveries_parked", "Those that are not tried again by themselves", parked["all"])
    yield gauge("metadata_deliveries_invalid", "Of these, those whose document could not be made", parked["ours"])


def metadata_due(now: datetime) -> Waiting:
    """Files of session metadata that are to be delivered, without those whose time has not come."""
    due = FileDelivery.objects.unfinished().filter(due_at__lte=now).order_by()
    return Waiting(**due.aggregate(count=Count("pk"), oldest=Min("due_at")))


def conversations_by_state() -> Metric:
    unfinished = Conversation.objects.filter(state__in=UNFINISHED_STATES).order_by()
    counted = dict(unfinished.values_list("state").annotate(Count("pk")))
    family = GaugeMetricFamily("keepsake_conversations", "Conversations that are not over", labels=["state"])
    for state in UNFINISHED_STATES:
        family.add_metric([state], counted.get(state, 0))
    return family


def gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(f"keepsake_{name}", meaning, value=value)


def age(moment: datetime | None, now: datetime) -> float:
    """Seconds since then; zero where there is nothing that could age."""
    return max((now - moment).total_seconds(), 0) if moment else 0


DATABASE = CollectorRegistry()
DATABASE.register(DatabaseCollector())
