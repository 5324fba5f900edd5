"""One question, asked as counts, as rows and as a file."""

import csv
import io
import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone

from channels_cfg.models import AccessRight, Right, User
from conversations import lifecycle
from conversations.attached_data.reasons import missing_reason
from conversations.models import Conversation
from reporting.contact_log.columns import COLUMNS, EMPTY_BECAUSE, LONGEST_HEADING
from reporting.contact_log.counts import Head, Rest, count
from reporting.contact_log.files import csv_stream
from reporting.contact_log.fill import run_reporting_job
from reporting.contact_log.kept_key import missing_reason as missing_reason_in_sql
from reporting.contact_log.kept_key import missing_reason_of
from reporting.contact_log.query import LogQuery, kept_key_names
from reporting.contact_log.words.count_table import count_table
from reporting.models import ContactLogEntry
from tests.factories import ChannelFactory, QueueFactory, QueueGroupFactory, UserFactory, grant, user_with
from tests.reporting.stories import abandoned, served

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HELSINKI = ZoneInfo("Europe/Helsinki")
YEAR = {"received_after": ["2026-01-01"], "received_before": ["2027-01-01"]}


def asked(*, clock: ZoneInfo = HELSINKI, **params: list[str]) -> LogQuery:
    return LogQuery.parse(params, zone=clock, now=NOON)


def sizes(query: LogQuery, viewer: User) -> dict[Head, int]:
    """How many conversations each row has, where it has any."""
    counted = count(query, viewer)
    found = {row: counted.at(row)["conversations"] for row in counted.rows}
    return {row: number for row, number in found.items() if number}


# What an address says


@pytest.mark.parametrize(
    ("name", "written", "most"), [("kept", "a~{}", 50), ("missing", "k{}:not_kept", 50), ("column", "k{}", 500)]
)
def test_more_than_the_database_or_a_page_could_hold_is_refused(name, written, most):
    values = [written.format(number) for number in range(most + 1)]
    asked(**YEAR, **{name: values[:-1]})

    with pytest.raises(ValidationError, match=f"At most {most} ") as refused:
        asked(**YEAR, **{name: values})

    assert list(refused.value.message_dict) == [name]


def test_a_query_survives_its_address():
    query = asked(
        **YEAR,
        zone=["America/Sao_Paulo"],
        interval=["day"],
        empty=["no_data"],
        by=["queue", "key:customer.type"],
        across=["disposition"],
        measure=["service_level", "late"],
        compare=["queue:Sales"],
        others=["6", "queue", "50", "key:a", "queue_group", "6", "agent"],
        queue=["3", "direct"],
        state=["handled"],
        queue_group=["North", "only:3_7"],
        disposition=["Sold", "none"],
        kept=["customerType=gold, = or ~", "csat"],
        missing=["plan:not_kept"],
        column=["csat", "field:queue", "field:received_at"],
        heading=["csat=Points: 1 = bad", "field:queue=Team"],
    )
    looked_into = replace(query, compare="", at=datetime(2026, 3, 2, tzinfo=ZoneInfo("America/Sao_Paulo")))

    for asked_for in (query, looked_into):
        assert LogQuery.parse(asked_for.as_params(), zone=ZoneInfo("UTC"), now=timezone.now()) == asked_for


def test_columns_are_all_others_around_the_keys_unless_some_of_them_are_named():
    every = [f"field:{name}" for name in COLUMNS]
    because = f"field:{EMPTY_BECAUSE}"

    def shown(*column: str) -> list[str]:
        query = asked(**({"column": list(column)} if column else {}))
        return [each.written for each in query.shown_columns(lambda: ["occurs"])]

    assert shown() == [*every, "occurs", because]
    assert shown("queue") == [*every, "queue", because]
    assert shown("") == [*every, because]
    assert shown("queue", "field:queue", "field:agent") == ["queue", "field:queue", "field:agent"]
    assert shown("field:", "queue") == ["queue"]
    assert asked(column=["field:", *every, "queue", because]).columns == ("queue",)
    assert asked(column=["field:", *every, because, "queue"]).columns == (*every, because, "queue")


