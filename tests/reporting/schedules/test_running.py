"""What a run makes and tells; through a real mail server."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from django.db import connection
from django.db.models.signals import ModelSignal, pre_delete
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from channels_cfg import jobs
from channels_cfg.models import AccessRight, Queue, Right, User
from reporting.contact_log import files
from reporting.contact_log.fill import run_reporting_job
from reporting.contact_log.query import LogQuery, zone_of
from reporting.models import ReportFile, ReportSchedule, RunRecipient, RunRow, SavedReport, ScheduledRun
from reporting.saved_reports import save_report
from reporting.schedules import mails
from reporting.schedules import running as runs
from reporting.schedules.planning import delete_report, delete_schedules, run_again, run_now, schedules_of
from tests.factories import QueueFactory, user_with
from tests.reporting.schedules.schedules import NOON, YEAR, completed, scheduled, shared_report, worked_on, write_files
from tests.reporting.stories import served
from tests.stand_ins.smtp_server import SmtpStandIn, running_smtp_server

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def files_of_their_own(settings: Settings, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture(scope="module")
def running() -> Iterator[SmtpStandIn]:
    with running_smtp_server() as server:
        yield server


@pytest.fixture
def server(running: SmtpStandIn, settings: Settings) -> SmtpStandIn:
    settings.EMAIL_BACKEND = "channels_cfg.mail_server.SmtpServer"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", running.port, 2
    settings.DEFAULT_FROM_EMAIL = "Keepsake <keepsake@centre.example>"
    running.taken.clear()
    running.answers.clear()
    return running


@pytest.fixture
def queues() -> list[Queue]:
    """Sales with a row, Support with two."""
    queues = [QueueFactory(name="Sales", statistics_keys=["customerType"]), QueueFactory(name="Support")]
    served(queues[0], received_at=NOON, data={"customerType": "CANARY"})
    served(queues[1], received_at=NOON)
    served(queues[1], received_at=NOON)
    run_reporting_job()
    return queues


@pytest.fixture
def owner(queues: list[Queue]) -> User:
    return user_with(Right.VIEW_REPORTS, on=queues[0], username="rita", email="rita@centre.example")


@pytest.fixture
def other(queues: list[Queue]) -> User:
    return user_with(Right.VIEW_REPORTS, on=queues[1], username="otto", email="otto@centre.example")


def run_of(owner: User, *recipients: User, **facts: Any) -> ScheduledRun:
    return run_now(scheduled(owner, *recipients, **facts), now=timezone.now())


def got(run: ScheduledRun) -> dict[str, tuple[str, str]]:
    return {each.user.username: (each.outcome, each.reason) for each in run.recipients.select_related("user")}


def queues_in(file: ReportFile) -> list[str]:
    text = file.path.read_bytes().decode("utf-8-sig")
    return [line["Queue"] for line in csv.DictReader(io.StringIO(text, newline=""))]


def test_each_recipient_gets_files_of_their_own_rights_which_nobody_else_fetches(server, owner, other):
    run = completed(run_of(owner, owner, other, formats=["csv", "jsonl"]))

    of_rita, of_otto = (ReportFile.objects.get(owner=user, format="csv") for user in (owner, other))
    assert (run.state, run.rows_total) == ("done", 1)
    assert (queues_in(of_rita), queues_in(of_otto)) == (["Sales"], ["Support", "Support"])
    assert ReportFile.objects.count() == 4
    browser = Client()
    browser.force_login(owner)
    answers = [browser.get(reverse("reports:download_file", args=[file.pk])) for file in (of_rita, of_otto)]
    assert [answer.status_code for answer in answers] == [200, 404]


def test_counts_are_scheduled_as_the_page_of_the_report_shows_them_to_each(server, owner, other):
    query = LogQuery.parse({**YEAR, "by": ["queue"], "measure": ["conversations"]}, zone=zone_of(owner), now=NOON)
    report = save_report(query=query, name="By queue", owner=owner, now=timezone.now())

    completed(run_now(scheduled(owner, owner, other, report=report, formats=["counts.csv"]), now=timezone.now()))

    counted = {file.owner.username: file.path.read_text(encoding="utf-8-sig") for file in ReportFile.objects.all()}
    assert counted == {
        "rita": "Queue,Conversations\nSales,1\nAll,1\n",
        "otto": "Queue,Conversations\nSupport,2\nAll,2\n",
    }


def test_the_mail_says_what_of_when_how_many_where_and_until_when_and_no_data(server, owner, other):
    run = completed(run_of(owner, owner, other, name="Daily\r\nBcc: all@centre.example"))

    mail = {to[0]: message for _sender, to, message in server.taken}["otto@centre.example"]
    text = mail.get_content()
    file = ReportFile.objects.get(owner=other)
    assert mail["Subject"] == "Report: Daily Bcc: all@centre.example" and mail["Bcc"] is None
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == f"<run-{run.pk}-{other.pk}@centre.example>"
    assert "“All”" in text and "Every day at 07:00 (Europe/Helsinki)" in text
    assert "2026-01-01 – 2026-12-31" in text
    assert "Rows that you may see: 2" in text.splitlines()
    assert f"https://portal.example/reports/files/#file-{file.pk}" in text
    assert f"{file.expires_at:%Y-%m-%d %H:%M} (UTC)" in text
    assert "https://portal.example/reports/schedules/" in text
    assert list(mail.iter_attachments()) == [] and "CANARY" not in text
    assert got(run) == {"rita": ("sent", ""), "otto": ("sent", "")}


def test_whoever_lost_the_right_gets_nothing_and_the_run_says_so(server, owner, other, queues):
    gone = user_with(Right.VIEW_REPORTS, on=queues[0], username="gone", email="gone@centre.example")
    run = run_of(owner, owner, other, gone)
    AccessRight.objects.filter(user=other).delete()
    User.objects.filter(pk=gone.pk).update(is_active=False)

    run = completed(run)

    nothing = ("nothing", "May not sign in or view reports any more.")
    assert got(run) == {"rita": ("sent", ""), "otto": nothing, "gone": nothing}
    assert {to[0] for _sender, to, _message in server.taken} == {"rita@centre.example"}
    assert not ReportFile.objects.filter(owner__in=[other, gone]).exists()

    run = worked_on(run_now(run.schedule, now=timezone.now()))
    AccessRight.objects.filter(user=owner).delete()  # while the files are written
    write_files()

    assert got(worked_on(run))["rita"] == nothing
    assert len(server.taken) == 1


@pytest.mark.parametrize(("quiet", "made"), [(True, 0), (False, 1)])
def test_without_rows_it_is_quiet_where_that_is_wanted(server, owner, quiet, made):
    nowhere = user_with(Right.VIEW_REPORTS, on=QueueFactory(), username="nora", email="nora@centre.example")

    run = completed(run_of(owner, nowhere, quiet_when_empty=quiet))

    assert (run.state, ReportFile.objects.count(), len(server.taken)) == ("done", made, made)
    assert got(run)["nora"][0] == ("nothing" if quiet else "sent")


def test_without_an_address_or_a_mail_server_the_files_are_ready_all_the_same(server, owner, other, settings):
    User.objects.filter(pk=owner.pk).update(email="")
    assert got(completed(run_of(owner)))["rita"] == ("ready", "The user has no e-mail address.")

    settings.EMAIL_HOST = ""
    outcome, reason = got(completed(run_of(other)))["otto"]
    assert (outcome, "no EMAIL_URL" in reason) == ("ready", True)
    assert server.taken == []


def test_a_mail_server_that_is_away_is_asked_again_and_nobody_is_told_twice(server, owner, other):
    run = run_of(owner, owner, other)
    worked_on(run)
    write_files()
    server.answers["RCPT"] = "451 4.7.1 CANARY later"
    run = worked_on(run)
    assert (run.state, "takes no e-mail at the moment (451" in run.reason) == ("waiting", True)

    server.answers.clear()
    RunRecipient.objects.filter(user=owner).update(outcome="sent")  # as if only the other had been refused
    run = worked_on(run)

    assert run.state == "done"
    assert [to for _sender, to, _message in server.taken] == [["otto@centre.example"]]


def test_what_cannot_be_mailed_within_a_day_failed(server, owner):
    run = run_of(owner)
    worked_on(run)
    write_files()
    server.answers["RCPT"] = "451 later"
    ScheduledRun.objects.update(created_at=timezone.now() - timedelta(days=2))

    run = worked_on(run)

    assert run.state == "failed"
    assert "The files are ready, but no e-mail could be sent: 127.0.0.1 takes no e-mail" in run.reason


# Failures


def test_the_owner_is_told_once_why_it_failed(server, owner, other):
    run = run_of(owner, owner, other)
    worked_on(run)
    ReportFile.objects.filter(owner=other).update(
        state="failed", finished_at=timezone.now(), reason="More than 200 kept keys occur."
    )
    run = completed(run)
    server.taken.clear()

    for _time in range(2):
        mails.tell_owners_of_failures(now=timezone.now())

    ((_sender, to, message),) = server.taken
    assert run.state == "failed"
    assert got(run) == {"rita": ("sent", ""), "otto": ("failed", "More than 200 kept keys occur.")}
    assert (to, message["Subject"]) == (["rita@centre.example"], "Report failed: Daily")
    assert "For 1 recipient it failed. More than 200 kept keys occur." in message.get_content()
    assert f"https://portal.example/reports/schedules/runs/{run.pk}/" in message.get_content()


def test_a_report_that_cannot_be_asked_any_more_fails_in_words_without_its_values(server, owner):
    run = run_of(owner)
    SavedReport.objects.update(query={"period": ["CANARY"], "by": ["nothing"]})

    run = worked_on(run)
    mails.tell_owners_of_failures(now=timezone.now())

    assert run.state == "failed"
    assert run.reason.endswith("Wrong: Period, Group by.")
    assert "CANARY" not in run.reason and run.reason in server.taken[0][2].get_content()


def test_a_shared_report_is_followed_as_long_as_it_is_shared(server, owner, other):
    schedule = scheduled(owner, owner, other, report=shared_report(other))
    assert completed(run_now(schedule, now=timezone.now())).rows_total == 1

    query = LogQuery.parse({**YEAR, "queue": ["Support"]}, zone=zone_of(other), now=timezone.now())
    save_report(query=query, name="Shared", owner=other, now=timezone.now(), replaced=schedule.report_id)
    run = completed(run_now(schedule, now=timezone.now()))
    assert (run.rows_total, got(run)["rita"][0], got(run)["otto"][0]) == (0, "nothing", "sent")

    SavedReport.objects.update(is_shared=False, name="SECRET")
    server.taken.clear()
    again = worked_on(run_again(run, now=timezone.now()))
    mails.tell_owners_of_failures(now=timezone.now())
    ((_sender, to, message),) = server.taken
    assert (again.state, to, "is not shared any more" in message.get_content()) == ("failed", [owner.email], True)
    assert "“Daily”" in message.get_content() and "SECRET" not in message.get_content()
    assert ReportSchedule.objects.get().next_at is None


@pytest.mark.parametrize(
    ("lose", "reason"),
    [
        (lambda report, owner: delete_report(report), "was deleted"),
        (lambda report, owner: User.objects.filter(pk=report.owner_id).delete(), "was deleted"),
        (lambda report, owner: User.objects.filter(pk=report.owner_id).update(is_active=False), "is not shared"),
        (lambda report, owner: owner.access_rights.all().delete(), "Its owner may not view reports any more"),
    ],
)
def test_a_schedule_without_a_report_pauses_with_the_reason(server, owner, other, lose, reason):
    shared = shared_report(other)
    scheduled(other, report=shared)
    run = run_of(owner, report=shared)

    lose(shared, owner)
    run = worked_on(run)

    assert run.state == "failed" and reason in run.reason and run.reason.endswith("the schedule is paused.")
    assert ReportSchedule.objects.get(owner=owner).next_at is None
    assert ReportFile.objects.count() == 0
    assert ReportSchedule.objects.filter(owner=other).exists() is (reason != "was deleted")


def test_a_failure_is_told_later_where_the_mail_server_is_away(server, owner):
    run = run_of(owner)
    SavedReport.objects.update(query={"period": ["nothing"]})
    worked_on(run)
    server.answers["RCPT"] = "451 later"

    mails.tell_owners_of_failures(now=timezone.now())
    assert ScheduledRun.objects.get().owner_told_at is None
    server.answers.clear()
    mails.tell_owners_of_failures(now=timezone.now())

    assert len(server.taken) == 1 and ScheduledRun.objects.get().owner_told_at is not None


# Workers that die


class Killed(BaseException):
    """The worker's process is gone at this point."""


