"""The guide on the first page, from an empty portal to the first conversation."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.test import Client, RequestFactory
from django.urls import reverse

from channels_cfg.models import AccessRight, Right
from channels_cfg.rights.roles import CONFIGURATOR
from config.portal.first_steps import first_steps, queues_served
from tests.factories import (
    ChannelFactory,
    MessagingServiceFactory,
    QueueFactory,
    QueueGroupFactory,
    UserFactory,
    ended_conversation,
    grant,
    user_with,
)

pytestmark = pytest.mark.django_db

TITLE = "Three steps to the first conversation"


@pytest.fixture
def browser() -> Client:
    user = UserFactory(username="ada", is_staff=True)
    user.groups.add(Group.objects.get(name=CONFIGURATOR))
    client = Client()
    client.force_login(user)
    return client


def links_and_ticks(browser: Client) -> list[tuple[str, bool]]:
    steps = browser.get(reverse("admin:index")).context["steps"]
    return [(step.link, step.done) for step in steps]


def add(model: str) -> str:
    return reverse(f"admin:channels_cfg_{model}_add")


def change(record: object) -> str:
    return reverse(f"admin:channels_cfg_{record._meta.model_name}_change", args=[record.pk])  # type: ignore[attr-defined]


def test_an_empty_portal_is_led_to_three_forms(browser: Client):
    assert TITLE in browser.get(reverse("admin:index")).content.decode()
    assert links_and_ticks(browser) == [
        (add("channel"), False),
        (add("queue"), False),
        (add("messagingservice"), False),
    ]


def test_what_is_there_is_not_added_again_but_completed(browser: Client):
    queue = QueueFactory()
    service = MessagingServiceFactory(queue=queue)

    assert links_and_ticks(browser) == [
        (reverse("extra_data"), False),
        (change(queue), False),
        (change(service), False),
    ]


def test_the_guide_goes_when_all_three_steps_are_done(browser: Client):
    queue = QueueFactory(channel=ChannelFactory(statistics_keys=["topic"]))
    user_with(Right.SERVE, on=queue)

    before = browser.get(reverse("admin:index"))
    ended_conversation(queue)
    after = browser.get(reverse("admin:index"))

    assert [step.done for step in before.context["steps"]] == [True, True, False]
    assert all(step.done for step in after.context["steps"])
    assert TITLE in before.content.decode()
    assert TITLE not in after.content.decode()


def test_a_queue_is_served_by_a_right_on_its_group_too():
    by_group, by_itself, by_nobody = QueueFactory(), QueueFactory(), QueueFactory()
    group = QueueGroupFactory()
    by_group.groups.add(group)
    AccessRight.objects.create(user=UserFactory(), right=Right.SERVE, queue_group=group)
    grant(UserFactory(), Right.SERVE, on=by_itself)
    grant(UserFactory(), Right.VIEW_HISTORY, on=by_nobody)

    assert set(queues_served()) == {by_group, by_itself}


def test_whoever_may_add_nothing_is_led_to_no_form(rf: RequestFactory):
    request = rf.get("/admin/")
    request.user = UserFactory(is_staff=True)

    assert [step.link for step in first_steps(request)] == ["", "", ""]
