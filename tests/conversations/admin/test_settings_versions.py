"""Each ended conversation names the version that judged it, and a version how many it judged."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from channels_cfg.models import Right, User
from channels_cfg.rights.roles import CONFIGURATOR
from tests.factories import ChannelFactory, QueueFactory, UserFactory, ended_conversation, grant

pytestmark = pytest.mark.django_db


@pytest.fixture
def configurator() -> User:
    user = UserFactory(username="aino", is_staff=True)
    user.groups.add(Group.objects.get(name=CONFIGURATOR))
    return user


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_conversation_links_to_its_version_for_those_who_see_the_configurator_only(configurator: User):
    queue = QueueFactory(channel=ChannelFactory(statistics_keys=["customerType"]))
    conversation = ended_conversation(queue, data={"customerType": "gold"})
    page = reverse("history:detail", args=[conversation.pk])
    grant(configurator, Right.VIEW_HISTORY, on=queue)
    supervisor = grant(UserFactory(), Right.VIEW_HISTORY, on=queue)
    version_page = reverse("admin:channels_cfg_settingsversion_change", args=[conversation.settings_version])
    words = f"judged by settings version {conversation.settings_version}"

    linked = client_of(configurator).get(page).content.decode()
    plain = client_of(supervisor).get(page).content.decode()

    assert f'<a href="{version_page}">{words}</a>' in linked
    assert words in plain
    assert version_page not in plain


def test_a_version_counts_the_conversations_whose_history_the_viewer_may_see(configurator: User):
    mine, other = QueueFactory(), QueueFactory()
    judged = [ended_conversation(queue) for queue in (mine, mine, other)]
    numbers = {conversation.settings_version for conversation in judged}
    mine_at = judged[0].settings_version
    listed = reverse("admin:channels_cfg_settingsversion_changelist")
    page = reverse("admin:channels_cfg_settingsversion_change", args=[mine_at])

    without_rights = (
        client_of(configurator).get(listed).content.decode() + client_of(configurator).get(page).content.decode()
    )
    grant(configurator, Right.VIEW_HISTORY, on=mine)
    answer = client_of(configurator).get(listed)
    one = client_of(configurator).get(page).content.decode()

    assert len(numbers) == 1  # one test, one transaction, one version
    assert "Conversations judged" not in without_rights
    assert "ended conversations" not in without_rights
    assert {line.number: judged for line, judged in answer.context["lines"]}[mine_at] == "2"
    assert "2 ended conversations" in one
