"""Work done outside of requests. Tables are the to-do lists; a message only says that something waits."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.db.models import Model, QuerySet
from django.utils import timezone

from conversations import jobs, lifecycle
from conversations.idempotency import REMEMBERED_FOR
from conversations.key_usage.aggregate import aggregate_observations, delete_old_days, delete_rare_names
from conversations.models import Conversation, IdempotentAnswer, InboundDelivery, Job, JobQuerySet

LONGEST_TURN = timedelta(seconds=30)
"""Then other work has its turn; beat sends the next."""

SECONDS_BETWEEN_SWEEPS = 10
BATCH = 1000


@shared_task
def sweep_jobs() -> None:
    """Send a worker to each kind of job of which something waits: new, failed before, or left by one that died."""
    now = timezone.now()
    for kind in jobs.kinds():
        if JobQuerySet(kind.model).waiting(now=now).exists():
            send_worker_to(kind.model, expires=SECONDS_BETWEEN_SWEEPS)


def send_worker_to(model: type[Job], *, expires: int) -> None:
    """Have what waits of this kind worked on soon; the message is gone after so many seconds. Raises what the broker
    raises; the next sweep finds what nobody was sent to."""
    kind = jobs.kind_of(model)
    work_on_waiting_jobs.apply_async(
        (kind.label,), expires=expires, retry=False, time_limit=int(kind.longest.total_seconds())
    )


@shared_task
def work_on_waiting_jobs(label: str) -> None:
    """Work on what waits of one kind. Several workers may do so at once; each row is worked on by one."""
    jobs.work_on_waiting(jobs.kind_of(label), until=timezone.now() + LONGEST_TURN)


@shared_task
def aggregate_key_observations() -> None:
    """Add what the ends of conversations noted to key usage. Several workers may do so at once."""
    aggregate_observations()


@shared_task
def withdraw_stale_offers() -> None:
    """Take back offers that nobody accepted in time. Several workers may do so at once; each is taken back once."""
    now = timezone.now()
    stale = Conversation.objects.offered_too_long(now=now).order_by("allocated_at").values_list("pk", flat=True)
    for conversation_id in stale[:BATCH]:
        lifecycle.withdraw(conversation_id, now=now)


@shared_task
def delete_old_records() -> None:
    """Delete what is kept only to recognise a repetition, answers after a day and deliveries with the log; and
    of key usage names that stayed rare, and days long ago."""
    now = timezone.now()
    log = max(settings.CALLBACK_SIGNATURE_WINDOW * 2, timedelta(days=settings.DELIVERY_LOG_DAYS))
    _delete_in_batches(IdempotentAnswer.objects.filter(answered_at__lt=now - REMEMBERED_FOR))
    _delete_in_batches(InboundDelivery.objects.filter(received_at__lt=now - log).exclude(finished_at=None))
    delete_rare_names(now=now)
    delete_old_days(now=now)


def _delete_in_batches(rows: QuerySet[Model]) -> None:
    """Short transactions, so that nobody waits behind a long one."""
    while ids := list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        rows.model._default_manager.filter(pk__in=ids).delete()
