"""Copying a role to a new group, and one user's rights to another."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.messages import get_messages
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from channels_cfg.models import AccessRight, Queue, Right, User
from channels_cfg.rights.copied import own_cells
from channels_cfg.rights.effective import GROUP, Holder
from channels_cfg.rights.roles import CONFIGURATOR
from tests.factories import GroupFactory, QueueFactory, QueueGroupFactory, UserFactory, grant


def copy_group(client: Client, group: Group, name: str) -> HttpResponse:
    return client.post(reverse("admin:auth_group_copy_role", args=[group.pk]), {"name": name}, follow=True)


def page_for_copying(user: User) -> str:
    return reverse("admin:channels_cfg_user_copy_rights", args=[user.pk])


def agree(client: Client, preview: HttpResponse) -> HttpResponse:
    """Save what the preview shows, with what it carries."""
    asked = preview.context
    sent = {"grants": asked["grants"], "withdrawals": "", "agreed_to": asked["preview"].fingerprint, "save": "yes"}
    return client.post(preview.wsgi_request.path, {**sent, **dict(asked["carried_fields"])}, follow=True)


@pytest.fixture
def team(db: None) -> Group:
    """A group with a member, and rights on a queue, a queue group and its own direct conversations."""
    team = GroupFactory(name="Day shift")
    team.user_set.add(UserFactory())
    AccessRight.objects.create(group=team, right=Right.SERVE, queue=QueueFactory(name="Chat care"))
    AccessRight.objects.create(group=team, right=Right.VIEW_HISTORY, queue_group=QueueGroupFactory(name="Nordic"))
    AccessRight.objects.create(group=team, right=Right.SERVE, direct_conversations_of=team)
    return team


def test_a_copied_group_holds_the_same_and_has_no_members(browser: Client, team: Group):
    shown = browser.get(reverse("admin:auth_group_copy_role", args=[team.pk])).content.decode()
    copy_group(browser, team, "Night shift")

    copy = Group.objects.get(name="Night shift")
    assert "Serve on Chat care and direct conversations of Day shift" in shown
    assert "View history on all queues of Nordic" in shown
    assert held_by(copy) == held_by(team)
    assert not copy.user_set.exists()


def held_by(group: Group) -> set[tuple[object, Right]]:
    return {(cell.scope, cell.right) for cell in own_cells(Holder(GROUP, group.pk))}


def test_a_name_that_is_taken_is_refused_and_kept(browser: Client, team: Group):
    answer = copy_group(browser, team, CONFIGURATOR)

    assert "already exists" in answer.content.decode()
    assert f'value="{CONFIGURATOR}"' in answer.content.decode()
    assert Group.objects.filter(name=CONFIGURATOR).count() == 1


def test_nobody_copies_pages_that_they_may_not_open(browser: Client, configurator: User):
    beyond = Permission.objects.get(codename="add_logentry", content_type__app_label="admin")
    own = Permission.objects.get(codename="view_queue")
    role = GroupFactory()
    role.permissions.add(beyond, own)

    shown = browser.get(reverse("admin:auth_group_copy_role", args=[role.pk])).content.decode()
    copy_group(browser, role, "Another")

    assert "1 permission on pages is left out" in shown
    assert list(Group.objects.get(name="Another").permissions.all()) == [own]
    assert not configurator.has_perm("admin.add_logentry")


def test_a_superuser_copies_every_page(db: None):
    root = UserFactory(is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(root)
    role = Group.objects.get(name=CONFIGURATOR)

    copy_group(client, role, "Second configurators")

    copy = Group.objects.get(name="Second configurators")
    assert set(copy.permissions.all()) == set(role.permissions.all())


def test_rights_of_a_user_are_previewed_and_copied(browser: Client, team: Group):
    queue = QueueFactory(name="Chat sales")
    anna = grant(UserFactory(first_name="Anna", last_name="Ek"), Right.SERVE, Right.VIEW_REPORTS, on=queue)
    anna.groups.add(team)
    bo = grant(UserFactory(first_name="Bo", last_name="Holm"), Right.SERVE, on=queue)

    preview = browser.post(page_for_copying(anna), {"target": bo.pk, "groups": "on"})
    not_yet = (bo.groups.count(), bo.access_rights.count())
    answer = agree(browser, preview)

    shown = preview.content.decode()
    assert "Bo Holm joins Day shift." in shown
    assert "“Bo Holm” may from now on: View reports on Chat sales." in shown
    assert not_yet == (0, 1)
    assert "Bo Holm now holds what Anna Ek holds." in answer.content.decode()
    assert list(bo.groups.all()) == [team]
    assert set(Queue.objects.granting(Right.VIEW_REPORTS, to=bo)) == {queue}


def test_groups_are_left_out_where_that_is_wanted(browser: Client, team: Group):
    anna = grant(UserFactory(), Right.SERVE, on=QueueFactory())
    anna.groups.add(team)
    bo = UserFactory()

    agree(browser, browser.post(page_for_copying(anna), {"target": bo.pk}))

    assert not bo.groups.exists()
    assert bo.access_rights.count() == 1


def test_nobody_joins_a_group_with_pages_that_who_copies_may_not_open(browser: Client):
    beyond = GroupFactory(name="Machine room")
    beyond.permissions.add(Permission.objects.get(codename="add_logentry"))
    anna = grant(UserFactory(), Right.SERVE, on=QueueFactory())
    anna.groups.add(beyond)
    bo = UserFactory()

    agree(browser, browser.post(page_for_copying(anna), {"target": bo.pk, "groups": "on"}))

    assert not bo.groups.exists()


def test_a_superuser_is_changed_by_superusers_only(browser: Client):
    anna = grant(UserFactory(), Right.SERVE, on=QueueFactory())
    root = UserFactory(is_superuser=True)

    answer = browser.post(page_for_copying(anna), {"target": root.pk})

    assert "Only a superuser may change a superuser." in answer.content.decode()
    assert not root.access_rights.exists()


def test_rights_are_not_copied_to_oneself_nor_twice(browser: Client):
    queue = QueueFactory()
    anna, bo = (grant(UserFactory(), Right.SERVE, on=queue) for _ in range(2))

    to_self = browser.post(page_for_copying(anna), {"target": anna.pk})
    again = browser.post(page_for_copying(anna), {"target": bo.pk})

    assert "Choose somebody else" in to_self.content.decode()
    assert "holds all of it already" in " ".join(map(str, get_messages(again.wsgi_request)))
    assert AccessRight.objects.count() == 2


@pytest.mark.parametrize("page", ["auth_group_copy_role", "channels_cfg_user_copy_rights"])
def test_staff_without_the_role_copy_nothing(db: None, page: str):
    nobody = UserFactory(is_staff=True)
    client = Client()
    client.force_login(nobody)
    record = GroupFactory() if page == "auth_group_copy_role" else nobody

    answer = client.post(reverse(f"admin:{page}", args=[record.pk]), {"name": "x", "target": nobody.pk})

    assert answer.status_code == 403
    assert not Group.objects.filter(name="x").exists()
