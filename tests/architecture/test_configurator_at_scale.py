"""No page of the System Configurator costs more statements in a larger centre. How long each takes, the bench tells."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from channels_cfg.models import User
from tests.large_centre import MODEST, TWICE, enlarge, every_page
from tests.small_centre import different

pytestmark = pytest.mark.django_db


def statements(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(address, follow=True)
    assert answer.status_code == 200, f"{address} answered {answer.status_code}"
    return len(asked)


# Forms to add a record are those to change it.
def test_every_page_costs_the_same_in_a_larger_centre(client: Client, root: User, centre: None):
    client.force_login(root)
    enlarge(MODEST)
    pages = [page for page in different(every_page(root), "history") if not page.endswith("/add/")]
    few = {page: statements(client, page) for page in pages}

    enlarge(TWICE)  # what a process looks up once was counted among the few
    many = {page: statements(client, page) for page in pages}

    assert {page: (few[page], many[page]) for page in pages if many[page] > few[page]} == {}
