"""The session metadata document, attribute by attribute."""

from __future__ import annotations

import json
import os
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from channels_cfg.models import Channel, OpeningHours, Queue, QueueAddress, Right, SystemSettings
from conversations.desk import wrap_up
from conversations.models import Conversation
from reporting.session_metadata.document import as_bytes, session_metadata
from reporting.session_metadata.reading import read_sessions
from tests.factories import ChannelFactory, ConversationFactory, QueueFactory, UserFactory, grant
from tests.reporting.session_metadata.conftest import Telephone, built, moment, served_chat

GOLDEN = Path(__file__).with_name("golden")
REWRITE = bool(os.environ.get("REWRITE_GOLDEN"))
"""For a change that is meant; read what it changes before it is kept."""
AT = "2026-03-01T08:{}+00:00".format
NOTE = "Customer needed to know our hours of operation, provided them. Customer had no further questions."
AGENT_15 = {"id": 1, "virtual_agent_id": 15, "name": "Ada", "va_alias": "ada", "started_at": AT("00:00")}


def consulted_and_transferred(telephone: Telephone, at=AT) -> str:
    """Anna has the customer on hold while she consults Bert, who takes it over and wraps it up."""
    call = telephone.arrives(at("00:00"), ivr="Menu", attached_data={"customerType": "gold", "secret": "x"})
    telephone.does(at("00:10"), call, "queue", queue=telephone.queue.name)
    telephone.does(at("00:40"), call, "allocate", agent="anna")
    telephone.does(at("00:45"), call, "accept")
    telephone.does(at("01:00"), call, "hold")
    telephone.does(at("01:20"), call, "hold", resume=True)
    telephone.does(at("02:00"), call, "consult", agent="bert")
    telephone.does(at("02:05"), call, "accept", agent="bert")
    telephone.does(at("02:30"), call, "transfer", agent="bert")
    telephone.does(at("04:00"), call, "end", ended_by="customer")
    telephone.does(at("05:00"), call, "handle")
    return call


# Attributes with the example values of the specification


