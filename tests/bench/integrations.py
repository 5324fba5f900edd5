"""Events that integrations answer, with a CRM that thinks for 200 ms."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx
from django.conf import settings
from django.test import Client, override_settings
from django.utils import timezone

from channels_cfg import jobs
from channels_cfg.models import AccessRight, Authentication, Integration, MessagingService, Queue, Right, User
from conversations import lifecycle
from conversations.demo import CALLBACK_PATH, inbound_message, sign
from conversations.models import ExternalReference, IntegrationRun
from tests.bench import desks, web
from tests.bench.dataset import WEBHOOK_SECRET

THINKS = 0.2
EVENTS = 200
CUSTOMERS = 20
EXAMPLE = """{
  "request": {"authentication": {"type": "basic"}, "params": {"phone": "{contact.source}"}},
  "response": {"save": {"customer_data": {
    "id": "{response.body.id}", "firstname": "{response.body.properties.firstname}",
    "lastname": "{response.body.properties.lastname}", "company": "{response.body.properties.company}",
    "jobtitle": "{response.body.properties.jobtitle}", "lastticket": "{response.body.tickets[-1].id}"}}}
}"""
_CRM = """
import time
from tests.stand_ins.crm import running_crm
with running_crm() as crm:
    crm.slow = %s
    print(crm.url, flush=True)
    time.sleep(3600)
"""


@contextmanager
def _crm() -> Iterator[str]:
    """In a process of its own, as a CRM is."""
    with subprocess.Popen([sys.executable, "-c", _CRM % THINKS], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


@contextmanager
def answering() -> Iterator[Integration]:
    """The specification's example, asked about whoever writes."""
    with _crm() as url, override_settings(OUTGOING_OWN_HOSTS=["127.0.0.1"]):
        integration = Integration.objects.create(
            name="Bench", endpoint=f"{url}/contacts", events=["received"], all_queues=True, configuration=EXAMPLE
        )
        Authentication.objects.create(integration=integration, name="crm", username="portal", secret="secret")
        yield integration
        integration.delete()


def events_per_minute(queue: Queue) -> float:
    """Answered by one worker, as many at once as it has out."""
    with answering() as integration:
        for _number in range(EVENTS):
            now = timezone.now()
            lifecycle.receive(channel=queue.channel, queue=queue, now=now, customer_address="358401234567")
        begins = time.monotonic()
        jobs.work_on_waiting(jobs.kind_of(IntegrationRun), until=timezone.now() + timedelta(minutes=5))
        taken = time.monotonic() - begins
        done = integration.runs.filter(outcome="saved").count()
        assert done == EVENTS, done
    return EVENTS / taken * 60


def waiting_alone() -> float:
    """What the waiting for the CRM would allow."""
    return settings.INTEGRATIONS_AT_ONCE * 60 / THINKS


def seconds_to_desk(service: MessagingService, environment: dict[str, str]) -> float:
    """From a callback with a customer's first message until what the CRM says stands on the agent's desk, without the
    CRM's own time; the median of some."""
    agent = User.objects.create(username="fetched")
    AccessRight.objects.create(user=agent, right=Right.SERVE, queue=service.queue)
    client = Client(SERVER_NAME="localhost")
    client.force_login(agent)
    cookies = {name: morsel.value for name, morsel in client.cookies.items()}
    environment = environment | {"OUTGOING_OWN_HOSTS": "127.0.0.1"}
    with (
        answering(),
        web.server(
            "config.wsgi", settings="tests.bench.portal_settings", database=environment["BENCH_DATABASE"]
        ) as port,
        desks.worker(environment),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", cookies=cookies, timeout=40) as browser,
    ):
        _fetched(service, browser, agent, number=0)  # until the worker works
        return statistics.median(_fetched(service, browser, agent, number=number) for number in range(1, CUSTOMERS))


def _fetched(service: MessagingService, browser: httpx.Client, agent: User, *, number: int) -> float:
    conversation = f"FETCHED{number}"
    message = inbound_message(
        service, text="Hello", at=timezone.now(), conversation=conversation, customer="358401234567"
    )
    body = json.dumps(message).encode()
    headers = sign(body, secret=WEBHOOK_SECRET, nonce=conversation, now=timezone.now())
    begins = time.perf_counter()
    browser.post(
        CALLBACK_PATH, content=body, headers={**headers, "Content-Type": "application/json"}
    ).raise_for_status()
    reference = ExternalReference.objects.filter(external_id=conversation, conversations__isnull=False)
    while not (found := reference.values_list("conversations", flat=True).first()):
        time.sleep(0.01)
    lifecycle.accept(found, by=agent, now=timezone.now())
    page = browser.get(f"/desk/{found}/").text
    while "Aino" not in page and time.perf_counter() < begins + 30:
        known = "".join(f"&{name}={token}" for name, token in desks.tokens(page).items())
        news = browser.get(f"/desk/news/?open={found}{known}", headers={"HX-Request": "true"})
        page = news.text or page
    taken = time.perf_counter() - begins - THINKS
    lifecycle.end(found, by=agent, now=timezone.now())
    return taken
