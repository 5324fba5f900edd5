"""What changes of extra-data lists would do, and making them."""

from __future__ import annotations

import random
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from channels_cfg.history.change_set import KEPT, StalePreview, apply
from channels_cfg.keys.effective_settings import effective_settings
from channels_cfg.models import Channel, Queue, SettingsVersion, SystemSettings
from config.portal.extra_data.changes import Impact, ListChange, impact_of, in_bulk, in_one_list
from reporting.models import SavedReport
from tests.factories import AttachedKeyFactory, ChannelFactory, QueueFactory, UserFactory

pytestmark = pytest.mark.django_db

KEYS = ["alpha", "beta", "gamma", "delta"]


def save(changes: list[ListChange], **facts: Any) -> None:
    apply(lambda: impact_of(changes), **facts)


def counted() -> dict[int, list[str]]:
    """What is kept in each queue, worked out one by one."""
    queues = Queue.objects.select_related("channel")
    return {queue.pk: effective_settings(channel=queue.channel, queue=queue).statistics_keys.value for queue in queues}


@pytest.mark.parametrize("seed", range(8))
def test_the_impact_is_what_saving_then_does(seed):
    dice = random.Random(seed)

    def some() -> list[str]:
        return dice.sample(KEYS, dice.choice([0, 0, 1, 2, 3]))

    SystemSettings(statistics_keys=some()).save()
    channels = [ChannelFactory(statistics_keys=some()) for _ in range(3)]
    queues = [QueueFactory(channel=dice.choice(channels), statistics_keys=some()) for _ in range(9)]
    for number in range(6):
        SavedReport.objects.create(
            name=str(number), owner=UserFactory(), query={}, keys=some(), saved_at=timezone.now()
        )
    system = SystemSettings.load()
    places = dice.sample(channels, 1) + dice.sample(queues, 2)
    changes = [in_one_list(place, KEPT, some(), system) for place in places]
    before = counted()
    impact = impact_of(changes)

    save(changes)

    after = counted()
    by_channel_alone = [change for change in changes if isinstance(change.place, Channel)]
    changed = {queue for queue in before if sorted(before[queue]) != sorted(after[queue])}
    reached = {
        change.place.pk for change in changes if isinstance(change.place, Queue) and change.added + change.removed
    }
    for change in by_channel_alone:
        if change.added or change.removed:
            follow = [queue for queue in queues if queue.channel == change.place and not queue.statistics_keys]
            reached |= {queue.pk for queue in follow}
    lost = {key for change in changes for key in change.removed}
    assert impact.queues == len(reached)
    assert changed <= reached
    assert {report.pk for report in impact.lost_reports} == {
        report.pk for report in SavedReport.objects.all() if lost & set(report.keys)
    }


def test_many_places_cost_as_many_queries_as_one():
    channel = ChannelFactory(statistics_keys=["alpha"])
    queues = [QueueFactory(channel=channel) for _ in range(40)]

    def cost(places: list[Queue]) -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            changes, _skipped = in_bulk(
                Queue.objects.select_related("channel").filter(pk__in=[p.pk for p in places]), KEPT, add=["orderId"]
            )
            impact_of(changes)
        return len(queries)

    assert cost(queues) == cost(queues[:1])


@pytest.mark.django_db(transaction=True)
def test_bulk_changes_are_one_version_and_begin_with_what_was_followed():
    channel = ChannelFactory(statistics_keys=["alpha", "beta"])
    queues = [QueueFactory(channel=channel) for _ in range(3)]
    by = UserFactory(is_superuser=True)
    email = ChannelFactory(kind="email")
    versions = SettingsVersion.objects.count()

    changes, skipped = in_bulk([*queues, email], KEPT, add=["orderId"], remove=["alpha"])
    save(changes, by=by, why="spring")

    assert skipped == []
    assert {tuple(queue.statistics_keys) for queue in channel.queues.all()} == {("beta", "orderId")}
    assert SettingsVersion.objects.count() == versions + 1


def test_nothing_is_saved_over_a_change_in_between():
    QueueFactory(statistics_keys=["alpha"])

    def propose() -> Impact:
        return impact_of([in_one_list(Queue.objects.get(), KEPT, ["beta"], SystemSettings.load())])

    agreed = propose().fingerprint
    Queue.objects.update(statistics_keys=["gamma"])

    with pytest.raises(StalePreview):
        apply(propose, agreed_to=agreed)

    assert Queue.objects.get().statistics_keys == ["gamma"]


def test_a_sensitive_key_is_told():
    AttachedKeyFactory(name="iban", sensitive=True)
    change = in_one_list(QueueFactory(), KEPT, ["iban", "other"], SystemSettings.load())

    assert impact_of([change]).sensitive == ["iban"]
