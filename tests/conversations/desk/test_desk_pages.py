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
from conversations.attached_data.visible import live_pairs
from conversations.models import Conversation, Event, LiveDatum, Message, State
from conversations.topics import WAITS_FOR
from tests.conversations.desk.conftest import news_path, page, signed_in
from tests.factories import (
    ChannelFactory,
    QueueFactory,
    UserFactory,
    accepted_conversation,
    ended_conversation,
    grant,
    queued_conversation,
    user_with,
)

pytestmark = pytest.mark.django_db


def after_doing(client: Client, conversation: Conversation, action: str, **sent: object) -> str:
    """The page that follows an action."""
    return client.post(f"/desk/{conversation.pk}/{action}/", sent, follow=True).content.decode()


# What lies on a desk


def test_a_desk_holds_what_waits_and_what_is_mine(client, queue, agent):
    names = ["Waiting", "Offered", "Served", "Wrapped"]
    waiting, offered, served, wrapped = (queued_conversation(queue, customer_name=name) for name in names)
    lifecycle.allocate(offered.pk, agent=agent, now=timezone.now())
    lifecycle.accept(served.pk, by=agent, now=timezone.now())
    lifecycle.accept(wrapped.pk, by=agent, now=timezone.now())
    lifecycle.end(wrapped.pk, by=agent, now=timezone.now())

    html = page(client, "/desk/")

    for conversation in (waiting, offered, served, wrapped):
        assert conversation.customer in html
        assert page(client, f"/desk/{conversation.hex_id}/")


def test_what_another_agent_has_or_another_queue_holds_is_not_there(client, queue, agent):
    elsewhere = queued_conversation(QueueFactory(), customer_name="Canary Elsewhere")
    of_another = accepted_conversation(queue, customer_name="Canary Another")
    handled = ended_conversation(queue, agent=agent, customer_name="Canary Handled")
    lifecycle.handle(handled.pk, by=agent, now=timezone.now())
    mine_without_right = accepted_conversation(QueueFactory(), agent=agent, customer_name="Canary Unrightful")

    assert "Canary" not in page(client, "/desk/")
    for conversation in (elsewhere, of_another, handled, mine_without_right):
        assert client.get(f"/desk/{conversation.pk}/").status_code == 404


@pytest.mark.parametrize("action", ["accept", "reject", "end", "handle", "transfer", "destroy"])
def test_no_action_reaches_what_is_not_granted(client, action):
    foreign = queued_conversation(QueueFactory())

    assert client.post(f"/desk/{foreign.pk}/{action}/").status_code == 404

    assert Conversation.objects.get(pk=foreign.pk).version == foreign.version


def test_actions_are_done_by_post_with_a_token_only(agent, queue):
    conversation = queued_conversation(queue)
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(agent)

    assert careful.get(f"/desk/{conversation.pk}/accept/").status_code == 405
    assert careful.post(f"/desk/{conversation.pk}/accept/").status_code == 403
    assert Conversation.objects.get(pk=conversation.pk).state == State.QUEUED


# Actions


def test_an_agent_accepts_ends_and_handles(client, queue, agent):
    conversation = queued_conversation(queue, data={"customerType": "gold", "customerId": "canary-7"})

    assert "canary-7" in after_doing(client, conversation, "accept")
    ended = after_doing(client, conversation, "end")

    assert "gold" in ended
    assert "canary-7" not in ended
    assert "Kept 1, removed 1" in ended
    assert "customerId" in ended
    assert "Wrap-up is over" in after_doing(client, conversation, "handle")
    assert Conversation.objects.get(pk=conversation.pk).state == State.HANDLED


def test_a_conversation_on_hold_says_since_when(client, queue, agent):
    conversation = accepted_conversation(queue, agent=agent)
    assert "hold_lasts" not in client.get(f"/desk/{conversation.pk}/").text

    lifecycle.hold(conversation.pk, by=agent, now=timezone.now())

    html = client.get(f"/desk/{conversation.pk}/").text
    assert re.search(r'id="hold_lasts" [^>]*title="Since [^"]*\d\d:\d\d:\d\d[^"]*">On hold', html)


