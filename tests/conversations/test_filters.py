from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.http import QueryDict
from django.test import RequestFactory

from channels_cfg.models import AccessRight, Right, User
from conversations.filters import ConversationFilter, customer_contains
from conversations.models import Conversation, ExternalReference, State
from tests.factories import (
    ChannelFactory,
    ConversationFactory,
    MessagingServiceFactory,
    QueueFactory,
    UserFactory,
    accepted_conversation,
    user_with,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue():
    return QueueFactory(channel=ChannelFactory(statistics_keys=["customerType"]))


@pytest.fixture
def viewer(queue) -> User:
    return user_with(Right.VIEW_HISTORY, on=queue, time_zone="Europe/Helsinki")


def asked(viewer: User, query: str) -> ConversationFilter:
    """The filter as a page or an API request of this viewer makes it."""
    request = RequestFactory().get("/history/", QUERY_STRING=query)
    request.user = viewer
    granted = Conversation.objects.granting(Right.VIEW_HISTORY, to=viewer)
    return ConversationFilter(request.GET, granted, request=request)


def found(viewer: User, query: str) -> set[str]:
    """The addresses of the customers whose conversations are found."""
    filterset = asked(viewer, query)
    assert filterset.is_valid(), filterset.errors
    return set(filterset.qs.values_list("customer_address", flat=True))


def complaints(viewer: User, query: str) -> dict[str, list[str]]:
    return asked(viewer, query).errors


def handled(queue, address: str, kept: dict | None = None, **facts) -> Conversation:
    """An ended conversation with this kept data."""
    facts = {"received_at": datetime(2026, 11, 20, 12, tzinfo=UTC)} | facts
    return ConversationFactory(
        queue=queue,
        channel=queue.channel,
        customer_address=address,
        state=State.HANDLED,
        ended_at=facts["received_at"],
        kept_data=kept or {},
        **facts,
    )


# Kept data


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("kept=customerType%3Dgold", {"gold"}),
        ("kept=customerType=gold", {"gold"}),
        ("kept=customerType%3DGold", set()),
        ("kept=customerType~OL", {"gold"}),
        ("kept=customerType", {"gold", "five", "5", "empty", "null"}),
        ("kept=customerType%3D5", {"five", "5"}),
        ("kept=customerType%3D", {"empty", "null"}),
        ("kept=customer.type.0%3Dx%3Dy~z", {"dots"}),
        ("kept=flag%3Dtrue", {"yes"}),
        ("kept=customerType&kept=customerType~5", {"five", "5"}),
        ("kept=a%27b", None),
    ],
)
def test_a_kept_key_is_asked_about_by_what_a_reader_sees(queue, viewer, condition, expected):
    handled(queue, "gold", {"customerType": "gold"})
    handled(queue, "five", {"customerType": "5"})
    handled(queue, "5", {"customerType": 5})
    handled(queue, "empty", {"customerType": ""})
    handled(queue, "null", {"customerType": None})
    handled(queue, "dots", {"customer.type.0": "x=y~z"})
    handled(queue, "yes", {"flag": True})
    handled(queue, "nothing")

    if expected is None:
        assert "Character 2 is “'”" in complaints(viewer, condition)["kept"][0]
    else:
        assert found(viewer, condition) == expected


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e999", "9" * 400, "9" * 4096, '{"a":1}', "[", "\\", '"', "%25_"])
@pytest.mark.parametrize("sign", ["%3D", "~"])
def test_any_text_can_be_asked_for(queue, viewer, sign, text):
    handled(queue, "gold", {"customerType": "gold"})

    assert found(viewer, f"kept=customerType{sign}{text}") == set()


# Customers and ids


@pytest.mark.parametrize("query", ["customer=KORH", "q=maija%20k", "q=%2B358%2040-111", "customer=0111", "q=KORHONEN"])
def test_customers_are_found_by_part_of_name_or_number(queue, viewer, query):
    handled(queue, "358401112233", customer_name="Maija Korhonen")
    handled(queue, "46701234567", customer_name="Erik Svensson")

    assert found(viewer, query) == {"358401112233"}


NAMES = ["ΟΔΥΣΣΕΎΣ Παππάς", "İpek Işık", "Márta Őri", "Ｙａｍａｄａ", "Straße", "50%_\\ off", "ﬁnn"]


def spellings(name: str) -> list[str]:
    """The name as keyboards and pages give it."""
    forms = [unicodedata.normalize(form, name) for form in ("NFC", "NFD", "NFKC", "NFKD")]
    return [*forms, *(form.upper() for form in forms[:2]), name.lower() if "İ" not in name else name]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_and_a_kept_value_are_found_by_themselves_in_any_case_and_encoding(queue, viewer, name):
    for stored in {unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)}:
        handled(queue, f"{len(stored)} characters", {"customerType": stored}, customer_name=stored)
    handled(queue, "other", {"customerType": "50xyz off"}, customer_name="50xyz off")
    everybody = set(Conversation.objects.exclude(customer_address="other").values_list("customer_address", flat=True))

    for typed in spellings(name):
        assert found(viewer, urlencode({"customer": typed})) == everybody, typed
        assert found(viewer, urlencode({"kept": f"customerType~{typed}"})) == everybody, typed
    for typed in spellings(name)[:2]:
        assert found(viewer, urlencode({"kept": f"customerType={typed}"})) == everybody, typed


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("+358 (0)40 123 4567", "358401234567"),
        ("00358 40 123 4567", "358401234567"),
        ("040 123 4567", "358401234567"),
        ("040-1234567", "358401234567"),
        ("(+358) 40 123 4567", "358401234567"),
        ("+358\u201140\u2013123\u22124567", "358401234567"),
        ("\u202a+358\u00a040\u2009123\u200b4567\u202c", "358401234567"),
        ("٠٤٠١٢٣٤٥٦٧", "358401234567"),
        ("＋３５８ ４０ １２３ ４５６７", "358401234567"),
        ("40 123", "358401234567"),
        ("8 (912) 345-67-89", "79123456789"),
        ("06 30 123 4567", "36301234567"),
        ("011 358 40 1234567", "358401234567"),
        ("(415) 555-2671", "14155552671"),
        ("+44 020 7946 0958", "442079460958"),
        ("39 06 698 12345", "390669812345"),
    ],
)
def test_a_number_is_found_as_people_write_it(queue, viewer, typed, stored):
    handled(queue, stored)
    handled(queue, "46709999999")

    for parameter in ("customer", "q"):
        assert found(viewer, urlencode({parameter: typed})) == {stored}


