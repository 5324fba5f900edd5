"""A call in an IVR, and calls told in any order."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from channels_cfg import jobs
from channels_cfg.models import QUEUE_RIGHTS, AccessRight, AttachedKey, Queue, QueueGroup, Right, User
from conversations import lifecycle
from conversations.attached_data.kept_data import kept_data_of
from conversations.models import Communication, Conversation, Event, Hold, IvrRun, Leg, LiveDatum
from reporting.contact_log import files
from reporting.contact_log.fill import run_reporting_job
from reporting.contact_log.query import LogQuery, zone_of
from reporting.models import ReportFile
from tests.conversations.api.conftest import ApiClient, client_with
from tests.conversations.doors.test_calls import do, live, told
from tests.factories import (
    AttachedKeyFactory,
    ChannelFactory,
    IvrDefinitionFactory,
    QueueFactory,
    UserFactory,
    user_with,
)

NUMBER = "+358402222222"


@pytest.fixture
def queue(db: None) -> Queue:
    return QueueFactory(channel=ChannelFactory(kind="voice", allocation_keys=["Selected_language"]))


@pytest.fixture
def ivr(queue: Queue) -> Any:
    return IvrDefinitionFactory(name="Service", channel=queue.channel, steps__queue=queue, addresses=[NUMBER])


@pytest.fixture
def telephone(queue: Queue) -> ApiClient:
    return client_with(Right.SERVE, Right.VIEW_HISTORY, on=queue)


def pressed(telephone: ApiClient, call: Any, **order: Any) -> Any:
    answer = do(telephone, call, "ivr", **order)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_the_language_chosen_in_a_menu_travels_to_the_queue(queue, ivr, telephone):
    call = told(telephone, to=NUMBER).json()
    asked = pressed(telephone, call)
    wrong = pressed(telephone, call, input="7")
    chosen = pressed(telephone, call, input="1", step="Language")
    again = pressed(telephone, call, input="1", step="Language")

    assert (call["state"], call["queue"]) == ("received", None)
    assert asked == {
        "step": "Language",
        "prompt": "For Finnish press 1, for English press 2.",
        "expects": "key",
        "variables": {},
        "state": "in_ivr",
        "queue": None,
    }
    assert (wrong["step"], wrong["state"]) == ("Language", "in_ivr")
    assert (chosen["state"], chosen["queue"], chosen["variables"]) == (
        "queued",
        queue.name,
        {"Selected_language": "fi"},
    )
    assert (again["state"], again["queue"], again["expects"]) == ("queued", queue.name, "nothing")
    assert live(call["id"]) == {"Selected_language": "fi"}
    assert LiveDatum.objects.get().source == "customer"
    assert not IvrRun.objects.exists()


def test_time_in_the_ivr_is_no_waiting_time(queue, ivr, telephone):
    began = timezone.now().replace(microsecond=0) - timedelta(minutes=10)
    at = [(began + timedelta(seconds=seconds)).isoformat() for seconds in (0, 5, 60, 90)]
    call = told(telephone, ivr="Service", happened_at=at[0]).json()
    pressed(telephone, call, happened_at=at[1])
    pressed(telephone, call, input="2", happened_at=at[2])
    do(telephone, call, "accept", happened_at=at[3])

    conversation = Conversation.objects.get()
    assert (conversation.time_in_ivr, conversation.waited) == (timedelta(seconds=60), timedelta(seconds=30))
    assert Event.objects.filter(kind="ivr").count() == 1


def test_an_entry_for_an_earlier_step_changes_nothing(ivr, telephone):
    call = told(telephone, to=NUMBER).json()
    first = pressed(telephone, call)

    assert pressed(telephone, call, input="1", step="Earlier") == first
    assert pressed(telephone, call) == first


@pytest.mark.parametrize("how", ["hangs up", "a hundred wrong entries", "says nothing"])
def test_who_leaves_in_the_menu_leaves_nothing_behind(ivr, telephone, how):
    call = told(telephone, to=NUMBER, attached_data={"customerType": "gold"}).json()
    pressed(telephone, call)
    if how == "hangs up":
        do(telephone, call, "end", ended_by="customer")
    for _ in range(100 if how != "hangs up" else 0):
        last = pressed(telephone, call, **({"timeout": True} if how == "says nothing" else {"input": "77"}))

    conversation = Conversation.objects.get()
    assert conversation.state in ("abandoned", "false_attempt")
    assert how == "hangs up" or (last["state"], last["queue"]) == ("ended", None)
    assert not IvrRun.objects.exists() and not LiveDatum.objects.exists()
    assert not Leg.objects.there().exists()
    assert told(telephone, to=NUMBER).json()["state"] == conversation.state
    assert do(telephone, call, "end").status_code == 200


def hangs_up_in_the_menu(telephone: ApiClient, *, after: timedelta = timedelta(seconds=40)) -> Conversation:
    began = timezone.now() - timedelta(minutes=5)
    call = told(telephone, to=NUMBER, happened_at=began.isoformat()).json()
    pressed(telephone, call, happened_at=began.isoformat())
    do(telephone, call, "end", ended_by="customer", happened_at=(began + after).isoformat())
    return Conversation.objects.get()


@pytest.mark.parametrize(("seconds", "state"), [(4, "false_attempt"), (40, "abandoned")])
def test_who_leaves_in_the_menu_at_once_has_but_tried(ivr, telephone, seconds, state):
    assert hangs_up_in_the_menu(telephone, after=timedelta(seconds=seconds)).state == state


def test_a_call_that_ended_in_the_ivr_is_seen_by_whoever_sees_those_of_a_queue_of_its_channel(queue, ivr, telephone):
    call = hangs_up_in_the_menu(telephone)
    run_reporting_job()
    group, queues = Group.objects.create(name="Team"), QueueGroup.objects.create(name="Phones")
    queues.queues.add(queue)
    in_the_group = UserFactory()
    in_the_group.groups.add(group)
    for right in QUEUE_RIGHTS:
        AccessRight.objects.create(group=group, right=right, queue_group=queues)
    of_direct = UserFactory()
    AccessRight.objects.create(user=of_direct, right=Right.VIEW_HISTORY, direct_conversations_of=group)
    see = [user_with(*QUEUE_RIGHTS, on=one) for one in (queue, QueueFactory(channel=queue.channel))]
    others = [of_direct, UserFactory(), user_with(*QUEUE_RIGHTS, on=QueueFactory(channel__kind="voice"))]

    for user, sees in [*((user, True) for user in (*see, in_the_group)), *((user, False) for user in others)]:
        browser = Client()
        browser.force_login(user)
        assert browser.get(f"/history/{call.pk}/").status_code == (200 if sees else 404)
        assert (str(call.pk) in browser.get("/history/").text) == sees
        assert Conversation.objects.granting(Right.VIEW_HISTORY, to=user).exists() == sees
        assert (kept_data_of(call.pk, Right.VIEW_HISTORY, to=user) is not None) == sees
        assert (browser.get("/api/v1/contact-log").json()["results"] != []) == sees
    page = browser_of(see[0]).get(f"/history/{call.pk}/").text
    assert page.count("In the IVR") > 1 and ">Direct<" not in page


def browser_of(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


@pytest.mark.django_db(transaction=True)
def test_reports_tell_calls_that_ended_in_the_ivr_from_direct_ones(queue, ivr, telephone):
    call = hangs_up_in_the_menu(telephone)
    viewer = user_with(*QUEUE_RIGHTS, on=queue)
    group = Group.objects.create(name="Team")
    viewer.groups.add(group)
    AccessRight.objects.create(user=viewer, right=Right.VIEW_REPORTS, direct_conversations_of=group)
    direct = lifecycle.receive(channel=queue.channel, now=timezone.now())
    lifecycle.allocate(direct.pk, agent=viewer, now=timezone.now())
    lifecycle.end(direct.pk, now=timezone.now())
    run_reporting_job()
    browser = browser_of(viewer)

    def found(query: str) -> list[str]:
        return [row["id"] for row in browser.get(f"/api/v1/contact-log?{query}").json()["results"]]

    assert found("queue=ivr") == [str(call.pk)] and found("queue=direct") == [str(direct.pk)]
    assert set(found("queue=ivr&queue=direct")) == set(found("")) == {str(call.pk), str(direct.pk)}
    grouped = browser.get("/reports/?by=queue&interval=none").text
    assert "In the IVR" in grouped and "Direct" in grouped and "queue=ivr" in grouped
    assert "In the IVR" in browser.get("/reports/rows/?queue=ivr").text
    told = b"".join(browser.get("/api/v1/contact-log.csv").streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(told)))
    assert {row["conversation_id"]: row["queue"] for row in rows} == {
        str(call.pk): "In the IVR",
        str(direct.pk): "Direct",
    }


@pytest.mark.django_db(transaction=True)
def test_a_file_with_such_a_call_is_for_whoever_may_still_see_it(queue, ivr, telephone, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    hangs_up_in_the_menu(telephone)
    run_reporting_job()
    owner, now = user_with(Right.VIEW_REPORTS, on=queue), timezone.now()
    query = LogQuery.parse({}, zone=zone_of(owner), now=now)
    file = files.ask_for(query, format=ReportFile.Format.CSV, owner=owner, now=now)
    jobs.work_on(ReportFile, file.pk)
    file.refresh_from_db()

    assert (file.state, file.rows_total, file.ivr_channels) == ("ready", 1, [queue.channel_id])
    assert files.may_download(owner, file)
    owner.access_rights.all().delete()
    assert not files.may_download(User.objects.get(pk=owner.pk), file)


def test_the_telephone_system_finds_its_calls_in_the_ivr_and_nobody_else_does(queue, ivr, telephone):
    call = told(telephone, to=NUMBER).json()
    outsider = client_with(*QUEUE_RIGHTS, on=QueueFactory(channel=queue.channel))

    def found(client):
        return [row["id"] for row in client.get("/api/v1/conversations", {"call_id": "c1"}).json()["results"]]

    assert (found(telephone), found(outsider)) == ([call["id"]], [])
    assert telephone.get(f"/api/v1/conversations/{call['id']}").status_code == 200
    assert do(outsider, call, "ivr").status_code == 404
    assert told(outsider, ivr="Service").json() == told(outsider, ivr="Nowhere").json()
    assert told(outsider, to=NUMBER).json() == told(outsider, to="+358409999999").json()


def test_a_call_that_was_never_in_an_ivr_is_told_so(queue, ivr, telephone):
    call = told(telephone, queue=queue.name).json()

    answer = do(telephone, call, "ivr", input="1")

    assert (answer.status_code, answer.json()["state"]) == (409, "queued")
    assert do(telephone, call, "ivr", input="1", timeout=True).json()["errors"].keys() == {"timeout"}


def test_a_queue_that_is_full_or_has_moved_to_another_channel_ends_the_call(queue, ivr, telephone):
    Queue.objects.filter(pk=queue.pk).update(size=1)
    told(telephone, call_id="first", queue=queue.name)
    turned_away, misled = (told(telephone, call_id=name, to=NUMBER).json() for name in ("second", "third"))
    for call in (turned_away, misled):
        pressed(telephone, call)

    assert pressed(telephone, turned_away, input="1")["state"] == "ended"
    Queue.objects.filter(pk=queue.pk).update(size=None, channel=ChannelFactory(kind="voice"))
    assert pressed(telephone, misled, input="1")["state"] == "ended"


def test_a_variable_that_the_catalogue_refuses_does_not_stop_the_call(queue, ivr, telephone):
    AttachedKeyFactory(
        name="Selected_language",
        kind=AttachedKey.Kind.CHOICE,
        choices=["sv"],
        on_violation=AttachedKey.OnViolation.REFUSE,
    )
    call = told(telephone, to=NUMBER).json()
    pressed(telephone, call)

    assert pressed(telephone, call, input="1")["state"] == "queued"
    assert live(call["id"]) == {}


# In any order

STEPS = st.sampled_from(
    [
        ("ivr", {}),
        ("ivr", {"input": "1"}),
        ("queue", {"queue": "Q"}),
        ("allocate", {"agent": "anna"}),
        ("accept", {}),
        ("accept", {"agent": "bob"}),
        ("reject", {}),
        ("hold", {}),
        ("hold", {"resume": True}),
        ("consult", {"agent": "bob"}),
        ("consult", {"queue": "Q"}),
        ("consult", {"end": True}),
        ("conference", {}),
        ("transfer", {"queue": "Q", "attached_data": {"note": "x"}}),
        ("transfer", {"agent": "bob"}),
        ("end", {"ended_by": "customer"}),
        ("handle", {}),
    ]
)


class TestCallsInAnyOrder(TestCase):
    """Whatever is told, twice or in whatever order, with whatever times: the rows make sense."""

    def setUp(self) -> None:
        queue = QueueFactory(name="Q", channel=ChannelFactory(kind="voice", statistics_keys=["kept"]))
        IvrDefinitionFactory(name="Service", channel=queue.channel, steps__queue=queue)
        for name in ("anna", "bob"):
            user_with(Right.SERVE, on=queue, username=name)
        self.telephone = client_with(Right.SERVE, on=queue)

    @given(
        place=st.sampled_from([{"ivr": "Service"}, {"queue": "Q"}, {"queue": "Q", "agent": "anna"}]),
        steps=st.lists(st.tuples(STEPS, st.integers(-90, 90)), max_size=10),
    )
    @settings(max_examples=10, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    def test_calls(self, place: dict[str, str], steps: list[tuple[tuple[str, dict[str, Any]], int]]) -> None:
        now = timezone.now()
        call = told(self.telephone, attached_data={"kept": "k", "other": "o"}, **place).json()
        for (action, order), seconds in steps:
            at = (now + timedelta(seconds=seconds)).isoformat()
            first = do(self.telephone, call, action, **order, happened_at=at)
            assert first.status_code in (200, 400, 409), (action, first.content)
            before = (list(Event.objects.values()), list(Leg.objects.values()))
            again = do(self.telephone, call, action, **order, happened_at=at)
            if action != "ivr" and first.status_code == 200:
                assert (again.status_code, again.json()) == (200, first.json()), (action, again.content)
                assert (list(Event.objects.values()), list(Leg.objects.values())) == before
        assert told(self.telephone, **place).status_code == 200
        self.check()

    def check(self) -> None:
        conversation = Conversation.objects.get()
        times = list(Event.objects.order_by("id").values_list("at", flat=True))
        assert times == sorted(times) and times[-1] <= timezone.now()
        legs = list(Leg.objects.all())
        assert all(leg.ended_at is None or leg.started_at <= leg.ended_at for leg in legs)
        in_ivr = any(leg.purpose == "workflow" and leg.ended_at is None for leg in legs)
        assert IvrRun.objects.exists() == in_ivr
        if conversation.is_active:
            return
        assert all(leg.ended_at and leg.ended_at <= conversation.ended_at for leg in legs)
        assert not Communication.objects.filter(ended_at=None).exists()
        assert not Hold.objects.filter(ended_at=None).exists()
        assert not LiveDatum.objects.exists()
        assert conversation.kept_data == ({"kept": "k"} if conversation.accepted_at else {})
        served = conversation.legs.filter(purpose__in=["workflow", "queue", "agent"]).exclude(entry="consultation")
        assert min(leg.started_at for leg in served) == conversation.received_at
