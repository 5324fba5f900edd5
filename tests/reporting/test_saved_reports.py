"""Reports that somebody keeps under a name."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from channels_cfg.models import Right, User
from reporting.contact_log.query import LogQuery, zone_of
from reporting.models import SavedReport
from reporting.pages.saved_reports import address_of
from reporting.saved_reports import LONGEST_NAME, NameTaken, rename_report, reports_losing, save_report
from tests.factories import QueueFactory, UserFactory, user_with
from tests.reporting.contact_log.test_fill import eventually_waiting
from tests.reporting.schedules.schedules import scheduled
from tests.reporting.stories import Elsewhere

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return user_with(Right.VIEW_REPORTS, on=QueueFactory(), username="rita")


def saved(owner: User, name: str, *, replaced: int | None = None, **params: list[str]) -> SavedReport:
    query = LogQuery.parse(params, zone=zone_of(owner), now=timezone.now())
    return save_report(query=query, name=name, owner=owner, now=timezone.now(), replaced=replaced)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_report_names_the_keys_of_its_columns_groupings_and_conditions(owner):
    report = saved(
        owner, "All", column=["a", "field:queue"], by=["key:b", "queue"], kept=["c=1"], missing=["d:not_kept"]
    )

    assert report.keys == ["a", "b", "c", "d"]


def test_a_report_is_replaced_only_by_what_names_it_as_the_one_to_replace(owner):
    report, other = saved(owner, "Mine", column=["a"]), saved(owner, "Other", column=["c"])

    for replaced in (None, other.pk):
        with pytest.raises(NameTaken) as taken:
            saved(owner, "  Mine ", replaced=replaced, column=["b"])
        assert taken.value.report == report
    assert SavedReport.objects.get(pk=report.pk).keys == ["a"]
    saved(owner, "Mine", replaced=report.pk, column=["b"])

    assert list(SavedReport.objects.values_list("pk", "keys")) == [(report.pk, ["b"]), (other.pk, ["c"])]


def test_the_same_question_is_saved_again_under_its_name(owner):
    report = saved(owner, "Mine", by=["queue"], column=["a"])

    again = saved(owner, "Mine", column=["a"], by=["queue"])

    assert again.pk == report.pk
    assert SavedReport.objects.get().saved_at > report.saved_at


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["saved", "renamed"])
def test_what_gets_the_name_in_that_very_moment_is_not_replaced(owner, how):
    earlier = saved(owner, "Earlier", column=["a"])
    with transaction.atomic():
        taking = rename_report(earlier, name="Mine") if how == "renamed" else saved(owner, "Mine", column=["a"])
        saving = Elsewhere(lambda: saved(owner, "Mine", column=["b"]))
        eventually_waiting("%")

    with pytest.raises(NameTaken):
        saving.finish()

    assert SavedReport.objects.get(pk=taking.pk).keys == ["a"]


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


def sent_by_form(page: str, number: int) -> dict[str, list[str]]:
    """What a form of the page posts to save a report."""
    form = re.findall(rf'<form[^>]*action="{reverse("reports:save")}".*?</form>', page, re.DOTALL)[number]
    sent: dict[str, list[str]] = {}
    for tag in re.findall(r"<(?:input|button)[^>]*>", form):
        told = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if "name" in told and told["name"] != "csrfmiddlewaretoken":
            sent.setdefault(told["name"], []).append(unescape(told.get("value", "")))
    return sent


def test_before_a_report_is_replaced_the_page_says_who_has_it_and_asks(owner):
    report = saved(owner, "By <type>", by=["key:customerType"])
    report.is_shared = True
    report.save()
    colleague = user_with(Right.VIEW_REPORTS, on=QueueFactory())
    for name, user in {"Daily": owner, "Weekly": owner, "Theirs": colleague}.items():
        scheduled(user, report=report, name=name)
    browser, address = signed_in(owner), reverse("reports:save")

    asked = browser.post(address, {"name": "By <type>", "by": ["queue", "agent"], "period": "today"})
    page = asked.content.decode()

    assert asked.status_code == 200
    assert "You have a report called “By &lt;type&gt;”" in page
    for words in ("It is shared", "2 schedules of yours follow it.", "1 schedule of somebody else follows it."):
        assert words in page
    assert SavedReport.objects.get().query["by"] == ["key:customerType"]
    assert sent_by_form(page, 0)["name"] == ["By <type>"] and "replaced" not in sent_by_form(page, 0)

    browser.post(address, sent_by_form(page, 0) | {"name": "By queue"})
    answer = browser.post(address, sent_by_form(page, 1))

    assert answer.status_code == 302
    report.refresh_from_db()
    assert (report.query["by"], report.query["period"], report.is_shared) == (["queue", "agent"], ["today"], True)
    assert SavedReport.objects.get(name="By queue").query == report.query


def test_the_page_asks_in_few_words_about_a_report_that_nobody_else_has(owner):
    saved(owner, "Mine", by=["queue"])
    browser = signed_in(owner)

    page = browser.post(reverse("reports:save"), {"name": "Mine", "column": "a", "replaced": "x"}).content.decode()

    assert "It is not shared." in page and "No schedule follows it." in page
    assert "/reports/rows/?interval=none&amp;" in page


def test_a_report_that_is_opened_is_saved_again_without_a_question(owner):
    report = saved(owner, "Mine", by=["queue"], measure=["conversations"])
    browser = signed_in(owner)
    shown = browser.get(address_of(report)).content.decode()

    answer = browser.post(reverse("reports:save"), sent_by_form(shown, 0) | {"name": "Mine"})

    assert answer.status_code == 302
    assert SavedReport.objects.get().saved_at > report.saved_at


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


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"period": ["this_week"], "interval": ["day"]}, "This week (Europe/Helsinki) · by day"),
        (
            {
                "received_after": ["2026-03-01"],
                "received_before": ["2026-04-01"],
                "by": ["queue"],
                "across": ["key:tier"],
                "state": ["handled"],
                "kept": ["tier=gold"],
                "compare": ["previous"],
            },
            "2026-03-01 – 2026-03-31 (Europe/Helsinki) · by Queue × tier · 2 conditions"
            " · compared with the period before",
        ),
        ({"period": ["today"], "column": ["field:queue"]}, "Today (Europe/Helsinki) · 1 column"),
    ],
)
def test_a_list_of_reports_tells_what_each_asks(owner, asked, told):
    owner.time_zone = "Europe/Helsinki"
    owner.save()
    saved(owner, "Mine", **asked)

    assert told in unescape(signed_in(owner).get(reverse("reports:saved")).content.decode())


def test_a_list_of_reports_tells_which_cannot_be_asked_any_more(owner):
    report = saved(owner, "Mine")
    report.query = {"zone": ["Mars"], "by": ["nothing"]}
    report.save()

    shown = signed_in(owner).get(reverse("reports:saved")).content.decode()

    assert "The saved report cannot be asked any more. Open it, mend it and save it again." in shown
    assert "Wrong: Time zone, Group by." in shown