def test_a_search_of_customers_follows_its_index(db):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = Conversation.objects.filter(customer_contains("040 123 4567")).order_by().explain()

    assert "conversation_customer_text" in plan
    assert "Seq Scan" not in plan


@pytest.mark.parametrize("form", [str, lambda pk: pk.hex, lambda pk: pk.hex.upper(), lambda pk: str(pk).upper()])
def test_a_conversation_is_found_by_its_id_in_any_form(queue, viewer, form):
    conversation = handled(queue, "358401112233")
    handled(queue, "46701234567")

    assert found(viewer, f"q={form(conversation.pk)}") == {"358401112233"}


def test_conversations_are_found_by_the_id_of_their_thread(queue, viewer):
    thread = ExternalReference.objects.create(
        door="conversation_api", service=MessagingServiceFactory(), external_id="01W4FFL35P4NC4K35CONVERS01"
    )
    handled(queue, "358401112233", reference=thread)
    handled(queue, "46701234567")

    assert found(viewer, "q=01w4ffl35p4nc4k35convers01") == {"358401112233"}


# Time


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("received_after=2026-11-21", {"at midnight"}),
        ("received_before=2026-11-21", {"before"}),
        ("received_after=2026-11-20T23:59:59.999999", {"before", "at midnight"}),
        ("received_after=2026-11-20T22:00:00Z", {"at midnight"}),
        ("received_after=2026-11-21T00:00:00%2B02:00", {"at midnight"}),
        ("received_after=2026-11-21T00:00:00+02:00", {"at midnight"}),
        ("received_after=2026-11-20&received_before=2026-11-21", {"before"}),
    ],
)
def test_times_without_offset_are_on_the_viewers_clock(queue, viewer, query, expected):
    handled(queue, "before", received_at=datetime(2026, 11, 20, 21, 59, 59, 999999, tzinfo=UTC))
    handled(queue, "at midnight", received_at=datetime(2026, 11, 20, 22, tzinfo=UTC))

    assert found(viewer, query) == expected


