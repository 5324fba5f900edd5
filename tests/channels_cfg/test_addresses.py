"""App IDs, project IDs and queue addresses: one way of writing each, and a good example where one cannot work."""

from __future__ import annotations

import json
import re

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from channels_cfg.addresses import (
    check_address,
    check_app_id,
    check_project_id,
    tidied_address,
    tidied_app_id,
    tidied_project_id,
)
from channels_cfg.models import Channel, MessagingService, Queue, QueueAddress
from tests.channels_cfg.admin.forms import save_form
from tests.channels_cfg.configuration_file.conftest import OPENING, applied, planned
from tests.conversations.doors.conversation_api.conftest import CALLBACKS, needs_callbacks
from tests.factories import ChannelFactory, MessagingServiceFactory, QueueFactory

APP = "01EB37HMH1M6SV18ASNS3G135H"
PROJECT = "e2df3a34-a71b-4448-9db5-a8d2baad28e4"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (f" \u200b{APP.lower()}@WhatsApp.SinchConversation.com\ufeff", f"{APP}@whatsapp.sinchconversation.com"),
        ("Sales@Example.COM ", "Sales@example.com"),
        ("00358 40 (0) 123-4567", "+358401234567"),
        ("+358 40 123 4567", "+358401234567"),
        ("040 123 4567", "040 123 4567"),
    ],
)
def test_an_address_is_written_in_one_way(written: str, meant: str):
    assert tidied_address(written) == meant
    assert tidied_address(meant) == meant


def test_ids_are_written_in_one_way():
    assert tidied_app_id(f" {APP.lower()}\n") == APP
    assert tidied_project_id(f"{PROJECT.upper().replace('-', '')} ") == PROJECT


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("voice", "+358401234567"),
        ("email", "sales@example.com"),
        ("chat", "web@chat.example.com"),
        ("chat", f"{APP}@nativechannel.sinchconversation.com"),
    ],
)
def test_each_kind_of_channel_has_addresses_of_its_own(kind: str, address: str):
    check_address(address, kind=kind)


@pytest.mark.parametrize(
    ("kind", "address", "example"),
    [
        ("voice", "0401234567", "such as +358401234567"),
        ("voice", "+358", "such as +358401234567"),
        ("voice", "+35840123456 7", "such as +358401234567"),
        ("voice", "sales@example.com", "such as +358401234567"),
        ("email", "+358401234567", "such as sales@example.com"),
        ("email", "sales example.com", "such as sales@example.com"),
        ("chat", "+358401234567", "@whatsapp.sinchconversation.com"),
        ("chat", f"{APP[:-1]}@whatsapp.sinchconversation.com", "this one has 25"),
        ("chat", f"{APP}@what sapp.sinchconversation.com", "@whatsapp.sinchconversation.com"),
    ],
)
def test_what_nobody_could_reach_is_refused_with_an_example(kind: str, address: str, example: str):
    with pytest.raises(ValidationError, match=re.escape(example)):
        check_address(address, kind=kind)


@pytest.mark.parametrize("text", ["", APP[1:], f"{APP}A", APP.replace("H", "-"), "01EB37HMH1M6SV18ASNS3G 35H"])
def test_an_app_id_of_another_shape_is_refused(text: str):
    with pytest.raises(ValidationError, match=APP):
        check_app_id(text)


@pytest.mark.parametrize("text", ["", "project", PROJECT[:-1], PROJECT.replace("e", "g")])
def test_a_project_id_of_another_shape_is_refused(text: str):
    with pytest.raises(ValidationError, match=PROJECT):
        check_project_id(text)


def test_a_queue_has_addresses_of_its_kind_whichever_way_they_come(admin_client: Client):
    queue = QueueFactory(name="Care")
    page = reverse("admin:channels_cfg_queue_change", args=[queue.pk])
    rows = {"addresses-TOTAL_FORMS": 1, "addresses-0-queue": queue.pk}

    refused = save_form(admin_client, page, **rows, **{"addresses-0-address": "+358 40 123 4567"})
    in_file = planned(f"{OPENING}queues: [{{name: Care, addresses: ['+358 40 123 4567']}}]").problems
    assert not QueueAddress.objects.exists()
    save_form(admin_client, page, **rows, **{"addresses-0-address": f" {APP.lower()}@WhatsApp.sinchconversation.com"})
    again = planned(f"{OPENING}queues: [{{name: Care, addresses: ['{APP}@whatsapp.SinchConversation.com']}}]")

    assert "Chats come in on APP_ID@channel.sinchconversation.com" in refused.content.decode()
    assert [(problem.path, "Chats come in on" in problem.text) for problem in in_file] == [
        ("queues[0].addresses[0]", True)
    ]
    assert queue.addresses.get().address == f"{APP}@whatsapp.sinchconversation.com"
    assert again.is_empty


def test_a_queue_that_goes_to_another_kind_of_channel_takes_no_messaging_service_along(db: None):
    queue: Queue = MessagingServiceFactory(queue=QueueFactory(name="Care")).queue
    calls = ChannelFactory(name="Calls", kind=Channel.Kind.VOICE)

    problems = planned(f"{OPENING}queues: [{{name: Care, channel: Calls}}]").problems
    queue.channel = calls
    with pytest.raises(ValidationError) as refused:
        queue.full_clean()

    assert "Messaging services lead to this queue" in problems[0].text
    assert "Messaging services lead to this queue" in refused.value.message_dict["channel"][0]


def test_the_ids_of_a_service_are_tidied_by_a_file_as_by_a_form(db: None):
    QueueFactory(name="Care")

    applied(
        f"{OPENING}messaging_services: [{{name: WhatsApp, queue: Care, project_id: {PROJECT.upper()}, "
        f"app_id: {APP.lower()}}}]"
    )

    service = MessagingService.objects.get()
    assert (service.project_id, service.app_id) == (PROJECT, APP)


@needs_callbacks
def test_published_app_ids_are_good():
    ids = {json.loads(file.read_text()).get("app_id", "") for file in (CALLBACKS / "callbacks").glob("*.json")}

    for app_id in ids:
        if app_id and " " not in app_id:  # “an app id” stands for one in some examples
            check_app_id(app_id)
