from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import connections, transaction
from django.utils import timezone

from channels_cfg.history import planned_changes
from channels_cfg.history.change_log import ChangeHistory
from channels_cfg.history.planned_changes import apply_change, cancel_change, plan_change, planned_for, values_in_words
from channels_cfg.models import Channel, ScheduledChange, SettingsVersion, SystemSettings, User
from channels_cfg.rights.roles import CONFIGURATOR, ensure_default_roles
from channels_cfg.tasks import apply_planned_changes
from tests.factories import ChannelFactory, QueueFactory, UserFactory

State = ScheduledChange.State


@pytest.fixture
def ada(transactional_db: None) -> User:
    """Somebody who configures."""
    ensure_default_roles()
    user = UserFactory(username="ada", is_staff=True)
    user.groups.add(Group.objects.get(name=CONFIGURATOR))
    return user


def planned(record: Any, by: User, *, in_seconds: float = 60, why: str = "", **changes: Any) -> ScheduledChange:
    now = timezone.now()
    return plan_change(record, changes, at=now + timedelta(seconds=in_seconds), by=by, why=why, now=now)


def later(seconds: float = 61) -> Any:
    return timezone.now() + timedelta(seconds=seconds)


def test_only_what_changes_is_noted_and_it_takes_effect_then_in_the_name_of_who_planned_it(ada):
    channel = ChannelFactory(statistics_keys=["customerType"], description="as it is")
    change = planned(channel, ada, why="New product", statistics_keys=["customerType", "tier"], description="as it is")

    assert apply_change(change.pk, now=timezone.now()) is None
    assert Channel.objects.get(pk=channel.pk).statistics_keys == ["customerType"]
    applied = apply_change(change.pk, now=later())

    assert change.changes == {"statistics_keys": ["customerType", "tier"]}
    assert applied.state == State.APPLIED
    assert Channel.objects.get(pk=channel.pk).statistics_keys == ["customerType", "tier"]
    newest = ChangeHistory.of(channel)[:1][0]
    assert (newest.by, newest.why) == ("ada, as scheduled", "New product")


def test_other_fields_that_were_changed_meanwhile_stay_as_they_are(ada):
    channel = ChannelFactory(description="old")
    change = planned(channel, ada, statistics_keys=["tier"])
    Channel.objects.filter(pk=channel.pk).update(description="new")

    apply_change(change.pk, now=later())

    channel.refresh_from_db()
    assert (channel.statistics_keys, channel.description) == (["tier"], "new")


def test_a_field_that_somebody_changed_meanwhile_is_not_overwritten_and_that_is_said(ada):
    channel = ChannelFactory(statistics_keys=["one"])
    change = planned(channel, ada, statistics_keys=["two"])
    Channel.objects.filter(pk=channel.pk).update(statistics_keys=["three"])

    failed = apply_change(change.pk, now=later())

    assert failed.state == State.FAILED
    assert failed.problem.startswith("Changed by somebody in the meantime: Extra Data Included in Statistics.")
    assert Channel.objects.get(pk=channel.pk).statistics_keys == ["three"]


def test_a_deleted_record_an_invalid_value_and_a_right_that_was_lost_are_told_in_words(ada):
    queue, channel, other = QueueFactory(), ChannelFactory(name="Chat"), ChannelFactory()
    gone = planned(queue, ada, description="new")
    invalid = planned(channel, ada, name="Taken")
    unable = planned(other, UserFactory(username="eve"), description="new")
    queue.delete()
    ChannelFactory(name="Taken")

    for change in (gone, invalid, unable):
        apply_change(change.pk, now=later())

    problems = dict(ScheduledChange.objects.values_list("pk", "problem"))
    assert problems[gone.pk] == "The queue has been deleted."
    assert "already exists" in problems[invalid.pk]
    assert "may not change a channel any more" in problems[unable.pk]
    assert Channel.objects.get(pk=channel.pk).name == "Chat"


def test_one_change_may_build_on_another_that_comes_before_it(ada):
    channel = ChannelFactory(statistics_keys=["one"])
    first = planned(channel, ada, statistics_keys=["two"])
    second = planned(channel, ada, in_seconds=120, statistics_keys=["one"])

    apply_change(first.pk, now=later())
    apply_change(second.pk, now=later(121))

    assert Channel.objects.get(pk=channel.pk).statistics_keys == ["one"]
    assert second.replaces == {"statistics_keys": ["two"]}


