"""Rule 12 for chains of data actions and for contacts; and a worker that is killed in the middle of a chain."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from django.utils import timezone

from channels_cfg.models import QUEUE_RIGHTS, DataAction, Queue, User, WaitingUpload
from conversations import lifecycle
from conversations.models import Association, Conversation, ExternalContact, IntegrationRun, LiveDatum, State
from reporting.contact_log.fill import run_reporting_job
from tests.conversations.integrations.conftest import crm as crm
from tests.conversations.integrations.test_action_calls import PIPELINE, pipeline
from tests.conversations.integrations.test_action_calls import actions as actions
from tests.conversations.integrations.test_action_calls import connection as connection
from tests.factories import (
    ApiKeyFactory,
    ChannelFactory,
    MessagingServiceFactory,
    QueueFactory,
    UserFactory,
    WebhookSecretFactory,
    external_contact,
    grant,
)
from tests.journeys.conftest import Portal, eventually
from tests.journeys.test_canary import Canaries, database_dump, every_answer, signed_in
from tests.journeys.test_canary import canaries as canaries
from tests.journeys.test_canary_of_replies import configurator
from tests.stand_ins.crm import Asked, Crm, reply
from tests.statistics import gather_statistics

READ_ONLY = {"actions": PIPELINE["actions"][:1], "response": {"save": {"crm": "{response.body.found.id}"}}}


@pytest.fixture
def queue(transactional_db: None) -> Queue:
    return QueueFactory(channel=ChannelFactory(statistics_keys=["contact.found"]))


@pytest.fixture
def supervisor(queue: Queue) -> User:
    return grant(UserFactory(), *QUEUE_RIGHTS, on=queue)


@pytest.fixture
def client(portal: Portal, queue: Queue) -> httpx.Client:
    key = ApiKeyFactory()
    grant(key.user, *QUEUE_RIGHTS, on=queue)
    return portal.with_key(key.text)


@pytest.fixture
def service(queue: Queue) -> Any:
    return WebhookSecretFactory(service=MessagingServiceFactory(queue=queue)).service


def everywhere(portal: Portal, supervisor: User, client: httpx.Client) -> dict[str, bytes]:
    """Every table and file, and every page and answer of a supervisor, a configurator and a program."""
    gather_statistics()
    places: dict[str, bytes] = dict(database_dump())
    places |= {str(file): file.read_bytes() for file in portal.var_dir.rglob("*") if file.is_file()}
    people = every_answer(signed_in(portal, supervisor), "/history/", "/desk/", "/reports/", "/contacts/")
    places |= {f"supervisor {address}": content for address, content in people}
    administrator = signed_in(portal, grant(configurator(), *QUEUE_RIGHTS, on=Queue.objects.get()))
    benches = [f"/admin/conversations/integrationrun/{run.pk}/bench/" for run in IntegrationRun.objects.all()]
    for starts in (["/admin/"], benches):
        pages = every_answer(administrator, *starts)
        places |= {f"configurator {address}": content for address, content in pages}
    return places | dict(every_answer(client, "/api/v1/conversations", "/metrics", "/api/schema/"))


def is_done(count: int) -> bool:
    return IntegrationRun.objects.exclude(finished_at=None).count() == count


def test_what_chains_of_data_actions_asked_and_brought_is_nowhere_after_the_end(
    portal: Portal,
    crm: Crm,
    actions: dict[str, DataAction],
    service: Any,
    supervisor: User,
    client: httpx.Client,
    canaries: Canaries,
):
    actions["Find contact"].connection.credentials.create(name="apiKey", secret=canaries.new())
    DataAction.objects.update(headers='{"x-api-key": "${credentials.apiKey}"}')
    configuration = json.loads(json.dumps(PIPELINE))
    configuration["actions"][0]["inputs"]["phone"] = configuration["actions"][1]["inputs"]["phone"] = (
        "{contact.cad.customer_number}"
    )
    pipeline(crm, configuration)
    # Found; created after none was found; refused in words of the other system; no JSON; nobody answers in time.
    stories: list[list[Any]] = [
        [reply({"id": "C-kept", "name": canaries.new()}), reply({"said": canaries.new()})],
        [reply({"message": canaries.new()}, 404), reply({"id": canaries.new()}), reply({})],
        [reply({}, 404), reply({"message": canaries.new()}, 422)],
        [(200, {"Content-Type": "text/html"}, f"<html>{canaries.new()}".encode())],
    ]
    for number, story in enumerate(stories, start=1):
        crm.planned += story
        metadata = {"customer_number": canaries.new()}
        portal.customer_writes(service, "Hello", metadata=metadata, conversation=f"T{number}")
        eventually(lambda number=number: is_done(number))
    waiting = list(Conversation.objects.order_by("received_at").values_list("pk", flat=True))
    assert len(crm.asked) == 2 + 3 + 2 + 1 and all(canaries.found_in(str(one.headers).encode()) for one in crm.asked)
    assert {run.state for run in IntegrationRun.objects.all()} == {"done", "failed"}
    assert LiveDatum.objects.filter(key="contact.created").exists(), "what is searched for has been there"

    for pk in (waiting[0], waiting[2], waiting[3]):
        for action in ("accept", "end", "handle"):
            assert client.post(f"/api/v1/conversations/{pk}/{action}").status_code == 200
    lifecycle.end(waiting[1], now=timezone.now())
    run_reporting_job()

    places = everywhere(portal, supervisor, client)
    benches = [content for address, content in places.items() if address.endswith("/bench/")]
    assert len(benches) == 4 and all(b"and it went with it" in content for content in benches), (
        "runs have been looked at"
    )
    assert [place for place, content in places.items() if canaries.found_in(content)] == []
    assert any(b"C-kept" in content for content in places.values()), "what is kept is found"


def test_what_contacts_say_is_in_contacts_alone_and_what_was_refused_or_deleted_is_nowhere(
    portal: Portal, service: Any, supervisor: User, client: httpx.Client
):
    gone, kept = Canaries(), Canaries()
    browser = signed_in(portal, supervisor)

    def send(address: str, files: Any = None, **fields: str) -> httpx.Response:
        browser.get("/contacts/new/")
        fields["csrfmiddlewaretoken"] = browser.cookies["csrftoken"]
        answer = browser.post(address, data=fields, files=files, headers={"Referer": portal.url})
        assert answer.status_code < 500, answer.text
        return answer

    # By file: one that is refused, one that is imported. By hand: a note, and a contact that is merged, or deleted.
    discarded = f"First name,Last name,Work phone\n{gone.new()},{gone.new()},040\nA,{gone.new()},\n"
    preview = send("/contacts/import/", files={"file": (f"{gone.new()}.csv", discarded)})
    assert gone.found_in(preview.content)
    send(preview.url.path, discard="yes")
    # The second is large, so that a worker has it; row 3 is refused.
    rows = f"First name,Last name,Work e-mail\nAino,{kept.new()},{kept.new()}@example.com\nEero,{gone.new()},no\n"
    preview = send("/contacts/import/", files={"file": ("a.csv", rows + "\n" * 300_000)})
    eventually(WaitingUpload.objects.filter(state="ready").exists)
    send(preview.url.path, without_refused="yes")
    eventually(WaitingUpload.objects.filter(state="done").exists)
    send(preview.url.path, discard="yes")
    contact = ExternalContact.objects.get()
    send(f"/contacts/{contact.pk}/notes/", text=kept.new())
    other = external_contact(gone.new(), gone.new(), email=f"{gone.new()}@example.com", address={"city": gone.new()})
    send(f"/contacts/{other.pk}/notes/", text=gone.new())

    # On the desk, and over the API: the wrong one is associated, taken off and deleted; then the right one.
    portal.customer_writes(service, "Hello")
    conversation = eventually(Conversation.objects.first)
    lifecycle.accept(conversation.pk, by=supervisor, now=timezone.now())
    send(f"/desk/{conversation.pk}/contact/confirm/", contact=str(other.pk))
    assert Association.objects.get().contact == other
    send(f"/desk/{conversation.pk}/contact/take-off/")
    send(f"/contacts/{other.pk}/delete/", name=other.name)
    assert not ExternalContact.objects.filter(pk=other.pk).exists()
    send(f"/desk/{conversation.pk}/contact/confirm/", contact=str(contact.pk))
    assert client.get(f"/api/v2/externalcontacts/contacts?q={gone.new()}").status_code == 200
    for action in ("end", "handle"):
        assert client.post(f"/api/v1/conversations/{conversation.pk}/{action}").status_code == 200
    run_reporting_job()

    places = everywhere(portal, supervisor, client)
    assert Conversation.objects.get().state == State.HANDLED
    assert [place for place, content in places.items() if gone.found_in(content)] == []
    found = {place for place, content in places.items() if kept.found_in(content)}
    of_contacts = {"externalcontact", "contactidentifier", "contactnote"}
    assert {place for place in found if not place.startswith("supervisor ")} == {
        f"conversations_{name}" for name in of_contacts
    }
    assert f"supervisor /contacts/{contact.pk}/" in found


@contextmanager
def worker_killed(portal: Portal, crm: Crm, *, at: str) -> Iterator[None]:
    """What is sent in the block is worked on until the CRM thinks about a request by this method; then the worker is
    killed, and another one comes."""
    is_asked, may_answer = threading.Event(), threading.Event()

    def think(asked: Asked) -> None:
        if asked.method == at and not is_asked.is_set():
            is_asked.set()
            may_answer.wait(20)

    crm.before_reply = think
    yield
    assert is_asked.wait(20), "the chain came so far"
    portal.kill("worker")
    may_answer.set()
    IntegrationRun.objects.update(held_until=timezone.now())  # its lease is over
    portal.start_worker()
    portal.manage("shell", "-c", "from conversations.tasks import sweep_jobs as t; t.delay()")


def test_a_chain_that_creates_is_not_begun_again_when_its_worker_was_killed(
    portal: Portal, crm: Crm, actions: Any, service: Any
):
    pipeline(crm)
    crm.planned += [reply({}, 404), reply({"id": "C-8"}), reply({})]

    with worker_killed(portal, crm, at="POST"):
        portal.customer_writes(service, "Hello")
    eventually(lambda: is_done(1))

    run, conversation = IntegrationRun.objects.get(), Conversation.objects.get()
    assert (run.state, run.outcome, run.calls, run.interruptions) == ("failed", "failed", 1, 1)
    assert "not known whether it was asked" in run.reason
    assert [one.method for one in crm.asked] == ["GET", "POST"], "nobody is created twice"
    assert conversation.state == State.QUEUED and not LiveDatum.objects.exists()
    assert not Association.objects.exists()


def test_a_chain_that_only_reads_is_begun_again_when_its_worker_was_killed(
    portal: Portal, crm: Crm, actions: Any, service: Any
):
    pipeline(crm, READ_ONLY)
    crm.planned += [reply({"id": "lost"}), reply({"id": "C-7"})]

    with worker_killed(portal, crm, at="GET"):
        portal.customer_writes(service, "Hello")
    eventually(lambda: is_done(1))

    run = IntegrationRun.objects.get()
    assert (run.state, run.outcome, run.interruptions) == ("done", "saved", 1)
    assert [one.method for one in crm.asked] == ["GET", "GET"]
    assert list(LiveDatum.objects.values_list("key", "value")) == [("crm", "C-7")]
    assert Conversation.objects.get().state == State.QUEUED
