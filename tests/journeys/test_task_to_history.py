"""An e-mail task, from another system's POST to history and Contact Log."""

from __future__ import annotations

from channels_cfg.models import QUEUE_RIGHTS, Channel, QueueAddress
from conversations.demo import task
from conversations.models import InboundDelivery
from reporting.contact_log.fill import run_reporting_job
from tests.factories import ApiKeyFactory, ChannelFactory, QueueFactory, UserFactory, grant
from tests.journeys.conftest import Portal, eventually
from tests.journeys.test_canary import Canaries, database_dump, signed_in
from tests.statistics import gather_statistics

ADDRESS = "taskdesk@example.com"


def test_a_task_is_worked_on_with_its_body_and_leaves_what_the_lists_keep(portal: Portal):
    canaries = Canaries()
    channel = ChannelFactory(
        kind=Channel.Kind.EMAIL, allocation_keys=["XRI-body", "orderId"], statistics_keys=["orderId"]
    )
    queue, other = QueueFactory(channel=channel), QueueFactory(channel=channel)
    QueueAddress.objects.create(queue=queue, address=ADDRESS)
    system = grant(UserFactory(is_api_client=True), *QUEUE_RIGHTS, on=queue)
    api = portal.with_key(ApiKeyFactory(user=system).text)
    agent = UserFactory()
    for place in (queue, other):
        grant(agent, *QUEUE_RIGHTS, on=place)
    desk = signed_in(portal, agent)

    # Posted twice, as by a system that heard no answer; and what is refused.
    values = {"XRI-body": f"<p>Please call. {canaries.new()}</p>", "orderId": "FI123456", "secret": canaries.new()}
    posted = task(values, queue=ADDRESS, subject="Order FI123456 came back", sender="maija@example.com")
    first, second = (api.post("/RTI/tasks", json=posted, headers={"Idempotency-Key": "x1"}) for _ in range(2))
    assert (first.status_code, first.json()) == (201, second.json())
    refused = api.post(
        "/RTI/tasks", json=task({"bad key": canaries.new(), "ok": canaries.new()}, queue=ADDRESS, subject="")
    )
    assert (refused.status_code, canaries.found_in(refused.content)) == (422, False)
    gather_statistics()
    assert api.get(first.headers["Location"]).json()["status"] == "Open"
    eventually(lambda: not InboundDelivery.objects.filter(finished_at=None).exists())

    # The desk: subject, sender, body; transferred, accepted, ended, wrapped up.
    pk = first.json()["id"]
    assert desk.post(f"/desk/{pk}/accept/", data=token(desk)).status_code == 200
    shown = desk.get(f"/desk/{pk}/").text
    assert "Order FI123456 came back" in shown and "maija@example.com" in shown
    assert f"<p>Please call. {canaries.values[0]}</p>" in shown and canaries.values[1] not in shown
    desk.post(f"/desk/{pk}/transfer/", data=token(desk) | {"to": f"queue:{other.pk}"})
    for action in ("accept", "end", "handle"):
        assert desk.post(f"/desk/{pk}/{action}/", data=token(desk)).status_code == 200
    run_reporting_job()

    # What is left.
    assert api.get(first.headers["Location"]).status_code == 404, "it is in a queue where the system does not serve"
    history = desk.get(f"/history/{pk}/").text
    assert "FI123456" in history and "XRI-body" in history and "Not kept by the settings" in history
    assert desk.get(f"/RI/cmi/contactData/{pk}").json()["attached_data"] == {"orderId": "FI123456"}
    (logged,) = desk.get("/api/v1/contact-log").json()["results"]
    assert "FI123456" in str(logged)
    places = dict(database_dump()) | {str(f): f.read_bytes() for f in portal.var_dir.rglob("*") if f.is_file()}
    places |= {"history": history.encode(), "desk": desk.get("/desk/").content}
    assert [place for place, content in places.items() if canaries.found_in(content)] == []


def token(desk) -> dict[str, str]:
    """What a form of a page carries."""
    return {"csrfmiddlewaretoken": desk.cookies.get("csrftoken") or _fresh(desk)}


def _fresh(desk) -> str:
    desk.get("/desk/")
    return str(desk.cookies["csrftoken"])
