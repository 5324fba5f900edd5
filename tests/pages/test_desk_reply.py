"""Answering on the desk, by an agent who has it open all day."""

from __future__ import annotations

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from channels_cfg.models import Right
from conversations.models import Draft, Message
from tests.factories import ChannelFactory, QueueFactory, answerable_conversation, user_with
from tests.pages.conftest import session_of
from tests.pages.looks import shortcomings

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def agent():
    return user_with(Right.SERVE, on=QueueFactory(channel=ChannelFactory(dispositions=["Sold", "Complaint"])))


@pytest.fixture
def conversation(agent):
    queue = agent.access_rights.get().queue
    return answerable_conversation(queue, agent=agent, customer_name="Maija Korhonen")


def test_an_agent_answers_by_keyboard_and_takes_back_what_waits(open_as, agent, conversation):
    page = open_as(agent, f"/desk/{conversation.pk}/", height=560)
    box, said = page.locator("#reply_text"), page.locator(".message--agent")

    box.fill("It leaves")
    box.press("Shift+Enter")
    box.press_sequentially("today.")
    box.press("Enter")
    expect(said).to_contain_text("It leaves\ntoday.")
    expect(box).to_have_value("")
    expect(box).to_be_focused()
    assert shortcomings(page) == []

    said.get_by_role("button").click()
    expect(said).to_have_count(0)
    expect(box).to_have_value("It leaves\ntoday.")
    expect(box).to_be_focused()
    for part in (box, page.locator("#action_send")):
        top, height = part.evaluate("one => [one.getBoundingClientRect().top, one.getBoundingClientRect().height]")
        assert top > 48 and top + height < 560  # below the head, above the edge
    assert not Message.objects.filter(author="agent").exists()
    page.wait_for_load_state("networkidle")
    page.reload()
    expect(box).to_have_value("It leaves\ntoday.")


def test_two_presses_send_one_message_and_a_second_one_with_the_same_words_another(open_as, agent, conversation):
    page = open_as(agent, f"/desk/{conversation.pk}/")
    box, said = page.locator("#reply_text"), page.locator(".message--agent")

    box.fill("Yes")
    page.locator("#action_send").dblclick()
    expect(said).to_have_count(1)
    box.fill("Yes")
    box.press("Enter")
    expect(said).to_have_count(2)


def test_a_draft_survives_a_reload_and_no_end(open_as, agent, conversation):
    page = open_as(agent, f"/desk/{conversation.pk}/")

    with page.expect_response("**/draft/"):
        page.locator("#reply_text").fill("I will have a")
    page.reload()
    expect(page.locator("#reply_text")).to_have_value("I will have a")
    page.locator("#action_end").click()
    page.locator("#action_end_now").click()
    page.get_by_label("Complaint").check()
    page.locator("#wrap_up_note").fill("Calls back tomorrow.")
    assert shortcomings(page) == []
    page.locator("#action_handle").click()
    expect(page.locator("#conversation_head")).to_have_count(0)

    assert not Draft.objects.exists()
    conversation.refresh_from_db()
    assert (conversation.disposition, conversation.note) == ("Complaint", "Calls back tomorrow.")


def test_what_is_typed_outlives_a_broken_line_and_the_session_and_is_sent_after_the_next_sign_in(
    open_as, agent, conversation, live_server
):
    page = open_as(agent, f"/desk/{conversation.pk}/")
    box = page.locator("#reply_text")
    box.fill("It leaves today.")
    page.route("**/reply/", lambda route: route.abort())  # the line is down
    box.press("Enter")
    expect(page.locator("#reply_said")).to_contain_text("It was not sent")
    expect(box).to_have_value("It leaves today.")
    page.unroute("**/reply/")

    Session.objects.all().delete()
    page.set_viewport_size({"width": 390, "height": 400})
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(page.locator("#signed_out")).to_be_in_viewport(timeout=20_000)
    page.set_viewport_size({"width": 1280, "height": 900})
    box.press("Enter")
    expect(page.locator("#reply_said")).not_to_be_empty()
    expect(box).to_have_value("It leaves today.")

    page.context.clear_cookies()
    page.context.add_cookies([session_of(agent, live_server.url)])
    expect(page.locator("#signed_out")).to_be_hidden(timeout=20_000)
    box.press("Enter")
    expect(page.locator(".message--agent")).to_contain_text("It leaves today.")
