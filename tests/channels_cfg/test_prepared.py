"""Statements that PostgreSQL plans once a connection."""

import pytest
from django.db import connection

from channels_cfg.prepared import first_row


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
