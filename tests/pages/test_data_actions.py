"""A data action in a browser: what is published is edited in a draft, checked, tried out, and published anew."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from channels_cfg.models import DataAction, DataActionDraft, User
from tests.factories import DataActionConnectionFactory, DataActionFactory
from tests.pages.conftest import OpenAs
from tests.pages.looks import shortcomings
from tests.pages.test_configurator import configurator
from tests.stand_ins.remote_api import RemoteApi, running_remote_api

__all__ = ["configurator"]  # a fixture

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def remote_api(settings: Any) -> Iterator[RemoteApi]:
    settings.OUTGOING_OWN_HOSTS = ["127.0.0.1"]
    with running_remote_api() as api:
        yield api


def test_a_published_action_is_edited_checked_tried_out_and_published(
    open_as: OpenAs, configurator: User, remote_api: RemoteApi
):
    action = DataActionFactory(connection=DataActionConnectionFactory(base_address=remote_api.url))
    remote_api.answers_with({"entities": [{"id": "c1"}]})
    page = open_as(configurator, reverse("admin:channels_cfg_dataaction_change", args=[action.pk]))
    success_template = page.get_by_label("Success template")

    page.get_by_role("button", name="Edit in a draft").click()
    success_template.fill('{"contactId": ${id},\n "phone": ${nothing}')
    page.get_by_role("button", name="Check what is typed").click()
    expect(page.get_by_role("listitem").filter(has_text="Success template, line 2, column 11:")).to_be_visible()
    assert shortcomings(page, [".panel", "#dataactiondraft_form"]) == []

    success_template.fill('{"contactId": ${id}, "source": "CRM"}')
    page.get_by_role("button", name="Save and continue editing").click()
    page.get_by_role("link", name="Try it out").click()
    page.get_by_label("phone (string), required").fill("040 123")
    page.get_by_role("button", name="Run it now").click()
    expect(page.get_by_role("region", name="What the caller gets")).to_contain_text('"contactId": "c1"')
    assert shortcomings(page, [".panel"]) == []
    assert remote_api.asked[-1].path == "/contacts?q=040+123"

    page.get_by_role("link", name="Back").click()
    page.get_by_role("button", name="Publish what is saved").click()
    expect(page.get_by_text("runs as it is shown here from now on")).to_be_visible()
    assert DataAction.objects.get().success_template == '{"contactId": ${id}, "source": "CRM"}'
    assert not DataActionDraft.objects.exists()
