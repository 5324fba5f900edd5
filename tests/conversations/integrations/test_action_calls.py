"""An integration calls data actions in order: a contact is looked up, created where there is none, and associated."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from channels_cfg import jobs
from channels_cfg.in_use import used_by
from channels_cfg.models import DataAction, DataActionConnection, Queue
from conversations.integrations.bench import exchange_for, replay
from conversations.models import IntegrationRun
from tests.conversations.integrations.conftest import attached, begun, integration, work
from tests.factories import DataActionConnectionFactory, DataActionFactory, user_with
from tests.stand_ins.crm import Crm, reply

CONTRACT = {"type": "object", "properties": {"id": {"type": "string"}}}


@pytest.fixture
def connection(crm: Crm, db: None) -> DataActionConnection:
    made: DataActionConnection = DataActionConnectionFactory(name="CRM", base_address=crm.url)
    return made


@pytest.fixture
def actions(connection: DataActionConnection) -> dict[str, DataAction]:
    def action(name: str, kind: str, address: str, inputs: list[str], body: str = "") -> DataAction:
        made: DataAction = DataActionFactory(
            name=name,
            connection=connection,
            request_type=kind,
            request_url_template=address,
            request_template=body,
            translation_map="",
            translation_map_defaults="",
            success_template="${rawResult}",
            input_schema=json.dumps(
                {"type": "object", "properties": {name: {"type": "string"} for name in inputs}, "required": inputs}
            ),
            success_schema=json.dumps(CONTRACT),
        )
        return made

    found = [
        action("Find contact", "GET", "/contacts/$esc.url(${input.phone})", ["phone"]),
        action("Create contact", "POST", "/contacts", ["phone"], '{"phone": "$esc.jsonString(${input.phone})"}'),
        action(
            "Associate", "PUT", "/associations/$esc.url(${input.conversation})", ["conversation", "contact"],
            '{"contactId": "$esc.jsonString(${input.contact})"}',
        ),
    ]  # fmt: skip
    return {one.name: one for one in found}


PIPELINE: dict[str, Any] = {
    "actions": [
        {"name": "found", "action": "Find contact", "inputs": {"phone": "{contact.source}"}},
        {
            "name": "created",
            "action": "Create contact",
            "inputs": {"phone": "{contact.source}"},
            "condition": "{response.body.found.id} is missing",
        },
        {
            "name": "associated",
            "action": "Associate",
            "inputs": {"conversation": "{contact.guid}", "contact": "{response.body.found.id}"},
            "condition": "{response.body.found.id} is not missing",
        },
        {
            "name": "associated_new",
            "action": "Associate",
            "inputs": {"conversation": "{contact.guid}", "contact": "{response.body.created.id}"},
            "condition": "{response.body.created.id} is not missing",
        },
    ],
    "response": {"save": {"contact": {"found": "{response.body.found.id}", "created": "{response.body.created.id}"}}},
}


def pipeline(crm: Crm, configuration: Any = PIPELINE, **facts: Any) -> Any:
    return integration(crm, json.dumps(configuration), endpoint="edi://actions", **facts)


def last() -> IntegrationRun:
    return IntegrationRun.objects.latest("pk")


def test_who_is_found_is_associated_and_nobody_is_created(crm: Crm, queue: Queue, actions: Any):
    pipeline(crm)
    crm.planned += [reply({"id": "C-7"}), reply({})]

    conversation = begun(queue)
    work()

    asked = [(one.method, one.path) for one in crm.asked]
    assert asked == [("GET", "/contacts/358401234567"), ("PUT", f"/associations/{conversation.pk}")]
    assert crm.asked[1].json == {"contactId": "C-7"}
    assert attached(conversation) == {"contact.found": "C-7"}
    assert (last().state, last().outcome, last().status) == ("done", "saved", 200)


def test_whom_nobody_knows_is_created_and_then_associated(crm: Crm, queue: Queue, actions: Any):
    pipeline(crm)
    crm.planned += [reply({"message": "no such contact"}, 404), reply({"id": "C-8"}), reply({})]

    conversation = begun(queue)
    work()

    assert [one.method for one in crm.asked] == ["GET", "POST", "PUT"]
    assert (crm.asked[1].json, crm.asked[2].json) == ({"phone": "358401234567"}, {"contactId": "C-8"})
    assert attached(conversation) == {"contact.created": "C-8"}


def test_the_bench_shows_each_call_and_what_an_edited_configuration_would_do(crm: Crm, queue: Queue, actions: Any):
    pipeline(crm)
    crm.planned += [reply({}, 404), reply({"message": "the name is missing"}, 422)]
    conversation = begun(queue)
    work()

    run = last()
    assert (run.state, run.outcome, run.status) == ("failed", "failed", 422)
    assert run.reason == "Create contact: The remote system answered 422."
    assert attached(conversation) == {} and len(crm.asked) == 2
    exchange = exchange_for(user_with("serve", on=queue), run, now=timezone.now())
    assert exchange is not None
    told = exchange["request"]["actions"]
    assert [(one["name"], one["inputs"], one["outcome"]) for one in told] == [
        ("found", {"phone": "358401234567"}, "Nothing found (404)"),
        ("created", {"phone": "358401234567"}, "The remote system answered 422."),
    ]

    crm.planned += [reply({"id": "C-9"}), reply({})]
    IntegrationRun.objects.try_again()
    work()
    run = last()
    exchange = exchange_for(user_with("serve", on=queue), run, now=timezone.now())
    edited = PIPELINE | {"response": {"save": {"crm": "{response.body.found.id}"}}}
    assert exchange is not None
    replayed = replay(run, exchange, json.dumps(edited))
    assert replayed.faults == [] and [(pair.key, pair.value) for pair in replayed.pairs] == [("crm", "C-9")]


def test_a_chain_that_creates_is_not_begun_again_when_it_is_not_known_how_far_it_came(
    crm: Crm, queue: Queue, actions: Any
):
    pipeline(crm)
    crm.planned += [reply({}, 404), reply({}, 503)]

    begun(queue)
    work()

    assert (last().state, last().calls, len(crm.asked)) == ("failed", 1, 2)


def test_a_chain_that_only_reads_is_repeated(crm: Crm, queue: Queue, actions: Any):
    pipeline(crm, {"actions": PIPELINE["actions"][:1], "response": {"save": {"id": "{response.body.found.id}"}}})
    crm.planned += [reply({}, 503), reply({"id": "C-7"})]

    conversation = begun(queue)
    work()

    assert (attached(conversation), last().calls) == ({"id": "C-7"}, 2)


def test_all_calls_together_have_the_time_of_the_integration(crm: Crm, queue: Queue, actions: Any):
    pipeline(crm, timeout_seconds=1)
    crm.slow = 1.5
    crm.planned += [reply({"id": "C-7"})]

    begun(queue)
    jobs.work_on(IntegrationRun, last().pk)

    assert (last().state, last().outcome) == ("failed", "timed_out")


@pytest.mark.parametrize(
    ("configuration", "words"),
    [
        ({}, "A list of 1 to 10 calls is expected here."),
        ({"actions": [], "request": {}}, "list the data actions below “actions” in place of a request"),
        ({"actions": [{"name": "a", "action": "Find contcat"}]}, "Did you mean “Find contact”"),
        ({"actions": [{"name": "a", "action": "Find contact"}]}, "The action needs the inputs phone."),
        ({"actions": [{"action": "Find contact", "inputs": {"phone": "1"}}]}, "Each call has a “name”"),
        (
            {"actions": [{"name": "a", "action": "Find contact", "inputs": {"phone": "1", "phon": "2"}}]},
            "The action has no input “phon”. Did you mean “phone”",
        ),
        (
            {"actions": [{"name": "a", "action": "Find contact", "inputs": {"phone": "{response.body.a.id}"}}]},
            "There is no {response.body.a.id} here.",
        ),
        (
            {"actions": PIPELINE["actions"][:1], "response": {"save": {"id": "{response.body.fuond.id}"}}},
            "Did you mean “response.body.found”",
        ),
    ],
)
def test_what_cannot_be_called_is_refused_in_its_place(crm: Crm, actions: Any, configuration: Any, words: str):
    made = pipeline(crm)
    made.configuration = json.dumps(configuration)

    with pytest.raises(ValidationError, match=words.replace("(", r"\(")) as refused:
        made.full_clean()

    assert refused.value.message_dict["configuration"][0].startswith("line 1, ")


def test_actions_are_called_at_their_endpoint_alone(crm: Crm, actions: Any):
    made = integration(crm, "{}")
    made.configuration = json.dumps(PIPELINE)

    with pytest.raises(ValidationError, match="Data actions are called where the endpoint is edi://actions"):
        made.full_clean()


def test_an_action_that_is_called_keeps_its_name_and_is_not_deleted(crm: Crm, actions: Any):
    pipeline(crm, name="Find or create")
    action = actions["Find contact"]
    action.name = "Look up"

    with pytest.raises(ValidationError, match="Integrations call it by this name: Find or create"):
        action.full_clean()

    action.refresh_from_db()
    assert used_by(action) == ["the integration “Find or create”"]
    assert used_by(DataActionFactory(name="Unused")) == []