def test_every_attribute_of_the_specification_has_its_example_value(telephone, helsinki):
    """Specification 003, “Sessions metadata content”."""
    at = "2023-09-11T06:{}+00:00".format
    QueueAddress.objects.create(queue=telephone.queue, address="+12223334444")
    Queue.objects.update(dispositions=["Resolved"])
    telephone.anna.first_name = "Noam"
    telephone.anna.save()
    menus = [{"id": 2420, "name": "Root"}, {"id": 4563, "name": "Hours"}, {"id": 6205, "name": "Opening hours"}]
    call = telephone.arrives("2023-09-11T09:42:01+03:00", to="+12223334444")
    telephone.does(at("42:01"), call, "allocate", agent="anna")
    telephone.does(at("42:01"), call, "accept")
    telephone.does(at("43:00"), call, "hold")
    telephone.does(at("43:23"), call, "hold", resume=True)
    telephone.does(at("45:56"), call, "end", ended_by="agent")
    wrap_up.note(
        uuid.UUID(call), by=telephone.anna, now=moment(at("46:00")), disposition="Resolved", note=NOTE, pairs={}
    )
    telephone.does(at("46:06"), call, "handle")
    telephone.tells(
        at("47:00"),
        call,
        lang="en",
        status="voicemail_received",
        scheduled_at="2023-09-11T09:42:01.000+03:00",
        out_ticket_id="12345",
        out_ticket_url="https://example.com/",
        recording_permission="granted",
        recording_url="www.example.examplecrm.com/23453732",
        outbound_number="+12223335555",
        menu_path=menus,
        queue_priority_level=8,
        rating=4,
        feedback="Great job, I love my agent",
        verified=True,
        photos=[{"id": 1, "url": "https://m.example/1.jpg"}],
        videos=[{"id": 2, "url": "https://m.example/2.mp4"}],
        text_inputs=[{"id": 3, "text": "Order 7", "created_at": at("43:00")}],
        deflection="after_hours_message_only",
        in_call_sms=[{"id": 4, "direction": "to_end_user", "body": "A link", "agent": "anna", "sent_at": at("43:30")}],
        wait_time_sms=[{"id": 5, "direction": "to_end_user", "body": "Soon", "sent_at": at("42:01")}],
    )

    document = built(call)

    shown = "2023-09-11T09:42:01.000+03:00"
    anna = telephone.anna
    assert document | {"custom_data": None} == document | {
        "lang": "en",
        "id": Conversation.objects.get(pk=call).number,
        "call_uuid": call,
        "call_type": "Voice Inbound (IVR)",
        "session_type": "Voice Inbound (IVR)",
        "session_type_v2": "Voice Inbound (IVR)",
        "status": "voicemail_received",
        "status_code": 81,
        **dict.fromkeys(("created_at", "queued_at", "assigned_at", "connected_at", "scheduled_at"), shown),
        "ends_at": "2023-09-11T09:45:56.000+03:00",
        "updated_at": "2023-09-11T09:47:00.000+03:00",
        "call_duration": 245,
        "hold_duration": 23,
        "answer_type": "manual",
        "out_ticket_id": "12345",
        "out_ticket_url": "https://example.com/",
        "recording_permission": "granted",
        "recording_url": "www.example.examplecrm.com/23453732",
        "support_number": "+12223334444",
        "outbound_number": "+12223335555",
        "queue_priority_level": 8,
        "rating": 4,
        "has_feedback": True,
        "feedback": "Great job, I love my agent",
        "verified": True,
        "photos": [{"id": 1, "photo_type": "photo", "url": "https://m.example/1.jpg"}],
        "videos": [{"id": 2, "url": "https://m.example/2.mp4"}],
        "text_inputs": [{"id": 3, "text": "Order 7", "created_at": "2023-09-11T09:43:00.000+03:00"}],
        "menu_path": {"items_count": 3, "name": "Opening hours", "materialized_path": "2420/4563/6205"},
        "agent_info": {
            "id": anna.pk,
            "name": "Noam B",
            "avatar_url": None,
            "email": "anna@example.com",
            "first_name": "Noam",
            "last_name": "B",
            "agent_number": None,
        },
        "deflection": "after_hours_message_only",
        "custom_data": None,
    }
    assert (
        document["selected_menu"] | {"id": 6205, "parent_id": 4563, "menu_type": "ivr_menu"}
        == document["selected_menu"]
    )
    assert [(row["code"], row["note"], row["agent_id"]) for row in document["dispositions"]] == [
        ("Resolved", NOTE, anna.pk)
    ]
    assert [(sms["body"], sms["agent_id"]) for sms in document["in_call_sms"]] == [("A link", anna.pk)]
    assert [sms["body"] for sms in document["wait_time_sms"]] == ["Soon"]


@pytest.mark.parametrize(
    ("channel", "direction", "session_type", "legacy"),
    [
        ("WHATSAPP", "inbound", "Messaging (WhatsApp)", "Messaging (WhatsApp)"),
        ("SMS", "inbound", "Messaging Inbound (SMS)", "Messaging (SMS)"),
        ("SMS", "outbound", "Messaging Outbound (SMS)", "Messaging Outbound (SMS)"),
        ("WEB_CHAT", "inbound", "Messaging Inbound (Web Chat)", "Messaging Inbound (Web Chat)"),
        ("RCS", "inbound", "Messaging Inbound (Mobile Chat)", "Messaging Inbound (App Chat)"),
    ],
)
def test_a_chat_is_of_the_type_of_its_channel(db, channel, direction, session_type, legacy):
    chat = ConversationFactory(messaging_channel=channel, direction=direction)

    document = built(chat)

    assert (document["session_type_v2"], document["session_type"], document["chat_type"]) == (
        session_type,
        legacy,
        legacy,
    )


# Durations