def test_a_period_in_words_is_one_of_whole_days_in_the_zone():
    query = asked(period=["yesterday"])

    assert (query.start, query.end) == (
        datetime(2026, 3, 1, tzinfo=HELSINKI),
        datetime(2026, 3, 2, tzinfo=HELSINKI),
    )


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"period": ["next_week"]}, "period"),
        ({"received_after": ["soon"]}, "received_after"),
        ({"received_after": ["2026-03-02"], "received_before": ["2026-03-01"]}, "received_before"),
        ({"zone": ["Europe/Atlantis"]}, "zone"),
        ({"interval": ["fortnight"]}, "interval"),
        ({"interval": ["hour"], "received_after": ["2001-01-01"], "received_before": ["2026-01-01"]}, "interval"),
        ({"by": ["customer"]}, "by"),
        ({"by": ["key:not a key"]}, "by"),
        ({"by": ["queue", "agent", "channel", "state"], "across": ["direction"]}, "across"),
        ({"measure": ["conversations", "applause"]}, "measure"),
        ({"interval": ["15_minutes"], "received_after": ["2026-01-01"], "received_before": ["2026-02-01"]}, "interval"),
        ({"others": ["51", "queue"]}, "others"),
        ({"others": ["6", "queue", "6"]}, "others"),
        ({"others": ["6", "queue"] * 5}, "others"),
        ({"kept": ["=gold"]}, "kept"),
        ({"missing": ["customerType:lost"]}, "missing"),
        ({"state": ["queued"]}, "state"),
        ({"queue": ["\x00"]}, "queue"),
        ({"column": ["xmlThing"]}, "column"),
        ({"column": ["field:customerType"]}, "column"),
        ({"column": ["field:"]}, "column"),
        ({"heading": ["queue"]}, "heading"),
        ({"heading": ["field:=Team"]}, "heading"),
        ({"heading": ["field:queue=" + "x" * (LONGEST_HEADING + 1)]}, "heading"),
        ({"heading": ["field:queue= =1+1"]}, "heading"),
        ({"heading": ["field:queue=Te\u202eam"]}, "heading"),
        ({"heading": ["field:queue=Te\x00am"]}, "heading"),
        ({"heading": ["field:queue=Team", "field:queue=Desk"]}, "heading"),
        ({"heading": ["field:queue=Agent"]}, "heading"),
        ({"heading": ["field:queue=Name", "field:agent=Name"]}, "heading"),
        ({"column": ["csat"], "heading": ["field:queue=csat"]}, "heading"),
        ({"column": ["csat"], "heading": ["plan=Plan"]}, "heading"),
        ({"column": ["field:agent"], "heading": ["field:queue=Team"]}, "heading"),
        ({"empty": ["dash"]}, "empty"),
        ({"at": ["2026-03-02"]}, "at"),
        ({"late": ["yesterday"]}, "late"),
        ({"compare": ["queue:"]}, "compare"),
        ({"compare": ["tomorrow"]}, "compare"),
        ({"compare": ["previous"], "interval": ["day"], "at": ["2026-03-02"]}, "compare"),
        ({"compare": ["previous"], "received_after": ["2001-01-01"]}, "compare"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_by_name(params, field):
    with pytest.raises(ValidationError) as refused:
        asked(**params)

    assert field in refused.value.message_dict


# Counts, rows and files agree


@pytest.fixture
def a_busy_year():
    """Conversations in three queues and direct ones, of every kind; a user who may see two queues and one team."""
    dice = random.Random(20260302)
    channel = ChannelFactory(name="Chat", statistics_keys=["customerType", "csat"])
    sales, service = (QueueFactory(name=name, channel=channel) for name in ("Sales", "Service"))
    other = QueueFactory(name="Elsewhere", channel=channel, statistics_keys=["customerType"])
    agents = [UserFactory(username=name) for name in ("anna", "bo")]
    team = Group.objects.create(name="Team")
    agents[0].groups.add(team)
    viewer = grant(grant(UserFactory(), Right.VIEW_REPORTS, on=sales), Right.VIEW_REPORTS, on=service)
    AccessRight.objects.create(user=viewer, right=Right.VIEW_REPORTS, direct_conversations_of=team)
    for _ in range(90):
        at = NOON + timedelta(minutes=dice.randrange(60 * 24 * 60))
        data = {
            key: dice.choice(values)
            for key, values in {
                "customerType": ["gold", "silver", "", "Gold"],
                "csat": [1, "1", 5, 2.5, True, None, -3],
                "customerId": ["4711"],
            }.items()
            if dice.random() < 0.7
        }
        facts = {"messaging_channel": dice.choice(["WHATSAPP", "SMS", ""])}
        queue = dice.choice([sales, service, other])
        if dice.random() < 0.2:
            abandoned(queue, received_at=at, data=data, waited=timedelta(seconds=dice.choice([2, 60])), **facts)
        elif dice.random() < 0.2:
            direct(channel, dice.choice(agents), at, **facts)
        else:
            served(queue, received_at=at, data=data, agent=dice.choice(agents), handled=dice.random() < 0.8, **facts)
    run_reporting_job()
    return viewer


def direct(channel, agent, at, **facts):
    conversation = lifecycle.receive(channel=channel, now=at, **facts)
    lifecycle.allocate(conversation.pk, agent=agent, now=at)
    lifecycle.accept(conversation.pk, by=agent, now=at)
    lifecycle.end(conversation.pk, by=agent, now=at + timedelta(minutes=1))


def some_question(dice: random.Random) -> LogQuery:
    """A question with up to three filters and two groupings, of every kind."""
    sometimes = {
        "queue": ["direct", "Sales", "Service", "Elsewhere"],
        "agent": ["anna", "bo", "none"],
        "messaging_channel": ["WHATSAPP", "none"],
        "state": ["handled", "wrap_up", "abandoned", "false_attempt"],
        "kept": ["customerType", "customerType=gold", "customerType~old", "customerType=", "csat=1", "csat=true"],
        "missing": ["customerType:not_provided", "csat:not_kept", "csat:abandoned", "customerId:not_kept"],
    }
    params = {name: dice.sample(values, dice.choice([1, 1, 2])) for name, values in sometimes.items()}
    params = {name: params[name] for name in dice.sample(sorted(params), dice.choice([0, 1, 1, 2]))}
    groupings = ["queue", "agent", "state", "messaging_channel", "queue_group", "key:customerType", "key:csat"]
    return asked(
        clock=ZoneInfo(dice.choice(["UTC", "Europe/Helsinki", "America/New_York"])),
        received_after=["2026-03-05T06:30"],
        received_before=["2026-04-20"],
        interval=[dice.choice(["", "", "day", "week", "month", "quarter"])],
        by=dice.sample(groupings, dice.choice([0, 1, 2])),
        across=[dice.choice(["", *groupings])],
        measure=[dice.choice(["conversations", "served", "abandoned"])],
        **params,
    )


@pytest.mark.django_db(transaction=True)
def test_counts_rows_and_lines_of_a_file_agree_whatever_is_asked(a_busy_year):
    dice = random.Random(7)
    found = 0
    for _ in range(25):
        query = some_question(dice)

        rows = query.entries(a_busy_year).count()
        counted = count(query, a_busy_year)
        lines = list(csv.DictReader(io.StringIO(b"".join(csv_stream(query, to=a_busy_year)).decode())))

        assert counted.at()["conversations"] == rows == len(lines), query.as_address()
        assert counted.at() == pytest.approx(query.totals(a_busy_year))
        heads = (counted.rows or [Rest.ALL], counted.columns or [Rest.ALL])
        cells = [counted.at(row, column)["conversations"] for row in heads[0] for column in heads[1]]
        assert sum(cells) == rows
        linked = [cell for row in count_table(query, counted).rows for cell in row.cells if cell.address]
        for cell in dice.sample(linked, min(6, len(linked))):
            again = LogQuery.parse(QueryDict(cell.address.partition("?")[2]), zone=ZoneInfo("UTC"), now=NOON)
            assert again.entries(a_busy_year).count() == int(cell.text), cell.address
        found += rows
    assert found > 60


@pytest.mark.django_db
def test_the_reason_for_a_missing_value_is_the_same_everywhere(a_busy_year):
    for key in ("customerType", "csat", "customerId", "customerType.of.child"):
        entries = ContactLogEntry.objects.annotate(reason=missing_reason_in_sql(key)).select_related("conversation")

        for entry in entries:
            if key not in entry.kept_data:
                assert entry.reason == missing_reason_of(entry, key) == missing_reason(entry.conversation, key)
            else:
                assert entry.reason is None


# Rights


@pytest.mark.django_db
def test_late_entries_are_counted_and_found_by_what_changed():
    queue = QueueFactory(statistics_keys=["customerType"])
    late = served(queue, received_at=NOON, handled=False)
    served(queue, received_at=NOON)
    run_reporting_job()
    lifecycle.handle(late.pk, by=late.agent, now=NOON + timedelta(minutes=8))
    run_reporting_job()
    viewer = user_with(Right.VIEW_REPORTS, on=queue)

    found = {
        change: asked(**YEAR, late=[change]).entries(viewer).count() for change in ("any", "handling", "kept_data")
    }

    assert found == {"any": 1, "handling": 1, "kept_data": 0}
    assert asked(**YEAR).totals(viewer)["late"] == 1
    assert asked(**YEAR, late=["any"]).as_params()["late"] == ["any"]


@pytest.mark.django_db
def test_averages_leave_out_what_has_no_such_time_and_service_level_what_it_does_not_count():
    queue = QueueFactory()
    accepted_in_time, *_others = (served(queue, received_at=NOON) for _ in range(3))
    Conversation.objects.filter(pk=accepted_in_time.pk).update(
        accepted_at=NOON + timedelta(seconds=20), time_in_ivr=timedelta(seconds=30)
    )
    abandoned(queue, received_at=NOON)
    abandoned(queue, received_at=NOON, waited=timedelta(seconds=1))
    run_reporting_job()

    totals = asked(**YEAR).totals(user_with(Right.VIEW_REPORTS, on=queue))

    assert (totals["service_level"], totals["average_ivr"], totals["average_hold"]) == (0.25, 30, None)


@pytest.mark.django_db
def test_keys_that_few_entries_have_are_found_too_and_no_others(monkeypatch):
    monkeypatch.setattr("reporting.contact_log.query.KEYS_OF_NEWEST", 1)
    queue = QueueFactory(statistics_keys=["a", "b", "c", "d"])
    for minute, key in enumerate("abb"):
        served(queue, received_at=NOON - timedelta(minutes=minute), data={key: "1"})
    served(queue, received_at=NOON - timedelta(days=90), data={"c": "1"})
    served(QueueFactory(statistics_keys=["d"]), received_at=NOON, data={"d": "1"})
    run_reporting_job()
    viewer = user_with(Right.VIEW_REPORTS, on=queue)
    query = asked(received_after=["2026-03-01"], received_before=["2026-03-31"])

    assert kept_key_names(query, query.entries(viewer)) == ["a", "b"]


@pytest.mark.django_db
def test_two_users_of_two_queues_see_nothing_of_each_other():
    sales, service = QueueFactory(statistics_keys=["a"]), QueueFactory(statistics_keys=["b"])
    served(sales, received_at=NOON, data={"a": "1"})
    served(service, received_at=NOON, data={"b": "2"})
    run_reporting_job()
    query = asked(**YEAR, by=["queue"])

    for queue, key in ((sales, "a"), (service, "b")):
        viewer = user_with(Right.VIEW_REPORTS, on=queue)
        assert count(query, viewer).rows == [(queue.pk,)]
        assert kept_key_names(query, query.entries(viewer)) == [key]
    assert count(query, user_with(Right.VIEW_HISTORY, on=sales)).rows == []


@pytest.mark.django_db
def test_a_filter_on_a_foreign_queue_finds_nothing():
    sales, service = QueueFactory(), QueueFactory()
    served(service, received_at=NOON)
    run_reporting_job()

    found = asked(**YEAR, queue=[str(service.pk)]).entries(user_with(Right.VIEW_REPORTS, on=sales))

    assert not found.exists()


# Clocks


CHANGE_DAYS = [
    ("Europe/Helsinki", date(2026, 3, 29), 23),
    ("Europe/Helsinki", date(2026, 10, 25), 25),
    ("America/Sao_Paulo", date(2018, 11, 4), 23),
    ("America/Sao_Paulo", date(2018, 2, 17), 25),
    ("America/Havana", date(2026, 11, 1), 25),
    ("UTC", date(2026, 3, 29), 24),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "day", "hours"), CHANGE_DAYS)
