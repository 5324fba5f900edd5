"""Legs of reported conversations."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from channels_cfg.models import Right, SystemSettings
from conversations import lifecycle
from reporting.contact_log.fill import run_reporting_job
from tests.factories import ChannelFactory, QueueFactory, UserFactory, grant, user_with
from tests.reporting.stories import served

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
YEAR = "received_after=2026-01-01&received_before=2027-01-01"


@pytest.fixture
def queues():
    channel = ChannelFactory()
    return [QueueFactory(channel=channel, name=name) for name in ("Sales", "Service")]


@pytest.fixture
def transferred(queues):
    """Ten minutes with an agent of the first queue, then five with one of the second."""
    anna, ben = UserFactory(first_name="Anna", last_name=""), UserFactory(first_name="Ben", last_name="")
    sales, service = queues
    conversation = lifecycle.receive(channel=sales.channel, queue=sales, now=NOON)
    lifecycle.accept(conversation.pk, by=anna, now=NOON)
    lifecycle.transfer(conversation.pk, by=anna, queue=service, now=NOON + timedelta(minutes=10))
    lifecycle.accept(conversation.pk, by=ben, now=NOON + timedelta(minutes=10))
    lifecycle.end(conversation.pk, by=ben, now=NOON + timedelta(minutes=15))
    run_reporting_job()
    return conversation


def shown(client, user, address: str) -> str:
    client.force_login(user)
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def shown_legs(client, *places) -> str:
    viewer = user_with(Right.VIEW_REPORTS, on=places[0])
    return shown(client, viewer, f"/reports/legs/?{YEAR}")


@pytest.mark.django_db
def test_a_transferred_conversation_counts_once_and_its_legs_each(client, queues, transferred):
    viewer = user_with(Right.VIEW_REPORTS, on=queues[0])
    grant(viewer, Right.VIEW_REPORTS, on=queues[1])

    report = shown(client, viewer, f"/reports/?{YEAR}&by=queue")
    legs = shown(client, viewer, f"/reports/legs/?{YEAR}")

    assert "Sales" not in report.split("<tbody>")[-1]
    assert [name in legs for name in ("Sales", "Service", "Anna", "Ben")] == [True] * 4
    assert ("10:00" in legs, "5:00" in legs) == (True, True)


@pytest.mark.django_db
def test_legs_in_a_queue_of_others_are_not_told(client, queues, transferred):
    legs = shown(client, user_with(Right.VIEW_REPORTS, on=queues[1]), f"/reports/legs/?{YEAR}")

    assert ("Service" in legs, "Sales" in legs) == (True, False)


@pytest.mark.django_db
def test_legs_say_what_was_asked_and_each_condition_can_be_dropped(client, queues, transferred):
    legs = shown(client, user_with(Right.VIEW_REPORTS, on=queues[1]), f"/reports/legs/?{YEAR}&queue={queues[1].pk}")

    assert "Queue: Service" in legs
    assert 'href="/reports/legs/?received_after=' in legs


def numbers_of(page: str) -> dict[str, int]:
    """The legs of each queue and agent that the page shows."""
    rows = re.findall(r'<th scope="row">(.+?)</th>\s*<td class="num">(\d+)</td>', page)
    return {label: int(number) for label, number in rows}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sizes", "shown"),
    [
        ({"a": 4, "b": 3}, {"a": 4, "b": 3}),
        ({"a": 4, "b": 3, "c": 2, "d": 1}, {"a": 4, "b": 3, "Others, and fewer than 3": 3}),
        ({"a": 4, "b": 3, "c": 1}, {"a": 4, "Others, and fewer than 3": 4}),
        ({"a": 1, "b": 1, "c": 1}, {"Others, and fewer than 3": 3}),
    ],
)
def test_agents_in_few_conversations_are_counted_together_as_groups_of_the_report_are(client, sizes, shown):
    SystemSettings.objects.update_or_create(pk=1, defaults={"smallest_group": 3})
    queue = QueueFactory(name="Sales")
    for name, size in sizes.items():
        agent = UserFactory(username=name)
        for _ in range(size):
            served(queue, received_at=NOON, agent=agent)
    run_reporting_job()

    found = numbers_of(shown_page := shown_legs(client, queue))

    assert found.pop("Sales") == sum(sizes.values())
    assert found == shown
    assert "4:00" in shown_page  # each served for so long, also those that are counted together


@pytest.mark.django_db
def test_legs_of_one_conversation_are_no_group_however_many_they_are(client, queues, transferred):
    """It came to both queues and both agents: together they are of one conversation, not of two."""
    SystemSettings.objects.update_or_create(pk=1, defaults={"smallest_group": 2})
    viewer = user_with(Right.VIEW_REPORTS, on=queues[0])
    grant(viewer, Right.VIEW_REPORTS, on=queues[1])

    page = shown(client, viewer, f"/reports/legs/?{YEAR}")
    assert numbers_of(page) == {}
    assert "Fewer than 2 conversations" in page

    served(queues[1], received_at=NOON)
    run_reporting_job()
    found = numbers_of(shown(client, viewer, f"/reports/legs/?{YEAR}"))
    assert found == {"Others, and fewer than 2": 3}


@pytest.mark.django_db
def test_a_question_that_makes_no_sense_leads_to_the_report_which_says_so(client, queues):
    client.force_login(user_with(Right.VIEW_REPORTS, on=queues[0]))

    assert client.get("/reports/legs/?zone=Europe/Atlantis").url == "/reports/?zone=Europe%2FAtlantis"
