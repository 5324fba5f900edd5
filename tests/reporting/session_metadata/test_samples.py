"""The samples of specification 003's product, rebuilt from conversations that went through the doors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from channels_cfg.models import Queue
from tests.reporting.session_metadata.conftest import Telephone, built

SAMPLES = Path(__file__).with_name("samples")

WITHOUT_SOURCE = {
    "location",  # of an agent
    "location_id",
    "teams",
    "avatar_url",
    "service_level_abandon_time_threshold",
    "service_level_event",
    "service_level_target_percent",
    "service_level_target_time",
}
"""What we do not know of a session."""
SAID_OTHERWISE = {"voip_provider"}
"""The value of the sample has been replaced by “deprecated” since."""


def sample(name: str) -> dict[str, Any]:
    return dict(json.loads((SAMPLES / f"{name}.json").read_text()))


def differences(sample: Any, ours: Any, where: str = "") -> Iterator[str]:
    """Where ours does not say what the sample says. Ids are others; what is absent is as null."""
    name = where.rpartition(".")[2]
    if name in WITHOUT_SOURCE | SAID_OTHERWISE or sample == "<REDACTED>":
        return
    if isinstance(sample, dict) and isinstance(ours, dict):
        for key, value in sample.items():
            yield from differences(value, ours.get(key), f"{where}.{key}")
    elif isinstance(sample, list) and isinstance(ours, list) and len(sample) == len(ours):
        for one, other in zip(in_order(sample), in_order(ours), strict=True):
            yield from differences(one, other, where)
    elif not is_same(name, sample, ours):
        yield f"{where}: {sample!r}, not {ours!r}"


def in_order(rows: list[Any]) -> list[Any]:
    return sorted(rows, key=lambda row: str(row.get("type")) if isinstance(row, dict) else "")


def is_same(name: str, sample: Any, ours: Any) -> bool:
    if (name.endswith("_at") or name == "casting_time") and sample and ours:
        # A call that is told with its agent is assigned as it arrives; in the samples that takes milliseconds.
        return abs(datetime.fromisoformat(sample) - datetime.fromisoformat(ours)) < timedelta(seconds=1)
    is_id = (name == "id" or name.endswith("_id")) and isinstance(sample, int)
    return sample == ours or (is_id and isinstance(ours, int))


def test_a_real_scheduled_call(telephone: Telephone, queue: Queue):
    Queue.objects.filter(pk=queue.pk).update(name="schedule_call")
    at = "2026-01-24T01:{}+00:00".format
    call = telephone.arrives(at("13:49"), ivr="Menu", **{"from": "+358401234567"})
    telephone.does(at("14:00"), call, "queue", queue="schedule_call")
    telephone.does(at("14:06"), call, "allocate", agent="anna")
    telephone.does(at("14:13"), call, "accept")
    telephone.does(at("14:25"), call, "end", ended_by="customer")
    telephone.does(at("14:25"), call, "handle")
    recording = {
        "id": 903,
        "conference_sid": "CON-a4c2a629-3ee5-48f7-89ca-044c913a7cbf",
        "started_at": at("14:12"),
    }
    telephone.tells(
        at("14:27"),
        call,
        lang="en",
        session_type_v2="Voice Scheduled (API)",
        scheduled_at=at("14:00"),
        connected_at=at("14:18"),
        customer_connected_at=at("14:17"),
        end_user_number=42,
        recordings=[recording],
    )

    document = built(call)

    assert list(differences(sample("call-987"), document)) == []


def test_an_outbound_call_of_an_agent(telephone: Telephone):
    call = telephone.arrives("2019-06-07T01:27:30.406+00:00", **OUTBOUND)
    telephone.tells("2019-06-07T01:27:31+00:00", call, lang="en", session_type_v2="Voice Outbound (API)")

    assert list(differences(sample("appsapi_call_397_outbound_number"), named_as_in_sample(telephone, call))) == []


def test_an_outbound_call_about_a_ticket(telephone: Telephone):
    call = telephone.arrives("2019-06-07T01:28:47.955+00:00", **OUTBOUND)
    telephone.tells(
        "2019-06-07T01:28:48+00:00",
        call,
        lang="en",
        session_type_v2="Voice Outbound (API)",
        out_ticket_id="71450",
        end_user_number=67,
        out_contact_id="381630957514",
    )

    assert list(differences(sample("appsapi_call_398_outbound_ticket"), named_as_in_sample(telephone, call))) == []


OUTBOUND = {"direction": "outbound", "agent": "anna", "to": "+13392195277", "from": "+1 339-219-5276"}


def named_as_in_sample(telephone: Telephone, call: str) -> dict[str, Any]:
    telephone.anna.first_name, telephone.anna.last_name = "Admin", "UJET"
    telephone.anna.save()
    return built(call)


def test_a_call_that_is_scheduled_for_later(telephone: Telephone):
    call = telephone.arrives("2019-09-10T00:19:14+00:00", ivr="Menu")
    lock_star = {"id": 9, "name": "Lock Star", "position": 0, "menu_type": "ivr_menu"}
    telephone.tells(
        "2019-09-10T00:19:14+00:00",
        call,
        lang="en",
        session_type_v2="Voice Inbound (API)",
        status="queued",
        scheduled_at="2019-09-15T00:19:14.421Z",
        menu_path=[lock_star | {"output_msg": "You selected Lock Star."}],
        end_user_number=75,
        out_contact_id="389391400633",
        offer_type="cascade",
        offer_events=[{"id": 1, "casting_time": "2019-09-10T00:19:14Z", "group": "Group 1"}],
        outbound_number="+1 339-219-5276",
    )

    assert list(differences(sample("appsapi_call_515_scheduled"), built(call))) == []
