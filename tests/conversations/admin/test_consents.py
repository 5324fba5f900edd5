"""Customer consents in the System Configurator: seen and recorded by whoever holds the right, never changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from channels_cfg.models import QUEUE_RIGHTS, MessagingService, Right, User
from conversations import consents
from conversations.models import Consent
from tests.factories import MessagingServiceFactory, QueueFactory, UserFactory, grant

LIST = "/admin/conversations/consent/"


@pytest.fixture
def service(db: None) -> MessagingService:
    return MessagingServiceFactory(name="WhatsApp sales", queue=QueueFactory())


@pytest.fixture
def ada(service: MessagingService) -> User:
    return grant(UserFactory(username="ada", is_staff=True), Right.VIEW_CONSENTS, on=service.queue)


@pytest.fixture
def browser(ada: User) -> Client:
    return signed_in(ada)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def say(service: MessagingService, address: str = "358401234567", **facts: Any) -> Consent:
    told = {"channel": "WHATSAPP", "given": True, "at": timezone.now() - timedelta(days=2)} | facts
    return consents.record(service, address=address, **told)


def record(browser: Client, to: MessagingService, **typed: Any) -> Any:
    told = {"service": to.pk, "channel": "WHATSAPP", "address": "+358 40 123 4567", "given": "True", "at": ""}
    return browser.post(f"{LIST}add/", told | typed, follow=True)


def page_of(consent: Consent) -> str:
    return f"{LIST}{consent.pk}/change/"


def test_what_is_recorded_by_hand_counts_and_says_who_recorded_it_and_when(
    browser: Client, service: MessagingService, ada: User
):
    before = timezone.now()
    answer = record(browser, service)

    told = Consent.objects.get()
    assert (told.address, told.given, told.source, told.recorded_by) == ("358401234567", True, "configurator", ada)
    assert before <= told.at <= told.recorded_at <= timezone.now()
    assert answer.redirect_chain == [(page_of(told), 302)]
    assert "What counts now: Opted in." in answer.text
    assert "System Configurator" in answer.text and "ada" in answer.text
    listed = browser.get(LIST).text
    assert "358401234567" in listed and "Opted in" in listed


def test_what_was_said_earlier_stays_behind_what_was_said_later_and_the_page_says_so(
    browser: Client, service: MessagingService
):
    say(service, given=False, at=timezone.now() - timedelta(hours=1))

    answer = record(browser, service, at=f"{timezone.localtime() - timedelta(days=1):%Y-%m-%d %H:%M}")

    assert "What was said later still counts: Opted out" in answer.text
    assert Consent.objects.current().get().given is False
    assert Consent.objects.count() == 2


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        ({"address": " "}, "This field is required."),
        ({"channel": "PIGEON"}, "Select a valid choice."),
        ({"at": "2999-01-01 08:00"}, "It lies in the future."),
        ({"at": "yesterday"}, "Enter a valid date/time."),
        ({"given": ""}, "This field is required."),
        ({"service": 0}, "Select a valid choice."),
    ],
    ids=str,
)
def test_what_is_no_consent_is_refused_at_its_field(
    browser: Client, service: MessagingService, typed: dict[str, Any], complaint: str
):
    answer = record(browser, service, **typed)

    ((field, complaints),) = answer.context["adminform"].errors.items()
    assert field == next(iter(typed))
    assert complaint in complaints[0]
    assert not Consent.objects.exists()


def test_several_are_withdrawn_once_it_was_asked(browser: Client, service: MessagingService, ada: User):
    given = [say(service, address).pk for address in ("358401234567", "358407654321")]
    out = say(service, "358400000000", given=False).pk
    chosen = {"action": "withdraw", "_selected_action": [*given, out]}

    asked = browser.post(LIST, chosen)
    assert "Withdraw these consents?" in asked.text and "358407654321" in asked.text
    assert Consent.objects.count() == 3
    answer = browser.post(LIST, chosen | {"confirmed": "yes"}, follow=True)

    assert "2 consents are withdrawn." in answer.text
    assert list(Consent.objects.current().values_list("given", flat=True)) == [False] * 3
    assert set(Consent.objects.filter(pk__gt=out).values_list("source", "recorded_by")) == {("configurator", ada.pk)}
    again = browser.post(LIST, chosen | {"confirmed": "yes"}, follow=True)
    assert "0 consents are withdrawn." in again.text
    assert Consent.objects.count() == 5


def test_the_list_shows_what_counts_and_the_page_all_that_was_said(browser: Client, service: MessagingService):
    first = say(service)
    say(service, given=False, at=timezone.now() - timedelta(days=1))
    say(service, "", contact_external_id="01CONTACT")

    rows = browser.get(LIST).context["cl"].result_list
    assert [(row.customer, row.given) for row in rows] == [("358401234567", False), ("01CONTACT", True)]

    page = browser.get(page_of(first)).text
    table = page[page.index("<tbody>") : page.index("</tbody>")]
    assert table.count("<tr>") == 2
    assert table.index("Opted out") < table.index("counts") < table.index("Opted in")
    assert browser.get(f"{LIST}add/?of={first.pk}").context["adminform"].form.initial == {
        "service": service.pk,
        "channel": "WHATSAPP",
        "address": "358401234567",
        "given": True,
    }


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("q=%2B358 40 123", ["358401234567"]),
        ("q=ada_love", ["ada_lovelace"]),
        ("given=no", ["ada_lovelace"]),
        ("channel=WHATSAPP", ["358401234567"]),
        ("source__exact=configurator", []),
        ("q=0", ["358401234567"]),
    ],
)
def test_consents_are_found_by_number_channel_and_what_counts(
    browser: Client, service: MessagingService, asked: str, found: list[str]
):
    say(service)
    say(service, "ada_lovelace", channel="SINCH_CHAT", given=False)

    assert [row.address for row in browser.get(f"{LIST}?{asked}").context["cl"].result_list] == found


def test_consents_of_services_without_the_right_are_not_there(browser: Client, service: MessagingService):
    """Not for an administrator with every other right, nor for a superuser without."""
    care = MessagingServiceFactory(name="WhatsApp care", queue=QueueFactory())
    theirs = say(care, "358409999999")
    others = [right for right in QUEUE_RIGHTS if right != Right.VIEW_CONSENTS]
    stranger = grant(UserFactory(is_staff=True, is_superuser=True), *others, on=care.queue)

    for who in (browser, signed_in(stranger)):
        assert "358409999999" not in who.get(LIST).text
        assert who.get(page_of(theirs)).status_code == 302
        assert who.get(f"{LIST}add/?of={theirs.pk}").text.count("358409999999") == 0
        who.post(LIST, {"action": "withdraw", "_selected_action": [theirs.pk], "confirmed": "yes"})
        record(who, care)
    assert Consent.objects.get() == theirs
    assert signed_in(stranger).get(f"{LIST}add/").status_code == 403


def test_nobody_changes_or_deletes_what_was_said(browser: Client, service: MessagingService):
    consent = say(service)

    assert browser.get(f"{LIST}{consent.pk}/delete/").status_code == 403
    assert browser.post(page_of(consent), {"given": "False"}).status_code == 403
    assert Consent.objects.get().given is True
