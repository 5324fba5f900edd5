"""However long the history of the settings is, it is read by index."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from channels_cfg.history.settings_at import as_of, difference
from channels_cfg.models import Queue, SettingsVersion
from tests.large_centre import MODEST, enlarge

pytestmark = pytest.mark.django_db


@pytest.fixture
def last(db: None) -> int:
    """The latest of 8,000 versions, of which each changed one queue."""
    enlarge(replace(MODEST, changes=8_000))
    return SettingsVersion.current() or 0


def test_the_latest_event_of_each_record_is_found_by_index(last: int):
    plan = as_of(last).events(Queue).explain()
    with CaptureQueriesContext(connection) as statements:
        found = len(difference(last - 100, last))

    assert "channels_cf_pgh_obj" in plan
    assert found == 100
    assert len(statements) == 1

    # Judging reads which is the latest.
    assert "Index Only Scan Backward" in SettingsVersion.objects.order_by("-pk").values("pk")[:1].explain()
