"""The version that is noted on an ended conversation is the one whose settings were used."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone

from channels_cfg.models import Channel, SettingsVersion, SystemSettings
from channels_cfg.prepared import rows
from conversations import lifecycle
from conversations.attached_data import settings
from tests.factories import ChannelFactory, QueueFactory, accepted_conversation, queued_conversation

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def meanwhile_elsewhere(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
    """Does something in a transaction of its own, right before the settings are read."""

    def elsewhere(action: Callable[[], Any]) -> None:
        try:
            action()
        finally:
            connections.close_all()

    def meanwhile(action: Callable[[], Any]) -> None:
        def rows_after_it(*asked: Any) -> Any:
            with ThreadPoolExecutor(1) as pool:
                pool.submit(elsewhere, action).result()
            return rows(*asked)

        monkeypatch.setattr(settings, "rows", rows_after_it)

    return meanwhile


@pytest.mark.parametrize("has_system_settings", [True, False])
def test_settings_saved_while_a_conversation_ends_judge_it_whole_and_are_named_as_the_version(
    has_system_settings, meanwhile_elsewhere
):
    channel = ChannelFactory(statistics_keys=["old"])
    if has_system_settings:
        SystemSettings(statistics_keys=["system"]).save()
    conversation = accepted_conversation(QueueFactory(channel=channel), data={"old": "1", "new": "2"})
    before = SettingsVersion.current()
    meanwhile_elsewhere(lambda: Channel.objects.filter(pk=channel.pk).update(statistics_keys=["new"]))

    ended = lifecycle.end(conversation.pk, now=timezone.now())

    assert ended.kept_data == {"new": "2"}
    assert ended.settings_version == before + 1


def test_an_abandoned_conversation_names_the_version_whose_list_it_shows(meanwhile_elsewhere):
    channel = ChannelFactory(statistics_keys=["old"])
    conversation = queued_conversation(QueueFactory(channel=channel), data={"old": "1"})
    meanwhile_elsewhere(lambda: Channel.objects.filter(pk=channel.pk).update(statistics_keys=["new"]))

    ended = lifecycle.end(conversation.pk, now=timezone.now())

    assert ended.settings_version == SettingsVersion.current()


def test_versions_are_committed_in_the_order_of_their_numbers():
    first, second = ChannelFactory(), ChannelFactory()
    before = SettingsVersion.current()
    connection.set_autocommit(False)
    try:
        Channel.objects.filter(pk=first.pk).update(description="first")
        with ThreadPoolExecutor(1) as elsewhere:
            later = elsewhere.submit(_change_and_read, second)
            with pytest.raises(TimeoutError):
                later.result(timeout=0.5)
            connection.commit()

            version_seen, descriptions_seen = later.result(timeout=10)
    finally:
        connection.set_autocommit(True)

    assert version_seen == before + 2
    assert descriptions_seen == {"first", "second"}


def _change_and_read(channel: Channel) -> tuple[int | None, set[str]]:
    try:
        Channel.objects.filter(pk=channel.pk).update(description="second")
        return SettingsVersion.current(), set(Channel.objects.values_list("description", flat=True))
    finally:
        connections.close_all()


def test_what_counts_is_read_in_one_statement(django_assert_num_queries: Any):
    conversation = queued_conversation(QueueFactory())

    with django_assert_num_queries(1):
        settings.settings_with_version(conversation)
