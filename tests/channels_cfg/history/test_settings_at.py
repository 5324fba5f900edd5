from __future__ import annotations

import random
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from channels_cfg.history.record_words import event_models, recorded_fields
from channels_cfg.history.settings_at import as_of, difference
from channels_cfg.models import AccessRight, Channel, Queue, QueueAddress, QueueGroup, Right, SystemSettings, User
from tests.factories import ChannelFactory, QueueFactory, QueueGroupFactory, UserFactory, grant

pytestmark = pytest.mark.django_db(transaction=True)

Snapshot = dict[tuple[str, Any], dict[str, Any]]


def snapshot() -> Snapshot:
    """All recorded settings as they are in their own tables."""
    return {
        (model._meta.label, record.pk): values(record, events)
        for model, events in event_models().items()
        for record in model._base_manager.all()
    }


def recorded_snapshot(time: Any) -> Snapshot:
    """All settings as the history tells them."""
    state = as_of(time)
    return {
        (model._meta.label, pk): values(record, events)
        for model, events in event_models().items()
        for pk, record in state.records(model).items()
    }


def values(record: Any, events: Any) -> dict[str, Any]:
    return {field.attname: getattr(record, field.attname) for field in recorded_fields(events)}


class Administrator:
    """Does one thing after the other, each in a way of its own; chance decides on what."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def any_of(self, model: Any) -> Any:
        rows = list(model.objects.order_by("pk"))
        return self.chance.choice(rows) if rows else None

    def creates_a_channel(self) -> None:
        ChannelFactory(statistics_keys=["customerType"])

    def creates_a_queue(self) -> None:
        QueueFactory(channel=self.any_of(Channel) or ChannelFactory())

    def changes_a_list_by_form(self) -> None:
        if channel := self.any_of(Channel):
            chosen = self.chance.sample(range(5), self.chance.randrange(3))
            channel.statistics_keys = [f"key{number}" for number in chosen]
            channel.save()

    def changes_many_queues_at_once(self) -> None:
        Queue.objects.update(description=f"number {self.chance.randrange(5)}")

    def changes_a_row_by_raw_sql(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE channels_cfg_channel SET false_attempt_seconds = %s", [self.chance.randrange(9)])

    def saves_without_changing(self) -> None:
        for channel in Channel.objects.all():
            channel.save()

    def deletes_a_queue(self) -> None:
        if queue := self.any_of(Queue):
            queue.delete()

    def changes_the_system(self) -> None:
        SystemSettings(value_characters=self.chance.randrange(1, 99)).save()

    def grants_and_takes(self) -> None:
        AccessRight.objects.filter(right=Right.SERVE).delete()
        if queue := self.any_of(Queue):
            grant(self.any_of(User) or UserFactory(), Right.SERVE, on=queue)

    def joins_and_leaves(self) -> None:
        if queue := self.any_of(Queue):
            queue.groups.set([QueueGroupFactory()] if self.chance.random() < 0.5 else [])

    def changes_twice_in_one_transaction(self) -> None:
        with transaction.atomic():
            group = QueueGroupFactory(description="first")
            QueueGroup.objects.filter(pk=group.pk).update(description="second")

    def gives_up(self) -> None:
        with transaction.atomic():
            Channel.objects.update(description="never")
            transaction.set_rollback(True)


ACTIONS = [name for name in vars(Administrator) if not name.startswith(("_", "any_of"))]


@settings(max_examples=8, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(actions=st.lists(st.sampled_from(ACTIONS), min_size=3, max_size=8), seed=st.integers(0, 999))
def test_the_settings_as_of_any_time_are_what_was_stored_then(actions, seed):
    administrator = Administrator(random.Random(seed))
    states = []
    for action in actions:
        getattr(administrator, action)()
        states.append((as_of(timezone.now()).version, timezone.now(), snapshot()))

    for version, moment, stored in states:
        assert recorded_snapshot(version) == stored
        assert recorded_snapshot(moment) == stored
    (first, _, at_first), (last, _, at_last) = states[0], states[-1]
    changed = {key for key in at_first.keys() | at_last.keys() if at_first.get(key) != at_last.get(key)}
    for found in (difference(first, last), difference(last, first)):
        assert {(change.record[0]._meta.label, change.record[1]) for change in found} == changed


def test_before_the_first_change_there_was_nothing():
    ChannelFactory()

    assert as_of(0).records(Channel) == {}
    assert as_of(timezone.now().replace(year=2001)).version == 0


def test_a_difference_tells_field_old_and_new_and_what_a_list_gained_and_lost():
    channel = ChannelFactory(name="Customer chat", statistics_keys=["a", "b"])
    before = timezone.now()
    channel.statistics_keys = ["b", "c"]
    channel.save()

    (change,) = difference(before, timezone.now())

    (field,) = change.fields
    assert (change.action, change.kind, change.name) == ("changed", "channel", "Customer chat")
    assert (field.field, field.old, field.new) == ("Extra Data Included in Statistics", "a, b", "b, c")
    assert (field.added, field.removed) == (["c"], ["a"])


def test_a_change_that_was_changed_back_is_no_difference_but_backwards_is_told_backwards():
    channel = ChannelFactory(description="one")
    start = as_of(timezone.now()).version
    Channel.objects.filter(pk=channel.pk).update(description="two")
    middle = as_of(timezone.now()).version
    Channel.objects.filter(pk=channel.pk).update(description="one")
    gone = QueueFactory(channel=channel)
    gone.delete()
    end = as_of(timezone.now()).version

    assert list(difference(start, end)) == []
    ((field,),) = (change.fields for change in difference(middle, start))
    assert (field.old, field.new) == ("two", "one")


def test_effective_lists_are_worked_out_from_the_levels_as_they_were():
    channel = ChannelFactory(statistics_keys=["from_channel"])
    following, own = QueueFactory(channel=channel), QueueFactory(channel=channel, statistics_keys=["own"])
    then = timezone.now()
    Channel.objects.filter(pk=channel.pk).update(statistics_keys=["later"])
    Queue.objects.filter(pk=own.pk).delete()

    state = as_of(then)
    channels, queues = state.records(Channel), state.records(Queue)
    lists = state.effective([channels[channel.pk]], [queues[following.pk], queues[own.pk]])

    assert [(found.statistics_keys.value, found.statistics_keys.origin) for found in lists] == [
        (["from_channel"], "channel"),
        (["from_channel"], "channel"),
        (["own"], "queue"),
    ]


def test_counts_and_names_are_those_of_the_time():
    queue = QueueFactory(name="Chat sales")
    QueueAddress.objects.create(queue=queue, address="+358401234567")
    then = timezone.now()
    Queue.objects.filter(pk=queue.pk).update(name="Renamed")
    QueueAddress.objects.all().delete()

    state = as_of(then)

    assert state.counts[QueueAddress] == 1
    assert [event.name for event in state.named(Queue, "chat s")] == ["Chat sales"]