def test_a_day_has_the_hours_it_has_and_totals_agree(name, day, hours):
    zone = ZoneInfo(name)
    queue = QueueFactory()
    viewer = user_with(Right.VIEW_REPORTS, on=queue)
    first = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC) - timedelta(hours=6)
    for hour in range(36):
        abandoned(queue, received_at=first + timedelta(hours=hour, minutes=10))
    run_reporting_job()
    period = {
        "received_after": [day.isoformat()],
        "received_before": [(day + timedelta(days=1)).isoformat()],
        "zone": [name],
    }

    by_hour, by_day = asked(**period, interval=["hour"]), asked(**period, interval=["day"])
    parts = {name: asked(**period, interval=[name]) for name in ("15_minutes", "30_minutes")}

    assert sizes(by_day, viewer) == {by_day.intervals()[0]: hours}
    assert sizes(by_hour, viewer) == dict.fromkeys(by_hour.intervals(), 1)
    assert len(by_hour.intervals()) == hours
    for start in by_hour.intervals():
        assert by_hour.drilled(at=start).entries(viewer).count() == 1
    assert {name: len(query.intervals()) for name, query in parts.items()} == {
        "15_minutes": 4 * hours,
        "30_minutes": 2 * hours,
    }
    for query in parts.values():
        assert len(sizes(query, viewer)) == sum(sizes(query, viewer).values()) == hours


