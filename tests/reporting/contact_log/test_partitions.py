"""The Contact Log by months."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DEFAULT_DB_ALIAS, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from conversations.lifecycle import reordered
from conversations.models import Conversation
from reporting.bi import views
from reporting.contact_log.fill import run_reporting_job
from reporting.models import ContactLogEntry, KeptKeyName, MovedEntry
from tests.factories import QueueFactory
from tests.migrating import copied_fields
from tests.reporting.stories import Elsewhere, abandoned, served

NOON = datetime(2031, 5, 31, 23, 59, tzinfo=UTC)


@pytest.fixture
def queue():
    return QueueFactory(statistics_keys=["customerType"])


def places() -> list[str]:
    """The table that each entry lies in, the oldest entry first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM reporting_contactlogentry ORDER BY received_at")
        return [name.removeprefix("reporting_contactlogentry_") for (name,) in cursor.fetchall()]


@pytest.mark.django_db
def test_each_month_is_a_table_of_its_own_in_utc(queue):
    for received_at in (NOON, NOON + timedelta(minutes=2), datetime(2031, 12, 31, tzinfo=UTC)):
        served(queue, received_at=received_at)

    run_reporting_job()

    assert places() == ["2031_05", "2031_06", "2031_12"]


@pytest.mark.django_db
@pytest.mark.parametrize(("year", "place"), [(1600, "before_2000"), (2150, "from_2100")])
def test_what_claims_another_age_makes_no_month(queue, year, place):
    served(queue, received_at=NOON)
    Conversation.objects.update(received_at=datetime(year, 1, 1, tzinfo=UTC), queued_at=None)

    assert run_reporting_job().conversations == 1

    assert places() == [place]


@pytest.mark.django_db
def test_no_table_takes_the_rest():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT partdefid FROM pg_partitioned_table WHERE partrelid = 'reporting_contactlogentry'::regclass"
        )
        assert cursor.fetchall() == [(0,)]


@pytest.mark.django_db(transaction=True)
def test_a_month_is_made_while_somebody_reads(queue):
    served(queue, received_at=datetime(2033, 1, 1, tzinfo=UTC))
    with transaction.atomic():
        assert not ContactLogEntry.objects.exists()
        assert Elsewhere(run_reporting_job).finish().conversations == 1


@pytest.mark.django_db
def test_an_entry_moves_with_its_conversation(queue):
    conversation = abandoned(queue, received_at=NOON + timedelta(minutes=2))
    run_reporting_job()

    reordered.began_earlier(conversation.pk, at=NOON, queue=queue)
    run_reporting_job()

    assert places() == ["2031_05"]
    assert ContactLogEntry.objects.get().received_at == NOON


@pytest.mark.django_db
def test_moved_entries_are_forgotten_after_a_while(queue):
    conversation = abandoned(queue, received_at=NOON + timedelta(minutes=2))
    reordered.began_earlier(conversation.pk, at=NOON, queue=queue)
    run_reporting_job()
    assert MovedEntry.objects.count() == 1

    MovedEntry.objects.update(moved_at=timezone.now() - timedelta(hours=2))
    run_reporting_job()

    assert not MovedEntry.objects.exists()


@pytest.mark.django_db
def test_months_know_the_names_of_kept_keys(queue):
    served(queue, received_at=NOON, data={"customerType": "gold"})
    served(queue, received_at=NOON + timedelta(minutes=2))

    run_reporting_job()

    assert [str(name) for name in KeptKeyName.objects.all()] == ["customerType, 2031-05"]


@pytest.mark.django_db(transaction=True)
def test_the_log_of_an_older_version_is_taken_along(queue):
    conversation = served(queue, received_at=NOON, data={"customerType": "gold"})
    abandoned(queue, received_at=NOON + timedelta(minutes=2))
    run_reporting_job()
    Conversation.objects.filter(pk=conversation.pk).update(disposition="Sold", time_in_ivr=timedelta(seconds=7))
    latest = [
        ("reporting", name)
        for app, name in MigrationExecutor(connection).loader.graph.leaf_nodes()
        if app == "reporting"
    ]
    with copied_fields():
        try:
            MigrationExecutor(connection).migrate([("reporting", "0004_report_formats")])
        finally:
            MigrationExecutor(connection).migrate(latest)
            views.drop_views(DEFAULT_DB_ALIAS, latest)  # the rest went with the table
            views.create_views(DEFAULT_DB_ALIAS)

    assert places() == ["2031_05", "2031_06"]
    entry, unserved = ContactLogEntry.objects.order_by("received_at")
    assert (entry.kept_data, entry.disposition, entry.ivr_seconds) == ({"customerType": "gold"}, "Sold", 7)
    assert (entry.hold_seconds, unserved.hold_seconds) == (0, 0)
    assert (entry.first_reported_at, entry.late_changes) == (entry.reported_at, [])
    assert (entry.within_service_level, unserved.within_service_level) == (False, False)
    assert [str(name) for name in KeptKeyName.objects.all()] == ["customerType, 2031-05"]
