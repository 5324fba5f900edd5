"""What became of replies, as the configurator sees it."""

from __future__ import annotations

from django.test import Client

from channels_cfg.models import Right
from conversations.models import OutboundMessage
from conversations.replies.write import reply
from tests.conversations.admin.test_delivery_log import configurator as configurator
from tests.factories import QueueFactory, answerable_conversation, user_with

LIST = "/admin/conversations/outboundmessage/"


def test_a_configurator_sees_what_became_of_a_reply_and_not_its_text(configurator: Client) -> None:
    agent = user_with(Right.SERVE, on=QueueFactory())
    conversation = answerable_conversation(agent.access_rights.get().queue, agent=agent)
    sent = reply(conversation.pk, by=agent, now=conversation.accepted_at, text="CANARY")
    OutboundMessage.objects.update(state="failed", reason="The channel refused it: Invalid argument (400).")
    number = OutboundMessage.objects.get(message=sent).pk

    pages = [configurator.get(LIST), configurator.get(f"{LIST}{number}/change/")]

    assert LIST in configurator.get("/admin/").text
    for page in pages:
        assert page.status_code == 200
        assert "Invalid argument (400)" in page.text
        assert "CANARY" not in page.text