@pytest.mark.parametrize(
    ("changes", "in_seconds", "says"),
    [
        ({"description": "new"}, -1, "in the future"),
        ({"description": "old"}, 60, "Nothing would change"),
        ({"channel": None}, 60, "takes effect at once"),
    ],
)
def test_what_cannot_be_planned_is_refused(ada, changes, in_seconds, says):
    queue = QueueFactory(description="old")

    with pytest.raises(ValidationError, match=says):
        planned(queue, ada, in_seconds=in_seconds, **changes)

    assert not ScheduledChange.objects.exists()


def test_a_cancelled_change_never_takes_effect_and_one_that_took_effect_is_not_cancelled(ada):
    channel = ChannelFactory(description="old")
    cancelled, applied = planned(channel, ada, description="never"), planned(channel, ada, name="Renamed")

    assert cancel_change(cancelled, by=ada, now=timezone.now())
    apply_change(cancelled.pk, now=later())
    apply_change(applied.pk, now=later())

    assert not cancel_change(applied, by=ada, now=later())
    channel.refresh_from_db()
    assert (channel.description, channel.name) == ("old", "Renamed")
    assert list(planned_for(channel)) == []


def test_system_settings_that_nobody_saved_yet_can_be_planned(ada):
    change = planned(SystemSettings.load(), ada, statistics_keys=["tier"])

    apply_change(change.pk, now=later())

    assert SystemSettings.load().statistics_keys == ["tier"]


def test_a_worker_that_dies_leaves_the_change_planned_and_another_applies_it(ada, monkeypatch):
    channel = ChannelFactory(description="old")
    change = planned(channel, ada, description="new")

    class PowerCut(BaseException):
        pass

    def cut(*_args: Any, **_options: Any) -> None:
        raise PowerCut

    with monkeypatch.context() as dying, pytest.raises(PowerCut):
        dying.setattr(ScheduledChange, "save", cut)
        apply_change(change.pk, now=later())
    change.refresh_from_db()
    assert (change.state, Channel.objects.get(pk=channel.pk).description) == (State.PLANNED, "old")

    apply_change(change.pk, now=later())

    assert Channel.objects.get(pk=channel.pk).description == "new"


def test_two_workers_apply_a_change_once(ada):
    channel = ChannelFactory(description="old")
    change = planned(channel, ada, description="new")
    before = SettingsVersion.current()

    def work(_number: int) -> Any:
        try:
            return apply_change(change.pk, now=later())
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as workers:
        outcomes = list(workers.map(work, range(4)))

    assert len([outcome for outcome in outcomes if outcome]) == 1
    assert SettingsVersion.objects.filter(pk__gt=before).count() == 1


def test_one_that_breaks_does_not_hold_up_the_others(ada, monkeypatch):
    first, second = ChannelFactory(), ChannelFactory()
    broken, fine = planned(first, ada, description="new"), planned(second, ada, in_seconds=61, description="new")
    really = planned_changes._due

    def due(change: ScheduledChange) -> planned_changes.DueChange:
        if change.pk == broken.pk:
            raise RuntimeError("a bug")
        return really(change)

    monkeypatch.setattr(planned_changes, "_due", due)
    with time_machine.travel(later(70)):
        apply_planned_changes()

    states = dict(ScheduledChange.objects.values_list("pk", "state"))
    assert states == {broken.pk: State.PLANNED, fine.pk: State.APPLIED}


def test_values_are_told_in_words(ada):
    channel = ChannelFactory(live_data_until_handled=False)
    change = planned(channel, ada, live_data_until_handled=True, statistics_keys=["a", "b"])

    said = {(field.label, field.old, field.new) for field in values_in_words(change)}

    assert said == {
        ("Agents see all data until handled", "no", "yes"),
        ("Extra Data Included in Statistics", "", "a, b"),
    }


def test_a_change_of_another_transaction_that_is_not_through_yet_is_waited_for(ada):
    channel = ChannelFactory(statistics_keys=["one"])
    change = planned(channel, ada, statistics_keys=["two"])

    def work() -> Any:
        try:
            return apply_change(change.pk, now=later())
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as worker:
        with transaction.atomic():
            Channel.objects.filter(pk=channel.pk).update(statistics_keys=["three"])
            outcome = worker.submit(work)
            with pytest.raises(TimeoutError):
                outcome.result(timeout=0.5)
        settled = outcome.result(timeout=10)

    assert settled.state == State.FAILED
    assert Channel.objects.get(pk=channel.pk).statistics_keys == ["three"]
