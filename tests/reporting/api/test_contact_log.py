"""The Contact Log over the API."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from channels_cfg.models import Queue, Right
from reporting.contact_log.fill import run_reporting_job
from reporting.contact_log.query import MOST_KEYS
from tests.factories import ApiKeyFactory, QueueFactory, grant
from tests.reporting.stories import abandoned, served

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
YEAR = {"received_after": "2026-01-01", "received_before": "2027-01-01"}


@pytest.fixture
def queue():
    return QueueFactory(name="Sales", statistics_keys=["customerType"])


@pytest.fixture
def ask(client, queue):
    """``ask(path, **params)`` with the key of a client that may view this queue's reports."""
    key = ApiKeyFactory()
    grant(key.user, Right.VIEW_REPORTS, on=queue)
    return lambda path, accept="*/*", **params: client.get(
        path, YEAR | params, headers={"X-Api-Key": key.text, "Accept": accept}
    )


@pytest.mark.django_db
def test_rows_have_kept_data_and_reasons(ask, queue):
    conversation = served(queue, received_at=NOON, data={"customerType": "gold", "customerId": "4711"})
    run_reporting_job()

    answer = ask("/api/v1/contact-log").json()

    (row,) = answer["results"]
    assert answer["next"] is None
    assert (row["id"], row["queue"], row["state"]) == (str(conversation.pk), "Sales", "handled")
    assert (row["attached_data"], row["missing"]) == ({"customerType": "gold"}, {"customerId": "not_kept"})
    assert row["received_at"] == "2026-03-02T12:00:00Z"


@pytest.mark.django_db
def test_next_leads_through_all_rows(ask, client, queue):
    for hour in range(5):
        abandoned(queue, received_at=NOON + timedelta(hours=hour))
    run_reporting_job()

    pages, answer = [], ask("/api/v1/contact-log", limit=2).json()
    while True:
        pages.append([row["received_at"] for row in answer["results"]])
        if not answer["next"]:
            break
        after = answer["next"].split("after=")[-1].split("&")[0]
        answer = ask("/api/v1/contact-log", limit=2, after=after).json()

    assert [len(page) for page in pages] == [2, 2, 1]
    moments = [moment for page in pages for moment in page]
    assert moments == sorted(moments, reverse=True)


@pytest.mark.django_db(transaction=True)
def test_the_csv_has_the_same_rows_with_keys_as_columns(ask, queue):
    served(queue, received_at=NOON, data={"customerType": "gold"})
    served(queue, received_at=NOON, data={"customerType": "silver"})
    run_reporting_job()

    answer = ask("/api/v1/contact-log.csv", kept="customerType=gold")
    chosen = ask("/api/v1/contact-log.csv", column=["customerType", "field:state"]).getvalue().decode()

    (line,) = csv.DictReader(io.StringIO(answer.getvalue().decode()))
    (row,) = ask("/api/v1/contact-log", kept="customerType=gold").json()["results"]
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert (line["conversation_id"], line["customerType"]) == (row["id"], "gold")
    assert (line["state"], line["received_at"]) == ("handled", "2026-03-02T12:00:00+00:00")
    assert sorted(chosen.splitlines()[1:]) == ["gold,handled", "silver,handled"]
    assert chosen.splitlines()[0] == "customerType,state"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/v1/contact-log", "/api/v1/contact-log.csv"])
def test_a_foreign_queue_and_one_that_is_not_there_answer_alike(ask, path):
    foreign = QueueFactory(name="Elsewhere")
    abandoned(foreign, received_at=NOON)
    run_reporting_job()

    answers = [ask(path, queue=name).getvalue() for name in ("Elsewhere", "Nowhere", str(foreign.pk))]

    assert len(set(answers)) == 1
    assert b"Elsewhere" not in answers[0]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/v1/contact-log", "/api/v1/contact-log.csv"])
def test_bad_questions_are_answered_by_name(ask, client, path):
    refused = ask(path, zone="Mars", state="queued")

    assert refused.status_code == 400
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert set(refused.json()["errors"]) == {"zone", "state"}
    assert client.get(path).status_code == 401


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "value"), [("limit", "0"), ("limit", "x"), ("after", "nonsense")])
def test_a_bad_place_in_the_list_is_refused_by_name(ask, name, value):
    refused = ask("/api/v1/contact-log", **{name: value})

    assert refused.status_code == 400
    assert name in refused.json()["errors"]


@pytest.mark.django_db(transaction=True)
def test_of_more_keys_than_make_columns_the_caller_has_to_choose(ask, queue):
    keys = [f"key{number:03}" for number in range(MOST_KEYS + 1)]
    Queue.objects.update(statistics_keys=keys)
    for some in (keys[:100], keys[100:200], keys[200:]):
        served(queue, received_at=NOON, data=dict.fromkeys(some, "gold"))
    run_reporting_job()

    refused = ask("/api/v1/contact-log.csv")
    chosen = ask("/api/v1/contact-log.csv", column=[keys[-1]])

    assert refused.status_code == 400
    assert "column" in refused.json()["errors"]
    assert keys[-1] in chosen.getvalue().decode().splitlines()[0]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/v1/contact-log", "/api/v1/contact-log.csv"])
def test_a_filter_that_is_not_there_is_refused_rather_than_left_out(ask, path):
    refused = ask(path, customer="358401234567")

    assert refused.status_code == 400
    assert "Known are: period, received_after" in refused.json()["errors"]["customer"][0]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "accept",
    ["text/csv", "text/csv; charset=utf-8", "application/csv", "text/html,application/xhtml+xml", "nonsense", ""],
)
def test_whatever_a_caller_accepts_each_address_sends_what_it_has(ask, queue, accept):
    abandoned(queue, received_at=NOON)
    run_reporting_job()

    rows, file = ask("/api/v1/contact-log", accept), ask("/api/v1/contact-log.csv", accept)
    refused = ask("/api/v1/contact-log.csv", accept, zone="Mars")

    assert (rows.status_code, len(rows.json()["results"])) == (200, 1)
    assert (file.status_code, file.getvalue().count(b"\n")) == (200, 2)
    assert (refused.status_code, refused.headers["Content-Type"]) == (400, "application/problem+json")