@pytest.mark.parametrize("actions", [["accept"], ["accept", "end"], ["accept", "end", "handle"]])
def test_a_second_click_changes_nothing(client, queue, actions):
    conversation = queued_conversation(queue)
    for action in actions:
        after_doing(client, conversation, action)
    before = Conversation.objects.get(pk=conversation.pk)

    answer = client.post(f"/desk/{conversation.pk}/{actions[-1]}/", follow=True)

    assert answer.status_code == 200
    assert Conversation.objects.get(pk=conversation.pk).version == before.version
    assert 'id="notices"' not in answer.text


def test_who_comes_second_is_told_who_was_first(client, queue):
    conversation = queued_conversation(queue)
    ben = user_with(Right.SERVE, on=queue, first_name="Ben")
    lifecycle.accept(conversation.pk, by=ben, now=timezone.now())

    for action in ("accept", "end"):
        assert "Ben has this conversation already" in after_doing(client, conversation, action)
    assert "would have to be offered" in after_doing(client, conversation, "reject")
    assert Conversation.objects.get(pk=conversation.pk).agent == ben
    assert Conversation.objects.get(pk=conversation.pk).state == State.ACCEPTED


def test_an_agent_ends_only_what_the_agent_serves(client, queue):
    conversation = queued_conversation(queue)

    assert "would have to be accepted" in after_doing(client, conversation, "end")
    assert Conversation.objects.get(pk=conversation.pk).state == State.QUEUED


def test_a_rejected_offer_waits_again(client, queue, agent):
    conversation = queued_conversation(queue)
    lifecycle.allocate(conversation.pk, agent=agent, now=timezone.now())

    assert "You rejected the conversation" in after_doing(client, conversation, "reject")

    assert Conversation.objects.get(pk=conversation.pk).state == State.QUEUED


def test_a_conversation_is_transferred_to_a_granted_queue_of_its_channel_only(client, queue, agent):
    granted = QueueFactory(channel=queue.channel, name="Complaints")
    grant(agent, Right.VIEW_HISTORY, on=granted)
    of_other_channel, foreign = QueueFactory(), QueueFactory(channel=queue.channel, name="Canary queue")
    grant(agent, Right.SERVE, on=of_other_channel)
    conversation = accepted_conversation(queue, agent=agent, data={"customerType": "gold"})

    for refused in (of_other_channel.pk, foreign.pk, queue.pk, "", "x"):
        assert "Choose from the list" in after_doing(client, conversation, "transfer", to=f"queue:{refused}")
    assert "Canary queue" not in page(client, f"/desk/{conversation.pk}/")

    assert "waits in Complaints now" in after_doing(client, conversation, "transfer", to=f"queue:{granted.pk}")
    assert live_pairs(conversation) == {"customerType": "gold"}


def test_a_colleague_is_consulted_and_brought_in(client, queue, agent):
    conversation = accepted_conversation(queue, agent=agent, data={"customerType": "gold"})
    ben = user_with(Right.SERVE, on=queue, first_name="Ben")
    stranger = user_with(Right.SERVE, on=QueueFactory())
    bens = signed_in(ben)
    assert 'id="waits_for_me" value="0"' in page(bens, "/desk/")

    assert "Choose from the list" in after_doing(client, conversation, "consult", to=f"agent:{stranger.pk}")
    assert "You asked Ben" in after_doing(client, conversation, "consult", to=f"agent:{ben.pk}")
    asked = page(bens, f"/desk/{conversation.pk}/")
    assert "Ada serves the customer and asks you" in asked
    assert 'id="waits_for_me" value="1"' in asked and "Asks you" in asked
    assert "has this conversation already" in after_doing(bens, conversation, "end")
    consulted = after_doing(bens, conversation, "accept_consultation")
    assert "You are consulted" in consulted
    assert 'id="waits_for_me" value="0"' in consulted and "Asks you" not in consulted
    assert "All are in the conversation now" in after_doing(client, conversation, "conference")
    after_doing(client, conversation, "transfer", to=f"agent:{ben.pk}")

    assert Conversation.objects.get(pk=conversation.pk).agent == ben
    assert client.get(f"/desk/{conversation.pk}/").status_code == 404


def test_whoever_is_asked_may_decline(client, queue, agent):
    conversation = accepted_conversation(queue, agent=agent)
    ben = user_with(Right.SERVE, on=queue, first_name="Ben")
    after_doing(client, conversation, "consult", to=f"agent:{ben.pk}")

    assert "The consultation is over" in after_doing(signed_in(ben), conversation, "end_consultation")

    assert signed_in(ben).get(f"/desk/{conversation.pk}/").status_code == 404


