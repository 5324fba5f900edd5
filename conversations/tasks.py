"""Work done outside of requests. Tables are the to-do lists; a message only says that something waits."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.db.models import Model, QuerySet
from django.utils import timezone

from channels_cfg import jobs
from channels_cfg.models import Job
from conversations import lifecycle
from conversations.attachments.store import delete_expired
from conversations.idempotency import REMEMBERED_FOR
from conversations.integrations.debugging import erase_what_outlives
from conversations.key_usage.aggregate import aggregate_observations, delete_old_days, delete_rare_names
from conversations.mail_readings import ask_for_readings
from conversations.models import Conversation, IdempotentAnswer, InboundDelivery, IntegrationRun
from conversations.routing.offers import offer_waiting
from conversations.routing.presence import leave_unseen
from conversations.visitors import end_chats_of_gone, forget_addresses

SECONDS_BETWEEN_SWEEPS = 3
BATCH = 1000


@shared_task
def sweep_jobs() -> None:
    """Send a worker to each kind of job of which something waits: new, failed before, or left by one that died."""
    now = timezone.now()
    for kind in jobs.kinds():
        if kind.model.rows().waiting(now=now).exists():
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
    """Work on what waits of one kind for a turn; beat sends the next worker. Several may do so at once; each row is
    worked on by one."""
    kind = jobs.kind_of(label)
    jobs.work_on_waiting(kind, until=timezone.now() + kind.turn)


@shared_task
def read_mail() -> None:
    """Have every mail box read that was not read lately. Several workers may do so at once; each is read by one."""
    ask_for_readings(now=timezone.now())


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
def end_silent_calls() -> None:
    """End calls whose telephone system has died. Several workers may do so at once; each call ends once."""
    now = timezone.now()
    for conversation_id in lifecycle.silent_calls(now=now).values_list("pk", flat=True)[:BATCH]:
        lifecycle.end_if_silent(conversation_id, now=now)


@shared_task
def offer_waiting_conversations() -> None:
    """Offer what waits to agents who are ready, but to nobody whose desk was not seen for a while. Several workers may
    do so at once; each conversation is offered once."""
    now = timezone.now()
    leave_unseen(now=now)
    offer_waiting(now=now)


@shared_task
def end_chats_of_gone_visitors() -> None:
    """End web chats whose visitor's page has been silent for too long. Several workers may do so at once; each ends
    once."""
    end_chats_of_gone(now=timezone.now())


@shared_task
def close_debug_windows() -> None:
    """Erase what outlived its conversation in a debug window whose time is over."""
    erase_what_outlives(now=timezone.now())


@shared_task
def delete_old_records() -> None:
    """Delete what is kept only to recognise a repetition, answers after a day and deliveries with the log; files
    that no message holds; and of key usage names that stayed rare, and days long ago."""
    now = timezone.now()
    log = max(settings.CALLBACK_SIGNATURE_WINDOW * 2, REMEMBERED_FOR, timedelta(days=settings.DELIVERY_LOG_DAYS))
    _delete_in_batches(IdempotentAnswer.objects.filter(answered_at__lt=now - REMEMBERED_FOR))
    _delete_in_batches(InboundDelivery.objects.filter(received_at__lt=now - log).exclude(finished_at=None))
    runs = IntegrationRun.objects.exclude(finished_at=None)
    _delete_in_batches(runs.filter(made_at__lt=now - timedelta(days=settings.DELIVERY_LOG_DAYS)))
    delete_expired(now=now)
    forget_addresses(now=now)
    delete_rare_names(now=now)
    delete_old_days(now=now)


def _delete_in_batches(rows: QuerySet[Model]) -> None:
    """Short transactions, so that nobody waits behind a long one."""
    while ids := list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        rows.model._default_manager.filter(pk__in=ids).delete()