@pytest.mark.parametrize(
    ("zone", "interval", "start"),
    [
        ("Asia/Kathmandu", "15_minutes", "13:00"),
        ("Asia/Kathmandu", "30_minutes", "13:00"),
        ("Asia/Kathmandu", "hour", "13:00"),
        ("Asia/Kolkata", "30_minutes", "12:30"),
        ("Australia/Lord_Howe", "hour", "18:00"),
        ("Europe/Helsinki", "quarter", "2026-01-01 00:00"),
    ],
)
@pytest.mark.django_db
def test_intervals_start_on_the_clock_of_the_zone(zone, interval, start):
    queue = QueueFactory()
    abandoned(queue, received_at=NOON.replace(hour=7, minute=27))
    run_reporting_job()
    query = asked(received_after=["2026-02-27"], received_before=["2026-03-03"], zone=[zone], interval=[interval])

    (found,) = sizes(query, user_with(Right.VIEW_REPORTS, on=queue))

    assert f"{found.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}".endswith(start)


@pytest.mark.django_db
def test_quarters_and_the_parts_of_half_an_hour_that_comes_twice_are_all_there():
    year = asked(received_after=["2026-02-27"], received_before=["2027-01-01"], interval=["quarter"])
    lord_howe = {"zone": ["Australia/Lord_Howe"], "received_after": ["2026-04-05"], "received_before": ["2026-04-06"]}

    quarters = [start.astimezone(HELSINKI).isoformat() for start in year.intervals()]

    assert [quarter[:10] for quarter in quarters] == ["2026-01-01", "2026-04-01", "2026-07-01", "2026-10-01"]
    assert len(asked(**lord_howe, interval=["30_minutes"]).intervals()) == 49


