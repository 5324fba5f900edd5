from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from conversations.models import InboundDelivery
from reporting.models import ReportRun
from tests.factories.channels_cfg import MessagingServiceFactory, QueueFactory
from tests.factories.conversations import accepted_conversation, ended_conversation, queued_conversation

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(client):
    """Every value of /metrics by its name and labels."""

    def told() -> dict[str, float]:
        answer = client.get("/metrics")
        assert answer.status_code == 200
        samples = [
            sample
            for family in text_string_to_metric_families(answer.content.decode())
            for sample in family.samples
            if sample.name.startswith("keepsake_")
        ]
        names = [" ".join([sample.name, *sample.labels.values()]) for sample in samples]
        assert len(set(names)) == len(names)
        return dict(zip(names, (sample.value for sample in samples), strict=True))

    return told


def delivery(*, minutes_old: int, **facts) -> InboundDelivery:
    received_at = timezone.now() - timedelta(minutes=minutes_old)
    service = facts.pop("service", None) or MessagingServiceFactory()
    return InboundDelivery.objects.create(
        door="conversation_api",
        service=service,
        nonce=f"nonce-{minutes_old}",
        body_digest=b"",
        received_at=received_at,
        **facts,
    )


def test_an_idle_portal_has_nothing_waiting(told):
    values = told()

    assert values["keepsake_database_up"] == 1
    assert values["keepsake_deliveries_waiting"] == values["keepsake_deliveries_oldest_seconds"] == 0
    assert "keepsake_reporting_job_age_seconds" not in values


def test_requests_are_counted_by_the_pattern_of_their_address(client, told):
    before = told()

    client.get("/history/0f8fad5b-d9cb-469f-a165-70867728950e/")
    client.generic("BREW", "/no/such/358401234567")
    after = told()

    def counted(labels: str) -> float:
        name = f"keepsake_request_seconds_count {labels}"
        return after[name] - before.get(name, 0)

    assert counted("GET history/<conversation:pk>/ 302") == 1
    assert counted("other elsewhere 404") == 1
    assert not any("358401234567" in name or "0f8fad5b" in name for name in after)


def test_deliveries_count_until_they_are_applied(told):
    service = MessagingServiceFactory()
    delivery(minutes_old=3, service=service)
    delivery(minutes_old=2, service=service)
    delivery(minutes_old=60, service=service, finished_at=timezone.now(), state=InboundDelivery.State.APPLIED)

    values = told()

    assert values["keepsake_deliveries_waiting"] == 2
    assert 180 <= values["keepsake_deliveries_oldest_seconds"] < 200


def test_conversations_count_by_state_until_they_are_over(told):
    queue = QueueFactory()
    queued_conversation(queue)
    accepted_conversation(queue)
    accepted_conversation(queue)
    ended_conversation(queue)

    values = told()

    assert values["keepsake_conversations queued"] == 1
    assert values["keepsake_conversations accepted"] == 2
    assert values["keepsake_conversations wrap_up"] == 1
    assert values["keepsake_reportable_changes_waiting"] == 1


def test_a_failed_reporting_job_does_not_make_the_last_success_younger(told):
    now = timezone.now()
    for minutes, outcome in [(30, ReportRun.Outcome.DONE), (1, ReportRun.Outcome.FAILED)]:
        moment = now - timedelta(minutes=minutes)
        ReportRun.objects.create(started_at=moment, seen_at=moment, finished_at=moment, outcome=outcome)

    assert 1800 <= told()["keepsake_reporting_job_age_seconds"] < 1820


def test_a_database_that_cannot_answer_is_told_rather_than_an_error(told):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE reporting_reportrun RENAME TO elsewhere")

    of_database = {name: value for name, value in told().items() if "request_seconds" not in name}

    assert of_database == {"keepsake_database_up": 0}


def test_several_processes_tell_it_once(told, monkeypatch, tmp_path):
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))

    assert told()["keepsake_database_up"] == 1


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_this_machine_may_read_them(client, address):
    assert client.get("/metrics", REMOTE_ADDR=address).status_code == 200


@pytest.mark.parametrize("address", ["203.0.113.9", "10.0.0.7", "172.17.0.1", "::ffff:203.0.113.9", ""])
def test_others_may_not(client, address):
    answer = client.get("/metrics", REMOTE_ADDR=address)

    assert answer.status_code == 403
    assert b"keepsake_" not in answer.content


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Forwarded-Proto", "X-Real-Ip", "Forwarded", "Via"])
def test_nor_may_those_behind_a_proxy_of_this_machine(client, header):
    assert client.get("/metrics", headers={header: "127.0.0.1"}).status_code == 403


def test_a_token_lets_in_whoever_shows_it_and_nobody_else(client, settings):
    settings.METRICS_TOKEN = "a-token"

    def asked(shown: str) -> int:
        return client.get("/metrics", headers={"Authorization": shown}, REMOTE_ADDR="203.0.113.9").status_code

    assert asked("Bearer a-token") == 200
    assert asked("Bearer another") == asked("") == 403
    assert client.get("/metrics").status_code == 403


def test_looking_costs_the_same_few_queries_whatever_there_is(client, django_assert_num_queries):
    queue = QueueFactory()
    for _ in range(3):
        queued_conversation(queue, data={"customerType": "gold"})

    with django_assert_num_queries(6):
        answer = client.get("/metrics")

    assert b"358401234567" not in answer.content and b"gold" not in answer.content
