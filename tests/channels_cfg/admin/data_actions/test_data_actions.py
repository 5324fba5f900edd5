"""Data actions, drafts and connections in the System Configurator."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from channels_cfg.models import DataAction, DataActionConnection, DataActionCredential, DataActionDraft
from tests.channels_cfg.admin.forms import save_form
from tests.factories import DataActionConnectionFactory, DataActionFactory, UserFactory
from tests.stand_ins.remote_api import running_remote_api

ACTIONS = "/admin/channels_cfg/dataaction/"
CONNECTIONS = "/admin/channels_cfg/dataactionconnection/"


def test_faults_are_named_by_line_and_warnings_are_on_the_page(browser: Client):
    facts = {"name": "Find", "request_url_template": "/x?q=${input.q}"}

    refused = save_form(browser, f"{ACTIONS}add/", **facts, headers='{\n"a": }')
    save_form(browser, f"{ACTIONS}add/", **facts)
    page = browser.get(f"{ACTIONS}{DataAction.objects.get().pk}/change/").content.decode()

    assert refused.context["adminform"].form.errors["headers"] == ["Line 2, column 6: A value is expected here."]
    assert "Address, line 1, column 6:" in page and "goes into the query unescaped" in page


def test_what_is_typed_is_checked_without_saving(browser: Client):
    checked = browser.post(f"{ACTIONS}check/", {"request_url_template": "/x", "success_template": "${no"})

    assert "Success template, line 1, column 5:" in checked.content.decode()
    assert not DataAction.objects.exists()


def test_a_published_action_is_edited_in_a_draft_and_published_anew(browser: Client):
    action = DataActionFactory(request_url_template="/old")
    assert 'name="request_url_template"' not in browser.get(f"{ACTIONS}{action.pk}/change/").content.decode()

    assert ">Yes<" not in told(browser)
    opened = browser.post(f"{ACTIONS}{action.pk}/edit/")
    assert ">Yes<" in told(browser)
    assert f"{ACTIONS}{action.pk}/try/?draft=1" in browser.get(opened["Location"]).content.decode()
    save_form(browser, opened["Location"], request_url_template="/new?q=$esc.url(${input.phone})")
    assert DataAction.objects.get().request_url_template == "/old"
    browser.post(f"{ACTIONS}{action.pk}/publish/")

    assert DataAction.objects.get().request_url_template == "/new?q=$esc.url(${input.phone})"
    assert not DataActionDraft.objects.exists()


def told(browser: Client) -> str:
    """The list of data actions, without spaces."""
    return "".join(browser.get(ACTIONS).content.decode().split())


def test_what_cannot_run_is_not_published_and_the_page_says_why(browser: Client):
    action = DataActionFactory(state="draft", request_url_template="")

    answer = browser.post(f"{ACTIONS}{action.pk}/publish/", follow=True)

    assert "There is no address." in answer.content.decode()
    assert DataAction.objects.get().state == "draft"


def test_the_file_of_an_action_is_downloaded(browser: Client):
    action = DataActionFactory(name="Find contact")

    assert browser.get(f"{ACTIONS}{action.pk}/file/").json()["name"] == "Find contact"


def test_trying_an_action_out_tells_each_step_and_no_secret(browser: Client, settings: Any):
    settings.OUTGOING_OWN_HOSTS = ["127.0.0.1"]
    with running_remote_api() as api:
        connection = DataActionConnectionFactory(base_address=api.url)
        DataActionCredential.objects.create(connection=connection, name="key", secret="CANARY-key")
        action = DataActionFactory(connection=connection, headers='{"x-api-key": "${credentials.key}"}')
        api.answers_with({"entities": [{"id": "c1"}]})

        form = browser.get(f"{ACTIONS}{action.pk}/try/").content.decode()
        page = browser.post(f"{ACTIONS}{action.pk}/try/", {"input-phone": "040"}).content.decode()
        failed = browser.post(f"{ACTIONS}{action.pk}/try/", {}).content.decode()

    assert "phone (string), required" in form and "What the caller gets" not in form
    assert "Apply the translation map" in page and "c1" in page and "CANARY" not in page
    assert "&#x27;phone&#x27; is missing" in failed and "invalid.schema" in failed
    assert api.asked[0].headers["x-api-key"] == "CANARY-key"


def test_a_stored_secret_is_never_shown_and_goes_to_no_other_host_unasked(browser: Client):
    connection = DataActionConnectionFactory(name="CRM")
    DataActionCredential.objects.create(connection=connection, name="key", secret="CANARY-key")
    page = f"{CONNECTIONS}{connection.pk}/change/"

    assert "CANARY" not in browser.get(page).content.decode()
    asked = save_form(browser, page, base_address="https://other.example.com").content.decode()

    assert "The stored credentials key go to: https://other.example.com." in asked
    assert DataActionConnection.objects.get().base_address == "https://api.example.com"
    save_form(browser, page, integration_type="x")
    assert DataActionCredential.objects.get().secret == "CANARY-key"


@pytest.mark.parametrize("path", ["publish/", "edit/", "try/", "file/"])
def test_without_the_right_nothing_is_published_edited_or_tried(browser: Client, path: str):
    action = DataActionFactory(state="draft")
    outsider = Client()
    outsider.force_login(UserFactory(is_staff=True))

    assert outsider.post(f"{ACTIONS}{action.pk}/{path}").status_code == 403
    assert browser.post(f"{ACTIONS}{action.pk + 1}/{path}").status_code == 404
