from __future__ import annotations

import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from channels_cfg.models import Right
from conversations import lifecycle
from conversations.models import ExternalReference, Message
from tests.factories import (
    ChannelFactory,
    MessagingServiceFactory,
    QueueFactory,
    accepted_conversation,
    ended_conversation,
    queued_conversation,
    user_with,
)
from tests.pages.looks import shortcomings, too_wide

pytestmark = pytest.mark.django_db(transaction=True)

TWO_KEYS = {"customerId": "canary-76", "customerType": "gold"}


@pytest.fixture
def queue():
    return QueueFactory(channel=ChannelFactory(statistics_keys=["customerType"]))


def say(conversation, text, **facts):
    return Message.objects.create(
        conversation=conversation, author=Message.Author.CUSTOMER, text=text, sent_at=timezone.now(), **facts
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

    expect(page.get_by_text("Ended by the customer.")).to_be_visible(timeout=15_000)
    expect(page.get_by_role("heading", name="Maija Korhonen")).to_be_focused()
    expect(page.locator("#conversation_data")).not_to_contain_text("canary-76")
    assert page.evaluate("window.stillTheSamePage")


def test_an_offer_is_told_on_a_telephone_where_the_lists_are_out_of_view(open_as, queue):
    agent, ben = (user_with(Right.SERVE, on=queue, first_name=name) for name in ("Anna", "Ben"))
    served = queued_conversation(queue, customer_name="Maija Korhonen")
    lifecycle.accept(served.pk, by=agent, now=timezone.now())
    page = open_as(agent, f"/desk/{served.pk}/", width=390, height=700)
    told = page.get_by_role("link", name="1 conversation is offered to you")
    expect(page.locator("#offered")).to_be_empty()

    theirs = accepted_conversation(queue, agent=ben, customer_name="Erik Svensson")
    lifecycle.consult(theirs.pk, by=ben, agent=agent, now=timezone.now())

    expect(told).to_be_in_viewport()
    page.locator("#conversation_data").scroll_into_view_if_needed()
    expect(told).to_be_in_viewport()
    assert shortcomings(page) == []
    told.click()
    row = page.get_by_role("link", name="Erik Svensson")
    expect(row).to_contain_text("Asks you")
    assert page.title().startswith("(1)")


def test_of_two_agents_who_accept_at_once_the_second_is_told_who_was_first(open_as, queue):
    conversation = queued_conversation(queue)
    first = open_as(user_with(Right.SERVE, on=queue, first_name="Ada"), f"/desk/{conversation.pk}/")
    second = open_as(user_with(Right.SERVE, on=queue, first_name="Ben"), f"/desk/{conversation.pk}/")
    second.route("**/desk/news/**", lambda route: route.abort())  # Ben's page will not hear
    second.reload()  # nor has it asked before

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

    expect(page.get_by_text("Ada has it now.")).to_be_visible(timeout=15_000)
    expect(page.get_by_role("button", name="Accept")).to_have_count(0)


def test_a_lost_connection_is_said_and_forgotten_once_it_is_back(open_as, queue):
    page = open_as(user_with(Right.SERVE, on=queue), "/desk/")

    page.route("**/desk/news/**", lambda route: route.abort())
    expect(page.get_by_text("Connection lost.")).to_be_visible(timeout=15_000)

    page.unroute("**/desk/news/**")
    expect(page.get_by_text("Connection lost.")).to_be_hidden(timeout=15_000)


def test_a_conversation_is_worked_to_its_end_by_keyboard_alone(open_as, queue):
    queue.dispositions = ["Sold", "Complaint"]
    queue.save()
    conversation = queued_conversation(
        queue,
        data=TWO_KEYS,
        customer_name="Maija Korhonen",
        messaging_channel="WHATSAPP",
        customer_address="35840123",
        reference=sending_thread(queue),
    )
    say(conversation, "Is the blue jacket back in stock?", reference=conversation.reference)
    page = open_as(user_with(Right.SERVE, on=queue), "/desk/")

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    press(page, page.get_by_role("link", name="Maija Korhonen"), "Enter")
    expect(page.get_by_role("heading", name="Maija Korhonen")).to_be_focused()
    press(page, page.locator("#action_accept"), "Enter")
    expect(page.get_by_role("heading", name="Maija Korhonen")).to_be_focused()
    press(page, page.locator("#reply_text"), "Y")
    page.keyboard.type("es, in all sizes.")
    page.keyboard.press("Enter")
    expect(page.locator(".message--agent")).to_contain_text("Yes, in all sizes.")
    page.locator("[data-arrive]").focus()
    press(page, page.locator("#action_end"), "Enter")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Maija Korhonen")).to_be_focused()
    press(page, page.get_by_label("Sold"), "ArrowDown")
    expect(page.get_by_label("Complaint")).to_be_checked()
    press(page, page.locator("#wrap_up_note"), "X")
    press(page, page.locator("#action_handle"), "Space")

    expect(page.get_by_text("Kept: 1, removed: 1")).to_be_visible()
    conversation.refresh_from_db()
    assert (conversation.state, conversation.disposition, conversation.note) == ("handled", "Complaint", "X")


def sending_thread(queue):
    """Of a service that sends."""
    service = MessagingServiceFactory(queue=queue, key_id="key", key_secret="secret")
    return ExternalReference.objects.create(door="conversation_api", service=service, external_id="01CONVERSATION")


def press(page, where, key):
    """Tab to it, and press the key."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if where.evaluate("one => one === document.activeElement"):
            break
    expect(where).to_be_focused()
    page.keyboard.press(key)


def test_the_desk_fits_the_screen(open_as, queue):
    agent = user_with(Right.SERVE, on=queue)
    long_value = {"customerType": "gold" * 60, "a" * 128: "x"}
    conversation = queued_conversation(queue, data=long_value, customer_name="M" * 200)
    say(conversation, "w" * 500)
    ended_conversation(queue, agent=agent, data=long_value)

    for path in ("/desk/", f"/desk/{conversation.pk}/"):
        assert too_wide(open_as(agent, path)) == []


def test_a_call_is_offered_with_what_it_is_about_and_its_times_are_counted(open_as):
    channel = ChannelFactory(
        kind="voice", allocation_keys=["customerType"], contact_information="Service line, %EXTRADATA%"
    )
    phone = QueueFactory(channel=channel)
    agent, bob = (user_with(Right.SERVE, on=phone, first_name=name) for name in ("Anna", "Bob"))
    data = {"customerType": "g" * 300, "customerId": "canary-76"}
    call = queued_conversation(phone, data=data, customer_name="Maija Korhonen")
    lifecycle.allocate(call.pk, agent=agent, now=timezone.now())
    page = open_as(agent, f"/desk/{call.pk}/")
    expect(page.locator("#contact_information")).to_contain_text("Service line, customerType: ggg")
    assert "canary-76" not in page.content()
    assert shortcomings(page) == []

    page.locator("#action_accept").click()
    began = page.locator("#call_lasts").text_content()
    page.locator("#action_hold").click()
    expect(page.locator("#hold_lasts")).to_be_visible()
    lifecycle.consult(call.pk, by=agent, agent=bob, now=timezone.now())
    expect(page.locator("#consultation_lasts")).to_be_visible()
    expect(page.locator("#call_lasts")).not_to_have_text(began or "")

    assert page.locator("#reply_text").count() == 0
    expect(page.locator("#conversation_messages")).to_be_hidden()
    assert shortcomings(page) == []
