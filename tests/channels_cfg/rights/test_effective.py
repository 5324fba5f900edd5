"""Effective rights say exactly what the portal grants."""

from __future__ import annotations

import random

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from channels_cfg.messaging.templates import usable_by
from channels_cfg.models import (
    QUEUE_RIGHTS,
    AccessRight,
    Queue,
    QueueGroup,
    ReplyTemplate,
    ReplyTemplateFolder,
    Right,
    User,
)
from channels_cfg.rights.effective import (
    DIRECT,
    FOLDER,
    QUEUE,
    USER,
    Cell,
    Holder,
    Scope,
    direct_groups_of,
    effective_rights,
    folders_of,
    holders_on,
    names_of,
    origin_in_words,
    queues_of,
    who_can_grant,
    who_can_grant_in_words,
)
from channels_cfg.rights.roles import CONFIGURATOR
from conversations.filters import GrantedPlaces
from conversations.models import Conversation
from tests.factories import (
    ChannelFactory,
    ConversationFactory,
    GroupFactory,
    QueueFactory,
    QueueGroupFactory,
    ReplyTemplateFactory,
    ReplyTemplateFolderFactory,
    UserFactory,
    grant,
)

pytestmark = pytest.mark.django_db


def a_centre_with_random_rights(seed: int) -> None:
    """Six users in four groups, six queues in three queue groups, and forty rights of all kinds among them."""
    dice = random.Random(seed)
    channel = ChannelFactory()
    users, groups = UserFactory.create_batch(6), GroupFactory.create_batch(4)
    queues, queue_groups = QueueFactory.create_batch(6, channel=channel), QueueGroupFactory.create_batch(3)
    for user in users:
        user.groups.set(dice.sample(groups, dice.randint(0, 3)))
    for queue in queues:
        queue.groups.set(dice.sample(queue_groups, dice.randint(0, 2)))
    AccessRight.objects.bulk_create(
        [
            AccessRight(
                **dice.choice([{"user": dice.choice(users)}, {"group": dice.choice(groups)}]),
                **dice.choice(
                    [
                        {"queue": dice.choice(queues)},
                        {"queue_group": dice.choice(queue_groups)},
                        {"direct_conversations_of": dice.choice(groups)},
                    ]
                ),
                right=dice.choice(QUEUE_RIGHTS),
            )
            for _ in range(40)
        ]
        + [
            AccessRight(user=dice.choice(users), right=Right.USE_TEMPLATES, reply_template_folder=folder)
            for folder in ReplyTemplateFolderFactory.create_batch(2)
        ],
        ignore_conflicts=True,
    )
    for folder in ReplyTemplateFolder.objects.all():
        ReplyTemplateFactory(folder=folder)
    for queue in queues:
        ConversationFactory(channel=channel, queue=queue)
    for agent in users:
        ConversationFactory(channel=channel, queue=None, agent=agent)


@pytest.mark.parametrize("seed", range(4))
def test_effective_rights_are_what_is_granted(seed: int):
    a_centre_with_random_rights(seed)

    everything = effective_rights()

    for user in User.objects.all():
        holder = Holder(USER, user.pk)
        own = effective_rights(holders=[holder])
        assert own == {cell: origins for cell, origins in everything.items() if cell.holder == holder}
        for right in Right:
            queues = {cell.scope.pk for cell in own if cell.right == right and cell.scope.kind == QUEUE}
            direct = {cell.scope.pk for cell in own if cell.right == right and cell.scope.kind == DIRECT}
            assert queues == set(Queue.objects.granting(right, to=user).values_list("pk", flat=True))
            seen = {
                conversation.pk
                for conversation in Conversation.objects.all()
                if conversation.queue_id in queues
                or (not conversation.queue_id and conversation.agent.groups.filter(pk__in=direct).exists())
            }
            assert seen == set(Conversation.objects.granting(right, to=user).values_list("pk", flat=True))
        assert set(queues_of(holder).values_list("pk", flat=True)) == {
            cell.scope.pk for cell in own if cell.scope.kind == QUEUE
        }
        assert set(direct_groups_of(holder).values_list("pk", flat=True)) == {
            cell.scope.pk for cell in own if cell.scope.kind == DIRECT
        }
        folders = {cell.scope.pk for cell in own if cell.scope.kind == FOLDER}
        assert set(folders_of(holder).values_list("pk", flat=True)) == folders
        assert set(usable_by(user)) == set(ReplyTemplate.objects.filter(folder__in=folders))


