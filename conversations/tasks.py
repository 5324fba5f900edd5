"""Work done outside of requests. Tables are the to-do lists; a message is only a nudge and carries ids alone."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.db.models import Model, QuerySet
from django.utils import timezone

from conversations import lifecycle
from conversations.doors.conversation_api.apply import apply_delivery
from conversations.idempotency import REMEMBERED_FOR
from conversations.key_usage import observations
from conversations.models import Conversation, IdempotentAnswer, InboundDelivery

HANDFUL = 20
LONGEST_TURN = timedelta(seconds=30)
"""Then other work has its turn; beat sends the next."""

BATCH = 1000


@shared_task
def apply_waiting_deliveries() -> None:
    """Apply what waits: what just came in, what failed before, and what a worker had that died.

    Several workers may do so at once; each delivery is applied by one.
    """
    until = timezone.now() + LONGEST_TURN
    while (now := timezone.now()) < until:
        waiting = InboundDelivery.objects.waiting(now=now).order_by("pk").values_list("pk", flat=True)
        delivery_ids = list(waiting[:HANDFUL])
        for delivery_id in delivery_ids:
            apply_delivery(delivery_id)
        if not delivery_ids:
            return


@shared_task
def aggregate_key_observations() -> None:
    """Add what the ends of conversations noted to key usage. Several workers may do so at once."""
    observations.aggregate()


@shared_task
def withdraw_stale_offers() -> None:
    """Take back offers that nobody accepted in time. Several workers may do so at once; each is taken back once."""
    now = timezone.now()
    stale = Conversation.objects.offered_too_long(now=now).order_by("allocated_at").values_list("pk", flat=True)
    for conversation_id in stale[:BATCH]:
        lifecycle.withdraw(conversation_id, now=now)


@shared_task
def forget_old_keys() -> None:
    """Forget what is remembered only to recognise a repetition, answers after a day and deliveries with the log; and
    of key usage names that stayed rare, and days long ago."""
    now = timezone.now()
    log = max(settings.CALLBACK_SIGNATURE_WINDOW * 2, timedelta(days=settings.DELIVERY_LOG_DAYS))
    _delete_in_batches(IdempotentAnswer.objects.filter(answered_at__lt=now - REMEMBERED_FOR))
    _delete_in_batches(InboundDelivery.objects.filter(received_at__lt=now - log).exclude(finished_at=None))
    observations.delete_rare_names(now=now)
    observations.delete_old_days(now=now)


def _delete_in_batches(rows: QuerySet[Model]) -> None:
    """Short transactions, so that nobody waits behind a long one."""
    while ids := list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        rows.model._default_manager.filter(pk__in=ids).delete()
