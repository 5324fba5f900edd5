"""Logins of BI tools: what they see is what their user may see in reports, whatever they try."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from psycopg import errors

from channels_cfg.models import AccessRight, Right
from reporting.bi import logins
from reporting.bi.views import COLUMNS
from reporting.contact_log.fill import run_reporting_job
from reporting.models import BiLogin, ContactLogEntry
from tests.factories import QueueFactory, QueueGroupFactory, UserFactory, grant, user_with
from tests.reporting.stories import abandoned, served

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_roles_left() -> Iterator[None]:
    yield
    BiLogin.objects.all().delete()


def address_of(user, **options) -> str:
    printed = StringIO()
    call_command("create_bi_login", user.username, stdout=printed, **options)
    return printed.getvalue().strip()


def connected(user, **options) -> psycopg.Connection:
    return psycopg.connect(address_of(user, **options), autocommit=True)


def all_of(bi: psycopg.Connection, query: str) -> list[tuple]:
    return bi.execute(query).fetchall()


@pytest.fixture
def centre():
    """Two queues with a conversation each, one of which was transferred from the other, and a direct one."""
    sales, support = QueueFactory(name="Sales", statistics_keys=["n", "vip"]), QueueFactory(statistics_keys=["n"])
    served(sales, received_at=NOON, data={"n": 7, "vip": True})
    abandoned(sales, received_at=NOON + timedelta(hours=1))
    served(support, received_at=NOON, data={"n": "secret"})
    run_reporting_job()
    return sales, support


def seen(user) -> set:
    with connected(user) as bi:
        return {pk for (pk,) in all_of(bi, "SELECT conversation_id FROM contact_log")}


def test_a_login_sees_the_rows_that_its_user_may_see_in_reports_at_this_moment(centre):
    sales, support = centre
    group = QueueGroupFactory()
    support.groups.add(group)
    one, by_group, both = user_with(Right.VIEW_REPORTS, on=sales), UserFactory(), user_with(Right.SERVE, on=sales)
    for user in (by_group, both):
        AccessRight.objects.create(user=user, right=Right.VIEW_REPORTS, queue_group=group)
    root = UserFactory(is_superuser=True, is_staff=True)

    for user, count in ((one, 2), (by_group, 1), (both, 1), (root, 0)):
        granted = ContactLogEntry.objects.granting(Right.VIEW_REPORTS, to=user).values_list("pk", flat=True)
        assert seen(user) == set(granted)
        assert len(granted) == count

    with connected(one) as bi:
        assert len(all_of(bi, "SELECT FROM contact_log")) == 2
        one.access_rights.all().delete()
        assert all_of(bi, "SELECT FROM contact_log") == []
        grant(one, Right.VIEW_REPORTS, on=support)
        assert len(all_of(bi, "SELECT FROM contact_log")) == 1
        one.is_active = False
        one.save()
        assert all_of(bi, "SELECT FROM contact_log") == []


def test_kept_keys_are_rows_with_types_and_dimensions_name_what_is_granted(centre):
    sales, _support = centre

    with connected(user_with(Right.VIEW_REPORTS, on=sales)) as bi:
        kept = all_of(bi, "SELECT key, type, text, number, boolean FROM kept_keys ORDER BY key")
        counts = all_of(bi, "SELECT queue, count(*) FILTER (WHERE is_served), count(*) FROM contact_log GROUP BY 1")
        names = all_of(bi, "SELECT queue, channel FROM queues"), all_of(bi, "SELECT channel FROM channels")
        legs = all_of(bi, "SELECT purpose, queue, seconds FROM legs WHERE purpose = 'queue' ORDER BY started_at")
        agents = all_of(bi, "SELECT agent FROM agents")

    assert kept == [("n", "number", "7", 7, None), ("vip", "boolean", "true", None, True)]
    assert counts == [("Sales", 1, 2)]
    assert names == ([("Sales", sales.channel.name)], [(sales.channel.name,)])
    assert [leg[:2] for leg in legs] == [("queue", "Sales")] * 2
    assert len(agents) == 1


def test_every_column_that_is_described_is_there():
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'bi'")
        assert {(view, column) for view in COLUMNS for column in COLUMNS[view]} <= set(cursor.fetchall())


@pytest.mark.parametrize(
    "attempt",
    [
        "SELECT FROM public.reporting_contactlogentry",
        "SELECT FROM public.channels_cfg_user",
        "SELECT FROM public.conversations_livedatum",
        "SELECT FROM bi_rights.held",
        "SELECT rolpassword FROM pg_authid",
        "SELECT pg_read_file('PG_VERSION')",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SET SESSION AUTHORIZATION keepsake",
        "SET ROLE keepsake",
        "CREATE TEMP TABLE a (b int)",
        "CREATE TABLE public.a (b int)",
        "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "UPDATE channels SET channel = 'a'",
        "SELECT lo_create(0)",
        "SELECT pg_advisory_lock(hashtext('conversations.routing'))",
    ],
)
def test_a_login_can_do_nothing_else(centre, attempt):
    with connected(user_with(Right.VIEW_REPORTS, on=centre[0])) as bi:
        bi.execute("SET default_transaction_read_only = off")
        with pytest.raises(errors.InsufficientPrivilege):
            bi.execute(attempt)


def test_a_condition_cannot_find_out_about_rows_of_others(centre):
    """Were it looked at before the rights are, a value of a row that is not granted would stand in the error."""
    with connected(user_with(Right.VIEW_REPORTS, on=centre[0])) as bi:
        assert all_of(bi, "SELECT FROM contact_log WHERE (kept_data ->> 'n')::int > 0 OR 1 / (waited_seconds - 99) > 0")
        plan = str(all_of(bi, "EXPLAIN SELECT FROM contact_log WHERE (kept_data ->> 'n')::int > 0"))
        assert "SubPlan" in plan
        assert all_of(bi, "SELECT most_common_vals FROM pg_stats WHERE tablename LIKE 'reporting%'") == []


def test_a_query_that_takes_too_long_is_ended_and_so_are_too_many_connections(centre):
    with connected(user_with(Right.VIEW_REPORTS, on=centre[0]), timeout=1, connections=1) as bi:
        address = address_of(UserFactory(), connections=1)
        with psycopg.connect(address), pytest.raises(psycopg.OperationalError, match="too many connections"):
            psycopg.connect(address)
        with pytest.raises(errors.QueryCanceled):
            bi.execute("SELECT pg_sleep(30)")


def test_a_query_that_fills_the_disk_is_ended(monkeypatch):
    monkeypatch.setattr(logins, "TEMPORARY_FILES", "1MB")
    with connected(UserFactory()) as bi:
        with pytest.raises(errors.InsufficientPrivilege):
            bi.execute("SET temp_file_limit = -1")
        with pytest.raises(errors.ConfigurationLimitExceeded):
            bi.execute("SELECT number FROM generate_series(1, 1000000) AS number ORDER BY number DESC")


def test_made_anew_a_login_has_another_password_and_the_password_is_stored_nowhere():
    user = UserFactory()
    first, second = address_of(user), address_of(user)

    assert first != second
    assert first.split("@")[0].rpartition(":")[0] == second.split("@")[0].rpartition(":")[0]
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolpassword FROM pg_authid WHERE rolname = %s", [BiLogin.objects.get().role])
        assert cursor.fetchone()[0].startswith("SCRAM-SHA-256$")


def test_with_its_user_a_login_goes():
    user = UserFactory()
    address_of(user)
    role = BiLogin.objects.get().role

    user.delete()

    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [role])
        assert cursor.fetchone() is None


@pytest.mark.parametrize(("username", "words"), [("nobody", "no user"), ("gone", "deactivated")])
def test_who_cannot_have_a_login_is_told_why(username, words):
    UserFactory(username="gone", is_active=False)

    with pytest.raises(CommandError, match=words):
        call_command("create_bi_login", username)
