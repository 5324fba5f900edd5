"""Scheduler, broker and a worker take an offer back that nobody accepts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from config.models import SCHEDULER, Heartbeat
from config.schedule import ensure_schedule
from conversations import lifecycle
from conversations.models import Conversation, State
from tests.factories import ChannelFactory, QueueFactory, UserFactory, queued_conversation
from tests.journeys.conftest import Portal, eventually


@pytest.mark.django_db(transaction=True)
def test_an_offer_that_nobody_accepts_is_taken_back_by_itself(portal: Portal):
    ensure_schedule()
    queue = QueueFactory(channel=ChannelFactory(pick_up_seconds=5))
    waiting = queued_conversation(queue)
    lifecycle.allocate(waiting.pk, agent=UserFactory(), now=timezone.now() - timedelta(seconds=6))

    portal.start("beat", "celery", "-A", "config", "beat", "--pidfile=")

    eventually(lambda: Conversation.objects.get(pk=waiting.pk).state == State.QUEUED)
    eventually(lambda: Heartbeat.objects.workers().exists())
    assert Heartbeat.objects.filter(name=SCHEDULER).exists()