def test_only_who_serves_puts_on_hold(client, queue, agent):
    of_another = accepted_conversation(queue)
    mine = accepted_conversation(queue, agent=agent)

    assert "has this conversation already" in after_doing(client, of_another, "hold")
    assert "hold_lasts" in after_doing(client, mine, "hold")
    assert "hold_lasts" not in after_doing(client, mine, "resume")


def test_an_offer_counts_down_by_the_clock_of_the_portal(client, agent):
    queue = QueueFactory(channel=ChannelFactory(pick_up_seconds=60))
    grant(agent, Right.SERVE, on=queue)
    offered = queued_conversation(queue)
    lifecycle.allocate(offered.pk, agent=agent, now=timezone.now() - timedelta(seconds=20))

    html = page(client, "/desk/")

    left = int(re.search(r'data-left="(\d+)"', html)[1])
    assert 35 <= left <= 40
    assert 'id="waits_for_me" value="1"' in html


# Wrap-up


def test_wrap_up_asks_for_what_the_queue_requires_and_keeps_what_was_entered(client, agent):
    channel = ChannelFactory(statistics_keys=["orderId"], dispositions=["Sold", "Complaint"])
    queue = QueueFactory(channel=channel, required_keys=["orderId"], wrap_up_keys=["reason"])
    grant(agent, Right.SERVE, on=queue)
    conversation = ended_conversation(queue, agent=agent, data={"customerId": "canary-7"})

    refused = after_doing(
        client, conversation, "wrap-up", finish="yes", note="Calls back.", **{"key-reason": "price", "key-other": "x"}
    )
    assert "Still to be noted: disposition and orderId." in refused
    assert "Calls back." in refused
    noted = {"disposition": "Sold", "note": "Calls back.", "key-orderId": "A-17", "key-reason": "price"}
    assert "Kept: 2, removed: 1" in after_doing(client, conversation, "wrap-up", finish="yes", **noted)

    handled = Conversation.objects.get(pk=conversation.pk)
    assert (handled.state, handled.disposition, handled.note) == (State.HANDLED, "Sold", "Calls back.")
    assert handled.kept_data == {"orderId": "A-17", "reason": "price"}
    noted = handled.events.filter(kind=Event.Kind.NOTED)
    assert list(noted.values_list("actor", "detail")) == [(agent.pk, {}), (agent.pk, {})]


# Data


def test_an_agent_attaches_a_pair_to_what_the_agent_serves(client, queue, agent):
    conversation = accepted_conversation(queue, agent=agent)
    of_another = accepted_conversation(queue)

    assert "gold" in after_doing(client, conversation, "attach", key="customerType", value="gold")
    assert "1st" in after_doing(client, conversation, "attach", key="1st", value="x")
    after_doing(client, of_another, "attach", key="customerType", value="gold")

    assert live_pairs(conversation) == {"customerType": "gold"}
    assert LiveDatum.objects.get().source == Source.AGENT
    assert live_pairs(of_another) == {}


def test_an_email_task_shows_its_listed_keys_and_its_body(agent):
    channel = ChannelFactory(kind=Channel.Kind.EMAIL, allocation_keys=["orderId", "XRI-body"])
    queue = QueueFactory(channel=channel)
    grant(agent, Right.SERVE, on=queue)
    data = {"orderId": "A-17", "XRI-body": "Please call back.", "secret": "canary"}
    conversation = accepted_conversation(queue, agent=agent, data=data)

    html = page(signed_in(agent), f"/desk/{conversation.pk}/")

    assert "A-17" in html
    assert "Please call back." in html
    assert "XRI-body" not in html
    assert "canary" not in html


def test_where_the_channel_lets_them_agents_see_all_data_until_handled(agent):
    channel = ChannelFactory(statistics_keys=["customerType"], live_data_until_handled=True)
    queue = QueueFactory(channel=channel)
    grant(agent, Right.SERVE, on=queue)
    conversation = ended_conversation(queue, agent=agent, data={"customerType": "gold", "customerId": "canary-7"})

    html = page(signed_in(agent), f"/desk/{conversation.pk}/")

    assert "canary-7" in html
    assert "Gone when you finish" in html
    after_doing(signed_in(agent), conversation, "handle")
    assert not LiveDatum.objects.exists()


