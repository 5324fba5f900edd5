"""What pages answer that change something which somebody else deletes in that very moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from channels_cfg.models import OpeningHours, Queue, Right, User
from reporting.models import ReportSchedule, SavedReport, ScheduledRun
from reporting.schedules.planning import delete_report, delete_schedules, run_now
from tests.factories import OpeningHoursFactory, QueueFactory, grant, user_with
from tests.reporting.contact_log.test_fill import eventually_waiting
from tests.reporting.pages.test_schedules import signed_in, typed
from tests.reporting.schedules.schedules import saved_report, scheduled
from tests.reporting.stories import Elsewhere

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def owner() -> User:
    return user_with(Right.VIEW_REPORTS, on=QueueFactory(), username="rita")


def posted_while(delete: Callable[[], Any], owner: User, page: str, *args: int, **sent: Any) -> Any:
    """The answer to what is posted before, and done after, somebody else's deletion is there for all to see."""
    browser = signed_in(owner)
    with transaction.atomic():
        delete()
        posting = Elsewhere(lambda: browser.post(reverse(f"reports:{page}", args=args), sent))
        eventually_waiting("%")
    return posting.finish()


@pytest.mark.parametrize("page", ["pause_schedule", "edit_schedule", "run_schedule"])
def test_a_schedule_that_is_deleted_meanwhile_is_not_found(owner, page):
    schedule = scheduled(owner)

    answer = posted_while(
        lambda: delete_schedules(ReportSchedule.objects.all()), owner, page, schedule.pk, **typed(owner)
    )

    assert answer.status_code == 404
    assert not ReportSchedule.objects.exists() and not ScheduledRun.objects.exists()


def test_a_run_whose_schedule_is_deleted_meanwhile_is_not_made_again(owner):
    run = run_now(scheduled(owner), now=timezone.now())

    answer = posted_while(lambda: delete_schedules(ReportSchedule.objects.all()), owner, "run_again", run.pk)

    assert answer.status_code == 404
    assert not ScheduledRun.objects.exists()


@pytest.mark.parametrize("page", ["rename_saved", "share_saved"])
def test_a_saved_report_that_is_deleted_meanwhile_is_not_found(owner, page):
    report = saved_report(owner)

    answer = posted_while(lambda: delete_report(report), owner, page, report.pk, name="Other")

    assert answer.status_code == 404
    assert not SavedReport.objects.exists()


@pytest.mark.parametrize("page", ["new_schedule", "edit_schedule"])
def test_of_a_report_that_is_deleted_meanwhile_no_schedule_is_made(owner, page):
    first = saved_report(owner, "First")
    args = [] if page == "new_schedule" else [scheduled(owner, report=first).pk]
    report = saved_report(owner)

    answer = posted_while(lambda: delete_report(report), owner, page, *args, **typed(owner, report=report.pk))

    assert "Choose one of your own saved reports, or one that others share." in answer.content.decode()
    assert not ReportSchedule.objects.filter(report=None).exists()


@pytest.mark.parametrize("page", ["new_schedule", "edit_schedule"])
@pytest.mark.parametrize("deleted", ["opening hours", "recipient"])
def test_what_a_schedule_would_name_and_is_deleted_meanwhile_is_to_be_chosen_anew(owner, page, deleted):
    queue = QueueFactory(opening_hours=OpeningHoursFactory())
    named = [user_with(Right.VIEW_REPORTS, on=queue, username=name) for name in ("anna", "otto")]
    grant(owner, Right.VIEW_REPORTS, on=queue)
    args = [] if page == "new_schedule" else [scheduled(owner).pk]
    hours = OpeningHours.objects.get()
    sent = typed(owner, opening_hours=hours.pk, recipients="anna otto")

    def delete() -> None:
        if deleted == "recipient":
            named[1].delete()
        else:
            Queue.objects.update(opening_hours=None)
            hours.delete()

    said = posted_while(delete, owner, page, *args, **sent).content.decode()

    assert "These opening hours were deleted." in said or "No user who views reports is called: otto." in said
    assert not ReportSchedule.objects.exclude(opening_hours=None).exists()


@pytest.mark.parametrize("page", ["delete_schedule", "delete_saved"])
def test_what_two_delete_at_once_is_deleted(owner, page):
    schedule = scheduled(owner)
    pk = schedule.pk if page == "delete_schedule" else schedule.report_id

    answer = posted_while(lambda: delete_report(SavedReport.objects.get()), owner, page, pk)

    assert answer.status_code in (302, 404)
    assert not ReportSchedule.objects.exists()
