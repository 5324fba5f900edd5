from __future__ import annotations

import pytest

from channels_cfg.keys.effective_settings import Effective, effective_destinations, effective_settings
from channels_cfg.models import SystemSettings
from tests.factories import ChannelFactory, MetadataDestinationFactory, QueueFactory

pytestmark = pytest.mark.django_db


def test_by_default_nothing_is_kept():
    settings = effective_settings(channel=ChannelFactory(), queue=None)

    assert settings.statistics_keys == Effective([], "system")
    assert settings.allocation_keys.value == settings.connection_keys.value == settings.outbound_keys.value == []


def test_an_empty_queue_follows_its_channel_and_an_empty_channel_the_system():
    SystemSettings(statistics_keys=["fromSystem"]).save()
    bare = QueueFactory()
    channel = ChannelFactory(statistics_keys=["fromChannel"])

    assert effective_settings(channel=bare.channel, queue=bare).statistics_keys == Effective(["fromSystem"], "system")
    queue = QueueFactory(channel=channel)
    assert effective_settings(channel=channel, queue=queue).statistics_keys == Effective(["fromChannel"], "channel")


def test_a_filled_queue_list_replaces_that_of_its_channel():
    queue = QueueFactory(channel=ChannelFactory(statistics_keys=["a", "b"]), statistics_keys=["c"])

    assert effective_settings(channel=queue.channel, queue=queue).statistics_keys == Effective(["c"], "queue")


def test_each_list_is_inherited_on_its_own():
    queue = QueueFactory(channel=ChannelFactory(kind="voice", allocation_keys=["a"]), statistics_keys=["s"])

    settings = effective_settings(channel=queue.channel, queue=queue)

    assert settings.allocation_keys.origin == "channel"
    assert settings.statistics_keys.origin == "queue"


def test_a_channel_may_have_its_own_order_of_sources_and_false_attempt_limit():
    plain, special = (
        ChannelFactory(),
        ChannelFactory(precedence=["agent", "customer", "integration", "api"], false_attempt_seconds=0),
    )

    assert effective_settings(channel=plain).precedence.value[0] == "customer"
    assert effective_settings(channel=special).precedence == Effective(
        ["agent", "customer", "integration", "api"], "channel"
    )
    assert effective_settings(channel=special).false_attempt_seconds == Effective(0, "channel")


def test_metadata_destinations_are_those_of_the_nearest_level_that_names_any(django_assert_num_queries):
    own, of_channel, of_system = (MetadataDestinationFactory(name=name) for name in ("Own", "Channel's", "System's"))
    SystemSettings(metadata_destinations=["System's"]).save()
    channel, bare = ChannelFactory(metadata_destinations=["Channel's"]), ChannelFactory()
    queue = QueueFactory(channel=channel, metadata_destinations=["Own", "System's"])
    other = QueueFactory(channel=channel)
    system = SystemSettings.load()
    places = [(channel.pk, queue.pk), (channel.pk, other.pk), (channel.pk, None), (bare.pk, None)]

    with django_assert_num_queries(3):
        found = effective_destinations(places, system=system)

    assert list(found.values()) == [[own.pk, of_system.pk], [of_channel.pk], [of_channel.pk], [of_system.pk]]
    assert effective_settings(channel=channel, queue=queue).metadata_destinations == Effective(
        ["Own", "System's"], "queue"
    )
    assert effective_settings(channel=bare).metadata_destinations == Effective(["System's"], "system")
