from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from channels_cfg.models import Channel, Right, Source
from conversations import lifecycle
from conversations.attached_data.attach import attach_data
from conversations.models import Conversation, DeliveryStatus, ExternalReference, Message
from conversations.transcript import SHOWN_AT_FIRST
from tests.factories import (
    ChannelFactory,
    MessagingServiceFactory,
    QueueFactory,
    UserFactory,
    accepted_conversation,
    ended_conversation,
    queued_conversation,
    user_with,
)

pytestmark = pytest.mark.django_db

HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def queue():
    return QueueFactory(channel=ChannelFactory(statistics_keys=["customerType", "region"]))


@pytest.fixture
def viewer(queue):
    return user_with(Right.VIEW_HISTORY, on=queue, time_zone="Europe/Helsinki")


@pytest.fixture
def client(viewer) -> Client:
    browser = Client()
    browser.force_login(viewer)
    return browser


def page(client: Client, path: str, **headers) -> str:
    response = client.get(path, **headers)
    assert response.status_code == 200
    return response.content.decode()


def in_words(html: str) -> str:
    """What a reader sees of the page, with single spaces."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))


# The list


def test_the_list_shows_kept_data_only(client, queue):
    ended_conversation(queue, data={"customerType": "canary-kept", "secret": "canary-gone"})
    accepted_conversation(queue, data={"customerType": "canary-live"})

    html = page(client, "/history/")

    assert "canary-kept" in html
    assert "canary-gone" not in html
    assert "canary-live" not in html


def test_a_form_is_folded_into_the_shortest_address_that_says_the_same(client):
    sent = (
        "q=&period=last_week&received_after=2026-11-01&kept_key=customerType&kept_operator=%3D&kept_text=a%26b&kept=x"
    )

    response = client.get(f"/history/?{sent}")

    assert response.status_code == 302
    assert response.url == "/history/?period=last_week&kept=x&kept=customerType=a%26b"


def test_htmx_gets_the_results_alone_and_the_address_that_says_it_all(client, queue):
    queued_conversation(queue, customer_name="Maija Korhonen")

    response = client.get("/history/?q=maija&state=queued&customer=", **HTMX)

    assert "<html" not in response.content.decode()
    assert "Maija Korhonen" in response.content.decode()
    assert response.headers["HX-Push-Url"] == "/history/?q=maija&state=queued"


def test_going_back_gets_the_whole_page(client):
    assert "<html" in page(client, "/history/?q=x", **HTMX, HTTP_HX_HISTORY_RESTORE_REQUEST="true")


@pytest.mark.parametrize("query", ["received_after=soon", "after=nowhere", "queue=x", "kept=9", "before=%00"])
def test_what_cannot_be_searched_is_told_in_words(client, query):
    assert "This search cannot be made" in page(client, f"/history/?{query}")


def test_what_was_typed_wrong_stays_and_says_how_it_is_written(client):
    answer = page(client, "/history/?received_after=last+summer")

    assert "This is not a date or time. Write it like 2026-11-21" in answer
    assert 'value="last summer"' in answer


def test_what_the_form_sends_without_scripts_is_searched_for(client, queue):
    ended_conversation(queue, data={"customerType": "gold"}, customer_name="Maija Korhonen")
    ended_conversation(queue, data={"customerType": "silver"}, customer_name="Erik Svensson")

    sent = {"q": "", "kept_key": "customerType", "kept_operator": "=", "kept_text": "silver"}
    answer = client.get("/history/", sent, follow=True).text

    assert "Erik Svensson" in answer and "Maija Korhonen" not in answer


def test_empty_lists_lead_on(client):
    assert "Nothing yet" in page(client, "/history/")
    assert "No conversation matches" in page(client, "/history/?q=nobody")
    newcomer = Client()
    newcomer.force_login(UserFactory())
    assert "There is no history for you to view" in page(newcomer, "/history/")


def test_the_list_costs_the_same_for_one_conversation_and_for_twenty(
    client, queue, django_assert_max_num_queries, django_assert_num_queries
):
    ended_conversation(queue, data={"customerType": "gold"})
    with django_assert_max_num_queries(30) as for_one:
        page(client, "/history/")

    for _ in range(19):
        ended_conversation(queue, agent=UserFactory(), data={"customerType": "gold"})

    with django_assert_num_queries(len(for_one.captured_queries)):
        page(client, "/history/")


def test_pages_are_not_kept_by_browsers(client):
    assert "no-store" in client.get("/history/").headers["Cache-Control"]


def test_a_stranger_signs_in_first():
    assert Client().get("/history/?q=x").url == "/accounts/login/?next=/history/%3Fq%3Dx"
    assert Client().get("/history/", **HTMX).headers["HX-Redirect"].startswith("/accounts/login/")


# One conversation


def test_the_detail_says_why_each_configured_key_has_no_value(client, queue):
    conversation = ended_conversation(queue, data={"customerType": "gold", "customerId": "canary-7"})
    queue.channel.statistics_keys = ["customerType", "later"]
    queue.channel.save()

    words = in_words(page(client, f"/history/{conversation.pk}/"))

    assert "customerType gold Customer" in words
    assert "region Not provided" in words
    assert "later Not kept by the settings" in words
    assert "customerId Not kept by the settings" in words
    assert "canary-7" not in words
    assert f"settings version {conversation.settings_version}" in words


def test_the_detail_of_an_abandoned_conversation_says_so_for_each_key(client, queue):
    conversation = queued_conversation(queue, data={"customerType": "canary-gold"})
    lifecycle.end(conversation.pk, now=timezone.now(), ended_by="customer")

    words = in_words(page(client, f"/history/{conversation.pk}/"))

    assert "customerType Abandoned: nothing is kept" in words
    assert "canary-gold" not in words


def test_the_detail_of_an_active_conversation_shows_no_attached_data(client, queue):
    conversation = accepted_conversation(queue, data={"customerType": "canary-gold", "hidden": "canary-x"})

    words = in_words(page(client, f"/history/{conversation.pk}/"))

    assert "customerType Decided when the conversation ends" in words
    assert "canary" not in words


def test_a_parent_on_the_list_is_not_missing_where_its_leaves_are_kept(client, queue):
    queue.statistics_keys = ["customer_data"]
    queue.save()
    conversation = ended_conversation(queue, data={"customer_data": {"id": 7, "vip": True}})

    words = in_words(page(client, f"/history/{conversation.pk}/"))

    assert "customer_data.id 7" in words
    assert "customer_data.vip true" in words
    assert "Not provided" not in words


def test_the_transcript_shows_who_what_when_and_how_far_it_got(client, queue, viewer):
    service = MessagingServiceFactory(queue=queue)
    thread = ExternalReference.objects.create(door="conversation_api", service=service, external_id="T1")
    conversation = accepted_conversation(queue, agent=viewer, customer_name="Maija", reference=thread)
    said = {
        "conversation": conversation, "reference": thread, "messaging_channel": "WHATSAPP", "sent_at": timezone.now()
    }  # fmt: skip
    Message.objects.create(author="agent", agent=viewer, text="Blue or red?", external_id="M1", **said)
    Message.objects.create(author="customer", text="that one", reply_to="M1", external_id="M2", **said)
    Message.objects.create(author="customer", text="<b>See</b> https://m.example/a?b=1, javascript:alert(1)", **said)
    Message.objects.create(author="customer", text="*****", rank=[1, "2026", "x"], external_id="M3", **said)
    DeliveryStatus.objects.create(
        service=service, message_external_id="M1", status="FAILED", reason_code="RECIPIENT_NOT_REACHABLE", rank=9,
        at=timezone.now(),
    )  # fmt: skip

    html = page(client, f"/history/{conversation.pk}/")

    words = in_words(html)
    assert "Failed: Recipient not reachable" in words
    assert words.count("Blue or red?") == 2  # said, and quoted
    assert 'href="https://m.example/a?b=1" rel="noopener noreferrer nofollow" target="_blank">' in html
    assert "&lt;b&gt;See" in html and 'href="javascript:' not in html
    assert "Redacted" in words


def test_a_long_transcript_begins_with_what_was_said_last(client, queue, viewer):
    thread = ExternalReference.objects.create(
        door="conversation_api", service=MessagingServiceFactory(queue=queue), external_id="T1"
    )
    conversation = accepted_conversation(queue, agent=viewer, reference=thread)
    number = SHOWN_AT_FIRST + 7
    Message.objects.bulk_create(
        Message(
            conversation=conversation,
            reference=thread,
            author="customer" if place == number - 1 else "agent",
            messaging_channel="WHATSAPP",
            text=f"Number {place:04}.",
            external_id=f"M{place}",
            reply_to="M0" if place == number - 1 else "",
            sent_at=conversation.received_at + timedelta(seconds=place),
        )
        for place in range(number)
    )
    address = f"/history/{conversation.pk}/"

    last, whole = in_words(page(client, address)), in_words(page(client, f"{address}?messages=all"))

    assert "7 earlier messages are not shown. Show all" in last
    assert last.count("Number") == SHOWN_AT_FIRST + 1
    assert last.index("Number 0007.") < last.index("Number 0000.") < last.index(f"Number {number - 1:04}.")  # quoted
    assert "earlier message" not in whole
    assert whole.count("Number") == number + 1


def test_the_timeline_tells_how_a_transferred_conversation_went(client, queue, viewer):
    other = QueueFactory(channel=queue.channel, name="Complaints")
    agent = UserFactory(first_name="Ada")
    conversation = accepted_conversation(queue, agent=agent, now=timezone.now() - timedelta(seconds=125))
    lifecycle.transfer(conversation.pk, by=agent, queue=other, now=timezone.now())
    lifecycle.accept(conversation.pk, by=agent, now=timezone.now())
    lifecycle.transfer(conversation.pk, by=agent, queue=queue, now=timezone.now())

    words = in_words(page(client, f"/history/{conversation.pk}/"))

    assert "Transferred" in words
    assert "to Complaints" in words
    assert "2 min 5 s later" in words


def test_the_legs_tell_who_was_consulted_and_how_long_the_customer_was_on_hold(client, queue, viewer):
    call = lifecycle.receive(channel=queue.channel, now=timezone.now() - timedelta(minutes=9))
    lifecycle.enter_ivr(call.pk, now=call.received_at)
    lifecycle.enqueue(call.pk, queue=queue, now=call.received_at + timedelta(seconds=70))
    lifecycle.accept(call.pk, by=viewer, now=call.received_at + timedelta(seconds=80))
    lifecycle.consult(
        call.pk, by=viewer, agent=UserFactory(first_name="Ben"), now=timezone.now() - timedelta(minutes=5)
    )
    lifecycle.end_consultation(call.pk, by=viewer, now=timezone.now() - timedelta(minutes=3))

    words = in_words(page(client, f"/history/{call.pk}/"))

    assert "In the IVR 1 min 10 s" in words
    assert "Customer on hold for 2 min" in words
    assert "Agent Consulted" in words
    assert "never connected" in words


def test_what_took_less_than_a_second_is_no_blank(client, queue, viewer):
    call = lifecycle.receive(channel=queue.channel, now=timezone.now() - timedelta(minutes=1))
    at = call.received_at
    lifecycle.enter_ivr(call.pk, now=at)
    lifecycle.enqueue(call.pk, queue=queue, now=at + timedelta(milliseconds=400))
    lifecycle.accept(call.pk, by=viewer, now=at + timedelta(seconds=5))
    lifecycle.hold(call.pk, by=viewer, now=at + timedelta(seconds=9))
    lifecycle.hold(call.pk, by=viewer, now=at + timedelta(seconds=9.3), resume=True)

    words = in_words(page(client, f"/history/{call.pk}/"))

    assert "In the IVR 0 s" in words
    assert "Customer on hold for 0 s" in words


def test_what_is_not_granted_is_answered_like_what_does_not_exist(client):
    foreign = ended_conversation(QueueFactory(), customer_name="Canary Korhonen")

    for form in (str(foreign.pk), foreign.hex_id):
        answer = client.get(f"/history/{form}/")
        unknown = client.get("/history/00000000-0000-4000-8000-000000000000/")
        assert answer.status_code == unknown.status_code == 404
        assert without_secrets(answer.content) == without_secrets(unknown.content)
        assert b"Canary" not in answer.content


def without_secrets(html: bytes) -> bytes:
    """The page without its CSRF tokens and the marks of its forms, which differ each time."""
    return re.sub(rb'(value|X-CSRFToken)[="\': ]+\w{64}|name="_form" value="[^"]+"', b"", html)


def test_an_id_is_read_as_uuid_or_as_32_digits_in_any_case(client, queue):
    conversation = ended_conversation(queue, customer_name="Maija Korhonen")

    for form in (str(conversation.pk), str(conversation.pk).upper(), conversation.pk.hex, conversation.hex_id):
        assert "Maija Korhonen" in page(client, f"/history/{form}/")


def test_the_detail_costs_the_same_for_few_rows_and_for_many(client, queue, viewer, django_assert_num_queries):
    conversation = accepted_conversation(queue, agent=viewer, data={"customerType": "gold"})
    path = f"/history/{conversation.pk}/"
    page(client, path)

    def more():
        for number in range(10):
            Message.objects.create(
                conversation=conversation, author="customer", text=str(number), sent_at=timezone.now()
            )
            attach_data(conversation, {f"k{number}": number}, source=Source.AGENT, at=timezone.now())
        other = QueueFactory(channel=queue.channel)
        lifecycle.transfer(conversation.pk, by=viewer, queue=other, now=timezone.now())
        lifecycle.accept(conversation.pk, by=viewer, now=timezone.now())
        lifecycle.transfer(conversation.pk, by=viewer, queue=queue, now=timezone.now())

    with CaptureQueriesContext(connection) as before:
        page(client, path)
    more()
    with django_assert_num_queries(len(before)):
        page(client, path)


def test_a_value_is_text_whatever_it_looks_like(client, queue):
    conversation = ended_conversation(queue, data={"customerType": "<script>alert(1)</script>{{ 7 }}"})

    for path in ("/history/", f"/history/{conversation.pk}/"):
        assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7 }}" in page(client, path)


def test_voice_and_email_conversations_have_a_history_too(client, viewer):
    for kind in Channel.Kind.values:
        queue = QueueFactory(channel=ChannelFactory(kind=kind))
        user = user_with(Right.VIEW_HISTORY, on=queue)
        browser = Client()
        browser.force_login(user)
        conversation = ended_conversation(queue)
        assert "Timeline" in page(browser, f"/history/{conversation.pk}/")
    assert Conversation.objects.count() == 3
