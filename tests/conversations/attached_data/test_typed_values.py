"""Values as people read them."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.test import Client

from channels_cfg.models import AttachedKey, Right
from conversations.attached_data.typed_values import TypedValue, typed
from tests.factories import (
    AttachedKeyFactory,
    ChannelFactory,
    QueueFactory,
    UserFactory,
    accepted_conversation,
    ended_conversation,
    grant,
)

Kind = AttachedKey.Kind


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        (Kind.URL, "https://example.com/7", TypedValue("https://example.com/7", address="https://example.com/7")),
        (Kind.URL, "javascript:alert(1)", TypedValue("javascript:alert(1)")),
        (Kind.DATE, "2026-11-21", TypedValue("2026-11-21", day=date(2026, 11, 21))),
        (
            Kind.DATETIME,
            "2026-11-21T12:30:00Z",
            TypedValue("2026-11-21T12:30:00Z", moment=datetime(2026, 11, 21, 12, 30, tzinfo=UTC)),
        ),
        (Kind.DATETIME, "soon", TypedValue("soon")),
        (Kind.BOOLEAN, False, TypedValue("false", answer=False)),
        (Kind.INTEGER, 7, TypedValue("7")),
        (Kind.TEXT, "https://example.com/", TypedValue("https://example.com/")),
        (Kind.BOOLEAN, None, TypedValue("")),
    ],
)
def test_a_value_is_shown_by_the_type_of_its_key(kind: str, value: Any, shown: TypedValue):
    assert typed(value, AttachedKey(name="k", kind=kind)) == shown


def test_a_key_that_nobody_described_shows_its_value_as_text():
    assert typed("https://example.com/", None) == TypedValue("https://example.com/")


@pytest.fixture
def described(db: None) -> None:
    AttachedKeyFactory(name="card", label="Customer card", help_text="As printed", sensitive=True)
    AttachedKeyFactory(name="due", label="Due on", kind=Kind.DATETIME)
    AttachedKeyFactory(name="page", kind=Kind.URL)
    AttachedKeyFactory(name="tier", kind=Kind.CHOICE, choices=["gold", "silver"])


PAIRS = {"card": "77", "due": "2026-11-21T12:30:00Z", "page": "https://example.com/7", "tier": "tin"}
SHOWN = [
    '<span class="key__label">Customer card</span>',
    '<code class="key__name" title="card">card</code>',
    "Sensitive",
    '<span class="key__help">As printed</span>',
    "2026-11-21 14:30:00",  # in Helsinki
    '<a href="https://example.com/7" target="_blank" rel="noopener noreferrer nofollow">https://example.com/7</a>',
    "It should be one of gold, silver.",
]


@pytest.mark.usefixtures("described")
def test_the_desk_shows_what_the_catalogue_says():
    queue = QueueFactory()
    agent = grant(UserFactory(time_zone="Europe/Helsinki"), Right.SERVE, on=queue)
    conversation = accepted_conversation(queue, agent=agent, data=PAIRS)
    browser = Client()
    browser.force_login(agent)

    page = browser.get(f"/desk/{conversation.pk}/").content.decode()

    assert [words for words in SHOWN if words not in page] == []


@pytest.mark.usefixtures("described")
def test_history_shows_what_the_catalogue_says():
    queue = QueueFactory(channel=ChannelFactory(statistics_keys=list(PAIRS)))
    viewer = grant(UserFactory(time_zone="Europe/Helsinki"), Right.VIEW_HISTORY, on=queue)
    conversation = ended_conversation(queue, data=PAIRS)
    browser = Client()
    browser.force_login(viewer)

    page = browser.get(f"/history/{conversation.pk}/").content.decode()

    assert [words for words in SHOWN if words not in page] == []
