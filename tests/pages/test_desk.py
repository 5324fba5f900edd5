from __future__ import annotations

import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from channels_cfg.models import Right
from conversations import lifecycle
from conversations.models import Message
from tests.factories import ChannelFactory, QueueFactory, ended_conversation, queued_conversation, user_with
from tests.pages.looks import too_wide

pytestmark = pytest.mark.django_db(transaction=True)

TWO_KEYS = {"customerId": "canary-76", "customerType": "gold"}


@pytest.fixture
def queue():
    return QueueFactory(channel=ChannelFactory(statistics_keys=["customerType"]))


def say(conversation, text):
    return Message.objects.create(
        conversation=conversation, author=Message.Author.CUSTOMER, text=text, sent_at=timezone.now()
    )


def test_an_agent_sees_all_data_until_the_end_and_then_what_is_kept(open_as, queue):
    conversation = queued_conversation(queue, data=TWO_KEYS, customer_name="Maija Korhonen")
    say(conversation, "Is the blue jacket back in stock?")
    page = open_as(user_with(Right.SERVE, on=queue), "/desk/")

    page.get_by_role("link", name="Maija Korhonen").click()
    page.get_by_role("button", name="Accept").click()

    expect(page.get_by_text("You accepted the conversation with Maija Korhonen.")).to_be_visible()
    expect(page.get_by_text("Is the blue jacket back in stock?")).to_be_visible()
    data = page.locator("#conversation_data")
    expect(data).to_contain_text("canary-76")
    expect(data.locator("div", has_text="customerId").first).to_contain_text("Gone when you end")
    expect(data).to_contain_text("gold")

    page.get_by_role("button", name="End conversation").click()
    question = page.get_by_role("dialog", name="End the conversation with Maija Korhonen?")
    expect(question).to_contain_text("Keeps 1 key: customerType")
    expect(question).to_contain_text("Destroys 1 key: customerId")
    page.keyboard.press("Escape")
    expect(page.locator("#action_end")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")

    expect(page.get_by_text("Kept of its data: customerType.")).to_be_visible()
    expect(page.get_by_role("heading", name="Maija Korhonen")).to_be_focused()
    expect(page.get_by_role("heading", name="Maija Korhonen")).to_have_accessible_description(re.compile("has ended"))
    expect(data).to_contain_text("gold")
    assert "canary-76" not in page.content()

    page.get_by_role("button", name="Finish wrap-up").click()

    expect(page.get_by_text("Wrap-up is over")).to_be_visible()
    expect(page.get_by_text("You serve nobody at the moment.")).to_be_visible()


def test_what_happens_elsewhere_appears_without_a_reload(open_as, queue):
    agent = user_with(Right.SERVE, on=queue)
    served = queued_conversation(queue, data=TWO_KEYS, customer_name="Maija Korhonen")
    lifecycle.accept(served.pk, by=agent, now=timezone.now())
    page = open_as(agent, f"/desk/{served.pk}/")
    page.evaluate("window.stillTheSamePage = true")
    page.locator("#action_end").click()

    queued_conversation(queue, customer_name="Erik Svensson")
    say(served, "Are you still there?")

    expect(page.get_by_role("link", name="Erik Svensson")).to_be_visible()
    expect(page.get_by_text("Are you still there?")).to_be_visible()
    expect(page.locator("#action_end_now")).to_be_focused()

    lifecycle.end(served.pk, ended_by="customer", now=timezone.now())

    expect(page.get_by_text("Ended by the customer.")).to_be_visible()
    expect(page.get_by_role("heading", name="Maija Korhonen")).to_be_focused()
    expect(page.locator("#conversation_data")).not_to_contain_text("canary-76")
    assert page.evaluate("window.stillTheSamePage")


def test_of_two_agents_who_accept_at_once_the_second_is_told_who_was_first(open_as, queue):
    conversation = queued_conversation(queue)
    first = open_as(user_with(Right.SERVE, on=queue, first_name="Ada"), f"/desk/{conversation.pk}/")
    second = open_as(user_with(Right.SERVE, on=queue, first_name="Ben"), f"/desk/{conversation.pk}/")
    second.route("**/desk/news/**", lambda route: route.abort())  # Ben's page has not heard yet

    first.get_by_role("button", name="Accept").click()
    expect(first.get_by_role("button", name="End conversation")).to_be_visible()
    second.get_by_role("button", name="Accept").click()

    expect(second.get_by_text("Ada has this conversation already")).to_be_visible()
    expect(second.get_by_text("Nobody is waiting.")).to_be_visible()


def test_a_page_that_shows_what_another_agent_took_says_so(open_as, queue):
    conversation = queued_conversation(queue)
    page = open_as(user_with(Right.SERVE, on=queue), f"/desk/{conversation.pk}/")

    ada = user_with(Right.SERVE, on=queue, first_name="Ada")
    lifecycle.accept(conversation.pk, by=ada, now=timezone.now())

    expect(page.get_by_text("Ada has it now.")).to_be_visible()
    expect(page.get_by_role("button", name="Accept")).to_have_count(0)


def test_a_lost_connection_is_said_and_forgotten_once_it_is_back(open_as, queue):
    page = open_as(user_with(Right.SERVE, on=queue), "/desk/")

    page.route("**/desk/news/**", lambda route: route.abort())
    expect(page.get_by_text("Connection lost.")).to_be_visible()

    page.unroute("**/desk/news/**")
    expect(page.get_by_text("Connection lost.")).to_be_hidden()


def test_the_desk_works_by_keyboard(open_as, queue):
    queued_conversation(queue, customer_name="Maija Korhonen")
    page = open_as(user_with(Right.SERVE, on=queue), "/desk/")

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Accept")).to_be_visible()
    page.locator("#action_accept").focus()
    page.keyboard.press("Enter")

    expect(page.get_by_role("button", name="End conversation")).to_be_visible()


def test_the_desk_fits_the_screen(open_as, queue):
    agent = user_with(Right.SERVE, on=queue)
    long_value = {"customerType": "gold" * 60, "a" * 128: "x"}
    conversation = queued_conversation(queue, data=long_value, customer_name="M" * 200)
    say(conversation, "w" * 500)
    ended_conversation(queue, agent=agent, data=long_value)

    for path in ("/desk/", f"/desk/{conversation.pk}/"):
        assert too_wide(open_as(agent, path)) == []
