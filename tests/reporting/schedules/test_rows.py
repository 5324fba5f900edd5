"""The rows of a run beside those of others, and of the log now."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from channels_cfg.models import AccessRight, Queue, Right, User
from conversations.attached_data.post import post_data
from conversations.lifecycle import handle
from conversations.models import Conversation, ReportableChange
from reporting.contact_log.fill import run_reporting_job
from reporting.models import RunRow, SavedReport, ScheduledRun
from reporting.schedules import rows
from reporting.schedules.rows import RowDifference, RunComparison, erased_rows, rows_changed_since
from tests.factories import QueueFactory, grant, user_with
from tests.reporting.schedules.schedules import NOON, ran, saved_report, scheduled
from tests.reporting.stories import served

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue() -> Queue:
    return QueueFactory(name="Sales", statistics_keys=["customerType"])


@pytest.fixture
def owner(queue: Queue) -> User:
    return grant(user_with(Right.VIEW_REPORTS, on=queue, username="rita"), Right.MANAGE_CONTACTS, on=queue)


def told(before: ScheduledRun, after: ScheduledRun | None = None) -> list[tuple[str, str, int]]:
    return [(count.difference.value, str(count.reason), count.rows) for count in RunComparison(before, after).counts()]


def gold_of(owner: User) -> SavedReport:
    return saved_report(
        owner, "Gold", received_after=["2026-01-01"], received_before=["2027-01-01"], kept=["customerType=gold"]
    )


def test_rows_are_added_changed_and_removed_each_with_its_cause(queue, owner):
    late, leaves, open_one = (
        served(queue, received_at=NOON, data={"customerType": "gold"}, agent=owner, handled=handled)
        for handled in (True, True, False)
    )
    joins = served(queue, received_at=NOON, data={"customerType": "silver"}, agent=owner)
    served(queue, received_at=NOON, data={"customerType": "gold"})  # stays as it is
    run_reporting_job()
    before = ran(scheduled(owner, report=gold_of(owner)))

    new = served(queue, received_at=NOON, data={"customerType": "gold"})
    Conversation.objects.filter(pk=late.pk).update(disposition="refund", version=late.version + 1)
    handle(open_one.pk, by=owner, now=NOON + timedelta(hours=1))
    for conversation, value in ((leaves, "silver"), (joins, "gold")):
        post_data(conversation, {"customerType": value}, by=owner, now=timezone.now())
    reported_again(late)
    run_reporting_job()
    after = ran(before.schedule)

    assert told(before, after) == [
        ("added", "New in the Contact Log", 1),
        ("added", "Reported again: Kept data", 1),
        ("changed", "Reported again: Disposition", 1),
        ("changed", "Reported again: Handling", 1),
        ("removed", "Reported again: Kept data", 1),
    ]
    listed = [
        [entry.pk for entry, _reason in RunComparison(before, after).rows(difference)] for difference in RowDifference
    ]
    assert [set(pks) for pks in listed] == [{new.pk, joins.pk}, {late.pk, open_one.pk}, {leaves.pk}]
    assert rows_changed_since(before) == 5
    assert rows_changed_since(after) == 0


def reported_again(conversation: Conversation) -> None:
    ReportableChange.objects.create(conversation=conversation, made_at=timezone.now())


def test_a_change_that_was_told_of_before_is_not_told_of_again(queue, owner):
    conversation = served(queue, received_at=NOON, data={"customerType": "gold"}, agent=owner)
    run_reporting_job()
    post_data(conversation, {"customerType": "silver"}, by=owner, now=timezone.now())
    run_reporting_job()
    before = ran(scheduled(owner))
    Conversation.objects.filter(pk=conversation.pk).update(disposition="x", version=conversation.version + 9)
    reported_again(conversation)
    run_reporting_job()

    assert told(before) == [("changed", "Reported again: Disposition", 1)]


def test_what_did_not_change_itself_is_the_reports_or_the_rights_doing(queue, owner):
    support = QueueFactory(name="Support")
    for place in (queue, support):
        served(place, received_at=NOON)
    run_reporting_job()
    before = ran(scheduled(owner))
    other = "Not changed itself: the report or its owner's rights were changed"

    grant(owner, Right.VIEW_REPORTS, on=support)
    assert told(before) == [("added", other, 1)]

    after = ran(before.schedule)
    AccessRight.objects.filter(user=owner, queue=support).delete()
    assert told(before, after) == []
    assert RunComparison(before, after).untold == 1


def test_only_the_part_that_both_periods_have_in_common_is_compared(queue, owner):
    for days in range(3):
        served(queue, received_at=NOON + timedelta(days=days))
    run_reporting_job()
    schedule = scheduled(owner, report=saved_report(owner, period=["last_7_days"]))
    runs = []
    for days in (1, 2, 30):
        with time_machine.travel(NOON + timedelta(days=days), tick=False):
            runs.append(ran(schedule))

    assert [run.rows_total for run in runs] == [2, 3, 0]
    assert told(runs[0], runs[1]) == []
    assert RunComparison(runs[0], runs[1]).has_common_period
    assert not RunComparison(runs[1], runs[2]).has_common_period and told(runs[1], runs[2]) == []


def test_the_row_of_an_erased_conversation_goes_and_is_counted(queue, owner):
    conversation = served(queue, received_at=NOON)
    served(queue, received_at=NOON)
    run_reporting_job()
    run = ran(scheduled(owner))

    Conversation.objects.get(pk=conversation.pk).delete()

    assert (run.rows_total, RunRow.objects.filter(run=run).count(), erased_rows(run)) == (2, 1, 1)
    assert told(run) == [] and rows_changed_since(run) == 0


def test_of_too_many_rows_only_the_number_is_kept_and_what_was_reported_since_is_counted(queue, owner, monkeypatch):
    monkeypatch.setattr(rows, "MOST_ROWS", 1)
    conversations = [served(queue, received_at=NOON, data={"customerType": "a"}, agent=owner) for _time in range(2)]
    run_reporting_job()

    run = ran(scheduled(owner))
    post_data(conversations[0], {"customerType": "b"}, by=owner, now=timezone.now())
    run_reporting_job()

    assert (run.rows_total, run.has_rows, RunRow.objects.count()) == (2, False, 0)
    assert rows_changed_since(run) == 1
