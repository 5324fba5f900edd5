"""Statements that PostgreSQL plans once a connection."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from channels_cfg import prepared
from channels_cfg.history.change_reason import changing_settings
from channels_cfg.models import Queue, QueueGroup
from channels_cfg.prepared import PreparedQuery, first_row, rows_of_each, write, written_together
from tests.factories import QueueFactory

NEW = "INSERT INTO channels_cfg_queuegroup (name, description) VALUES (%s, '')"
COUNT = "SELECT count(*) FROM channels_cfg_queuegroup"


@pytest.mark.django_db
def test_a_statement_asked_often_is_prepared_and_goes_on_giving_fresh_answers():
    statement = "SELECT count(*), %s::text FROM channels_cfg_queuegroup"

    answers = [first_row(statement, [f"asked {number}"]) for number in range(10)]
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO channels_cfg_queuegroup (name, description) VALUES ('new', '')")
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%channels_cfg_queuegroup'")
        prepared = cursor.fetchone()

    assert answers == [(0, f"asked {number}") for number in range(10)]
    assert first_row(statement, ["after"]) == (1, "after")
    assert prepared == (1,)


@pytest.mark.django_db
def test_it_sees_what_its_own_transaction_wrote_and_no_row_is_none():
    assert first_row("SELECT 1 WHERE %(yes)s", {"yes": False}) is None


@pytest.mark.django_db
def test_statements_of_one_trip_see_what_those_before_them_changed():
    inserted, counted, refused = rows_of_each((NEW, ["one"]), (COUNT, []), ("SELECT 1 WHERE false", []))

    assert (inserted, counted, refused) == ([], [(1,)], [])


@pytest.mark.django_db
def test_what_is_written_together_is_there_for_whoever_asks_and_counts_as_a_trip(monkeypatch: pytest.MonkeyPatch):
    trips: list[int] = []
    send = prepared._sent
    monkeypatch.setattr(prepared, "_sent", lambda statements: trips.append(len(statements)) or send(statements))

    with transaction.atomic(), written_together():
        write(NEW, ["one"])
        write(NEW, ["two"])
        assert QueueGroup.objects.count() == 2
        write(NEW, ["three"])
        assert first_row(COUNT, []) == (3,)
        with written_together():
            write(NEW, ["four"])
    assert QueueGroup.objects.count() == 4

    assert [trip for trip in trips if trip] == [2, 2, 1]


@pytest.mark.django_db
def test_what_a_savepoint_takes_back_is_taken_back_also_where_it_was_not_yet_sent():
    with transaction.atomic(), written_together():
        write(NEW, ["before"])
        with suppress(ZeroDivisionError), transaction.atomic():
            write(NEW, ["within"])
            raise ZeroDivisionError
        write(NEW, ["after"])

    assert set(QueueGroup.objects.values_list("name", flat=True)) == {"before", "after"}


@pytest.mark.django_db
def test_an_error_among_what_is_written_together_undoes_all_of_it():
    with pytest.raises(IntegrityError), transaction.atomic(), written_together():
        write(NEW, ["twice"])
        write(NEW, ["twice"])
        write(NEW, ["once"])

    assert not QueueGroup.objects.exists()


@pytest.mark.django_db
def test_a_prepared_query_gives_the_records_that_django_gives(django_assert_num_queries: Any):
    queue, other = QueueFactory(), QueueFactory()
    asked = PreparedQuery(
        lambda pk: Queue.objects.filter(pk=pk).select_related("channel", "opening_hours").annotate(twice=F("pk") * 2)
    )

    for one in (queue, other, queue):
        with django_assert_num_queries(1):
            [found] = asked.all(one.pk)
            assert (found, found.channel, found.opening_hours, found.twice) == (one, one.channel, None, 2 * one.pk)
        assert {field.attname: getattr(found, field.attname) for field in Queue._meta.concrete_fields} == {
            field.attname: getattr(Queue.objects.get(pk=one.pk), field.attname) for field in Queue._meta.concrete_fields
        }
    assert asked.all(0) == []
    with pytest.raises(ValueError, match="does not ask about the value"):
        PreparedQuery(lambda pk: Queue.objects.all()).about(7)


@pytest.mark.django_db
def test_a_prepared_statement_writes_where_the_history_of_settings_listens():
    insert = "INSERT INTO auth_group (name) VALUES (%s) RETURNING name"

    with changing_settings(command="test"):
        assert first_row(insert, ["A team"]) == ("A team",)
        assert first_row(insert.replace("%s", "%(name)s"), {"name": "Another"}) == ("Another",)
