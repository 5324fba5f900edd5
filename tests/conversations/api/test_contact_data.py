"""contactData."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels_cfg.models import QUEUE_RIGHTS, AccessRight, Right, SystemSettings
from conversations import lifecycle
from conversations.idempotency import REMEMBERED_FOR
from conversations.models import Conversation, Event, IdempotentAnswer, ReportableChange
from tests.conversations.api.conftest import ApiClient, client_with
from tests.factories import (
    ConversationFactory,
    QueueFactory,
    UserFactory,
    accepted_conversation,
    ended_conversation,
    grant,
    queued_conversation,
)

pytestmark = pytest.mark.django_db

DOOR = "/RI/cmi/contactData"
PAIRS = {"customerId": "1234567", "customerType": "gold"}


def post(client, conversation, data, query="", **headers):
    body = {"contact_id": conversation.hex_id, "attached_data": data}
    return client.post_json(f"{DOOR}{query}", body, headers=headers)


def read(client, conversation, **headers):
    return client.get(f"{DOOR}/{conversation.pk}", headers=headers)


def in_state(state, queue):
    """A conversation in this state, to which both pairs were attached."""
    match state:
        case "queued":
            return queued_conversation(queue, data=PAIRS)
        case "allocated":
            return lifecycle.allocate(
                queued_conversation(queue, data=PAIRS).pk, agent=UserFactory(), now=timezone.now()
            )
        case "accepted":
            return accepted_conversation(queue, data=PAIRS)
        case "wrap_up":
            return ended_conversation(queue, data=PAIRS)
        case "handled":
            ended = ended_conversation(queue, data=PAIRS)
            return lifecycle.handle(ended.pk, by=ended.agent, now=timezone.now())
        case "abandoned":
            return lifecycle.end(queued_conversation(queue, data=PAIRS).pk, now=timezone.now())
        case "false_attempt":
            now = timezone.now()
            return lifecycle.end(queued_conversation(queue, data=PAIRS, now=now).pk, now=now)
    raise AssertionError(state)


# Reading


@pytest.mark.parametrize(
    ("state", "kept"),
    [
        ("queued", {}),
        ("allocated", {}),
        ("accepted", {}),
        ("wrap_up", {"customerType": "gold"}),
        ("handled", {"customerType": "gold"}),
        ("abandoned", {}),
        ("false_attempt", {}),
    ],
)
def test_reading_gives_kept_data_only_in_every_state(queue, manager, state, kept):
    conversation = in_state(state, queue)
    assert conversation.state == state

    answer = read(manager, conversation)

    assert answer.status_code == 200
    assert answer.json() == {"contact_id": conversation.pk.hex.upper(), "attached_data": kept}


@pytest.mark.parametrize("form", [str, lambda pk: str(pk).upper(), lambda pk: pk.hex, lambda pk: pk.hex.upper()])
def test_either_form_of_the_id_is_read_in_any_case(queue, manager, form):
    conversation = ended_conversation(queue, data=PAIRS)

    one = manager.get(f"{DOOR}/{form(conversation.pk)}")
    listed = manager.get(DOOR, {"contactId": form(conversation.pk)})
    posted = manager.post_json(DOOR, {"contact_id": form(conversation.pk), "attached_data": {"csat": 5}})

    assert one.json()["contact_id"] == conversation.pk.hex.upper()
    assert [row["contact_id"] for row in listed.json()] == [conversation.pk.hex.upper()]
    assert posted.status_code == 201


def test_an_unknown_and_a_foreign_conversation_get_the_same_answer(queue, outsider):
    foreign = ended_conversation(queue, data=PAIRS)
    unknown = Conversation(pk=uuid.uuid4())

    answers = [[read(outsider, row), post(outsider, row, {"csat": 5})] for row in (foreign, unknown)]

    for of_foreign, of_unknown in zip(*answers, strict=True):
        assert of_foreign.status_code == of_unknown.status_code == 404
        for answer in (of_foreign, of_unknown):
            assert answer["Content-Type"] == "application/problem+json"
        left_out = {"instance"}
        assert {k: v for k, v in of_foreign.json().items() if k not in left_out} == {
            k: v for k, v in of_unknown.json().items() if k not in left_out
        }
    assert outsider.get(DOOR).json() == []
    assert outsider.get(DOOR, {"contactId": foreign.hex_id}).json() == []


@pytest.mark.parametrize("right", [right for right in QUEUE_RIGHTS if right != Right.MANAGE_CONTACTS])
def test_no_other_right_opens_the_door(queue, right):
    client, conversation = client_with(right, on=queue), ended_conversation(queue, data=PAIRS)

    assert read(client, conversation).status_code == 404
    assert post(client, conversation, {"csat": 5}).status_code == 404
    assert client.get(DOOR).json() == []


def test_a_superuser_without_the_right_finds_nothing(queue):
    client, conversation = ApiClient(UserFactory(is_superuser=True, is_staff=True)), ended_conversation(queue)

    assert read(client, conversation).status_code == 404
    assert client.get(DOOR).json() == []


def test_a_right_taken_away_is_gone_with_the_next_request(queue, manager):
    conversation = ended_conversation(queue, data=PAIRS)
    assert read(manager, conversation).status_code == 200

    AccessRight.objects.filter(user=manager.user).delete()

    assert read(manager, conversation).status_code == 404


@pytest.mark.parametrize("bad", ["1", "x" * 32, f"{uuid.UUID(int=7)}0", "%00", "é"])
def test_what_is_no_id_is_not_found(manager, bad):
    answer = manager.get(f"{DOOR}/{bad}")

    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"


def test_reading_one_costs_two_queries(queue, manager, django_assert_num_queries):
    conversation = ended_conversation(queue, data=PAIRS)
    read(manager, conversation)

    with django_assert_num_queries(2):
        read(manager, conversation)


# ETag


def test_the_etag_changes_when_the_data_does_and_only_then(queue, manager):
    conversation = ended_conversation(queue, data=PAIRS)

    before = read(manager, conversation)["ETag"]
    lifecycle.handle(conversation.pk, by=conversation.agent, now=timezone.now())
    handled = read(manager, conversation)["ETag"]
    unchanged = post(manager, conversation, {"customerType": "gold"})["ETag"]
    changed = post(manager, conversation, {"customerType": "silver"})["ETag"]

    assert before == handled == unchanged != changed == read(manager, conversation)["ETag"]
    assert before.startswith('"')


@pytest.mark.parametrize("value", [1e30, 1e-7, -0.0, 1.10, 2**70, "ä", None, True])
def test_the_etag_of_a_post_is_that_of_the_next_reading(queue, manager, value):
    conversation = ended_conversation(queue)

    posted = post(manager, conversation, {"value": value})

    answer = read(manager, conversation)
    assert posted["ETag"] == answer["ETag"]
    assert posted.json()["attached_data"] == answer.json()["attached_data"]
    assert answer.json()["attached_data"]["value"] == pytest.approx(value)


def test_what_the_client_has_already_is_not_sent_again(queue, manager):
    conversation = ended_conversation(queue, data=PAIRS)
    etag = read(manager, conversation)["ETag"]

    for header in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        answer = read(manager, conversation, **{"If-None-Match": header})
        assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", etag)
    for header in ('"other"', "nonsense", ""):
        assert read(manager, conversation, **{"If-None-Match": header}).status_code == 200


def test_a_post_with_an_old_etag_changes_nothing(queue, manager):
    conversation = ended_conversation(queue, data=PAIRS)
    old = read(manager, conversation)["ETag"]
    new = post(manager, conversation, {"csat": 5}, **{"If-Match": old})["ETag"]

    refused = [
        post(manager, conversation, {"csat": 1}, **{"If-Match": header}) for header in (old, f"W/{new}", "nonsense")
    ]
    again = post(manager, conversation, {"csat": 2}, **{"If-Match": f"{old}, {new}"})
    whatever = post(manager, conversation, {"csat": 3}, **{"If-Match": "*"})

    assert [answer.status_code for answer in refused] == [412, 412, 412]
    assert refused[0]["Content-Type"] == "application/problem+json"
    assert (again.status_code, whatever.status_code) == (201, 201)


# The list


def test_the_list_is_newest_first_and_can_be_cut(queue, manager):
    now = timezone.now()
    rows = [
        ConversationFactory(queue=queue, channel=queue.channel, received_at=now - timedelta(hours=age))
        for age in range(4)
    ]

    def listed(**query):
        return [row["contact_id"] for row in manager.get(DOOR, query).json()]

    ids = [row.hex_id for row in rows]
    assert listed() == ids
    assert listed(limit=2) == ids[:2]
    assert listed(limit=2, offset=1) == ids[1:3]
    assert listed(contactId=f"{ids[3]},{ids[0]}, {uuid.uuid4()}") == [ids[0], ids[3]]
    period = {"startTime": rows[2].received_at.isoformat(), "endTime": rows[0].received_at.isoformat()}
    assert listed(**period) == ids[1:3]  # the start is in, the end is not
    assert listed(contactId=[ids[3], ids[0]]) == [ids[0], ids[3]]
    assert listed(**period, contactId=ids[0]) == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("startTime=2026-01-01T00:00:00Z", "endTime"),
        ("endTime=2026-01-01T00:00:00Z", "startTime"),
        ("startTime=2026-01-01T00:00:00&endTime=2026-01-02T00:00:00Z", "startTime"),
        ("startTime=2026-01-01T00:00:00Z&endTime=yesterday", "endTime"),
        ("startTime=2026-01-32T00:00:00Z&endTime=2026-02-01T00:00:00Z", "startTime"),
        ("startTime=2026-02-01T00:00:00Z&endTime=2026-01-01T00:00:00Z", "endTime"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=ten", "limit"),
        ("offset=-1", "offset"),
        (f"offset={10**30}", "offset"),
        ("contactId=1", "contactId"),
        ("contactId=" + ",".join(["0" * 32] * 101), "contactId"),
        ("contactId=%00", "contactId"),
        ("startTme=2026-01-01T00:00:00Z", "startTme"),
    ],
)
def test_a_question_that_cannot_be_understood_is_refused_by_the_parameters_name(manager, query, field):
    answer = manager.get(f"{DOOR}?{query}")

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert field in answer.json()["errors"]


@pytest.mark.parametrize(
    ("data", "key", "words"),
    [
        ({"": {"a": 1}}, ".a", "character 1 is “.”"),
        ({"": [1]}, ".0", "character 1 is “.”"),
        ({"a": {"": 1}}, "a.", "name at position 3 is empty"),
        ({"a": {"b": {"": {"c": 1}}}}, "a.b.", "name at position 5 is empty"),
        ({"a.b": 1, "a": {"b": 2}}, "a.b", "there twice"),
        ({"café": 1, "cafe\u0301": 2}, "cafe\u0301", "there twice, perhaps spelt another way"),
    ],
)
def test_nothing_is_stored_under_a_name_nobody_sent_or_in_the_place_of_another(queue, manager, data, key, words):
    conversation = ended_conversation(queue, data=PAIRS)

    answer = post(manager, conversation, {"good": 1, **data})

    problem = answer.json()
    assert (answer.status_code, list(problem["errors"])) == (422, [key])
    assert words in problem["errors"][key][0]
    assert problem["verdicts"][key]["verdict"] == problem["verdicts"]["good"]["verdict"] == "rejected"
    assert read(manager, conversation).json()["attached_data"] == {"customerType": "gold"}


@pytest.mark.parametrize(
    "edge", ["0001-01-01T00:00:00-14:00", "9999-12-31T23:59:59+14:00", "2026-03-01T00:00:00+16:00"]
)
def test_the_ends_of_time_and_any_offset_are_no_trouble(manager, edge):
    period = sorted([edge, "2026-01-01T00:00:00+00:00"])

    assert manager.get(DOOR, dict(zip(("startTime", "endTime"), period, strict=True))).status_code == 200


def test_a_list_of_twenty_costs_the_queries_of_one(queue, manager, django_assert_num_queries):
    manager.get(DOOR)
    for number in (1, 19):
        for _ in range(number):
            ConversationFactory(queue=queue, channel=queue.channel)
        with django_assert_num_queries(4):
            assert manager.get(DOOR).status_code == 200


# Posting


@pytest.mark.parametrize("state", ["wrap_up", "handled"])
def test_pairs_are_merged_once_the_conversation_has_ended(queue, manager, state):
    conversation = in_state(state, queue)

    answer = post(manager, conversation, {"customerType": "gold", "csat": 5, "ticket": {"id": "T1"}})

    merged = {"customerType": "gold", "csat": 5, "ticket.id": "T1"}
    assert answer.status_code == 201
    assert answer["Location"] == f"{DOOR}/{conversation.pk}"
    assert answer.json()["contact_id"] == conversation.hex_id
    assert answer.json()["attached_data"] == merged
    verdicts = {key: verdict["verdict"] for key, verdict in answer.json()["verdicts"].items()}
    assert verdicts == {"customerType": "unchanged", "csat": "stored", "ticket.id": "stored"}
    assert manager.get(answer["Location"]).json()["attached_data"] == merged


@pytest.mark.parametrize("state", ["queued", "allocated", "accepted", "abandoned", "false_attempt"])
def test_in_other_states_a_post_is_refused_and_the_state_named(queue, manager, state):
    conversation = in_state(state, queue)

    answer = post(manager, conversation, {"csat": 5})

    problem = answer.json()
    assert answer.status_code == problem["status"] == 409
    assert problem["state"] == state
    assert problem["needed"] == ["wrap_up", "handled"]
    assert conversation.get_state_display().lower() in problem["detail"]
    assert Conversation.objects.get(pk=conversation.pk).kept_data == {}


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("customer type", "Character 9 is a space"),
        ("__proto__", "character 1 is “_”"),
        ("1st", "character 1 is “1”"),
        ("xmlKey", "xml"),
        ("a" * 300, "at most 128"),
        ("tier😀", "Character 5"),
        ("nul\x00", "Character 4 is the invisible character U+0000"),
        ("\ud800", "U+D800"),
        ("a:b", "Character 2"),
        ("", "needs a name"),
        (".a", "character 1 is “.”"),
    ],
)
def test_a_bad_key_is_named_with_reason_and_position_and_nothing_is_stored(queue, manager, key, words):
    conversation = ended_conversation(queue, data=PAIRS)

    answer = post(manager, conversation, {"good": 1, key: 2})

    problem = answer.json()
    assert answer.status_code == 422
    assert list(problem["errors"]) == [key]
    assert words in problem["errors"][key][0]
    assert problem["verdicts"][key] == {"verdict": "rejected", "reason": problem["errors"][key][0]}
    assert problem["verdicts"]["good"]["verdict"] == "rejected"
    assert read(manager, conversation).json()["attached_data"] == {"customerType": "gold"}
    assert not ReportableChange.objects.filter(conversation=conversation, made_at__gt=conversation.ended_at).exists()


@pytest.mark.parametrize(
    "value",
    [
        "x" * 4097,
        "nul\x00",
        "\udfff",
        10**4200,
        {"many": [0] * 200},
    ],
    ids=["long", "nul", "surrogate", "number", "many"],
)
def test_a_bad_value_is_refused_without_being_repeated(queue, manager, value):
    conversation = ended_conversation(queue)

    answer = post(manager, conversation, {"k": value})

    assert answer.status_code == 422
    assert all(key == "k" or key.startswith("k.") for key in answer.json()["errors"])
    if isinstance(value, str):
        assert value not in answer.json()["errors"]["k"][0]


def test_a_number_too_large_to_be_one_is_refused(queue, manager):
    conversation = ended_conversation(queue)
    body = json.dumps({"contact_id": conversation.hex_id, "attached_data": {"k": 7}}).replace("7}", "1e999}")

    answer = manager.post(DOOR, body, content_type="application/json")

    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b"", 400, ""),
        (b"{", 400, ""),
        (b"\xff", 400, ""),
        (b"\xef\xbb\xbf{}", 400, ""),
        (b"null", 400, ""),
        (b"[]", 400, ""),
        (b'"text"', 400, ""),
        (b'{"contact_id": NaN, "attached_data": {}}', 400, ""),
        (b"[" * 10_000 + b"]" * 10_000, 400, ""),
        (b'{"contact_id": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", 400, ""),
        (b"1" * 5000, 400, ""),
        (b"{}", 400, "contact_id"),
        (b'{"attached_data": {}}', 400, "contact_id"),
        (b'{"contact_id": 7, "attached_data": {}}', 400, "contact_id"),
        (b'{"contact_id": ["a"], "attached_data": {}}', 400, "contact_id"),
        (b'{"contact_id": null, "attached_data": {}}', 400, "contact_id"),
        (b'{"contact_id": "7", "attached_data": {}}', 400, "contact_id"),
        (b'{"contact_id": "ID"}', 400, "attached_data"),
        (b'{"contact_id": "ID", "attached_data": []}', 400, "attached_data"),
        (b'{"contact_id": "ID", "attached_data": null}', 400, "attached_data"),
        (b'{"contact_id": "ID", "attached_data": "x"}', 400, "attached_data"),
        (b'{"contact_id": "ID", "attached_data": {}, "atached_data": {}}', 400, "atached_data"),
        (b'{"contact_id": "ID", "attached_data": {"k": "' + b"x" * 1024 * 1024 + b'"}}', 413, ""),
        (b'{"contact_id": "ID", "attached_data": ' + b'{"k":' * 500 + b"1" + b"}" * 501, 422, "k"),
    ],
)
def test_a_body_of_the_wrong_shape_is_refused_and_its_field_named(queue, manager, body, status, field):
    conversation = ended_conversation(queue)

    answer = manager.post(DOOR, body.replace(b'"ID"', f'"{conversation.pk}"'.encode()), content_type="application/json")

    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    if field:
        assert field in " ".join(answer.json()["errors"])


@pytest.mark.parametrize("charset", ["zlib", "rot13", "base64", "utf-16", "idna", "nonsense"])
def test_json_is_utf_8_whatever_the_header_says(queue, manager, charset):
    conversation = ended_conversation(queue)
    body = json.dumps({"contact_id": conversation.hex_id, "attached_data": {"name": "ä"}}, ensure_ascii=False)

    answer = manager.generic("POST", DOOR, body.encode(), f"application/json; charset={charset}")

    assert answer.status_code == 201
    assert answer.json()["attached_data"] == {"name": "ä"}


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""])
def test_what_is_not_json_is_refused(manager, content_type):
    answer = manager.generic("POST", DOOR, b"{}", content_type)

    assert answer.status_code == 415
    assert answer["Content-Type"] == "application/problem+json"


def test_limits_count_what_is_kept_already(queue, manager):
    SystemSettings.load().save()
    conversation = ended_conversation(queue)
    assert post(manager, conversation, {f"k{number}": "" for number in range(100)}).status_code == 201

    answer = post(manager, conversation, {"one_more": 1})

    assert answer.status_code == 422
    assert "at most 100" in answer.json()["errors"]["one_more"][0]


def test_the_same_key_in_two_guises_is_refused(queue, manager):
    conversation = ended_conversation(queue)

    answer = post(manager, conversation, {"a.b": 1, "a": {"b": 2}})

    assert answer.status_code == 422
    assert "twice" in answer.json()["errors"]["a.b"][0]


def test_a_post_is_told_in_the_timeline_by_key_and_to_the_reporting_job(queue, manager):
    conversation = ended_conversation(queue)
    ReportableChange.objects.all().delete()

    post(manager, conversation, {"csat": "canary-5"})

    event = Event.objects.get(conversation=conversation, kind=Event.Kind.POSTED)
    assert (event.actor, event.detail) == (manager.user, {"keys": ["csat"]})
    assert ReportableChange.objects.get().conversation == conversation


# Dry run


def test_a_dry_run_answers_the_same_and_writes_nothing(queue, manager):
    conversation = ended_conversation(queue, data=PAIRS)
    events, changes = Event.objects.count(), ReportableChange.objects.count()

    dry = post(manager, conversation, {"csat": 5}, "?dry_run=true", **{"Idempotency-Key": "k"})
    refused = post(manager, conversation, {"no good": 5}, "?dry_run=true")
    after = read(manager, conversation).json()

    assert after["attached_data"] == {"customerType": "gold"}
    assert (Event.objects.count(), ReportableChange.objects.count()) == (events, changes)
    assert not IdempotentAnswer.objects.exists()
    assert (dry.status_code, refused.status_code) == (200, 422)
    assert dry.json() == post(manager, conversation, {"csat": 5}, "?dry_run=false").json()


@pytest.mark.parametrize("query", ["?dry_run=maybe", "?dryrun=true"])
def test_a_misspelt_dry_run_is_not_taken_for_a_real_one(queue, manager, query):
    conversation = ended_conversation(queue)

    assert post(manager, conversation, {"csat": 5}, query).status_code == 400
    assert read(manager, conversation).json()["attached_data"] == {}


# Idempotency-Key


def test_a_repeated_request_gets_the_same_answer_even_when_the_data_moved_on(queue, manager):
    conversation = ended_conversation(queue)
    first = post(manager, conversation, {"csat": 5}, **{"Idempotency-Key": "k"})
    post(manager, conversation, {"csat": 1, "other": 2})

    again = post(manager, conversation, {"csat": 5}, **{"Idempotency-Key": "k"})

    assert again.status_code == first.status_code == 201
    assert again.content == first.content
    assert (again["ETag"], again["Location"]) == (first["ETag"], first["Location"])
    assert read(manager, conversation).json()["attached_data"] == {"csat": 1, "other": 2}


def test_a_repeated_request_with_its_old_condition_gets_its_old_answer(queue, manager):
    conversation = ended_conversation(queue)
    headers = {"Idempotency-Key": "k", "If-Match": read(manager, conversation)["ETag"]}

    answers = [post(manager, conversation, {"csat": 5}, **headers) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content


def test_a_key_cannot_be_used_for_another_request(queue, manager):
    conversation, other = ended_conversation(queue), ended_conversation(queue)
    post(manager, conversation, {"csat": 5}, **{"Idempotency-Key": "k"})

    answers = [
        post(manager, conversation, {"csat": 6}, **{"Idempotency-Key": "k"}),
        post(manager, other, {"csat": 5}, **{"Idempotency-Key": "k"}),
    ]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert "Idempotency-Key" in answers[0].json()["detail"]
    assert read(manager, conversation).json()["attached_data"] == {"csat": 5}
    assert read(manager, other).json()["attached_data"] == {}


def test_the_keys_of_two_users_have_nothing_to_do_with_each_other(queue, manager):
    conversation, colleague = ended_conversation(queue), client_with(Right.MANAGE_CONTACTS, on=queue)

    answers = [
        post(client, conversation, {"csat": value}, **{"Idempotency-Key": "k"})
        for client, value in ((manager, 5), (colleague, 6))
    ]

    assert [answer.status_code for answer in answers] == [201, 201]


def test_only_success_is_remembered(queue, manager):
    conversation = accepted_conversation(queue)
    headers = {"Idempotency-Key": "k"}
    assert post(manager, conversation, {"csat": 5}, **headers).status_code == 409
    lifecycle.end(conversation.pk, now=timezone.now())
    assert post(manager, conversation, {"no good": 5}, **headers).status_code == 422

    assert post(manager, conversation, {"csat": 5}, **headers).status_code == 201


def test_an_answer_is_forgotten_after_a_day(queue, manager, time_machine):
    conversation = ended_conversation(queue)
    headers = {"Idempotency-Key": "k"}
    post(manager, conversation, {"csat": 5}, **headers)

    time_machine.move_to(timezone.now() + REMEMBERED_FOR)

    assert post(manager, conversation, {"csat": 6}, **headers).status_code == 201
    assert IdempotentAnswer.objects.count() == 1


def test_an_answer_is_not_repeated_to_who_lost_the_right(queue, manager):
    conversation = ended_conversation(queue)
    post(manager, conversation, {"csat": 5}, **{"Idempotency-Key": "k"})

    AccessRight.objects.filter(user=manager.user).delete()

    assert post(manager, conversation, {"csat": 5}, **{"Idempotency-Key": "k"}).status_code == 404


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_that_cannot_be_remembered_is_refused(queue, manager, key):
    conversation = ended_conversation(queue)

    assert post(manager, conversation, {"csat": 5}, **{"Idempotency-Key": key}).status_code == 400


# Whatever anybody thinks of


ANY_TEXT = st.text(st.characters(), max_size=20)  # with NUL and lone surrogates
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=5,
)


@given(data=st.dictionaries(ANY_TEXT | st.from_regex(r"[a-z]{1,5}", fullmatch=True), ANY_JSON, max_size=4))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_posted_is_stored_whole_or_refused_whole(queue, manager, data):
    conversation = ended_conversation(queue)

    answer = manager.post(
        DOOR,
        json.dumps({"contact_id": conversation.hex_id, "attached_data": data}),
        content_type="application/json",
    )

    kept = read(manager, conversation)
    assert answer.status_code in (201, 400, 422)
    if answer.status_code == 201:
        assert answer.json()["attached_data"] == kept.json()["attached_data"]
        assert answer["ETag"] == kept["ETag"]
        assert set(answer.json()["verdicts"]) == set(kept.json()["attached_data"])
    else:
        assert kept.json()["attached_data"] == {}


def test_a_plus_lost_in_an_address_is_explained(manager):
    answer = manager.get(f"{DOOR}?startTime=2026-01-01T00:00:00+02:00&endTime={quote('2026-01-02T00:00:00+02:00')}")

    (says,) = answer.json()["errors"]["startTime"]
    assert "10:00:00+02:00 (in an address, + is written %2B)" in says


def test_rights_on_two_queues_add_up(queue, manager):
    other = QueueFactory()
    grant(manager.user, Right.MANAGE_CONTACTS, on=other)
    for place in (queue, other, QueueFactory()):
        ended_conversation(place)

    assert len(manager.get(DOOR).json()) == 2