@pytest.mark.parametrize("seed", range(3))
def test_the_page_of_a_scope_tells_the_same_as_the_pages_of_its_users(seed: int):
    a_centre_with_random_rights(seed)

    for queue in Queue.objects.all():
        scope = Scope(QUEUE, queue.pk)
        users = {user for user in User.objects.all() for right in Right if queue in granted(right, user)}
        assert set(holders_on(scope)) == users
        here = effective_rights(holders=[Holder(USER, user.pk) for user in users], scopes=[scope])
        assert here == {
            cell: origins
            for cell, origins in effective_rights().items()
            if cell.scope == scope and cell.holder.kind == USER
        }


@pytest.mark.parametrize("seed", range(3))
def test_whoever_sees_beyond_the_places_of_a_viewer_is_told_by_the_places_of_each(seed: int):
    a_centre_with_random_rights(seed)
    places = {user: GrantedPlaces(user, [Right.VIEW_REPORTS]) for user in User.objects.all()}

    for own in places.values():
        assert set(own.seen_beyond()) == {
            user
            for user, others in places.items()
            if others.queue_ids - own.queue_ids or others.direct_agents - own.direct_agents
        }


def granted(right: Right, user: User) -> list[Queue]:
    return list(Queue.objects.granting(right, to=user))


def test_every_way_in_which_a_right_is_held_is_told():
    user, group = UserFactory(), GroupFactory(name="Day shift")
    queue, queue_group = QueueFactory(), QueueGroupFactory(name="Nordic sales")
    user.groups.add(group)
    queue.groups.add(queue_group)
    for holder in ({"user": user}, {"group": group}):
        for scope in ({"queue": queue}, {"queue_group": queue_group}):
            AccessRight.objects.create(right=Right.SERVE, **holder, **scope)
    cell = Cell(Holder(USER, user.pk), Scope(QUEUE, queue.pk), Right.SERVE)

    origins = effective_rights(holders=[cell.holder], scopes=[cell.scope])[cell]

    names = names_of([item for origin in origins for item in origin])
    assert [origin_in_words(cell, origin, names) for origin in origins] == [
        "directly",
        "on queue group Nordic sales",
        "through group Day shift",
        "through group Day shift, on queue group Nordic sales",
    ]


def test_the_number_of_queries_does_not_depend_on_the_number_of_rights():
    user, scopes = UserFactory(), QueueFactory.create_batch(20, channel=ChannelFactory())
    for queue in scopes:
        grant(user, *QUEUE_RIGHTS, on=queue)

    with CaptureQueriesContext(connection) as queries:
        effective_rights(holders=[Holder(USER, user.pk)], scopes=[Scope(QUEUE, queue.pk) for queue in scopes])

    assert len(queries) == 3


def test_who_can_grant_is_active_staff_with_the_permission():
    ada = UserFactory(first_name="Ada", last_name="Lindgren", is_staff=True)
    ada.groups.add(Group.objects.get(name=CONFIGURATOR))
    gone = UserFactory(is_staff=True, is_active=False)
    gone.groups.add(Group.objects.get(name=CONFIGURATOR))
    UserFactory(is_staff=True)
    alone = who_can_grant_in_words()
    root = UserFactory(first_name="Zoe", is_superuser=True, is_staff=True)

    assert alone == "Ada Lindgren"
    assert list(who_can_grant()) == [ada, root]
    assert who_can_grant_in_words() == "Ada Lindgren or another System Configurator"


def test_names_of_what_is_gone_are_left_out():
    queue_group = QueueGroupFactory(name="Nordic sales")
    there, gone = Scope("s", queue_group.pk), Scope("s", queue_group.pk + 1)

    assert names_of([there, gone]) == {there: "Nordic sales"}
    assert QueueGroup.objects.count() == 1
