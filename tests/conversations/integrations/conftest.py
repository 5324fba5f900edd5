"""A CRM on loopback, an integration that asks it, and what a worker does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from channels_cfg import jobs, request_authentication
from channels_cfg.models import Integration, Queue
from conversations.models import Conversation, IntegrationRun, LiveDatum
from tests.channels_cfg.integrations.test_configuration import EXAMPLE
from tests.factories import ChannelFactory, IntegrationFactory, QueueFactory, queued_conversation
from tests.stand_ins.crm import Crm, running_crm


@pytest.fixture
def crm(settings: Settings) -> Iterator[Crm]:
    settings.OUTGOING_OWN_HOSTS = ["127.0.0.1"]
    request_authentication._tokens.clear()
    with running_crm() as running:
        yield running


@pytest.fixture
def queue(db: None) -> Queue:
    return QueueFactory(channel=ChannelFactory(statistics_keys=["customer_data.firstname", "customer_data.id"]))


@pytest.fixture
def lookup(crm: Crm, queue: Queue) -> Integration:
    """The specification's example, asked when a conversation comes in."""
    return integration(crm, EXAMPLE)


def integration(crm: Crm, configuration: str, **facts: Any) -> Integration:
    return IntegrationFactory(
        **{"endpoint": f"{crm.url}/contacts", "direct": True, "configuration": configuration, **facts}
    )


def begun(queue: Queue, **facts: Any) -> Conversation:
    return queued_conversation(queue, **{"customer_address": "358401234567", **facts})


def work(*, even_if_put_off: bool = True) -> None:
    """What workers do until nothing waits any more; as if pauses were over."""
    for _round in range(20):
        if even_if_put_off:
            IntegrationRun.objects.filter(holder=None).update(held_until=None)
        pks = list(IntegrationRun.objects.waiting(now=timezone.now()).order_by("pk").values_list("pk", flat=True))
        if not pks:
            return
        for pk in pks:
            jobs.work_on(IntegrationRun, pk)


def attached(conversation: Conversation) -> dict[str, Any]:
    return dict(LiveDatum.objects.filter(conversation=conversation).values_list("key", "value"))
