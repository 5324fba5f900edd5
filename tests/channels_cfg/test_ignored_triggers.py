"""Triggers know whether they are to be ignored, and find it out cheaply."""

import pgtrigger
import pytest
from django.db import connection, transaction

pytestmark = pytest.mark.django_db

TRIGGER = "channels_cfg.QueueEvent:join_settings_version"


def ignored() -> bool:
    """What the trigger is told."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT _pgtrigger_should_ignore(tgname) FROM pg_trigger WHERE tgname LIKE 'pgtrigger_join_settings%%'"
            " AND tgrelid = 'channels_cfg_queueevent'::regclass"
        )
        return bool(cursor.fetchone()[0])


def test_a_trigger_is_ignored_only_where_that_was_asked_for():
    assert not ignored()
    with pgtrigger.ignore(TRIGGER):
        assert ignored()
    with transaction.atomic():
        assert not ignored()


def test_asking_raises_no_error_inside_postgresql():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef('_pgtrigger_should_ignore(name)'::regprocedure)")

        assert "EXCEPTION" not in cursor.fetchone()[0].upper()
