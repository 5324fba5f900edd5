"""The short way to kept data grants what the long way grants."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from channels_cfg.models import AccessRight, Right
from conversations.attached_data.kept_data import etag_of, kept_data_of
from conversations.models import Conversation
from conversations.models.granted import rights_on
from tests.factories import ConversationFactory, GroupFactory, QueueFactory, QueueGroupFactory, UserFactory


@pytest.mark.django_db
def test_each_way_to_hold_a_right_opens_the_same_conversations_as_the_lists_do():
    queue, other_queue = QueueFactory(), QueueFactory()
    queue_group = QueueGroupFactory()
    queue.groups.add(queue_group)
    team, other_team = GroupFactory(), GroupFactory()
    teammate = UserFactory()
    teammate.groups.add(team)
    conversations = [
        ConversationFactory(queue=queue, channel=queue.channel, agent=teammate),
        ConversationFactory(queue=other_queue, channel=other_queue.channel),
        ConversationFactory(queue=None, agent=teammate),
        ConversationFactory(queue=None, agent=None),
    ]
    places = [
        {"queue": queue},
        {"queue_group": queue_group},
        {"direct_conversations_of": team},
        {"direct_conversations_of": other_team},
    ]

    opened = []
    for place, through_group, right in itertools.product(places, [False, True], [Right.MANAGE_CONTACTS, Right.SERVE]):
        user, group = UserFactory(), GroupFactory()
        user.groups.add(group)
        AccessRight.objects.create(right=right, **place, **({"group": group} if through_group else {"user": user}))
        short = {row.pk for row in conversations if kept_data_of(row.pk, Right.MANAGE_CONTACTS, to=user) is not None}
        assert short == set(Conversation.objects.granting(Right.MANAGE_CONTACTS, to=user).values_list("pk", flat=True))
        opened += short
        of_any = rights_on([row.pk for row in conversations], Right.SERVE, Right.MANAGE_CONTACTS, held_by=user)
        assert of_any[Right.MANAGE_CONTACTS] == short
        assert of_any[Right.SERVE] == set(
            Conversation.objects.granting(Right.SERVE, to=user).values_list("pk", flat=True)
        )

    assert len(opened) == 6  # three of the four places, each in two ways


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)


class Validators(TestCase):
    @given(st.dictionaries(st.text(max_size=3), SCALARS, max_size=3), st.dictionaries(st.text(max_size=3), SCALARS))
    @settings(max_examples=100)
    def test_the_etag_differs_where_the_data_does(self, one, other):
        same = one == other and {k: type(v) for k, v in one.items()} == {k: type(v) for k, v in other.items()}

        assert (etag_of(one) == etag_of(other)) is (same and repr(sorted(one.items())) == repr(sorted(other.items())))
        assert etag_of(one) == etag_of(dict(reversed(one.items())))
