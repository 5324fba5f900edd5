"""With 10,000 keys, 2,000 queues and 50,000 recorded changes the pages about versions stay quick."""

from __future__ import annotations

import os
import time
from typing import Any

import pgtrigger
import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from channels_cfg.default_roles import CONFIGURATOR
from channels_cfg.models import AttachedKey, Channel, Queue, SettingsVersion, User
from channels_cfg.settings_history import as_of, difference
from tests.factories import ChannelFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(300)]

LIMIT = 0.3  # seconds of server time, on a machine that does nothing else


def limit() -> float:
    """The limit, longer where others compete for the processors."""
    return LIMIT * max(1, os.getloadavg()[0] / (os.cpu_count() or 1))


TRIALS = 5
FEW, MANY = 60, 50_000


@pytest.fixture
def browser(db: None) -> Client:
    user = UserFactory(username="aino", is_staff=True)
    user.groups.add(Group.objects.get(name=CONFIGURATOR))
    client = Client()
    client.force_login(user)
    return client


def fill(*, keys: int, queues: int, changes: int) -> None:
    """A large centre whose every change is a version of its own, as if made over years."""
    channel = ChannelFactory(statistics_keys=["key1"])
    AttachedKey.objects.bulk_create(AttachedKey(name=f"key{number}") for number in range(keys))
    Queue.objects.bulk_create(Queue(name=f"Queue {number}", channel=channel) for number in range(queues))
    Queue.objects.update(description="one")
    Channel.objects.update(description="one")
    with pgtrigger.ignore("channels_cfg.QueueEvent:join_settings_version"), connection.cursor() as cursor:
        cursor.execute(VERSIONS, [changes])
        cursor.execute(EVENTS, [changes])
        cursor.execute("ANALYZE")


VERSIONS = """
    INSERT INTO channels_cfg_settingsversion (transaction, made_at)
    SELECT number, '2026-01-01'::timestamptz + number * interval '1 minute'
      FROM generate_series(1, %s) AS number
"""
EVENTS = """
    INSERT INTO channels_cfg_queueevent (
        pgh_created_at, pgh_label, pgh_version_id, pgh_obj_id, id, name, description, channel_id,
        allocation_keys, connection_keys, outbound_keys, statistics_keys)
    SELECT version.made_at, 'update', version.id, queue.id, queue.id, queue.name, version.transaction::text,
           queue.channel_id, '{}', '{}', '{}', ARRAY['key' || version.transaction]
      FROM channels_cfg_settingsversion AS version
      JOIN (SELECT *, row_number() OVER (ORDER BY id) - 1 AS place, count(*) OVER () AS total
              FROM channels_cfg_queue) AS queue
        ON queue.place = version.transaction %% queue.total
     WHERE version.transaction <= %s
     ORDER BY version.id
"""


def addresses() -> dict[str, str]:
    last = SettingsVersion.current() or 0
    listed = reverse("admin:channels_cfg_settingsversion_changelist")
    asked, compared = reverse("admin:settings_as_of"), reverse("admin:settings_difference")
    return {
        "list": listed,
        "list of a kind": f"{listed}?kind=queue",
        "list of a record": f"{listed}?record=queue.{Queue.objects.order_by('pk')[3].pk}",
        "older": f"{listed}?before={last - 20}",
        "a version": reverse("admin:channels_cfg_settingsversion_change", args=[last]),
        "undo": reverse("admin:undo_version", args=[last]),
        "as of": f"{asked}?version={last - 30}&kind=queue",
        "as of, found": f"{asked}?version={last - 30}&kind=attachedkey&q=key1",
        "in effect": f"{asked}?version={last - 30}&kind=in-effect&page=2",
        "difference": f"{compared}?from_version={last - 30}",
        "change log": reverse("admin:change_log"),
        "planned": reverse("admin:channels_cfg_scheduledchange_changelist"),
    }


def cost(browser: Client, address: str) -> tuple[int, float]:
    """Statements, and seconds of the quickest of a few requests: others use this machine too."""
    browser.get(address)
    with CaptureQueriesContext(connection) as statements:
        assert browser.get(address).status_code == 200
    return len(statements), min(seconds_of(browser, address) for _ in range(TRIALS))


def seconds_of(browser: Client, address: str) -> float:
    started = time.perf_counter()
    browser.get(address)
    return time.perf_counter() - started


def test_every_page_about_versions_takes_the_same_number_of_statements_and_little_time(browser: Client):
    fill(keys=60, queues=60, changes=FEW)
    few = {name: cost(browser, address)[0] for name, address in addresses().items()}
    AttachedKey.objects.all().delete()

    fill_more()
    many = {name: cost(browser, address) for name, address in addresses().items()}

    print({name: f"{seconds * 1000:.0f} ms" for name, (_, seconds) in many.items()})
    assert {name: number for name, (number, _) in many.items()} == pytest.approx(few, abs=3)
    assert {name: seconds for name, (_, seconds) in many.items() if seconds > limit()} == {}


def fill_more() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM channels_cfg_queueevent")
        cursor.execute("DELETE FROM channels_cfg_queue")
        cursor.execute("DELETE FROM channels_cfg_settingsversion WHERE transaction <= %s", [FEW])
    fill(keys=10_000, queues=2_000, changes=MANY)


def test_the_latest_event_of_each_record_is_found_by_index(browser: Client):
    fill(keys=10, queues=2_000, changes=MANY)
    last = SettingsVersion.current() or 0

    plan = as_of(last).events(Queue).explain()
    with CaptureQueriesContext(connection) as statements:
        found: Any = len(difference(last - 100, last))

    assert "channels_cf_pgh_obj" in plan
    assert found == 100
    assert len(statements) == 1


def test_judging_finds_the_version_by_the_primary_key(browser: Client):
    fill(keys=1, queues=1, changes=MANY)

    plan = SettingsVersion.objects.order_by("-pk").values("pk")[:1].explain()

    assert "Index Only Scan Backward" in plan
    assert User.objects.filter(username="aino").exists()
