"""What agents and administrators see of integrations, and what they do not."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from channels_cfg.models import Integration, Queue, Right, User
from channels_cfg.rights.roles import CONFIGURATOR, ensure_default_roles
from conversations import lifecycle
from conversations.integrations.debugging import open_window
from conversations.models import IntegrationRun
from tests.conversations.desk.conftest import news_path, page
from tests.conversations.integrations.conftest import attached, begun, integration, work
from tests.factories import QueueFactory, UserFactory, grant, user_with
from tests.stand_ins.crm import CUSTOMER, Crm, reply

SAVE_ID = '{"response": {"save": {"id": "{response.body.id}", "name": "{response.body.properties.firstname}"}}}'


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_the_desk_tells_how_fetching_goes_and_offers_it_again(crm: Crm, queue: Queue):
    one = integration(crm, SAVE_ID, name="CRM lookup", timeout_seconds=1)
    agent = user_with(Right.SERVE, on=queue)
    client = signed_in(agent)
    conversation = begun(queue)
    lifecycle.accept(conversation.pk, by=agent, now=timezone.now())
    address = f"/desk/{conversation.pk}/"

    shown = page(client, address)
    assert "CRM lookup" in shown and "Loading" in shown and "fetch-again" not in shown

    crm.planned.append(reply({}, 404))
    work()
    news = page(client, news_path(shown, conversation))
    assert "Nothing found" in news and "Fetch again" in news

    crm.planned.append(reply({}, 403))
    client.post(f"{address}fetch-again/")
    work()
    shown = page(client, address)
    assert "Could not be fetched" in shown
    for hidden in (crm.host, "127.0.0.1", "with 403", "CANARY"):
        assert hidden not in shown

    crm.planned.append(reply(CUSTOMER))
    client.post(f"{address}fetch-again/")
    work()
    shown = page(client, address)
    assert "Aino" in shown and "Fetched" in shown and "Fetch again" not in shown
    client.post(f"{address}fetch-again/")
    work()
    assert len(crm.asked) == 3
    assert one.name in shown


def configurator() -> User:
    ensure_default_roles()
    user = UserFactory(is_staff=True)
    user.groups.add(Group.objects.get(name=CONFIGURATOR))
    return user


def root() -> Client:
    return signed_in(UserFactory(is_superuser=True, is_staff=True))


def test_administrators_ask_which_integrations_answer_and_why_not(crm: Crm, queue: Queue):
    integration(crm, SAVE_ID, name="Answers")
    integration(crm, SAVE_ID, name="Of another queue", all_queues=False)
    integration(crm, SAVE_ID, name="Outbound", direction="outbound")
    address = reverse("admin:which_integrations_answer")

    shown = page(root(), f"{address}?event=received&direction=inbound&queue={queue.pk}")

    for words in ("It is not for this queue.", "It is for outbound conversations.", "Yes"):
        assert words in shown


@pytest.fixture
def run(crm: Crm, queue: Queue) -> IntegrationRun:
    integration(crm, SAVE_ID)
    crm.planned.append(reply(CUSTOMER))
    begun(queue)
    work()
    return IntegrationRun.objects.get()


def test_a_recorded_run_is_replayed_without_asking_or_changing_anything(run: IntegrationRun, crm: Crm, queue: Queue):
    client = signed_in(grant(configurator(), Right.VIEW_HISTORY, on=queue))
    address = reverse("admin:integration_bench", args=[run.pk])
    edited = {
        "request": {"params": {"who": "{contact.source}"}},
        "response": {"save": {"customer_data": {"id": "{response.body.tickets[-1].id}"}, "gone": "{response.body.no}"}},
    }

    stored = page(client, address)
    replayed = client.post(address, {"configuration": json.dumps(edited)}).content.decode()
    broken = client.post(address, {"configuration": '{\n"request": {"method": "GOT"}}'}).content.decode()

    assert "C-1001" in stored and "CANARY" not in stored
    assert "customer_data.id</td><td>T-2</td><td>kept" in replayed.replace("\n", "")
    assert "Left out: gone" in replayed
    assert "line 2, column 23" in broken and "Did you mean “GET”" in broken
    assert len(crm.asked) == 1
    assert attached(run.conversation) == {"id": "C-1001", "name": "Aino"}


def test_a_configurator_comes_from_an_integration_to_its_runs_and_the_bench(run: IntegrationRun):
    client = signed_in(configurator())
    runs = f"{reverse('admin:conversations_integrationrun_changelist')}?integration__id__exact={run.integration_id}"
    of_run = reverse("admin:conversations_integrationrun_change", args=[run.pk])

    assert runs in page(client, reverse("admin:channels_cfg_integration_change", args=[run.integration_id]))
    assert of_run in page(client, runs)
    assert reverse("admin:integration_bench", args=[run.pk]) in page(client, of_run)


def test_whoever_may_not_see_the_conversation_sees_nothing_of_what_was_answered(run: IntegrationRun):
    outsider = grant(UserFactory(is_superuser=True, is_staff=True), Right.VIEW_HISTORY, on=QueueFactory())

    for address in ("integration_bench", "conversations_integrationrun_change"):
        shown = page(signed_in(outsider), reverse(f"admin:{address}", args=[run.pk]))
        assert "C-1001" not in shown and "Aino" not in shown


def test_after_the_end_it_shows_only_while_the_debug_window_is_open(run: IntegrationRun, queue: Queue):
    client = signed_in(grant(UserFactory(is_superuser=True, is_staff=True), Right.VIEW_HISTORY, on=queue))
    address = reverse("admin:integration_bench", args=[run.pk])
    settings_page = reverse("admin:channels_cfg_integration_change", args=[run.integration_id])
    window_address = reverse("admin:integration_debug_window", args=[run.integration_id])
    client.post(window_address)
    assert "for another" in page(client, settings_page)

    lifecycle.end(run.conversation_id, now=timezone.now())
    assert "C-1001" in page(client, address)

    client.post(window_address, {"close": "1"})
    assert "C-1001" not in page(client, address)
    run.refresh_from_db()
    assert run.exchange is None


def test_who_may_only_look_opens_no_debug_window(run: IntegrationRun):
    client = signed_in(UserFactory(is_staff=True))

    assert client.post(reverse("admin:integration_debug_window", args=[run.integration_id])).status_code == 403
    assert Integration.objects.filter(debug_window__isnull=False).count() == 0
    open_window(run.integration, by=UserFactory(), now=timezone.now())
