"""Integrations are settings: in the file with their secrets as references, on a page, in the history."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from channels_cfg.configuration_file.writing import export
from channels_cfg.models import Authentication, Integration, SystemSettings
from tests.channels_cfg.admin.forms import save_form
from tests.channels_cfg.configuration_file.conftest import OPENING, applied, planned
from tests.channels_cfg.integrations.test_configuration import EXAMPLE
from tests.factories import IntegrationFactory, QueueFactory, UserFactory

pytestmark = pytest.mark.django_db

FILE = f"""{OPENING}
integrations:
- name: CRM lookup
  endpoint: http://127.0.0.1:9000/contacts
  channels: [chat, voice]
  direction: inbound
  events: [received, transferred, forwarded]
  queues: [Chat sales]
  direct: true
  ordinal: 1
  authentications:
    crm: {{type: basic, username: portal, password: {{secret: env:CRM_PASSWORD}}}}
  configuration: |
    {json.dumps(json.loads(EXAMPLE))}
outgoing:
  allowed_hosts: ["127.0.0.1:9000"]
"""
ENVIRONMENT = {"CRM_PASSWORD": "CANARY-crm"}


def test_the_file_of_the_documentation_becomes_an_integration():
    QueueFactory(name="Chat sales")

    applied(FILE, environment=ENVIRONMENT)

    integration = Integration.objects.get()
    assert (integration.channels, integration.direct, integration.all_queues) == (["chat", "voice"], True, False)
    assert [queue.name for queue in integration.queues.all()] == ["Chat sales"]
    assert integration.read().authentication == "crm"
    assert (Authentication.objects.get().username, Authentication.objects.get().secret) == ("portal", "CANARY-crm")
    assert SystemSettings.load().allowed_hosts == ["127.0.0.1:9000"]
    assert "CANARY" not in export()
    assert planned(FILE, environment=ENVIRONMENT).is_empty
    assert planned(export()).is_empty


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("contact.source", "contact.sorce", "line 1, column 132: There is no {contact.sorce} here. Did you mean"),
        ('"response":', '"respnse":', "Did you mean “response”"),
        ("type: basic", "type: basik", "“type” is one of"),
        ("username: portal, ", "", "username: This type of authentication needs it"),
        ("password: {secret: env:CRM_PASSWORD}", "password: secret", "A reference is expected here"),
        ("[received, ", "[recieved, ", "“recieved” is none of"),
        ("127.0.0.1:9000/", "127.0.0.1:9001/", "An address begins with https://"),
        ("/contacts", "/contacts?a=1", "below request, params"),
        ("/contacts", "/{contact.idd}", "Did you mean “contact.id”"),
        ("http://127.0.0.1:9000/contacts", "edi://ecko", "one of two: edi://actions or edi://echo"),
        ("//127.0.0.1:9000", "//{contact.id}:9000", "never in the name of the host"),
        ("[Chat sales]", "[Chat sale]", "Did you mean “Chat sales”"),
        ('["127.0.0.1:9000"]', '["http://x"]', "Item 1, “http://x”, is no host"),
    ],
)
def test_what_is_wrong_with_it_is_refused_with_its_place(old: str, new: str, complaint: str):
    QueueFactory(name="Chat sales")
    assert old in FILE

    plan = planned(FILE.replace(old, new), environment=ENVIRONMENT)

    assert any(complaint in problem.text for problem in plan.problems), [str(problem) for problem in plan.problems]
    assert all(problem.position for problem in plan.problems)


@pytest.fixture
def root() -> Client:
    UserFactory(username="root", is_superuser=True, is_staff=True)
    client = Client()
    assert client.login(username="root", password="correct horse")
    return client


UNTYPED = {"authentications-0-secret": ""}


def page(integration: Integration) -> str:
    return reverse("admin:channels_cfg_integration_change", args=[integration.pk])


def test_the_page_never_shows_a_secret_and_an_empty_field_keeps_it(root: Client):
    integration = IntegrationFactory()

    save_form(root, page(integration), **{"ordinal": "2", **UNTYPED})

    integration.refresh_from_db()
    assert (integration.ordinal, integration.authentications.get().secret) == (2, "CANARY-password")
    assert b"CANARY" not in root.get(page(integration)).content
    assert b"CANARY" not in root.get(reverse("admin:channels_cfg_integration_history", args=[integration.pk])).content


NAMED = '{"request": {"authentication": {"type": "basic", "name": "crm"}}}'


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"configuration": '{\n "request": {"params": {"a": "{contact.sorce}"}}}'}, "line 2, column 31"),
        ({"endpoint": "https://elsewhere.example.com/contacts"}, "Enter the secret of crm again"),
        ({"authentications-0-name": "other", "configuration": NAMED}, "no authentication “crm”"),
    ],
)
def test_the_page_refuses_what_cannot_be(root: Client, changes: dict[str, Any], complaint: str):
    integration = IntegrationFactory()

    answer = save_form(root, page(integration), **UNTYPED, **changes)

    assert answer.status_code == 200
    assert complaint in answer.content.decode()
    assert Integration.objects.get().configuration == integration.configuration


def test_a_secret_moves_to_another_host_only_with_its_being_entered_again():
    integration = IntegrationFactory()
    integration.endpoint = "https://elsewhere.example.com/contacts"

    with pytest.raises(ValidationError, match="Enter the secret of crm again"):
        integration.full_clean()
