"""Dangerous actions ask for typed words, and nothing is done before they are typed."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from channels_cfg.models import AttachedKey, Channel, MessagingService, Queue
from tests.channels_cfg.admin.forms import save_form
from tests.factories import ChannelFactory, MessagingServiceFactory, QueueFactory

MAKERS = {Channel: ChannelFactory, Queue: QueueFactory, MessagingService: MessagingServiceFactory}


def page_of(model: Any, action: str, *args: Any) -> str:
    return reverse(f"admin:channels_cfg_{model._meta.model_name}_{action}", args=args)


@pytest.mark.parametrize("model", MAKERS)
def test_deleting_asks_for_the_name(browser: Client, model: Any):
    record = MAKERS[model](name="Nordic  sales")
    address = page_of(model, "delete", record.pk)

    asked = browser.get(address)
    unconfirmed = browser.post(address, {"post": "yes"})
    mistyped = browser.post(address, {"post": "yes", "_typed": "nordic sales"})
    there = model.objects.filter(pk=record.pk).exists()
    done = browser.post(address, {"post": "yes", "_typed": " Nordic sales "}, follow=True)

    assert "Type <strong>Nordic sales</strong> to confirm" in asked.content.decode()
    assert "That is not" not in unconfirmed.content.decode()
    assert "That is not “Nordic sales”" in mistyped.content.decode()
    assert there
    assert done.status_code == 200
    assert not model.objects.filter(pk=record.pk).exists()


def test_deleting_several_asks_how_many(browser: Client):
    chosen = [ChannelFactory(), ChannelFactory()]
    sent = {"action": "delete_selected", "_selected_action": [channel.pk for channel in chosen]}
    address = page_of(Channel, "changelist")

    asked = browser.post(address, sent)
    unconfirmed = browser.post(address, {**sent, "post": "yes"})
    there = Channel.objects.count()
    browser.post(address, {**sent, "post": "yes", "_typed": "delete 2 channels"})

    assert "Type <strong>delete 2 channels</strong> to confirm" in asked.content.decode()
    assert "Type <strong>delete 2 channels</strong>" in unconfirmed.content.decode()
    assert there == 2
    assert Channel.objects.count() == 0


def test_a_record_that_is_used_stays_whatever_is_typed(browser: Client):
    queue = QueueFactory(channel__name="Chat")
    address = page_of(Channel, "delete", queue.channel.pk)

    answer = browser.post(address, {"post": "yes", "_typed": "Chat"})

    assert "Cannot be deleted" in answer.content.decode()
    assert Channel.objects.count() == 1


def test_a_sensitive_key_is_kept_only_after_its_name_was_typed(browser: Client):
    AttachedKey.objects.create(name="iban", sensitive=True)
    channel = ChannelFactory(name="Chat", statistics_keys=["tier"])
    address = page_of(Channel, "change", channel.pk)

    asked = save_form(browser, address, statistics_keys="tier, iban")
    channel.refresh_from_db()
    before = channel.statistics_keys
    done = browser.post(address, {"_carried": asked.context["carried"], "_typed": "iban"}, follow=True)
    channel.refresh_from_db()

    assert "“iban” is sensitive, and is newly on “Extra Data Included in Statistics”." in asked.content.decode()
    assert before == ["tier"]
    assert done.status_code == 200
    assert channel.statistics_keys == ["tier", "iban"]


def test_emptying_a_list_asks_where_the_level_above_keeps_a_sensitive_key(browser: Client):
    AttachedKey.objects.create(name="iban", sensitive=True)
    queue = QueueFactory(channel__statistics_keys=["iban"], statistics_keys=["tier"])

    asked = save_form(browser, page_of(Queue, "change", queue.pk), statistics_keys="")

    assert asked.status_code == 409
    assert Queue.objects.get().statistics_keys == ["tier"]


def test_a_list_without_sensitive_keys_is_saved_at_once(browser: Client):
    AttachedKey.objects.create(name="iban", sensitive=True)
    channel = ChannelFactory(statistics_keys=["iban"])

    save_form(browser, page_of(Channel, "change", channel.pk), statistics_keys="iban, tier")

    channel.refresh_from_db()
    assert channel.statistics_keys == ["iban", "tier"]
