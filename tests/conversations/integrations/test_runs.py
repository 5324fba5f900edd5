"""What happens to a conversation is answered by integrations, and what they fetch is attached."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from channels_cfg import jobs
from channels_cfg.models import Authentication, Integration, Queue, Right, Source
from conversations import lifecycle
from conversations.attached_data.attach import attach_data
from conversations.integrations import endpoints
from conversations.integrations.debugging import open_window
from conversations.models import Conversation, EndpointState, IntegrationRun, LiveDatum
from conversations.tasks import close_debug_windows
from tests.conversations.integrations.conftest import attached, begun, integration, work
from tests.factories import ChannelFactory, QueueFactory, UserFactory, queued_conversation, user_with
from tests.stand_ins.crm import CUSTOMER, Crm, reply

SAVE_ID = '{"response": {"save": {"id": "{response.body.id}"}}}'


def last() -> IntegrationRun:
    return IntegrationRun.objects.latest("pk")


def test_the_example_of_the_specification_brings_customer_data(lookup: Integration, crm: Crm, queue: Queue):
    conversation = begun(queue)
    work()

    assert attached(conversation) == {
        "customer_data.id": "C-1001",
        "customer_data.firstname": "Aino",
        "customer_data.lastname": "Virtanen",
        "customer_data.company": "Acme",
        "customer_data.jobtitle": "Buyer",
        "customer_data.lastticket": "T-2",
    }
    assert set(LiveDatum.objects.values_list("source", flat=True)) == {Source.INTEGRATION}
    (asked,) = crm.asked
    assert (asked.method, asked.path, asked.params) == ("GET", "/contacts", {"phone": ["358401234567"]})
    assert asked.headers["accept"] == "application/json"
    assert asked.headers["authorization"] == "Basic cG9ydGFsOkNBTkFSWS1wYXNzd29yZA=="
    run = last()
    assert (run.state, run.outcome, run.status, run.calls) == ("done", "saved", 200, 1)

    agent = UserFactory()
    lifecycle.accept(conversation.pk, by=agent, now=timezone.now())
    ended = lifecycle.end(conversation.pk, by=agent, now=timezone.now())

    assert ended.kept_data == {"customer_data.id": "C-1001", "customer_data.firstname": "Aino"}
    assert ended.kept_sources == dict.fromkeys(ended.kept_data, "integration")
    assert IntegrationRun.objects.exclude(exchange=None).count() == 0


def test_each_event_is_answered_by_those_that_name_it(crm: Crm, queue: Queue):
    other = QueueFactory(channel=queue.channel)
    agent, colleague = UserFactory(), UserFactory()
    for event in Integration.AnsweredEvent.values:
        integration(crm, '{"request": {"method": "POST", "body": "{event.name}"}}', name=event, events=[event])

    now = timezone.now()
    conversation = begun(queue)
    lifecycle.enqueue(conversation.pk, queue=other, now=now)
    lifecycle.allocate(conversation.pk, agent=agent, now=now)
    lifecycle.reject(conversation.pk, by=agent, now=now)
    lifecycle.accept(conversation.pk, by=agent, now=now)
    lifecycle.transfer(conversation.pk, by=agent, agent=colleague, now=now)
    lifecycle.end(conversation.pk, by=colleague, now=now)

    assert list(IntegrationRun.objects.order_by("pk").values_list("event", flat=True)) == [
        "received", "queued", "forwarded", "queued", "allocated", "rejected", "allocated", "accepted", "transferred",
        "allocated", "ended",
    ]  # fmt: skip
    work()
    assert [asked.body.decode() for asked in crm.asked][-3:] == ["Transferred", "Allocated", "Ended"]
    assert set(IntegrationRun.objects.values_list("outcome", flat=True)) == {"sent"}


@pytest.mark.parametrize(
    ("facts", "conversation", "answers"),
    [
        ({}, {}, True),
        ({"enabled": False}, {}, False),
        ({"direction": "outbound"}, {}, False),
        ({"direction": "both"}, {"direction": "outbound"}, True),
        ({"channels": ["voice", "email"]}, {}, False),
        ({"channels": ["chat"]}, {}, True),
        ({"all_queues": False}, {}, False),
        ({"events": ["ended"]}, {}, False),
    ],
)
def test_direction_kind_and_queue_decide(
    crm: Crm, queue: Queue, facts: dict[str, Any], conversation: dict[str, Any], answers: bool
):
    integration(crm, SAVE_ID, **facts)

    begun(queue, **conversation)

    assert IntegrationRun.objects.exists() is answers


def test_queues_are_named_and_direct_conversations_have_none(crm: Crm, queue: Queue):
    named = integration(crm, SAVE_ID, all_queues=False, direct=False)
    named.queues.add(queue)
    integration(crm, SAVE_ID, all_queues=False, direct=True)

    begun(queue)
    begun(QueueFactory(channel=queue.channel))
    lifecycle.receive(channel=queue.channel, now=timezone.now())

    assert [(run.integration_name, run.facts) for run in IntegrationRun.objects.order_by("pk")] == [
        (named.name, {"queue": queue.pk}),
        ("CRM lookup " + str(int(named.name.split()[-1]) + 1), {}),
    ]


def test_three_are_asked_in_the_order_of_their_ordinals_and_the_later_wins(crm: Crm, queue: Queue):
    for number in (4, 2, 3, 1):
        integration(
            crm,
            json.dumps({"request": {"params": {"n": number}}, "response": {"save": {f"k{number}": 1, "who": number}}}),
            ordinal=number,
        )
    crm.planned.extend(reply({}) for _number in range(4))

    conversation = begun(queue)
    waiting = list(IntegrationRun.objects.order_by("-position").values_list("pk", flat=True))
    assert len(waiting) == 3
    for pk in waiting:  # the last answers first
        jobs.work_on(IntegrationRun, pk)

    assert attached(conversation) == {"k1": 1, "k2": 1, "k3": 1, "who": 3}


def test_the_first_that_sets_something_wins_and_an_echo_decides_by_what_was_fetched(crm: Crm, queue: Queue):
    agent = UserFactory(email="agent@acme.com")
    integration(crm, '{"response": {"save": {"rank": "{response.body.rank}"}, "set": {"condition": "{contact.cad.rank} >= 1", "priority": 7}}}')  # fmt: skip  # noqa: E501
    for ordinal, priority in ((2, 10), (3, 20)):
        echo = {"condition": "{contact.cad.rank} >= 100", "priority": priority,
                "preferredAgent": {"chat_address": "agent@acme.com"}}  # fmt: skip
        integration(crm, json.dumps({"response": {"set": echo}}), endpoint="edi://echo", ordinal=ordinal)
    crm.planned.append(reply({"rank": "100"}))

    conversation = begun(queue)
    work()

    conversation.refresh_from_db()
    assert (conversation.priority, conversation.preferred_agent) == (10, agent)
    first, second, third = IntegrationRun.objects.order_by("position")
    assert (first.sets, second.sets, third.sets) == ([], ["priority", "preferredAgent"], [])
    assert third.notes[0] == "priority: an earlier integration has set it"
    assert len(crm.asked) == 1


@pytest.mark.parametrize(
    ("set_", "expected"),
    [
        ({"priority": "{response.body.word}"}, "priority: It is no whole number"),
        ({"priority": "{response.body.negative}"}, "priority: It is no whole number"),
        ({"queue": {"name": "Nowhere"}}, "queue: There is no such queue"),
        ({"queue": {"name": "Elsewhere"}}, "queue: The queue belongs to another channel"),
        ({"preferredAgent": "nobody"}, "preferredAgent: There is no such agent"),
        ({"requiredAgents": {"agents": ["agent"], "timeout": "soon"}}, "requiredAgents: The time limit"),
    ],
)
def test_what_cannot_be_set_is_noted_and_the_rest_is_done(crm: Crm, queue: Queue, set_: dict[str, Any], expected: str):
    UserFactory(username="agent")
    QueueFactory(name="Elsewhere", channel=ChannelFactory())
    integration(crm, json.dumps({"response": {"save": {"done": True}, "set": set_}}))
    crm.planned.append(reply({"word": "x", "negative": -1}))

    conversation = begun(queue)
    work()

    assert expected in last().notes[0]
    assert attached(conversation) == {"done": True}


def test_it_moves_to_the_queue_and_to_the_agents_that_the_answer_names(crm: Crm, queue: Queue):
    other = QueueFactory(channel=queue.channel)
    agents = [UserFactory(), UserFactory(email="second@acme.com")]
    set_ = {
        "queue": {"id": "{response.body.queue}"},
        "requiredAgents": {"agents": ["{response.body.first}", {"chat_address": "second@acme.com"}], "timeout": 60},
    }
    integration(crm, json.dumps({"response": {"set": set_}}), events=["queued"])
    crm.planned.extend([reply({"queue": str(other.pk), "first": agents[0].username})] * 2)

    conversation = begun(queue)
    work()

    conversation.refresh_from_db()
    assert (conversation.queue, conversation.required_agents) == (other, [agent.pk for agent in agents])
    assert conversation.required_until


def test_two_that_send_it_to_and_fro_stop(crm: Crm, queue: Queue):
    other = QueueFactory(channel=queue.channel)
    for here, there in ((queue, other), (other, queue)):
        one = integration(
            crm, json.dumps({"response": {"set": {"queue": {"id": str(there.pk)}}}}), events=["queued"],
            all_queues=False, direct=False,
        )  # fmt: skip
        one.queues.add(here)
    crm.planned.extend(reply({}) for _ in range(30))

    begun(queue)
    work()

    assert "moved it 5 times already" in last().notes[0]


def test_what_customers_and_agents_said_has_precedence(lookup: Integration, queue: Queue):
    conversation = begun(queue)
    attach_data(conversation, {"customer_data.id": "mine"}, source=Source.CUSTOMER, at=timezone.now())
    work()

    assert attached(conversation)["customer_data.id"] == "mine"
    assert last().notes == ["customer_data.id: The value from the customer has precedence."]


HEAD = {"Content-Type": "application/json"}
BAD_ANSWERS: list[tuple[Any, str, str]] = [
    (reply({"error": "CANARY"}, 500), "failed", "It answered with 500."),
    (reply({}, 403), "failed", "It answered with 403."),
    ((302, {"Location": "http://10.0.0.1/"}, b""), "failed", "a redirect (302), which is not followed"),
    ((200, HEAD, b"<!DOCTYPE html><p>CANARY"), "failed", "a page (HTML) in place of JSON"),
    ((200, HEAD, b'{"id": "\xff"}'), "failed", "not in UTF-8"),
    ((200, HEAD, b'{"id": ' + b"9" * 400 + b"}"), "failed", "a number of 400 digits"),
    ((200, HEAD, b'{"id": 1e999}'), "failed", "too large"),
    ((200, HEAD, b'{"id": NaN}'), "failed", "no number"),
    ((200, HEAD, b'{"id": [' + b"[" * 5000), "failed", "levels deep"),
    ((200, HEAD, json.dumps({f"k{n}": n for n in range(50_000)}).encode()), "failed", "more than 10000 names"),
    ((200, HEAD, b'{"id": "' + b"x" * 2_000_000 + b'"}'), "failed", "answered with more than is read"),
    ((200, HEAD, b'{"id": "' + b"x" * 5_000 + b'"}'), "failed", "at most 4096 are stored"),
    ((200, HEAD, b'{"id": "a\\u0000b"}'), "failed", "NUL"),
    ((200, HEAD, b'{"id": "\\ud800"}'), "failed", "half a surrogate pair"),
    ((200, HEAD, json.dumps({"id": {f"k{n}": n for n in range(500)}}).encode()), "failed", "at most 100 are stored"),
    ((200, HEAD, b'{"id": {"a b": 1}}'), "failed", "use letters, digits"),
    ((200, HEAD, b""), "failed", "It is empty"),
    ((200, {"Content-Encoding": "gzip"}, gzip.compress(b"0" * 10_000_000)), "failed", "a form that was not asked for"),
    (reply({}, 404), "nothing", ""),
    (reply({"name": "x"}), "nothing", ""),
    (reply([]), "nothing", ""),
]


@pytest.mark.parametrize(
    ("answer", "outcome", "reason"), BAD_ANSWERS, ids=[bad[2][:30] or bad[1] for bad in BAD_ANSWERS]
)
def test_a_bad_answer_leaves_the_conversation_as_it_was(crm: Crm, queue: Queue, answer: Any, outcome: str, reason: str):
    integration(crm, SAVE_ID)
    crm.planned.extend([answer] * 5)

    conversation = begun(queue)
    before = Conversation.objects.filter(pk=conversation.pk).values().get()
    work()

    run = last()
    assert (run.outcome, reason in run.reason) == (outcome, True), run.reason
    assert "CANARY" not in f"{run.reason} {run.notes}"
    assert attached(conversation) == {}
    assert Conversation.objects.filter(pk=conversation.pk).values().get() == before


def test_an_endpoint_that_is_down_is_asked_again_a_few_times_and_then_left_alone(crm: Crm, queue: Queue):
    integration(crm, SAVE_ID)
    crm.planned.extend([reply({}, 503), reply({}, 503), reply(CUSTOMER)])

    conversation = begun(queue)
    work()

    assert attached(conversation) == {"id": "C-1001"}
    assert last().calls == 3
    crm.planned.extend([reply({}, 503)] * 9)
    begun(queue)
    begun(queue)
    work(even_if_put_off=False)
    for _ in range(4):
        IntegrationRun.objects.filter(holder=None).update(held_until=None)
        work(even_if_put_off=False)
    assert len(crm.asked) == 3 + endpoints.FAILURES_IN_A_ROW
    assert last().reason == "The other system has failed several times and is left alone for a moment."

    EndpointState.objects.update(rests_until=timezone.now())
    crm.planned.clear()
    work()

    assert EndpointState.objects.get().failures == 0


def test_what_may_have_been_done_is_not_asked_twice(crm: Crm, queue: Queue):
    integration(crm, '{"request": {"body": {"a": 1}}}')
    crm.planned.append(reply({}, 500))

    begun(queue)
    work()

    assert (len(crm.asked), last().outcome) == (1, "failed")


def test_one_that_is_late_has_timed_out_and_can_be_tried_again(crm: Crm, queue: Queue):
    integration(crm, SAVE_ID, timeout_seconds=1)
    crm.slow = 1.5

    conversation = begun(queue)
    work()

    assert (last().outcome, attached(conversation)) == ("timed_out", {})
    crm.slow = 0
    crm.planned.append(reply(CUSTOMER))
    assert IntegrationRun.objects.filter(conversation=conversation).try_again() == 1
    work()
    assert attached(conversation) == {"id": "C-1001"}


def test_tokens_of_oauth2_are_fetched_kept_and_renewed(crm: Crm, queue: Queue):
    one = integration(
        crm, SAVE_ID.replace('{"response"', '{"request": {"authentication": {"type": "oauth2"}}, "response"'),
        endpoint=f"{crm.url}/protected",
    )  # fmt: skip
    Authentication.objects.create(
        integration=one, name="o", kind="oauth2", username="client", secret="CANARY-client-secret",
        token_address=f"{crm.url}/token", scope="read",
    )  # fmt: skip

    for _ in range(2):
        begun(queue)
    work()
    assert [asked.path for asked in crm.asked] == ["/token", "/protected", "/protected"]

    crm.tokens.clear()
    conversation = begun(queue)
    work()

    assert attached(conversation) == {"id": "C-1001"}
    assert [asked.path for asked in crm.asked][3:] == ["/protected", "/token", "/protected"]


def test_placeholders_are_filled_by_place(crm: Crm, queue: Queue):
    agent = user_with(Right.SERVE, on=queue, username="ada", email="ada@acme.com")
    one = integration(
        crm,
        json.dumps(
            {
                "request": {
                    "headers": {"X-Key": "{authentications.key}", "X-Event": "{event}", "X-None": "{contact.cad.none}"},
                    "params": {"name": "{contact.cad.name}", "none": "{contact.cad.none}", "many": ["a", "b"]},
                    "body": {"event": "{event}", "agent": "{contact.agent.number}", "contact": "{contact}"},
                }
            }
        ),
        endpoint=f"{crm.url}/{{event}}/{{contact.cad.name}}",
        events=["accepted"],
    )
    Authentication.objects.create(integration=one, name="key", kind="api_key", secret="CANARY-key")

    conversation = begun(queue, data={"name": "a/b ?&=é", "customer.rank": 1})
    lifecycle.accept(conversation.pk, by=agent, now=timezone.now())
    work()

    (asked,) = crm.asked
    assert asked.path == "/Accepted/a%2Fb%20%3F%26%3D%C3%A9"
    assert asked.params == {"name": ["a/b ?&=é"], "many": ["a", "b"]}
    assert (asked.headers["x-key"], asked.headers["x-event"]) == ("CANARY-key", "Accepted")
    assert "x-none" not in asked.headers
    assert asked.json["event"]["name"] == "Accepted"
    assert asked.json["agent"] == "ada"
    assert asked.json["contact"]["cad"] == {"name": "a/b ?&=é", "customer": {"rank": 1}}
    assert asked.json["contact"]["queue"]["name"] == queue.name
    assert "CANARY" not in json.dumps(last().exchange)
    assert last().exchange["request"]["headers"]["X-Key"] == "•••"


def test_a_value_that_would_end_a_header_is_not_sent(crm: Crm, queue: Queue):
    integration(crm, '{"request": {"headers": {"X-Name": "{contact.cad.name}"}}}', events=["accepted"])

    conversation = begun(queue, data={"name": "a\r\nX-Evil: 1"})
    lifecycle.accept(conversation.pk, by=UserFactory(), now=timezone.now())
    work()

    assert (crm.asked, last().reason) == ([], "A header cannot hold a line break or another control character.")


def test_what_tells_about_the_call_is_attached_in_a_debug_window_alone(crm: Crm, queue: Queue):
    one = integration(crm, '{"response": {"save": {"s": "{status}", "d": {"all": "{debug.status}"}, "id": "{response.body.id}"}}}')  # fmt: skip  # noqa: E501
    crm.planned.extend([reply(CUSTOMER)] * 2)

    conversation = begun(queue)
    work()
    assert attached(conversation) == {"id": "C-1001"}

    open_window(one, by=UserFactory(), now=timezone.now())
    conversation = begun(queue)
    work()
    assert attached(conversation) == {"id": "C-1001", "s": 200, "d.all": 200}


def test_what_was_asked_and_answered_ends_with_the_conversation_unless_it_is_debugged(crm: Crm, queue: Queue):
    one = integration(crm, SAVE_ID)
    crm.planned.extend([reply(CUSTOMER)] * 3)
    for is_debugged in (False, True):
        if is_debugged:
            window = open_window(one, by=UserFactory(), now=timezone.now())
        conversation = begun(queue)
        work()
        assert last().exchange["response"]["body"]["id"] == "C-1001"

        lifecycle.end(conversation.pk, now=timezone.now())

        assert (last().exchange is not None) is is_debugged

    window.closes_at = timezone.now()
    window.save()
    close_debug_windows()
    assert last().exchange is None


def test_a_conversation_that_ended_meanwhile_gets_nothing(crm: Crm, queue: Queue):
    integration(crm, SAVE_ID)
    conversation = begun(queue)
    crm.before_reply = lambda _asked: None
    crm.planned.append(reply(CUSTOMER))
    lifecycle.end(conversation.pk, now=timezone.now())
    work()

    assert (crm.asked, last().reason) == ([], "The conversation had ended before.")


def test_a_run_that_two_workers_do_is_done_once(crm: Crm, queue: Queue):
    integration(crm, SAVE_ID)
    crm.planned.extend([reply(CUSTOMER), reply({"id": "other"})])
    conversation = begun(queue)
    work()
    work()

    assert (len(crm.asked), attached(conversation)) == (1, {"id": "C-1001"})


def test_a_message_costs_one_query_more_where_nothing_answers(queue: Queue, django_assert_num_queries: Any):
    with CaptureQueriesContext(connection) as caught:
        queued_conversation(queue)

    asked = [query["sql"] for query in caught if "channels_cfg_integration" in query["sql"]]
    assert len(asked) == 2  # received and queued


def test_what_was_fetched_and_is_not_kept_is_found_nowhere_after_the_end(
    crm: Crm, queue: Queue, caplog: pytest.LogCaptureFixture
):
    one = integration(crm, '{"request": {"params": {"q": "{contact.cad.asked}"}}, "response": {"save": {"id": "{response.body.id}"}}}', events=["accepted"])  # fmt: skip  # noqa: E501
    crm.planned.extend([reply({"id": "canary-fetched", "more": "canary-more"}), reply({"id": "canary-failed"}, 403)])
    for _ in range(2):
        conversation = begun(queue)
        attach_data(conversation, {"asked": "canary-asked"}, source=Source.CUSTOMER, at=timezone.now())
        lifecycle.accept(conversation.pk, by=UserFactory(), now=timezone.now())
        work()
        assert "canary" in json.dumps(last().exchange)
        lifecycle.end(conversation.pk, now=timezone.now())

    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM "{table}" AS held WHERE held::text LIKE %s', ["%canary-%"])
            assert cursor.fetchone() == (0,), table
        cursor.execute("SELECT count(*) FROM channels_cfg_authentication AS held WHERE held::text LIKE '%CANARY%'")
        assert cursor.fetchone() == (0,)
    assert "canary" not in caplog.text.lower()
    assert one.authentications.get().secret == "CANARY-password"
