"""What a browser may do with the portal's answers."""

import pytest
from django.test import Client

from tests.factories import ApiKeyFactory, UserFactory

pytestmark = pytest.mark.django_db


def policy(client: Client, path: str) -> dict[str, str]:
    told = client.get(path).headers["Content-Security-Policy"]
    return {name: sources for name, _, sources in (part.partition(" ") for part in told.split("; "))}


@pytest.fixture
def root(client: Client) -> Client:
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


@pytest.mark.parametrize("path", ["/accounts/login/", "/desk/", "/history/", "/reports/", "/no/such/page/"])
def test_pages_load_nothing_but_files_of_their_own(root, path):
    allowed = policy(root, path)

    assert allowed["default-src"] == allowed["object-src"] == "'none'"
    assert allowed["base-uri"] == allowed["frame-ancestors"] == "'none'"
    assert allowed["script-src"] == allowed["style-src"] == allowed["form-action"] == "'self'"


def test_no_page_runs_a_script_that_stands_in_it(root):
    policies = [policy(root, path) for path in ("/admin/", "/api/docs/", "/history/")]

    assert all("'unsafe-inline'" not in allowed["script-src"] for allowed in policies)
    assert policies[0]["script-src"] == "'self' 'unsafe-eval'"
    assert policies[1]["script-src"] == "'self'"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/accounts/login/",
        "/desk/",
        "/history/",
        "/reports/",
        "/admin/",
        "/admin/status/",
        "/admin/channels_cfg/signinevent/",
        "/admin/conversations/inbounddelivery/",
        "/RI/cmi/contactData",
        "/api/v1/conversations/",
        "/api/docs/",
        "/no/such/page/",
        "/health/live",
    ],
)
def test_nobody_keeps_a_copy(root, path):
    assert root.get(path).headers["Cache-Control"] == "private, no-store"


def test_a_program_may_do_nothing_with_an_answer_but_read_it(client):
    answer = client.get("/RI/cmi/contactData", headers={"X-Api-Key": ApiKeyFactory().text})

    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "'self'" not in answer.headers["Content-Security-Policy"]


def test_files_that_are_the_same_for_everybody_are_kept(client):
    assert "no-store" not in client.get("/static/portal/portal.css").headers.get("Cache-Control", "")
