from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversations.keyset import keyset_page
from conversations.models import Conversation
from tests.factories import ChannelFactory, ConversationFactory

pytestmark = pytest.mark.django_db

START = datetime(2026, 11, 21, tzinfo=UTC)


def conversations_received(*microseconds: int) -> list[Conversation]:
    """One conversation each, so many microseconds after the start."""
    Conversation.objects.all().delete()
    channel = ChannelFactory()
    return [
        ConversationFactory(channel=channel, received_at=START + timedelta(microseconds=offset))
        for offset in microseconds
    ]


@given(offsets=st.lists(st.integers(0, 3), max_size=12), size=st.integers(1, 5))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_walking_there_and_back_meets_every_row_once_and_in_order(db, offsets, size):
    conversations_received(*offsets)
    in_order = list(Conversation.objects.newest_first())

    pages = [keyset_page(Conversation.objects.all(), size=size)]
    while pages[-1].next_cursor:
        pages.append(keyset_page(Conversation.objects.all(), size=size, after=pages[-1].next_cursor))
    back = [pages[-1]]
    while back[-1].previous_cursor:
        back.append(keyset_page(Conversation.objects.all(), size=size, before=back[-1].previous_cursor))

    assert [row for page in pages for row in page.items] == in_order
    assert [row for page in reversed(back) for row in page.items] == in_order


def test_a_page_costs_one_query(django_assert_num_queries):
    conversations_received(1, 2, 3)
    first = keyset_page(Conversation.objects.all(), size=1)

    with django_assert_num_queries(1):
        keyset_page(Conversation.objects.all(), size=1, after=first.next_cursor)


def test_rows_that_arrive_meanwhile_move_nothing():
    conversations_received(1, 2, 3, 4)
    first = keyset_page(Conversation.objects.all(), size=2)

    ConversationFactory(received_at=START + timedelta(days=1))
    second = keyset_page(Conversation.objects.all(), size=2, after=first.next_cursor)

    assert [row.received_at.microsecond for row in second.items] == [2, 1]


@pytest.mark.parametrize("parameter", ["after", "before"])
@pytest.mark.parametrize(
    "cursor",
    ["x", "ä", "====", "\x00", "A" * 4000, base64.urlsafe_b64encode(b"\x7f" * 24).decode(), "' OR 1=1 --"],
)
def test_a_cursor_that_no_page_gave_is_refused_by_name(parameter, cursor):
    with pytest.raises(ValidationError) as refused:
        keyset_page(Conversation.objects.all(), size=2, **{parameter: cursor})

    assert list(refused.value.message_dict) == [parameter]