def test_whoever_is_transferred_to_has_a_row_of_its_own_and_all_adds_up(telephone):
    document = built(consulted_and_transferred(telephone))

    anna, bert = telephone.anna.pk, telephone.bert.pk
    handled = [
        (row["agent_id"], row["call_duration"], row["acw_duration"], row["hold_duration"], row["transfer_cold"])
        for row in document["handle_durations"]
    ]
    assert handled == [(anna, 105, 0, 50, None), (bert, 90, 0, 0, False), (bert, 0, 60, None, False)]
    assert (document["wait_duration"], document["call_duration"], document["hold_duration"]) == (30, 255, 50)
    assert [row["duration"] for row in document["consumer_in_menu_durations"]] == [10]
    parts = [(row["type"], row["user_id"], row["entry_type"]) for row in document["participants"]]
    assert parts == [
        ("end_user", None, "queue_or_transfer"),
        ("agent", anna, "queue_or_transfer"),
        ("agent", bert, "consultation"),
        ("agent", bert, "queue_or_transfer"),
    ]
    (transfer,) = document["transfers"]
    assert (transfer["from_agent"]["id"], transfer["to_agent"]["id"]) == (anna, bert)
    assert (transfer["status"], transfer["call_duration"], transfer["wait_duration"]) == ("transferred", 90, 0)


def test_a_transfer_to_a_queue_waits_there_and_who_rejects_took_no_part(telephone, queue):
    support = QueueFactory(name="Support", channel=queue.channel)
    for user in (telephone.user, telephone.anna, telephone.bert):
        grant(user, Right.SERVE, on=support)
    call = telephone.arrives(AT("00:00"), queue="Sales")
    telephone.does(AT("00:12"), call, "allocate", agent="anna")
    telephone.does(AT("00:14"), call, "accept")
    telephone.does(AT("01:00"), call, "transfer", queue="Support")
    telephone.does(AT("01:10"), call, "allocate", agent="anna")
    telephone.does(AT("01:15"), call, "reject")
    telephone.does(AT("01:18"), call, "allocate", agent="bert")
    telephone.does(AT("01:20"), call, "accept")
    telephone.does(AT("02:40"), call, "end", ended_by="customer")
    telephone.does(AT("02:46"), call, "handle")

    document = built(call)

    (transfer,) = document["transfers"]
    waits = [(row["menu_path"], row["queue_duration"], row["transfer_id"]) for row in document["queue_durations"]]
    assert waits == [("Sales", 12, None), ("Support", 18, transfer["id"])]
    assert (transfer["wait_duration"], transfer["from_menu_path"]["name"], transfer["to_menu_path"]["name"]) == (
        18,
        "Sales",
        "Support",
    )
    handled = [(row["menu_path"], row["call_duration"], row["transfer_cold"]) for row in document["handle_durations"]]
    assert handled == [("Sales", 46, None), ("Support", 80, True), ("Support", 0, True)]
    assert [row["user_id"] for row in document["participants"] if row["type"] == "agent"] == [
        telephone.anna.pk,
        telephone.bert.pk,
    ]


@pytest.mark.parametrize(
    ("start", "end", "offsets"),
    [
        ("2026-03-29T00:59:00+00:00", "2026-03-29T01:01:00+00:00", ("+02:00", "+03:00")),
        ("2026-10-25T00:59:00+00:00", "2026-10-25T01:01:00+00:00", ("+03:00", "+02:00")),
    ],
)
def test_an_hour_that_is_left_out_or_comes_twice_makes_no_call_longer(telephone, helsinki, start, end, offsets):
    call = telephone.arrives(start, queue="Sales")
    telephone.does(start, call, "allocate", agent="anna")
    telephone.does(start, call, "accept")
    telephone.does(end, call, "end", ended_by="customer")
    virtual = {"started_at": start, "connected_at": end, "ended_at": end}
    telephone.tells(
        end, call, virtual_agents=[AGENT_15 | virtual, AGENT_15 | virtual | {"id": 2, "connected_at": start}]
    )

    document = built(call)

    assert document["call_duration"] == 120
    assert (document["connected_at"][-6:], document["ends_at"][-6:]) == offsets
    assert moment(document["connected_at"]) == moment(start)


# Who answered


