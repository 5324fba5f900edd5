"""Data actions as Genesys Cloud's API has them."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.test import Client

from channels_cfg.models import DataAction
from conversations.api import data_actions
from tests.factories import ApiKeyFactory, DataActionConnectionFactory, DataActionFactory, UserFactory
from tests.stand_ins.remote_api import running_remote_api

pytestmark = pytest.mark.django_db
ACTIONS = "/api/v2/integrations/actions"


def client_with(*codenames: str) -> Client:
    user = UserFactory(username=f"crm-{'-'.join(codenames)}", is_api_client=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return Client(headers={"X-Api-Key": ApiKeyFactory(user=user).text})


@pytest.fixture
def crm() -> Client:
    return client_with("view_dataaction", "execute_dataaction")


def posted(client: Client, address: str, inputs: Any) -> Any:
    return client.post(address, inputs, content_type="application/json")


def test_published_actions_are_listed_and_shown_with_their_contract(crm: Client):
    action: DataAction = DataActionFactory(name="Find contact", category="Contacts")
    DataActionFactory(state="draft")

    listed = crm.get(ACTIONS, {"name": "FIND", "pageSize": "1"}).json()
    shown = crm.get(f"{ACTIONS}/{action.pk}", {"expand": "contract", "includeConfig": "true"}).json()
    schema = crm.get(f"{ACTIONS}/{action.pk}/schemas/inputSchema.json").json()

    assert (listed["total"], listed["pageCount"]) == (1, 1)
    assert listed["entities"][0] == {
        "id": str(action.pk),
        "name": "Find contact",
        "category": "Contacts",
        "integrationId": str(action.connection_id),
        "secure": False,
        "selfUri": f"{ACTIONS}/{action.pk}",
    }
    assert shown["contract"]["input"]["inputSchema"] == schema
    assert shown["config"]["response"]["translationMap"] == {"id": "$.entities[0].id"}
    assert crm.get(f"{ACTIONS}/{action.pk}/templates/successtemplate.vm").json() == '{"contactId": ${id}}'
    assert crm.get(ACTIONS, {"pageSize": "x"}).status_code == 400


def test_an_action_is_executed_and_fails_as_documented(crm: Client, settings: Any):
    settings.OUTGOING_OWN_HOSTS = ["127.0.0.1"]
    with running_remote_api() as api:
        action = DataActionFactory(connection=DataActionConnectionFactory(base_address=api.url))
        api.answers_with({"entities": [{"id": "c1"}]})
        executed = posted(crm, f"{ACTIONS}/{action.pk}/execute", {"phone": "1"})
        tested = posted(crm, f"{ACTIONS}/{action.pk}/test", {"phone": "1"}).json()
        refused = posted(crm, f"{ACTIONS}/{action.pk}/execute", {})
        api.answers_with({"message": "no contact"}, status=404)
        failed = posted(crm, f"{ACTIONS}/{action.pk}/execute", {"phone": "1"})

    assert (executed.status_code, executed.json()) == (200, {"contactId": "c1"})
    assert tested["success"] and tested["finalResult"] == {"contactId": "c1"}
    assert [step["step"] for step in tested["operations"]] == list(range(1, len(tested["operations"]) + 1))
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid.schema")
    assert (failed.status_code, failed.json()["code"]) == (500, "internal.server.error")
    assert failed.json()["details"] == [{"errorCode": "ACTION.REMOTE_ENDPOINT"}]
    assert failed.json()["errors"][0]["message"] == "no contact"
    assert posted(crm, f"{ACTIONS}/{action.pk}/execute", [1]).status_code == 400


def test_what_is_not_granted_is_not_found():
    action = DataActionFactory()
    viewer, nobody = client_with("view_dataaction"), client_with()

    assert viewer.get(f"{ACTIONS}/{action.pk}").status_code == 200
    assert posted(viewer, f"{ACTIONS}/{action.pk}/execute", {"phone": "1"}).status_code == 404
    assert nobody.get(f"{ACTIONS}/{action.pk}").status_code == 404
    assert nobody.get(ACTIONS).json()["total"] == 0
    assert Client().get(ACTIONS).status_code == 401
    assert viewer.get(f"{ACTIONS}/{'9' * 40}").status_code == 404


def test_who_comes_while_others_keep_all_turns_is_asked_to_come_again(crm: Client, monkeypatch: pytest.MonkeyPatch):
    action = DataActionFactory(request_url_template="https://127.0.0.1/private")
    monkeypatch.setattr(data_actions, "LONGEST_QUEUE", 0.01)
    with ExitStack() as others:
        for _number in range(settings.DATA_ACTIONS_AT_ONCE):
            others.enter_context(data_actions._turn())
        refused = posted(crm, f"{ACTIONS}/{action.pk}/execute", {"phone": "1"})

    assert (refused.status_code, refused["Retry-After"]) == (429, "5")
    assert posted(crm, f"{ACTIONS}/{action.pk}/execute", {"phone": "1"}).status_code == 400
