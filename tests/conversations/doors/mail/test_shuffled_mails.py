"""Mails may come twice, in any order and not at all; none is lost, doubled, or joined to what it does not belong to."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels_cfg.messaging.mail_boxes import Unread
from channels_cfg.models import MailBox
from conversations.doors.deliveries import apply_delivery
from conversations.doors.mail.reading import keep
from conversations.models import Conversation, InboundDelivery, Message
from tests.conversations.doors.mail.test_parsing import mail
from tests.factories import MailBoxFactory

FIRST = {0: "marta 0", 1: "marta 0", 2: "marta 0", 3: "marta 3", 4: "mallory 0"}
"""By number of a mail: who wrote it, and the first of the thread that it belongs to."""
HEADS = {
    0: ["Message-ID: <0@x>"],
    1: ["Message-ID: <1@x>", "References: <0@x>"],
    2: ["Message-ID: <2@x>", "References: <0@x> <1@x>", "In-Reply-To: <1@x>"],
    3: ["Message-ID: <3@x>"],
    4: ["Message-ID: <4@x>", "In-Reply-To: <0@x>"],
}
ARRIVALS = st.tuples(st.sampled_from(sorted(HEADS)), st.sampled_from(["one server", "another"]))


def raw(number: int, way: str) -> bytes:
    """The mail as it came through one server or another; each writes into its head."""
    told = mail(f"Mail {number}", *HEADS[number], f"Received: by {way}")
    return told.replace(b"marta@", b"mallory@") if number == 4 else told


@pytest.mark.django_db
def test_repeated_shuffled_and_dropped_mails_leave_each_once_in_its_conversation() -> None:
    box = MailBoxFactory()

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(arrivals=st.lists(ARRIVALS, max_size=8), chance=st.randoms(use_true_random=False))
    def tell(arrivals: list[tuple[int, str]], chance: Any) -> None:
        with transaction.atomic():
            arrive(box, arrivals, chance)
            check({number for number, _way in arrivals})
            transaction.set_rollback(True)

    tell()


def arrive(box: MailBox, arrivals: list[tuple[int, str]], chance: Any) -> None:
    """They are taken in one after the other, and applied in whatever order, some twice."""
    for number, way in arrivals:
        keep(box, Unread("", raw(number, way), is_whole=True), now=timezone.now())
    applied = list(InboundDelivery.objects.values_list("pk", flat=True)) * 2
    chance.shuffle(applied)
    for delivery_id in applied:
        apply_delivery(delivery_id)


def check(arrived: set[int]) -> None:
    told = {int(text.split()[1]): pk for text, pk in Message.objects.values_list("text", "conversation")}
    assert set(told) == arrived and Message.objects.count() == len(arrived)
    by_conversation: dict[Any, set[str]] = {}
    for number, conversation in told.items():
        by_conversation.setdefault(conversation, set()).add(FIRST[number])
    assert all(len(threads) == 1 for threads in by_conversation.values())
    assert Conversation.objects.count() == len({FIRST[number] for number in arrived})
    assert not InboundDelivery.objects.exclude(state="applied", body=None).exists()