@pytest.mark.parametrize("step", ["files", "note", "mail", "settle", "finish"])
def test_wherever_a_worker_is_killed_the_next_makes_each_file_once(server, owner, other, monkeypatch, step):
    """What happens after the kill is undone or never done, as the database has it."""
    run = run_of(owner, owner, other)
    place, name = {
        "files": (files, "ask_for"),
        "note": (jobs, "note"),
        "mail": (mails, "tell_recipient"),
        "settle": (RunRecipient, "settle"),
        "finish": (jobs, "finish"),
    }[step]

    def killed(*_args: Any, **_facts: Any) -> None:
        raise Killed

    with monkeypatch.context() as world:
        if step in ("mail", "settle", "finish"):
            worked_on(run)
            write_files()
        world.setattr(place, name, killed)
        with pytest.raises(Killed):
            worked_on(run)
    run = completed(run)

    assert (run.state, run.interruptions) == ("done", 1)
    assert sorted(ReportFile.objects.values_list("owner__username", "state")) == [("otto", "ready"), ("rita", "ready")]
    assert RunRow.objects.filter(run=run).count() == 1
    told = [message["Message-ID"] for _sender, _to, message in server.taken]
    assert len(set(told)) == 2
    assert len(told) == (3 if step == "settle" else 2)  # sent, and not noted: the second has the ID of the first


