"""The reporting job."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from conversations.attached_data.post import post_data
from conversations.models import Conversation, ReportableChange
from reporting.contact_log import fill
from reporting.contact_log.fill import complete_up_to, run_reporting_job
from reporting.models import ContactLogEntry, ReportRun
from tests.factories import QueueFactory, UserFactory
from tests.reporting.stories import Elsewhere, abandoned, served, waits_for_a_lock

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def queue():
    return QueueFactory(statistics_keys=["customerType"])


@pytest.mark.django_db
def test_an_ended_conversation_is_reported_with_what_was_kept_of_its_data(queue):
    conversation = served(queue, received_at=NOON, data={"customerType": "gold", "customerId": "4711"})

    run = run_reporting_job()

    entry = ContactLogEntry.objects.get()
    assert (run.outcome, run.conversations) == ("done", 1)
    assert entry.conversation == conversation
    assert (entry.kept_data, entry.dropped_keys) == ({"customerType": "gold"}, {"customerId": "not_kept"})
    assert (entry.state, entry.queue, entry.agent) == ("handled", queue, conversation.agent)
    assert (entry.waited_seconds, entry.handling_seconds) == (60, 300)
    assert not ReportableChange.objects.exists()


@pytest.mark.django_db
def test_an_abandoned_conversation_is_counted_and_nothing_of_its_data_reported(queue):
    abandoned(queue, received_at=NOON, data={"customerType": "gold"})

    run_reporting_job()

    entry = ContactLogEntry.objects.get()
    assert (entry.state, entry.kept_data, entry.waited_seconds) == ("abandoned", {}, 60)
    assert entry.dropped_keys == {"customerType": "abandoned"}


@pytest.mark.django_db
def test_a_conversation_in_wrap_up_has_no_handling_time_yet(queue):
    served(queue, received_at=NOON, handled=False)

    run_reporting_job()

    assert ContactLogEntry.objects.get().handling_seconds is None


@pytest.mark.django_db
def test_a_conversation_that_claims_to_have_waited_for_centuries_stops_no_other(queue):
    served(queue, received_at=NOON)
    served(queue, received_at=NOON, handled=False)
    Conversation.objects.update(received_at=datetime(1600, 1, 1, tzinfo=UTC), queued_at=None)
    abandoned(queue, received_at=NOON)

    run = run_reporting_job()

    assert (run.outcome, run.conversations) == ("done", 3)
    assert sorted(ContactLogEntry.objects.values_list("waited_seconds", flat=True)) == [60, 2**31 - 1, 2**31 - 1]


@pytest.mark.django_db
def test_what_is_posted_after_the_end_is_reported_by_the_next_run(queue):
    conversation = served(queue, received_at=NOON, data={"customerType": "gold"})
    run_reporting_job()

    post_data(conversation, {"csat": 5}, by=UserFactory(), now=timezone.now())
    before = ContactLogEntry.objects.get().kept_data
    run_reporting_job()

    assert before == {"customerType": "gold"}
    assert ContactLogEntry.objects.get().kept_data == {"customerType": "gold", "csat": 5}


@pytest.mark.django_db
def test_what_changed_after_the_first_report_is_listed_as_late(queue):
    conversation = served(queue, received_at=NOON, data={"customerType": "gold"}, handled=False)
    in_time = served(queue, received_at=NOON)
    run_reporting_job()
    first_reported_at = ContactLogEntry.objects.get(pk=conversation.pk).first_reported_at

    def changed(**facts) -> list[str]:
        Conversation.objects.filter(pk=conversation.pk).update(**facts)
        ReportableChange.objects.create(conversation=conversation, made_at=NOON)
        run_reporting_job()
        return ContactLogEntry.objects.get(pk=conversation.pk).late_changes

    assert changed(note="Called back") == []
    assert changed(kept_data={"customerType": "gold", "csat": 5}) == ["kept_data"]
    assert changed(disposition="Sold") == ["kept_data", "disposition"]
    assert changed(state="handled", handled_at=NOON + timedelta(minutes=9)) == ["kept_data", "disposition", "handling"]
    assert changed(kept_data={"csat": 5})[-1] == "anonymised"
    late = ContactLogEntry.objects.late().get()
    assert (late.pk, late.first_reported_at) == (conversation.pk, first_reported_at)
    assert late.reported_at > first_reported_at
    assert not ContactLogEntry.objects.get(pk=in_time.pk).late_changes


@pytest.mark.django_db
def test_times_on_hold_and_in_the_ivr_are_counted_apart_from_waiting(queue):
    conversation = served(queue, received_at=NOON, handled=False)
    agents_leg = conversation.legs.get(purpose="agent")
    for minute in (2, 4):
        conversation.holds.create(
            leg=agents_leg,
            started_at=NOON + timedelta(minutes=minute),
            ended_at=NOON + timedelta(minutes=minute, seconds=20),
        )
    Conversation.objects.update(time_in_ivr=timedelta(seconds=12), disposition="Sold")

    run_reporting_job()

    entry = ContactLogEntry.objects.get()
    assert (entry.waited_seconds, entry.hold_seconds, entry.ivr_seconds) == (60, 40, 12)
    assert entry.disposition == "Sold"


@pytest.mark.django_db
def test_service_level_counts_who_was_accepted_in_time_and_not_who_left_at_once(queue):
    expected = {
        served(queue, received_at=NOON): False,
        abandoned(queue, received_at=NOON): False,
        abandoned(queue, received_at=NOON, waited=timedelta(seconds=1)): None,
        served(queue, received_at=NOON, direction="outbound"): None,
    }
    in_time = served(queue, received_at=NOON)
    Conversation.objects.filter(pk=in_time.pk).update(accepted_at=NOON + timedelta(seconds=20))

    run_reporting_job()

    found = dict(ContactLogEntry.objects.values_list("pk", "within_service_level"))
    assert found == {conversation.pk: within for conversation, within in expected.items()} | {in_time.pk: True}


@pytest.mark.django_db
def test_a_run_repeated_yields_the_same_rows(queue):
    conversation = served(queue, received_at=NOON, data={"customerType": "gold"})
    run_reporting_job()
    first = rows()

    ReportableChange.objects.create(conversation=conversation, made_at=NOON)
    run_reporting_job()

    assert rows() == first


@pytest.mark.django_db
def test_runs_that_find_nothing_leave_one_line(queue):
    served(queue, received_at=NOON)

    runs = [run_reporting_job().conversations for _ in range(4)]

    assert runs == [1, 0, 0, 0]
    assert list(ReportRun.objects.values_list("conversations", flat=True)) == [0, 1]


@pytest.mark.django_db
def test_many_conversations_are_reported_in_batches(queue, monkeypatch):
    monkeypatch.setattr(fill, "CHANGES_PER_BATCH", 3)
    for hour in range(8):
        served(queue, received_at=NOON + timedelta(hours=hour))

    run_reporting_job()

    assert ContactLogEntry.objects.count() == 8
    assert not ReportableChange.objects.exists()


@pytest.mark.django_db
def test_a_change_that_was_passed_over_while_another_held_it_is_reported_before_the_run_ends(queue, monkeypatch):
    monkeypatch.setattr(fill, "CHANGES_PER_BATCH", 1)
    served(queue, received_at=NOON)
    passed_over = ReportableChange.objects.latest("pk")
    ReportableChange.objects.all().delete()
    served(queue, received_at=NOON)
    write_batch, given_back = fill._write_batch, [passed_over]

    def write_and_let_go(*asked):
        last = write_batch(*asked)
        if given_back:
            given_back.pop().save(force_insert=True)
        return last

    monkeypatch.setattr(fill, "_write_batch", write_and_let_go)

    run_reporting_job()

    assert (ContactLogEntry.objects.count(), ReportableChange.objects.count()) == (2, 0)


@pytest.mark.django_db
def test_an_older_version_never_replaces_a_newer_one(queue):
    conversation = served(queue, received_at=NOON)
    run_reporting_job()
    ContactLogEntry.objects.update(version=99, kept_data={"from": "later"})

    ReportableChange.objects.create(conversation=conversation, made_at=NOON)
    run_reporting_job()

    assert ContactLogEntry.objects.get().kept_data == {"from": "later"}


@pytest.mark.django_db
def test_the_log_is_complete_up_to_the_oldest_change_that_waits(queue):
    assert complete_up_to() is None
    run = run_reporting_job()
    assert complete_up_to() == run.started_at

    served(queue, received_at=NOON)

    assert complete_up_to() == NOON + timedelta(minutes=5)


@pytest.mark.django_db
def test_a_run_that_fell_silent_is_listed_as_interrupted():
    long_ago = timezone.now() - timedelta(hours=1)
    run = ReportRun.objects.create(started_at=long_ago, seen_at=long_ago)

    run_reporting_job()

    run.refresh_from_db()
    assert run.outcome == "interrupted"


@pytest.mark.django_db(transaction=True)
def test_a_failed_run_changes_nothing_and_says_why_without_a_value(queue, caplog):
    served(queue, received_at=NOON, data={"customerType": "canary-7f3a"})
    with refusing_gold():
        with pytest.raises(CommandError, match="CheckViolation"):
            call_command("run_reporting_job")

        assert not ContactLogEntry.objects.exists()
        assert ReportableChange.objects.count() == 2
        run = ReportRun.objects.get()
        assert (run.outcome, run.conversations) == ("failed", 0)
        assert "canary" not in run.error + caplog.text

    assert run_reporting_job().conversations == 1


@pytest.mark.django_db(transaction=True)
def test_a_run_killed_in_the_middle_of_a_batch_loses_nothing(queue):
    for hour in range(5):
        served(queue, received_at=NOON + timedelta(hours=hour))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE reporting_contactlogentry IN EXCLUSIVE MODE")
        job = Elsewhere(run_reporting_job)
        cursor.execute("SELECT pg_terminate_backend(%s)", [eventually_waiting("%INSERT INTO reporting_contactlog%")])
    killed = job.finish()

    assert (killed.outcome, killed.conversations) == ("failed", 0)
    assert not ContactLogEntry.objects.exists()
    assert run_reporting_job().conversations == 5


@pytest.mark.django_db(transaction=True)
def test_runs_at_once_share_the_work_and_agree(queue, monkeypatch):
    monkeypatch.setattr(fill, "CHANGES_PER_BATCH", 7)
    for minute in range(60):
        conversation = served(queue, received_at=NOON + timedelta(minutes=minute), data={"customerType": str(minute)})
        if minute % 3 == 0:
            post_data(conversation, {"csat": minute}, by=conversation.agent, now=timezone.now())

    jobs = [Elsewhere(run_reporting_job) for _ in range(4)]
    outcomes = {job.finish().outcome for job in jobs}

    assert outcomes == {"done"}
    assert not ReportableChange.objects.exists()
    assert rows() == [
        (conversation.pk, conversation.state, conversation.version, conversation.kept_data)
        for conversation in Conversation.objects.order_by("pk")
    ]


@pytest.mark.django_db(transaction=True)
def test_one_run_reports_several_batches_at_once(queue, monkeypatch, settings):
    monkeypatch.setattr(fill, "CHANGES_PER_BATCH", 4)
    settings.REPORT_PROCESSES = 3
    for day in range(20):
        served(queue, received_at=NOON + timedelta(days=7 * day), data={"customerType": str(day)})
    begun, report_batches, waiting = set(), fill._report_batches, ReportableChange.objects.order_by("pk")
    first, last = waiting.first().pk, waiting.last().pk
    monkeypatch.setattr(fill, "_report_batches", lambda run, after: (begun.add(after), report_batches(run, after)))

    run = run_reporting_job()

    assert len(begun) == 3 and min(begun) < first and max(begun) - min(begun) > (last - first) / 2
    assert (run.outcome, run.conversations) == ("done", ReportRun.objects.get().conversations)
    assert rows() == [
        (conversation.pk, conversation.state, conversation.version, conversation.kept_data)
        for conversation in Conversation.objects.order_by("pk")
    ]


@pytest.mark.django_db(transaction=True)
def test_a_conversation_deleted_while_it_is_reported_leaves_no_entry(queue):
    conversation = served(queue, received_at=NOON, data={"customerType": "gold"})
    with transaction.atomic():
        run_reporting_job()
        deletion = Elsewhere(lambda: Conversation.objects.get(pk=conversation.pk).delete())
        eventually_waiting("DELETE FROM %")
    deletion.finish()

    assert not ContactLogEntry.objects.exists()


def rows() -> list[tuple]:
    return list(ContactLogEntry.objects.order_by("pk").values_list("pk", "state", "version", "kept_data"))


def eventually_waiting(statement_like: str) -> int:
    """The database process that waits for a lock in such a statement, once there is one."""
    for _ in range(200):
        if process := waits_for_a_lock(statement_like=statement_like):
            return process
        time.sleep(0.05)
    raise AssertionError("Nobody waits.")


class refusing_gold:  # noqa: N801  reads as a condition
    """A database that refuses rows with kept data, and quotes the row as it does."""

    def __enter__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "ALTER TABLE reporting_contactlogentry ADD CONSTRAINT no_kept_data CHECK (kept_data = '{}') NOT VALID"
            )

    def __exit__(self, *_: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE reporting_contactlogentry DROP CONSTRAINT no_kept_data")
