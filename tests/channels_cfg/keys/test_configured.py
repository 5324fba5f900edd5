"""Which lists name a key."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from channels_cfg.keys.configured import listed_names, look_alike_warnings, places_of
from channels_cfg.models import Channel, SystemSettings
from tests.factories import ChannelFactory, QueueFactory

pytestmark = pytest.mark.django_db


def test_a_key_is_found_on_every_list_that_names_it():
    SystemSettings(statistics_keys=["customerType"]).save()
    phone = ChannelFactory(name="Phone", kind=Channel.Kind.VOICE, allocation_keys=["customerType", "topic"])
    QueueFactory(name="Phone sales", channel=phone, statistics_keys=["customerType"], outbound_keys=["other"])

    places = places_of(["customerType", "topic", "unlisted"])

    assert {name: [str(place) for place in found] for name, found in places.items()} == {
        "customerType": [
            "System settings, Extra Data Included in Statistics",
            "Phone, Extra Data Included When Allocating Calls",
            "Phone sales, Extra Data Included in Statistics",
        ],
        "topic": ["Phone, Extra Data Included When Allocating Calls"],
    }


def test_a_list_that_names_the_parent_names_the_key():
    ChannelFactory(name="Chat", statistics_keys=["customer", "customer.address.city"])

    places = places_of(["customer.address.city", "customer.name", "customers"])

    assert {name: (len(found), found.total) for name, found in places.items()} == {
        "customer.address.city": (1, 1),
        "customer.name": (1, 1),
    }


def test_places_are_counted_beyond_those_that_are_named_in_one_query():
    channel = ChannelFactory()
    for _ in range(5):
        QueueFactory(channel=channel, statistics_keys=["customerType"])

    with CaptureQueriesContext(connection) as queries:
        places = places_of(["customerType", "topic"], at_most=2)

    assert (len(places["customerType"]), places["customerType"].total) == (2, 5)
    assert len(queries) == 1


def test_listed_names_are_told_once():
    ChannelFactory(statistics_keys=["b", "a"], allocation_keys=["a"])

    assert listed_names() == ["a", "b"]


def test_a_look_alike_that_is_about_to_be_overwritten_draws_no_warning():
    channel = ChannelFactory(statistics_keys=["customertype"])
    own = places_of(["customertype"])["customertype"]

    assert look_alike_warnings(["customerType"], besides=own) == {}
    assert list(look_alike_warnings(["customerType"])) == ["customerType"]
    assert str(channel) in look_alike_warnings(["customerType"])["customerType"]
