"""What a page posts may come twice and in any order; no message is lost, doubled or mixed with another."""

from __future__ import annotations

from collections import Counter

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversations.models import Conversation, LiveDatum, Message
from tests.conversations.doors.web_chat.conftest import Visitor

POSTS = st.one_of(
    st.tuples(st.just("say"), st.integers(0, 4)),
    st.tuples(st.just("start"), st.integers(0, 1)),
    st.tuples(st.just("type"), st.integers(0, 1)),
    st.tuples(st.just("read"), st.integers(1, 9)),
    st.tuples(st.just("set"), st.integers(0, 1)),
    st.tuples(st.just("news"), st.integers(0, 3)),
    st.tuples(st.just("leave"), st.just(0)),
)
WORDS = [f"Word {number}" for number in range(5)]
DATA = {"customerType": "gold"}


def post(visitor: Visitor, action: str, number: int) -> int:
    match action:
        case "start":
            return visitor.start(attached_data=DATA | ({"other": "x"} if number else {})).status_code
        case "say":
            return visitor.says(WORDS[number], id=f"message-{number}").status_code
        case "type":
            return visitor.post("typing", typing=bool(number)).status_code
        case "read":
            return visitor.post("read", message=number).status_code
        case "set":
            return visitor.patch(attached_data={"customerType": "silver"}).status_code
        case "news":
            visitor.knows = f"{number}:"
            return visitor.news().status_code
    return visitor.post("leave").status_code


@pytest.mark.django_db
def test_repeated_and_shuffled_posts_leave_each_message_once(queue):
    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(story=st.lists(POSTS, max_size=14))
    def tell(story: list[tuple[str, int]]) -> None:
        with transaction.atomic():
            visitor = Visitor()
            visitor.start(attached_data=DATA)
            answered = [(action, number, post(visitor, action, number)) for action, number in story]
            check(visitor, answered)
            transaction.set_rollback(True)

    tell()


def check(visitor: Visitor, answered: list[tuple[str, int, int]]) -> None:
    said = list(Message.objects.order_by("pk").values_list("external_id", "text"))
    first = list(dict.fromkeys(number for action, number, status in answered if (action, status) == ("say", 201)))
    assert said == [(f"message-{number}", WORDS[number]) for number in first]
    fresh = Counter(number for action, number, status in answered if (action, status) == ("say", 201))
    assert set(fresh.values()) <= {1}
    assert {status for _action, _number, status in answered} <= {200, 201, 204, 409}
    assert {status for action, _number, status in answered if action == "set"} <= {409}
    left = any(action == "leave" for action, _number, _status in answered)
    conversation = Conversation.objects.get()
    assert conversation.is_active is not left
    assert dict(LiveDatum.objects.values_list("key", "value")) == ({} if left else DATA)
