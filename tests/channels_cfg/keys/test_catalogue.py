"""The key catalogue: names, other names, names that are near."""

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from channels_cfg.keys.catalogue import KNOWN_KEYS, known_keys, near_names, own_names, rename_in_lists
from channels_cfg.models import AttachedKey, AttachedKeyAlias
from tests.factories import AttachedKeyFactory, ChannelFactory, QueueFactory

pytestmark = pytest.mark.django_db


def test_a_key_is_known_by_its_own_and_by_its_other_names():
    key = AttachedKeyFactory(name="customerType", aliases=["custmerType", "type"])
    AttachedKeyFactory(name="topic")

    assert known_keys(["customerType", "custmerType", "other", "CustomerType"]) == {
        "customerType": key,
        "custmerType": key,
    }


def test_any_number_of_names_takes_one_query_by_index():
    AttachedKeyFactory(name="k7", aliases=["other7"])

    names = [f"k{number}" for number in range(100)]
    with CaptureQueriesContext(connection) as queries:
        known_keys(names)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {KNOWN_KEYS}", {"names": names})
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert len(queries) == 1
    assert "Seq Scan" not in plan


def test_a_name_leads_to_one_key():
    key = AttachedKeyFactory(name="customerType", aliases=["type"])

    with pytest.raises(ValidationError, match="“type” is another name of customerType"):
        AttachedKey(name="type").full_clean()
    with pytest.raises(ValidationError, match="“customerType” is a key of its own"):
        AttachedKeyAlias(key=AttachedKeyFactory(), name="customerType").full_clean()
    with pytest.raises(ValidationError, match="already exists"):
        AttachedKeyAlias(key=key, name="type").full_clean()


def test_a_key_whose_rules_make_no_sense_is_refused_by_field():
    key = AttachedKey(name="amount", kind=AttachedKey.Kind.INTEGER, minimum="2", maximum="1", pattern="[0-9]")

    with pytest.raises(ValidationError) as refused:
        key.full_clean()

    assert set(refused.value.message_dict) == {"maximum", "pattern"}


def test_lists_name_keys_as_the_catalogue_does():
    AttachedKeyFactory(name="customerType", aliases=["custmerType", "type"])

    assert own_names(["type", "topic", "customerType"]) == (["customerType", "topic"], {"type": "customerType"})


def test_a_new_other_name_is_replaced_on_every_list_that_has_it():
    channel = ChannelFactory(statistics_keys=["custmerType", "topic", "customerType"])
    queue = QueueFactory(channel=channel, allocation_keys=["custmerType"])
    untouched = QueueFactory(statistics_keys=["topic"])

    changed = rename_in_lists({"custmerType": "customerType"})

    channel.refresh_from_db()
    queue.refresh_from_db()
    assert set(changed) == {channel, queue}
    assert untouched not in changed
    assert channel.statistics_keys == ["customerType", "topic"]
    assert queue.allocation_keys == ["customerType"]


@pytest.mark.parametrize("typed", ["custmerType", "CUSTOMERTYPE", "customer_Type", "customerTypes", "customertype"])
def test_names_near_a_key_are_found(typed: str):
    AttachedKeyFactory(name="customerType")
    AttachedKeyFactory(name="orderId")

    assert [(near.name, near.place) for near in near_names(typed)] == [("customerType", "catalogue")]


def test_names_of_lists_and_other_names_are_near_as_well():
    key = AttachedKeyFactory(name="segment", aliases=["customerTier"])
    ChannelFactory(statistics_keys=["customertier"])

    found = near_names("customerTeir")

    assert {(near.name, near.place, near.key) for near in found} == {
        ("customerTier", "alias", key.pk),
        ("customertier", "list", None),
    }


def test_names_with_nothing_in_common_are_not_near():
    AttachedKeyFactory(name="orderId")

    assert near_names("customerType") == []


def test_a_key_is_not_near_itself():
    key = AttachedKeyFactory(name="customerType", aliases=["custmerType"])
    ChannelFactory(statistics_keys=["customerType"])

    assert near_names("customerType", besides=key.pk) == []