def test_a_worker_whose_run_was_taken_over_tells_nobody(server, owner):
    run = run_of(owner)
    worked_on(run)
    write_files()
    later = timezone.now() + timedelta(days=1)
    slow = ScheduledRun.objects.claim(run.pk, now=later)
    assert slow and ScheduledRun.objects.claim(run.pk, now=later + timedelta(days=1))

    with pytest.raises(jobs.NoLongerHeld):
        runs.work(slow)

    assert server.taken == []


@contextmanager
def receiving(signal: ModelSignal, receiver: Callable[..., None], *, sender: type) -> Iterator[None]:
    signal.connect(receiver, sender=sender)
    try:
        yield
    finally:
        signal.disconnect(receiver, sender=sender)


@pytest.mark.parametrize("by", ["schedule", "report"])
def test_a_schedule_is_deleted_while_a_worker_is_at_a_run_of_it(owner, by):
    run = run_of(owner)
    schedule = run.schedule

    def work() -> None:
        jobs.work_on(ScheduledRun, run.pk)
        connection.close()

    worker = Thread(target=work)

    def meanwhile(**_facts: Any) -> None:
        worker.start()
        worker.join(0.5)

    with receiving(pre_delete, meanwhile, sender=ReportSchedule):  # what is deleted is known by then
        delete_report(schedule.report) if by == "report" else delete_schedules(schedules_of(owner))
    worker.join()

    assert not ReportSchedule.objects.exists() and not ReportFile.objects.exists()