# Bad input


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("received_after=yesterday", "received_after"),
        ("received_after=2026-02-30", "received_after"),
        ("received_after=0001-01-01T00:00%2B14:00", "received_after"),
        ("received_before=9999-12-31T23:59-14:00", "received_before"),
        ("received_after=2026-11-21&received_before=2026-11-20", "received_before"),
        ("period=today&received_after=2026-11-21", "period"),
        ("period=someday", "period"),
        ("queue=abc", "queue"),
        ("queue=99999999999999999999999", "queue"),
        ("agent=-1", "agent"),
        ("channel=%00", "channel"),
        ("state=asleep", "state"),
        ("direction=sideways", "direction"),
        ("kept=9x%3D1", "kept"),
        ("kept=customerType~", "kept"),
        ("kept=a%3D%00", "kept"),
        ("kept=xmlThing", "kept"),
        ("&".join(f"kept=k{number}" for number in range(11)), "kept"),
        ("q=%00", "q"),
        ("q=" + "x" * 321, "q"),
        ("customer=%00", "customer"),
    ],
)
def test_what_cannot_be_asked_is_told_by_field(viewer, query, field):
    assert list(complaints(viewer, query)) == [field]


# Rights


def test_a_foreign_queue_agent_or_channel_is_answered_like_an_unknown_one(queue, viewer):
    stranger = UserFactory()
    foreign = accepted_conversation(QueueFactory(), agent=stranger)

    for field, foreign_id in {
        "queue": foreign.queue_id,
        "agent": stranger.pk,
        "channel": foreign.channel_id,
    }.items():
        assert complaints(viewer, f"{field}={foreign_id}") == complaints(viewer, f"{field}=987654321")


def test_only_what_is_granted_is_offered(queue, viewer):
    colleague = user_with(Right.SERVE, on=queue)
    foreign = QueueFactory(statistics_keys=["foreignKey"])
    user_with(Right.SERVE, on=foreign)

    filterset = asked(viewer, "")

    fields = filterset.form.fields
    assert list(fields["queue"].queryset) == [queue]
    assert list(fields["channel"].queryset) == [queue.channel]
    assert list(fields["agent"].queryset) == [colleague]
    assert filterset.offered_keys() == ["customerType"]


def test_an_agent_who_no_longer_serves_is_found_by_those_who_may_view_what_was_served(queue, viewer):
    former = UserFactory()
    conversation = accepted_conversation(queue, agent=former)

    assert found(viewer, f"agent={former.pk}") == {conversation.customer_address}


def test_another_queues_conversation_is_found_by_nothing(queue, viewer):
    foreign = handled(QueueFactory(), "358409999999", {"customerType": "gold"}, customer_name="Maija Korhonen")

    for query in ("", f"q={foreign.pk.hex}", "q=maija", "customer=358409999999", "kept=customerType%3Dgold"):
        assert found(viewer, query) == set()


def test_direct_conversations_are_found_by_those_who_hold_the_right_on_their_agents_group(queue):
    group = Group.objects.create(name="Sales team")
    agent, supervisor = UserFactory(), UserFactory()
    agent.groups.add(group)
    AccessRight.objects.create(user=supervisor, right=Right.VIEW_HISTORY, direct_conversations_of=group)
    direct = ConversationFactory(queue=None, agent=agent, state=State.ACCEPTED, customer_address="direct")
    ConversationFactory(queue=None, agent=UserFactory(), state=State.ACCEPTED, customer_address="of another")

    assert found(supervisor, "queue=direct") == {"direct"}
    assert list(asked(supervisor, "").form.fields["channel"].queryset) == [direct.channel]


def test_what_is_repeated_in_a_state_filter_is_either_or(queue, viewer):
    handled(queue, "handled")
    ConversationFactory(queue=queue, channel=queue.channel, state=State.QUEUED, customer_address="queued")
    ConversationFactory(queue=queue, channel=queue.channel, state=State.ACCEPTED, customer_address="accepted")

    assert found(viewer, "state=handled&state=queued") == {"handled", "queued"}


def test_without_a_viewer_nothing_is_offered():
    filterset = ConversationFilter(QueryDict(f"queue={QueueFactory().pk}"), Conversation.objects.none())

    assert "queue" in filterset.errors
