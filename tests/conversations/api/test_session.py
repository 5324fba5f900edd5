"""Facts of a session as telephone systems, bots and surveys tell them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from channels_cfg.models import QUEUE_RIGHTS, Queue, QueueAddress, Right
from conversations import lifecycle
from conversations.models import Conversation, Event, ReportableChange, Session
from conversations.session_facts import FACTS, LISTS
from tests.conversations.api.conftest import ApiClient, client_with
from tests.factories import ChannelFactory, QueueFactory, accepted_conversation, ended_conversation, user_with

PHOTO = {"id": 7, "photo_type": "photo", "url": "https://media.example.com/7.jpg"}


@pytest.fixture
def queue(db: None) -> Queue:
    return QueueFactory(channel=ChannelFactory(kind="voice"))


@pytest.fixture
def telephone(queue: Queue) -> ApiClient:
    return client_with(Right.SERVE, on=queue)


def address(conversation) -> str:
    return f"/api/v1/conversations/{conversation.pk}/session"


def tell(client, conversation, **facts):
    return client.patch(address(conversation), facts, content_type="application/json")


def test_what_is_told_is_answered_with_who_told_it_and_stands_on_the_timeline_without_values(queue, telephone):
    call = accepted_conversation(queue)

    answer = tell(telephone, call, lang="en", rating=4, feedback="Great job", photos=[PHOTO], verified=False)

    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert (told["lang"], told["rating"], told["photos"], told["verified"]) == ("en", 4, [PHOTO], False)
    assert (told["number"], told["told_by"]) == (call.number, telephone.user.username)
    assert told["recording_url"] is None and told["videos"] == []
    assert telephone.get(address(call)).json() == told
    event = Event.objects.get(kind=Event.Kind.SESSION)
    assert event.detail == {"facts": ["feedback", "lang", "photos", "rating", "verified"]}
    assert event.actor == telephone.user


def test_the_same_body_twice_changes_nothing(queue, telephone):
    call = accepted_conversation(queue)
    agents = [{"id": 1, "virtual_agent_id": 15, "started_at": "2026-03-01T08:00:00Z", "sentiment": 52.0}]
    body = {"virtual_agents": agents, "scheduled_at": "2026-03-01T10:00:00+02:00", "photos": [PHOTO]}

    answers = [tell(telephone, call, **body) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert Event.objects.filter(kind=Event.Kind.SESSION).count() == 1


def test_a_thing_in_a_list_is_known_by_its_id_and_null_takes_back(queue, telephone):
    call = accepted_conversation(queue)
    tell(telephone, call, photos=[PHOTO], rating=3, lang="en")

    added = tell(telephone, call, photos=[{"id": 2, "url": "a.example/2"}, PHOTO | {"url": "a.example/7"}]).json()
    taken_back = tell(telephone, call, photos=None, rating=None, lang=None).json()

    assert added["photos"] == [{"id": 2, "url": "a.example/2"}, PHOTO | {"url": "a.example/7"}]
    assert added["rating"] == 3
    assert (taken_back["photos"], taken_back["rating"], taken_back["lang"]) == ([], None, None)


def test_facts_come_late_too_and_whoever_follows_hears_of_them(queue, telephone):
    call = ended_conversation(queue)
    lifecycle.handle(call.pk, by=call.agent, now=timezone.now())
    ReportableChange.objects.all().delete()

    first = tell(telephone, call, rating=5)
    again = tell(telephone, call, rating=5)

    assert (first.status_code, again.status_code) == (200, 200)
    assert [change.conversation_id for change in ReportableChange.objects.all()] == [call.pk]


def test_a_virtual_agent_gets_a_number_among_the_participants_that_nobody_else_has(queue, telephone):
    call = accepted_conversation(queue)
    agent = {"id": 1, "virtual_agent_id": 15, "started_at": "2026-03-01T08:00:00Z"}

    first = tell(telephone, call, virtual_agents=[agent | {"participant_id": 1}]).json()["virtual_agents"]
    again = tell(telephone, call, virtual_agents=[agent | {"participant_id": 1, "name": "Bot"}]).json()[
        "virtual_agents"
    ]

    assert first[0]["participant_id"] == again[0]["participant_id"]
    assert first[0]["participant_id"] not in call.legs.values_list("pk", flat=True)
    assert accepted_conversation(queue).legs.filter(pk__lte=first[0]["participant_id"]).count() == 0


NO_SUCH_FACTS = [
    ({"mood": "good"}, "mood"),
    ({"rating": 6}, "rating"),
    ({"rating": "4"}, "rating"),
    ({"queue_priority_level": 9}, "queue_priority_level"),
    ({"recording_permission": "maybe"}, "recording_permission"),
    ({"recording_url": "javascript:alert(1)"}, "recording_url"),
    ({"out_ticket_url": "https://a b"}, "out_ticket_url"),
    ({"lang": "English"}, "lang"),
    ({"lang": "en\n"}, "lang"),
    ({"status": "over"}, "status"),
    ({"status": "canceled"}, "status"),
    ({"session_type_v2": "Messaging (WhatsApp)"}, "session_type_v2"),
    ({"scheduled_at": "2026-03-01T08:00:00"}, "scheduled_at"),
    ({"deflection": "After hours"}, "deflection"),
    ({"feedback": "x" * 4097}, "feedback"),
    ({"feedback": "a\0b"}, "feedback"),
    ({"photos": PHOTO}, "photos"),
    ({"photos": [{"url": "a.example"}]}, "photos"),
    ({"photos": [PHOTO, PHOTO]}, "photos"),
    ({"photos": [PHOTO | {"size": 3}]}, "photos"),
    ({"in_call_sms": [{"id": 1, "direction": "up", "sent_at": "2026-03-01T08:00:00Z"}]}, "in_call_sms"),
    ({"virtual_agents": [{"id": 1, "virtual_agent_id": 2, "started_at": "yesterday"}]}, "virtual_agents"),
    ({"feedback": "half a pair: \ud83d"}, "feedback"),
    ({"dispositions": [{"id": 1, "code": "\udc00"}]}, "dispositions"),
]


def test_what_is_no_such_fact_is_refused_by_its_name_and_nothing_is_stored(queue, telephone):
    call = accepted_conversation(queue)

    answers = [tell(telephone, call, verified=True, **facts) for facts, _ in NO_SUCH_FACTS]

    assert {answer.status_code for answer in answers} == {400}
    assert [[*answer.json()["errors"]] for answer in answers] == [[field] for _, field in NO_SUCH_FACTS]
    assert not Session.objects.exists()


def test_the_message_says_which_item_and_repeats_no_value(queue, telephone):
    call = accepted_conversation(queue)

    answer = tell(telephone, call, photos=[PHOTO, {"id": 8, "url": "ftp://secret"}])

    assert answer.json()["errors"]["photos"] == ["Item 2.url: It is not of the form that is described."]
    assert "secret" not in answer.content.decode()
    agent = {
        "id": 1,
        "virtual_agent_id": 2,
        "started_at": "2026-03-01T08:00:00Z",
        "virtual_agent_params": {"order": []},
    }
    odd = tell(telephone, call, virtual_agents=[agent]).json()["errors"]["virtual_agents"]
    assert odd == ["Item 1.virtual_agent_params.order: It is of another type."]
    too_good = tell(telephone, call, rating=9, feedback="x" * 5000).json()["errors"]
    assert too_good == {"rating": ["It is more than 5."], "feedback": ["It is longer than 4096 characters."]}


def test_the_database_holds_what_must_hold(queue):
    call = accepted_conversation(queue)
    session = Session(conversation=call, told_at=timezone.now(), told_by=call.agent)

    for wrong in ({"rating": 6}, {"queue_priority_level": 9}, {"recording_permission": "yes"}, {"photos": {}}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Session.objects.bulk_create([Session(**{**vars_of(session), **wrong})])


def vars_of(session: Session) -> dict:
    return {"conversation": session.conversation, "told_at": session.told_at, "told_by": session.told_by}


def test_only_who_serves_there_finds_the_session_and_a_person_tells_of_own_conversations(queue, telephone):
    call = accepted_conversation(queue)
    outsider = client_with(*QUEUE_RIGHTS, on=QueueFactory(channel=queue.channel))
    reader = client_with(Right.VIEW_HISTORY, Right.VIEW_REPORTS, on=queue)
    mail = accepted_conversation(QueueFactory(channel=ChannelFactory(kind="email")))
    colleague = ApiClient(user_with(Right.SERVE, on=queue))

    assert [tell(client, call, rating=1).status_code for client in (outsider, reader)] == [404, 404]
    assert [client.get(address(call)).status_code for client in (outsider, reader)] == [404, 404]
    assert tell(telephone, mail, rating=1).status_code == 404
    assert tell(colleague, call, rating=1).status_code == 409
    assert not Session.objects.exists()


def test_a_call_tells_its_number_on_arrival(queue, telephone):
    QueueAddress.objects.create(queue=queue, address="+12223334444")
    user_with(Right.SERVE, on=queue, username="anna")

    def arrives(**call):
        return telephone.post_json("/api/v1/calls", call).json()["id"]

    inbound = arrives(call_id="1", to="+12223334444", **{"from": "+358401234567"})
    outbound = arrives(
        call_id="2", direction="outbound", to="+358401234567", queue=queue.name, **{"from": "+12223335555"}
    )

    numbers = {str(s.pk): (s.support_number, s.outbound_number) for s in Session.objects.all()}
    assert numbers == {inbound: ("+12223334444", ""), outbound: ("", "+12223335555")}


def test_numbers_of_conversations_are_whole_and_come_once(queue):
    calls = [accepted_conversation(queue) for _ in range(3)]

    numbers = list(Conversation.objects.values_list("number", flat=True))

    assert len(set(numbers)) == 3 and min(numbers) >= 1
    assert sorted(call.number for call in calls) == sorted(numbers)


def test_a_session_goes_with_its_conversation_and_with_what_its_customer_said(queue, telephone):
    call = accepted_conversation(queue, now=timezone.now() - timedelta(minutes=5))
    tell(telephone, call, feedback="canary", photos=[PHOTO], lang="en", rating=2, out_contact_id="canary")

    Session.objects.erase_customer_data()

    session = Session.objects.get(pk=call.pk)
    assert (session.lang, session.rating) == ("en", 2)
    with connection.cursor() as cursor:
        cursor.execute("SELECT s::text FROM conversations_session s")
        assert "canary" not in cursor.fetchone()[0]
    assert set(LISTS) <= set(Session.customer_data)
    assert "canary" not in json.dumps(list(Event.objects.values_list("detail", flat=True)))


def test_every_fact_has_a_column_and_an_example_is_what_it_may_be():
    columns = {field.name for field in Session._meta.fields}

    assert FACTS.keys() == columns - {"conversation", "told_at", "told_by"}
