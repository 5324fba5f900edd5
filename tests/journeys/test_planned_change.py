"""A change of settings that takes effect by itself, at its time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from channels_cfg.history.change_log import ChangeHistory
from channels_cfg.history.planned_changes import plan_change
from channels_cfg.models import Queue, ScheduledChange
from config.schedule import ensure_schedule
from tests.factories import QueueFactory, UserFactory
from tests.journeys.conftest import Portal, eventually


@pytest.mark.timeout(240)
def test_scheduler_and_worker_apply_a_planned_change_when_its_time_has_come_also_after_a_power_cut(portal: Portal):
    ada = UserFactory(username="ada", is_superuser=True)
    queue = QueueFactory(statistics_keys=["one"])
    ensure_schedule()
    now = timezone.now()
    change = plan_change(
        queue, {"statistics_keys": ["two"]}, at=now + timedelta(seconds=8), by=ada, why="New product", now=now
    )

    portal.kill("worker")
    portal.start("beat", "celery", "-A", "config", "beat")
    portal.start_worker()
    eventually(lambda: ScheduledChange.objects.get(pk=change.pk).state == ScheduledChange.State.APPLIED, within=120)

    assert Queue.objects.get(pk=queue.pk).statistics_keys == ["two"]
    newest = ChangeHistory.of(queue)[:1][0]
    assert (newest.by, newest.why) == ("ada, as scheduled", "New product")
    assert newest.at >= change.takes_effect_at
