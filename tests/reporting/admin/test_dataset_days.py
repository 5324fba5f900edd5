"""The dataset of the Contact Log in the System Configurator: seen, and written anew."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client
from django.utils import timezone

from reporting.models import DatasetDay
from tests.factories import MetadataDestinationFactory, UserFactory
from tests.reporting.admin.test_file_deliveries import browser, text  # noqa: F401

pytestmark = pytest.mark.django_db
LIST = "/admin/reporting/datasetday/"


def test_the_list_says_what_lies_where_and_writes_all_anew(browser: Client):  # noqa: F811
    lake = MetadataDestinationFactory(name="Lake", dataset_folder="contact_log")
    now = timezone.now()
    facts = {"destination": lake, "changed_at": now, "due_at": now, "finished_at": now}
    DatasetDay.objects.create(day=date(2026, 3, 2), state="done", row_count=7, size=2048, written_at=now, **facts)
    DatasetDay.objects.create(day=date(2026, 3, 3), state="failed", reason="There is no such bucket.", **facts)

    page = text(browser.get(LIST))
    assert "2.0\N{NO-BREAK SPACE}KB" in page and "There is no such bucket." in page
    assert "All days at Lake" in page

    answer = browser.post(f"{LIST}write-anew/{lake.pk}/", follow=True)
    assert "2 days are written anew." in text(answer)
    assert DatasetDay.objects.waiting(now=timezone.now()).count() == 2


def test_a_destination_without_a_dataset_has_nothing_to_be_written_anew(browser: Client):  # noqa: F811
    archive = MetadataDestinationFactory()

    assert browser.post(f"{LIST}write-anew/{archive.pk}/").status_code == 404


def test_who_may_not_look_at_it_may_not_have_it_written():
    lake = MetadataDestinationFactory(dataset_folder="contact_log")
    stranger = Client()
    stranger.force_login(UserFactory(is_staff=True))

    assert stranger.post(f"{LIST}write-anew/{lake.pk}/").status_code == 403
    assert not DatasetDay.objects.exists()
