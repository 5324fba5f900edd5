"""What machines ask and tell over HTTP, beside bare views: each on a server of its own."""

from __future__ import annotations

import json
import statistics
import uuid
from collections.abc import Callable

from django.db import connection
from django.utils import timezone

from channels_cfg.models import AccessRight, Channel, Queue, QueueAddress, Right, User
from conversations.demo import CALLBACK_PATH, inbound_message, sign, task
from tests.bench import calls, web
from tests.bench.dataset import WEBHOOK_SECRET, Dataset
from tests.bench.result import ROUNDS, Result, execute

CALLBACKS = 20_000


def beside_bare(
    ours: Callable[[int], bytes], limit: Callable[[int], bytes], *, bar: float = 0.5, expected: int = 200
) -> Result:
    """Requests per second of the portal and of the bare view, each on a server of its own, in turn."""
    name = connection.settings_dict["NAME"]
    with (
        web.server("config.wsgi", settings="tests.bench.portal_settings", database=name) as portal,
        web.server("tests.bench.bare_wsgi", settings="tests.bench.bare_settings", database=name) as bare,
    ):
        measured = [
            (
                web.requests_per_second(portal, ours, expected=expected),
                web.requests_per_second(bare, limit, expected=200),
            )
            for _ in range(ROUNDS)
        ]
    return Result(statistics.median(m[0] for m in measured), statistics.median(m[1] for m in measured), bar=bar)


def get(path: str, **headers: str) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n".encode()


def post(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{lines}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def contact_data_get(dataset: Dataset, rows: int) -> Result:
    """contactData with key, right and ETag, over a bare view with the default middleware and one SELECT by id."""
    ours = get(f"/RI/cmi/contactData/{dataset.conversation_id}", **{"X-Api-Key": dataset.api_key})
    limit = get(f"/read/{uuid.UUID(dataset.conversation_id)}")
    return beside_bare(lambda _: ours, lambda _: limit, bar=0.8)


def callbacks(dataset: Dataset, rows: int) -> Result:
    """Callbacks taken in per second, over a bare view that commits one row of the same body."""
    execute("CREATE TABLE bench_body (id bigserial PRIMARY KEY, body bytea NOT NULL)")
    message = inbound_message(
        dataset.service,
        text="Hello, is the blue jacket back in stock?",
        at=timezone.now(),
        conversation=uuid.uuid4().hex[:26].upper(),
        customer="358401112233",
        metadata={"customerId": "1234567", "customerType": "gold"},
    )
    body = json.dumps(message).encode()

    def signed() -> bytes:
        headers = sign(body, secret=WEBHOOK_SECRET, nonce=uuid.uuid4().hex, now=timezone.now())
        return post(CALLBACK_PATH, body, headers)

    ready = iter([signed() for _ in range(CALLBACKS)])  # who asks shares the machine, and signing is the sender's part
    bare = post("/store", body, {})
    result = beside_bare(lambda _: next(ready, None) or signed(), lambda _: bare, bar=0.6)
    execute("DROP TABLE bench_body")
    execute("TRUNCATE conversations_inbounddelivery")
    return result


# Calls


def call_steps(dataset: Dataset, rows: int) -> Result:
    """Steps of calls per second, each accepted, held, taken off hold and ended, over a bare view that reads a row and
    changes it."""
    offered = calls.offered_calls()
    ready = iter([post(path, body, {"X-Api-Key": dataset.api_key}) for path, body in calls.all_steps(offered)])
    bare = [post(f"/step/{call}", b"{}", {}) for call in offered[: calls.AT_ONCE]]
    return beside_bare(lambda _: next(ready), lambda number: bare[number % len(bare)])


def tasks(dataset: Dataset, rows: int) -> Result:
    """E-mail tasks taken in per second, over a bare view that commits one row of the same body."""
    execute("CREATE TABLE bench_body (id bigserial PRIMARY KEY, body bytea NOT NULL)")
    channel = Channel.objects.create(name="Tasks", kind=Channel.Kind.EMAIL)
    queue = Queue.objects.create(name="Task desk", channel=channel)
    QueueAddress.objects.create(queue=queue, address="taskdesk@example.com")
    AccessRight.objects.create(user=User.objects.get(username="client"), right=Right.SERVE, queue=queue)
    values = {"XRI-body": "<p>Please call <b>the customer</b> back today.</p>", "orderId": "FI123456"}
    body = json.dumps(task(values, queue="taskdesk@example.com", subject="Order FI123456 came back")).encode()
    ours, bare = post("/RTI/tasks", body, {"X-Api-Key": dataset.api_key}), post("/store", body, {})
    result = beside_bare(lambda _: ours, lambda _: bare, expected=201)
    execute("DROP TABLE bench_body")
    execute("TRUNCATE conversations_inbounddelivery")
    return result
