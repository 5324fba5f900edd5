"""Opt-ins and opt-outs come in any order, twice and late. The latest counts."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from django.db import transaction

from channels_cfg.models import SystemSettings
from conversations.consents import has_opted_in
from conversations.models import Consent, Conversation, InboundDelivery
from tests.conversations.doors.conversation_api.conftest import Sender, message


def opting(way: str, at: str = "2026-02-13T07:00:00Z", status: str = "", **told: Any) -> dict[str, Any]:
    """OPT_IN or OPT_OUT over WhatsApp; ``way`` is in or out."""
    return {
        "app_id": "",
        "accepted_time": at,
        "event_time": at,
        f"opt_{way}_notification": {
            "contact_id": "01CONTACT",
            "channel": "WHATSAPP",
            "identity": "+358 40 1234567",
            "status": status or f"OPT_{way.upper()}_SUCCEEDED",
            "request_id": "01REQUEST",
        }
        | told,
    }


MORNING, NOON, EVENING = "2026-02-13T07:00:00Z", "2026-02-13T12:00:00Z", "2026-02-13T18:00:00Z"


@pytest.mark.parametrize(
    ("told", "is_in"),
    [
        ([opting("in")], True),
        ([opting("out")], False),
        ([opting("in", MORNING), opting("out", NOON)], False),
        ([opting("in", MORNING), opting("out", NOON), opting("in", EVENING)], True),
        ([opting("out", MORNING), opting("in", NOON), opting("in", NOON)], True),
        ([opting("in", NOON), opting("out", NOON)], False),
        ([opting("in", MORNING), opting("out", NOON, status="OPT_OUT_FAILED")], True),
        ([opting("in", status="OPT_IN_FAILED"), opting("in", status="")], True),
        ([opting("in", status="STATUS_UNSPECIFIED")], False),
        ([opting("in", MORNING), opting("out", NOON, status="OPT_IN_SUCCEEDED")], False),
        ([opting("in", identity="")], True),
        ([opting("in", contact_id="")], True),
        ([opting("in", identity="358999999999", contact_id="01OTHER")], False),
        ([opting("in", channel="SMS")], False),
    ],
    ids=str,
)
def test_the_latest_word_counts_in_whatever_order_it_comes(sender: Sender, told: list[Any], is_in: bool) -> None:
    sender.tell(message())
    conversation = Conversation.objects.get()

    for order in permutations(told):
        with transaction.atomic():
            sender.tell(*order, *order[:1])
            assert has_opted_in(conversation) is is_in
            assert not InboundDelivery.objects.exclude(state__in=["applied", "ignored"]).exists()
            transaction.set_rollback(True)


def test_where_another_system_manages_opt_ins_none_is_needed_for_whatsapp(sender: Sender) -> None:
    sender.tell(message(), message(id="01SMS", conversation_id="01B", channel_identity={"channel": "SMS"}))
    whatsapp, sms = Conversation.objects.order_by("-messaging_channel")
    before = has_opted_in(whatsapp)

    SystemSettings(manages_whatsapp_opt_ins=False).save()

    assert (before, has_opted_in(whatsapp), has_opted_in(sms)) == (False, True, False)


@pytest.mark.parametrize("missing", [{"identity": " ", "contact_id": ""}, {"channel": ""}])
def test_what_names_nobody_is_noted_and_changes_nothing(sender: Sender, missing: dict[str, str]) -> None:
    delivery = sender.tell(opting("in", **missing))

    assert (delivery.state, delivery.notes) == ("ignored", ["It names no channel or no customer."])
    assert not Consent.objects.exists()
