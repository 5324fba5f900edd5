"""Schedules of reports in the System Configurator."""

from __future__ import annotations

import pytest
from django.test import Client

from channels_cfg.models import Right
from reporting.models import ReportSchedule
from tests.factories import QueueFactory, UserFactory, user_with
from tests.reporting.schedules.schedules import scheduled

pytestmark = pytest.mark.django_db

LIST = "/admin/reporting/reportschedule/"


def test_the_list_says_in_words_when_each_runs_and_which_is_paused(client: Client):
    schedule = scheduled(user_with(Right.VIEW_REPORTS, on=QueueFactory()))
    client.force_login(UserFactory(is_staff=True, is_superuser=True, time_zone="Europe/Helsinki"))

    shown = client.get(LIST).content.decode()
    assert "Every day at 07:00" in shown
    assert f"{schedule.next_at.astimezone(schedule.time_zone):%Y-%m-%d} 07:00" in shown

    ReportSchedule.objects.update(next_at=None)
    assert "Paused" in client.get(LIST).content.decode()
    assert "Paused" in client.get(f"{LIST}{schedule.pk}/change/").content.decode()
