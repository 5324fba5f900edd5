"""What a reader of the table is told where small groups are not shown."""

from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from channels_cfg.models import Right, SystemSettings
from reporting.contact_log.fill import run_reporting_job
from tests.factories import ChannelFactory, QueueFactory, UserFactory, user_with
from tests.reporting.stories import abandoned, served

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MARCH = "received_after=2026-03-01&received_before=2026-04-01"
HIDDEN = "Numbers of fewer than 3 conversations are hidden, and as many others as keep them from being worked out."
NOT_COMPARED = "Comparisons are left out where groups of fewer than 3 conversations could be worked out from them."


@pytest.fixture
def queues():
    channel = ChannelFactory()
    return [QueueFactory(channel=channel, name=name) for name in ("Sales", "Service")]


@pytest.fixture
def warnings_of(client, queues):
    """What the report of who may see both queues warns of; smallest group: 3."""
    SystemSettings.objects.update_or_create(pk=1, defaults={"smallest_group": 3})
    viewer = user_with(Right.VIEW_REPORTS, on=queues[0])
    viewer.access_rights.create(right=Right.VIEW_REPORTS, queue=queues[1])
    client.force_login(viewer)

    def ask(**asked: str) -> list[str]:
        run_reporting_job()
        params = "".join(f"&{name}={value}" for name, value in asked.items())
        shown = unescape(client.get(f"/reports/?{MARCH}{params}").content.decode())
        return [part.split("</p>")[0] for part in shown.split('<p class="notice notice--warn" role="status">')[1:]]

    return ask


@pytest.mark.django_db
@pytest.mark.parametrize(("few", "warnings"), [(1, [HIDDEN]), (3, [])])
def test_cells_that_are_hidden_are_told_of_where_everybody_sees_it(queues, warnings_of, few, warnings):
    for queue, number in zip(queues, (4, few), strict=True):
        for _ in range(4):
            served(queue, received_at=NOON)
        for _ in range(number):
            abandoned(queue, received_at=NOON)

    assert warnings_of(interval="none", by="queue", across="state") == warnings


@pytest.mark.django_db
def test_intervals_that_are_hidden_are_told_of_where_everybody_sees_it(queues, warnings_of):
    for day, number in enumerate((5, 3, 2)):
        for _ in range(number):
            served(queues[0], received_at=NOON + timedelta(days=day))

    assert warnings_of(interval="day") == [HIDDEN]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("of_ben", "asked", "warnings"),
    [
        ((4, 1), {"queue": "Sales"}, [NOT_COMPARED]),
        ((1, 4), {}, [NOT_COMPARED]),
        ((4, 4), {"queue": "Sales"}, []),
        ((4, 4), {"queue": "Sales", "across": "state"}, [NOT_COMPARED]),
    ],
    ids=["a group there is small", "a group is small without it", "none is small", "cells are not compared"],
)
def test_comparisons_that_are_left_out_are_told_of(queues, warnings_of, of_ben, asked, warnings):
    anna, ben = UserFactory(), UserFactory()
    for agent, numbers in ((anna, (4, 4)), (ben, of_ben)):
        for queue, number in zip(queues, numbers, strict=True):
            for _ in range(number):
                served(queue, received_at=NOON, agent=agent)

    assert warnings_of(interval="none", by="agent", compare=f"queue:{queues[1].pk}", **asked) == warnings
