"""Reports that somebody keeps under a name."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from channels_cfg.models import Right, User
from reporting.contact_log.query import LogQuery, zone_of
from reporting.models import SavedReport
from reporting.saved_reports import LONGEST_NAME, rename_report, reports_losing, save_report
from tests.factories import QueueFactory, UserFactory, user_with

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return user_with(Right.VIEW_REPORTS, on=QueueFactory(), username="rita")


def saved(owner: User, name: str, **params: list[str]) -> SavedReport:
    query = LogQuery.parse(params, zone=zone_of(owner), now=timezone.now())
    return save_report(query=query, name=name, owner=owner, now=timezone.now())


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_report_names_the_keys_of_its_columns_groupings_and_conditions(owner):
    report = saved(
        owner, "All", column=["a", "field:queue"], by=["key:b", "queue"], kept=["c=1"], missing=["d:not_kept"]
    )

    assert report.keys == ["a", "b", "c", "d"]


def test_saving_under_the_same_name_replaces_the_query(owner):
    saved(owner, "Mine", column=["a"])

    saved(owner, "  Mine ", column=["b"])

    assert [report.keys for report in SavedReport.objects.all()] == [["b"]]


def test_reports_of_any_owner_lose_a_key_and_its_parts(owner):
    saved(owner, "Gold", column=["customerType"])
    saved(UserFactory(), "Ids", by=["key:customer.id"])
    saved(owner, "Other", column=["customerTypes", "subcustomer.id"])

    assert [report.name for report in reports_losing(["customerType"])] == ["Gold"]
    assert [report.name for report in reports_losing(["customer"])] == ["Ids"]
    assert reports_losing([]) == []


def test_two_reports_of_one_owner_never_have_one_name(owner):
    saved(owner, "First")
    second = saved(owner, "Second")

    with pytest.raises(ValidationError, match="another report called “First”"):
        rename_report(second, name="First")
    with pytest.raises(ValidationError, match="at most 120"):
        rename_report(second, name="x" * (LONGEST_NAME + 1))

    assert sorted(SavedReport.objects.values_list("name", flat=True)) == ["First", "Second"]


def test_a_report_is_saved_opened_renamed_and_deleted_on_the_pages(owner):
    browser = signed_in(owner)

    answer = browser.post(reverse("reports:save"), {"name": "By type", "by": "key:customerType"}, follow=True)
    report = SavedReport.objects.get(owner=owner)
    browser.post(reverse("reports:rename_saved", args=[report.pk]), {"name": "By customer type"})
    listed = browser.get(reverse("reports:saved")).content.decode()
    browser.post(reverse("reports:delete_saved", args=[report.pk]))

    assert answer.status_code == 200
    assert "By customer type" in listed and "key:customerType" in listed
    assert not SavedReport.objects.exists()


def test_a_report_of_somebody_else_is_not_found(owner):
    report = saved(UserFactory(), "Theirs")
    browser = signed_in(owner)

    for action in ("rename", "share", "delete"):
        assert browser.post(reverse(f"reports:{action}_saved", args=[report.pk])).status_code == 404
    assert "Theirs" not in browser.get(reverse("reports:saved")).content.decode()


def test_who_may_view_reports_opens_what_others_share_and_changes_nothing_of_it(owner):
    report = saved(owner, "Gold customers", column=["customerType"])
    colleague, stranger = user_with(Right.VIEW_REPORTS, on=QueueFactory()), UserFactory()

    signed_in(owner).post(reverse("reports:share_saved", args=[report.pk]))

    seen = signed_in(colleague).get(reverse("reports:saved")).content.decode()
    assert "Gold customers" in seen and "Of rita" in seen
    assert "Gold customers" not in signed_in(stranger).get(reverse("reports:saved")).content.decode()
    assert signed_in(colleague).post(reverse("reports:delete_saved", args=[report.pk])).status_code == 404


def test_shared_reports_are_listed_page_by_page(owner, monkeypatch):
    monkeypatch.setattr("reporting.pages.saved_reports.SHARED_PER_PAGE", 2)
    names = ["Report 1", "Report 2", "Report 3"]
    for name in names:
        saved(owner, name, heading=["field:queue=Team"])
    SavedReport.objects.update(is_shared=True)
    colleague = signed_in(user_with(Right.VIEW_REPORTS, on=QueueFactory()))

    first, second = (colleague.get(reverse("reports:saved"), {"page": page}).content.decode() for page in (1, 2))

    assert [[name for name in names if name in page] for page in (first, second)] == [names[:2], names[2:]]
    assert ("Page 1 of 2" in first, "?page=2#shared" in first, "Next page" in second) == (True, True, False)
    assert "/reports/rows/?" in second


@pytest.mark.parametrize("why", ["stopped", "owner_left"])
def test_what_is_shared_no_more_is_seen_by_its_owner_alone(owner, why):
    report = saved(owner, "Gold customers", column=["customerType"])
    colleague = user_with(Right.VIEW_REPORTS, on=QueueFactory())
    signed_in(owner).post(reverse("reports:share_saved", args=[report.pk]))

    if why == "stopped":
        signed_in(owner).post(reverse("reports:share_saved", args=[report.pk]), {"stop": "1"})
    else:
        User.objects.filter(pk=owner.pk).update(is_active=False)

    assert "Gold customers" not in signed_in(colleague).get(reverse("reports:saved")).content.decode()
    assert SavedReport.objects.filter(pk=report.pk).exists()