def test_of_a_call_that_a_virtual_agent_passed_on_nobody_is_the_agent_and_both_took_part(telephone):
    call = consulted_and_transferred(telephone)
    passed_on = {
        "connected_at": AT("00:02"),
        "ended_at": AT("00:10"),
        "finish_reason": "escalated",
        "escalation_reason": "by_virtual_agent",
        "virtual_agent_params": {"intent": "buy"},
    }
    telephone.tells(AT("06:00"), call, virtual_agents=[AGENT_15 | passed_on])

    document = built(call)

    assert "agent_info" not in document
    assert (document["answer_type"], document["status"]) == ("manual", "finished")
    connected_at, queued_at = (moment(document[name]) for name in ("connected_at", "queued_at"))
    assert moment(document["va_connected_at"]) == connected_at < queued_at
    assert [row["call_duration"] for row in document["virtual_agent_handle_durations"]] == [8]
    assert [row["from_virtual_agent"]["id"] for row in document["escalations"]] == [15]
    (virtual,) = [row for row in document["participants"] if row["type"] == "virtual_agent"]
    assert (virtual["virtual_agent_params"], virtual["call_duration"]) == ({"intent": "buy"}, 8)
    assert len({row["id"] for row in document["participants"]}) == len(document["participants"])


def test_what_a_virtual_agent_settled_alone_is_finished_and_its_own(telephone):
    call = telephone.arrives(AT("00:00"), ivr="Menu")
    telephone.tells(AT("00:01"), call, virtual_agents=[AGENT_15])
    assigned = built(call)
    telephone.tells(AT("00:02"), call, virtual_agents=[AGENT_15 | {"connected_at": AT("00:02")}])
    connected = built(call)
    telephone.tells(
        AT("00:30"), call, virtual_agents=[AGENT_15 | {"connected_at": AT("00:02"), "ended_at": AT("00:30")}]
    )
    telephone.does(AT("00:30"), call, "end", ended_by="customer")

    document = built(call)

    assert [row["status"] for row in (assigned, connected, document)] == ["va_assigned", "va_connected", "finished"]
    assert (document["answer_type"], document["agent_info"]["va_alias"]) == ("auto", "ada")


# What became of it


def test_a_call_that_nobody_accepted_says_why(telephone, queue):
    in_menu = telephone.arrives(AT("00:00"), ivr="Menu")
    telephone.does(AT("00:10"), in_menu, "end", ended_by="customer")
    waiting = telephone.arrives(AT("00:01"), queue="Sales")
    telephone.does(AT("00:40"), waiting, "end", ended_by="customer")
    Queue.objects.filter(pk=queue.pk).update(opening_hours=OpeningHours.objects.create(name="Never", weekly=[]))
    closed = telephone.arrives(AT("00:02"), queue="Sales")

    told = [
        [document[name] for name in ("status", "status_code", "fail_reason", "deflection", "wait_duration")]
        for document in map(built, (in_menu, waiting, closed))
    ]

    assert told == [
        ["failed", 9, "eu_in_menu_abandoned", "no_deflection", 0],
        ["failed", 9, "eu_abandoned", "no_deflection", 39],
        ["deflected", 11, "nothing", "after_hours_message_only", 0],
    ]


def test_a_chat_counts_its_messages_and_how_long_answers_took(db):
    queue, agent = QueueFactory(name="Chat"), UserFactory(username="anna")

    document = built(served_chat(queue, agent))

    assert (document["message_count"], document["average_response_time"], document["longest_response_time"]) == (
        4,
        15,
        20,
    )
    assert (document["chat_duration"], document["wait_duration"]) == (270 + 60, 30)
    talk, wrap_up = document["handle_durations"]
    assert (talk["chat_duration"], talk["response_count"], wrap_up["acw_duration"]) == (270, 2, 60)
    assert document["agent_info"]["id"] == agent.pk
    assert "hold_duration" not in document and document["fail_reason"] is None


# Attached data