# Queue groups


@pytest.fixture
def grouped_queues():
    """Queues in the groups North, North and South, and none, with one conversation more each; and one direct."""
    north, south = QueueGroupFactory(name="North"), QueueGroupFactory(name="South")
    queues = [QueueFactory(name=name) for name in ("Oulu", "Vaasa", "Elsewhere")]
    queues[0].groups.set([north])
    queues[1].groups.set([north, south])
    viewer = user_with(Right.VIEW_REPORTS, on=queues[0])
    for number, queue in enumerate(queues, start=1):
        grant(viewer, Right.VIEW_REPORTS, on=queue)
        for _ in range(number):
            abandoned(queue, received_at=NOON)
    agent, team = UserFactory(), Group.objects.create(name="Team")
    agent.groups.add(team)
    AccessRight.objects.create(user=viewer, right=Right.VIEW_REPORTS, direct_conversations_of=team)
    direct(queues[0].channel, agent, NOON)
    run_reporting_job()
    return viewer


@pytest.mark.django_db
def test_a_conversation_counts_once_however_many_groups_its_queue_is_in(grouped_queues):
    query = asked(**YEAR, by=["queue_group"])

    found = sizes(query, grouped_queues)

    assert sorted(found.values()) == [1, 2, 4]
    for (group,), number in found.items():
        drilled = query.drilled(groups={"queue_group": group})
        again = LogQuery.parse(drilled.as_params(), zone=HELSINKI, now=NOON)
        assert again.entries(grouped_queues).count() == number


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("groups", "number"), [(["North"], 3), (["South"], 2), (["none"], 4), (["South", "none"], 6), (["West"], 0)]
)
def test_a_queue_group_asks_for_the_queues_in_it(grouped_queues, groups, number):
    assert asked(**YEAR, queue_group=groups).entries(grouped_queues).count() == number


@pytest.mark.django_db
def test_a_disposition_called_none_is_not_the_lack_of_one():
    queue = QueueFactory()
    for disposition in ("", "none", "=none", "Sold"):
        conversation = served(queue, received_at=NOON)
        Conversation.objects.filter(pk=conversation.pk).update(disposition=disposition)
    run_reporting_job()
    viewer = user_with(Right.VIEW_REPORTS, on=queue)
    query = asked(**YEAR, by=["disposition"])

    found = {
        group: query.drilled(groups={"disposition": group}).entries(viewer).get().disposition
        for (group,) in sizes(query, viewer)
    }

    assert {group or "" for group in found} == set(found.values()) == {"", "none", "=none", "Sold"}


@pytest.mark.django_db
def test_intervals_in_which_nothing_happened_are_there():
    query = asked(received_after=["2026-02-27"], received_before=["2026-03-03"], interval=["day"])

    days = [start.astimezone(HELSINKI).date().isoformat() for start in query.intervals()]

    assert days == ["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"]