# News


def test_where_nothing_changed_there_is_no_news(client, queue, agent):
    conversation = accepted_conversation(queue, agent=agent, data={"customerType": "gold"})
    html = page(client, f"/desk/{conversation.pk}/")

    answer = client.get(news_path(html, conversation))

    assert answer.status_code == 204
    named = {f"agent:{agent.pk}", f"conversation:{conversation.pk}", f"queue:{queue.pk}"}
    assert set(answer.headers[WAITS_FOR].split()) == named


@pytest.mark.parametrize("part", ["list", "head", "data", "messages", "gone"])
def test_news_bring_the_part_that_changed(client, queue, agent, part):
    conversation = accepted_conversation(queue, agent=agent, data={"customerType": "gold"})
    said = {"conversation": conversation, "author": "customer", "sent_at": timezone.now()}
    message = Message.objects.create(text="Hello", **said)
    html = page(client, f"/desk/{conversation.pk}/")

    match part:
        case "list":
            queued_conversation(queue)
        case "head":
            Conversation.objects.filter(pk=conversation.pk).update(customer_name="Maija")
        case "data":
            attach_data(conversation, {"customerType": "platinum"}, source=Source.CUSTOMER, at=timezone.now())
        case "messages":
            Message.objects.filter(pk=message.pk).update(text="*****", rank=[1])
        case "gone":
            lifecycle.transfer(conversation.pk, by=agent, queue=QueueFactory(channel=queue.channel), now=timezone.now())
    answer = client.get(news_path(html, conversation))

    targets = {
        "list": "#desk_lists", "head": "#conversation_head", "data": "#conversation_data",
        "messages": "#conversation_messages", "gone": "#conversation",
    }  # fmt: skip
    assert f'hx-swap-oob="innerHTML:{targets[part]}"' in answer.content.decode()
    if part in ("data", "messages", "list"):
        with_what_may_be_sent = part == "messages"
        assert answer.content.decode().count("hx-swap-oob") == 1 + with_what_may_be_sent


def test_news_of_what_is_not_granted_are_the_same_as_of_what_does_not_exist(client):
    foreign = accepted_conversation(QueueFactory(), agent=UserFactory(first_name="Canary"))
    html = page(client, "/desk/")

    answer = client.get(f"{news_path(html)}&open={foreign.pk}")
    unknown = client.get(f"{news_path(html)}&open=00000000-0000-4000-8000-000000000000")

    assert answer.content == unknown.content
    assert b"Canary" not in answer.content
    assert client.get(f"{news_path(html)}&open=nonsense").status_code == 204


def test_a_page_whose_session_ended_stays_and_gets_forms_that_count_once_it_goes_on(queue, agent):
    conversation = accepted_conversation(queue, agent=agent)
    browser = signed_in(agent)
    path = news_path(page(browser, f"/desk/{conversation.pk}/"), conversation)

    browser.logout()
    assert browser.get(path).status_code == 401
    browser.force_login(agent)

    assert browser.get(path).content.decode().count("hx-swap-oob") >= 5


# Cost


def test_the_desk_costs_the_same_for_one_conversation_and_for_twenty(client, queue, agent):
    served = accepted_conversation(queue, agent=agent, data={"customerType": "gold"})
    paths = ["/desk/", f"/desk/{served.pk}/", "/desk/news/", f"/desk/news/?open={served.pk}"]
    costs = [cost(client, path) for path in paths]

    for number in range(20):
        queued_conversation(queue)
        Message.objects.create(conversation=served, author="customer", text=str(number), sent_at=timezone.now())
        attach_data(served, {f"key{number}": number}, source=Source.AGENT, at=timezone.now())

    assert [cost(client, path) for path in paths] == costs


def cost(client: Client, path: str) -> int:
    """How many queries the page makes."""
    with CaptureQueriesContext(connection) as queries:
        page(client, path)
    return len(queries)


def test_no_news_cost_little(client, queue, agent):
    conversation = accepted_conversation(queue, agent=agent)
    path = news_path(page(client, f"/desk/{conversation.pk}/"), conversation)

    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 204

    assert len(queries) <= 15
