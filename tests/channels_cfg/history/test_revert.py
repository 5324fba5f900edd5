from __future__ import annotations

import random

import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from channels_cfg.history.change_log import ChangeHistory
from channels_cfg.history.change_set import NotApplied, apply
from channels_cfg.history.revert import Undoing, preview, undoing_of
from channels_cfg.history.settings_at import difference
from channels_cfg.models import (
    AccessRight,
    AttachedKey,
    Channel,
    MessagingService,
    Queue,
    QueueAddress,
    Right,
    SettingsVersion,
    User,
    WebhookSecret,
)
from tests.channels_cfg.history.test_settings_at import ACTIONS, Administrator
from tests.factories import (
    ChannelFactory,
    GroupFactory,
    MessagingServiceFactory,
    QueueFactory,
    UserFactory,
    WebhookSecretFactory,
    grant,
    queued_conversation,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada(db) -> User:
    return UserFactory(username="ada", is_superuser=True)


def revert(versions: list[int], *, by: User, why: str = "", leave_out_secrets: bool = False) -> SettingsVersion:
    def propose() -> Undoing:
        return undoing_of(versions, leave_out_secrets=leave_out_secrets)

    done = apply(propose, agreed_to=propose().fingerprint, by=by, why=why, reverts=versions)
    return SettingsVersion.objects.get(pk=done.version)


def newest() -> int:
    return SettingsVersion.current() or 0


def test_a_revert_is_a_new_version_that_says_who_and_why_and_undoes_exactly_that_change(ada):
    channel = ChannelFactory(statistics_keys=["customerType"], description="as it was")
    Channel.objects.filter(pk=channel.pk).update(statistics_keys=["customerType", "tier"])
    changed = newest()
    Channel.objects.filter(pk=channel.pk).update(description="something else, later")

    made = revert([changed], by=ada, why="Nobody asked for tier")

    channel.refresh_from_db()
    assert (channel.statistics_keys, channel.description) == (["customerType"], "something else, later")
    (change,) = ChangeHistory.of_everything(versions=[made.pk])[:9]
    assert (made.pk, change.by, change.why) == (newest(), "ada", "Nobody asked for tier")
    assert made.context.metadata["reverts"] == [changed]


@settings(max_examples=15, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(
    before=st.lists(st.sampled_from(ACTIONS), min_size=2, max_size=6),
    action=st.sampled_from(ACTIONS),
    seed=st.integers(0, 999),
)
def test_undoing_the_newest_version_leaves_no_difference_to_the_one_before(before, action, seed):
    ada = User.objects.filter(username="ada").first() or UserFactory(username="ada", is_superuser=True)
    administrator = Administrator(random.Random(seed))
    for earlier in before:
        getattr(administrator, earlier)()
    start = newest()
    getattr(administrator, action)()
    assume(newest() > start)
    versions = list(SettingsVersion.objects.filter(pk__gt=start).values_list("pk", flat=True))

    revert(versions, by=ada)

    assert list(difference(start, newest())) == []


def test_a_deleted_record_comes_back_under_its_number_with_its_rows(ada):
    queue = QueueFactory(name="Chat sales")
    QueueAddress.objects.create(queue=queue, address="sales@example.com")
    grant(ada, Right.SERVE, on=queue)
    start, number = newest(), queue.pk
    queue.delete()

    revert([newest()], by=ada)

    assert Queue.objects.get(pk=number).addresses.get().address == "sales@example.com"
    assert AccessRight.objects.filter(user=ada, queue=number).exists()
    assert list(difference(start, newest())) == []


def test_where_the_same_field_was_changed_later_nothing_is_undone_but_both_can_be(ada):
    channel = ChannelFactory(name="Customer chat", statistics_keys=["one"])
    Channel.objects.filter(pk=channel.pk).update(statistics_keys=["two"])
    first = newest()
    Channel.objects.filter(pk=channel.pk).update(statistics_keys=["three"])
    second = newest()

    with pytest.raises(NotApplied) as refused:
        revert([first], by=ada)

    assert refused.value.reason == (
        f"Version {second} changed Extra Data Included in Statistics of the channel “Customer chat” later."
    )
    assert newest() == second
    assert refused.value.change_set.with_conflicts == [first, second]
    revert(refused.value.change_set.with_conflicts, by=ada)
    assert Channel.objects.get(pk=channel.pk).statistics_keys == ["one"]


def test_what_later_versions_added_to_a_record_that_would_go_is_named_and_can_go_too(ada):
    queue = QueueFactory(name="Chat sales")
    made = newest()
    grant(UserFactory(username="matti"), Right.SERVE, on=queue)
    granted = newest()

    found = preview([made])

    assert found.refused
    assert [conflict.version for conflict in found.conflicts] == [granted]
    assert "matti: Serve on Chat sales" in found.conflicts[0].sentence
    revert(found.with_conflicts, by=ada)
    assert not Queue.objects.filter(pk=queue.pk).exists()
    assert User.objects.filter(username="matti").exists()


def test_a_record_that_is_used_by_now_does_not_go(ada):
    queue = QueueFactory()
    made = newest()
    queued_conversation(queue)

    with pytest.raises(NotApplied, match="it is used by conversations"):
        revert([made], by=ada)

    assert Queue.objects.filter(pk=queue.pk).exists()


def test_a_name_that_is_taken_by_now_is_told(ada):
    queue = QueueFactory(name="Chat sales")
    queue.delete()
    deleted = newest()
    QueueFactory(name="Chat sales")

    with pytest.raises(NotApplied, match="Queue with this Name already exists"):
        revert([deleted], by=ada)


def test_a_secret_cannot_come_back_but_the_rest_can(ada):
    secret = WebhookSecretFactory(secret="canary-4711", note="from May")
    service = secret.service
    MessagingService.objects.get(pk=service.pk).delete()
    deleted = newest()

    with pytest.raises(NotApplied, match=r"“from May” cannot come back. .* Enter it anew"):
        revert([deleted], by=ada)
    revert([deleted], by=ada, leave_out_secrets=True)

    assert MessagingService.objects.get(pk=service.pk).app_id == service.app_id
    assert not WebhookSecret.objects.exists()


def test_a_user_comes_back_without_a_password_and_that_is_said(ada):
    user = UserFactory(username="matti")
    number = user.pk
    user.delete()

    found = preview([newest()])
    revert([newest()], by=ada)

    assert found.entered_anew == ["The user “matti” comes back. Its password is not in the history: set a new one."]
    assert not User.objects.get(pk=number).has_usable_password()


def test_a_preview_changes_nothing_and_shows_what_would_change(ada):
    channel = ChannelFactory(description="old")
    Channel.objects.filter(pk=channel.pk).update(description="new")
    version = newest()

    found = preview([version])

    ((field,),) = (change.fields for change in found.changes)
    assert (field.old, field.new) == ("new", "old")
    assert (newest(), Channel.objects.get(pk=channel.pk).description) == (version, "new")


def test_keeping_a_sensitive_key_again_is_a_danger_also_where_it_is_inherited(ada):
    AttachedKey.objects.create(name="iban", sensitive=True)
    channel = ChannelFactory(name="Customer chat", statistics_keys=["iban"])
    QueueFactory(name="Chat sales", channel=channel)
    QueueFactory(name="Chat care", channel=channel, statistics_keys=["tier"])
    Channel.objects.filter(pk=channel.pk).update(statistics_keys=["tier"])

    found = preview([newest()])

    assert found.dangers == [
        "Sensitive keys are kept on channel “Customer chat”: iban.",
        "Sensitive keys are kept on queue “Chat sales”: iban.",
    ]


def test_taking_a_right_or_a_membership_away_is_a_danger(ada):
    queue, group = QueueFactory(), GroupFactory(name="Night shift")
    with transaction.atomic():
        grant(ada, Right.SERVE, on=queue)
        ada.groups.add(Group.objects.get(pk=group.pk))

    found = preview([newest()])

    assert len(found.dangers) == 2
    assert all(sentence.startswith("Taken away: ") for sentence in found.dangers)


def test_undoing_what_was_undone_does_it_again(ada):
    service = MessagingServiceFactory(enabled=True)
    MessagingService.objects.filter(pk=service.pk).update(enabled=False)
    undone = revert([newest()], by=ada)

    revert([undone.pk], by=ada)

    assert MessagingService.objects.get(pk=service.pk).enabled is False