@pytest.mark.parametrize(
    ("system", "channel", "of_queue", "shown"),
    [
        ("", "", "", False),
        ("included", "", "", True),
        ("included", "", "left_out", False),
        ("left_out", "included", "", True),
        ("", "left_out", "included", True),
    ],
)
def test_the_file_holds_what_was_kept_where_the_settings_say_so(db, system, channel, of_queue, shown):
    SystemSettings(kept_data_in_session_metadata=system).save()
    kept_keys = ["customerType", "reserved_bad_actor"]
    chats = ChannelFactory(statistics_keys=kept_keys, kept_data_in_session_metadata=channel)
    queue = QueueFactory(channel=chats, kept_data_in_session_metadata=of_queue)
    chat = served_chat(queue, UserFactory())
    Conversation.objects.filter(pk=chat.pk).update(kept_data={"customerType": "gold", "reserved_bad_actor": True})

    document = built(chat)

    flags = {"verified_customer": None, "bad_actor": True, "repeat_customer": None}
    assert document["custom_data"] == ({"signed": None, "unsigned": {"customerType": "gold"}} if shown else None)
    assert document["customer_flags"] == (flags if shown else None)
    assert shown or "gold" not in json.dumps(document)


@pytest.mark.parametrize("model", ["queue", "channel", "systemsettings"])
def test_who_saves_a_page_for_another_reason_leaves_it_open_whether_files_hold_kept_data(db, model):
    client, queue = Client(), QueueFactory()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    pk = {"queue": queue.pk, "channel": queue.channel_id, "systemsettings": 1}[model]

    form = client.get(reverse(f"admin:channels_cfg_{model}_change", args=[pk])).context["adminform"].form

    choices = form.fields["kept_data_in_session_metadata"].choices
    assert [value for value, _label in choices] == ["", "included", "left_out"]


# A pure function, for many at once


def test_built_twice_or_with_others_it_is_equal_byte_for_byte_in_as_many_queries(telephone, queue):
    calls = [consulted_and_transferred(telephone, at) for at in (AT, "2026-03-02T09:{}+00:00".format)]
    telephone.tells(AT("09:00"), calls[0], dispositions=[{"id": 1, "code": "Sold", "agent": "bert"}])
    chats = [served_chat(QueueFactory(), UserFactory()).pk for _ in range(2)]
    ids = [*(Conversation.objects.get(pk=call).pk for call in calls), *chats]

    with CaptureQueriesContext(connection) as of_two:
        few = [as_bytes(session_metadata(stored)) for stored in read_sessions([ids[0], ids[2]])]
    with CaptureQueriesContext(connection) as of_all:
        many = [as_bytes(session_metadata(stored)) for stored in read_sessions(ids)]

    assert few == [many[0], many[2]]
    assert len(many) == 4 and len(of_two) == len(of_all) <= 10
    assert ConversationFactory(channel__kind="email").pk not in [s.conversation.pk for s in read_sessions(ids)]


def test_mail_and_tasks_have_no_document(db):
    mail = ConversationFactory(channel__kind=Channel.Kind.EMAIL)

    assert read_sessions([mail.pk]) == []


# Golden files


def without_ids(document: Any) -> Any:
    """Ids are others each time."""

    def masked(name: str, value: Any) -> Any:
        is_id = name in ("id", "materialized_path") or name.endswith(("_id", "_uuid"))
        return "#" if is_id and value is not None else without_ids(value)

    if isinstance(document, dict):
        return {name: masked(name, value) for name, value in document.items()}
    return [without_ids(row) for row in document] if isinstance(document, list) else document


def test_a_call_and_a_chat_are_as_they_always_were(telephone, queue):
    call = consulted_and_transferred(telephone)
    telephone.tells(AT("06:00"), call, virtual_agents=[AGENT_15], rating=4, lang="fi")
    chat = served_chat(QueueFactory(name="Chat"), telephone.anna, messaging_channel="WHATSAPP")

    for name, conversation in (("call", call), ("chat", chat)):
        text = json.dumps(without_ids(built(conversation)), ensure_ascii=False, indent=1) + "\n"
        golden = GOLDEN / f"{name}.json"
        if REWRITE:
            golden.write_text(text)
        assert text == golden.read_text()
