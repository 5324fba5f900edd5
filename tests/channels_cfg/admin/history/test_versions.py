"""Pages about versions: why, the list, one version, undoing it, settings as of a time, planned changes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from channels_cfg.history.change_log import ChangeHistory
from channels_cfg.history.planned_changes import plan_change
from channels_cfg.models import (
    AttachedKey,
    Channel,
    MessagingService,
    Queue,
    Right,
    ScheduledChange,
    SettingsVersion,
    SystemSettings,
    User,
)
from channels_cfg.rights.roles import CONFIGURATOR, ensure_default_roles
from tests.channels_cfg.admin.forms import open_form, save_form
from tests.factories import ChannelFactory, QueueFactory, UserFactory, WebhookSecretFactory, grant

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def configurator(transactional_db: None) -> User:
    ensure_default_roles()
    user = UserFactory(username="aino", is_staff=True, time_zone="Europe/Helsinki")
    user.groups.add(Group.objects.get(name=CONFIGURATOR))
    return user


def page_of(record: Any, page: str = "change") -> str:
    return reverse(f"admin:{record._meta.app_label}_{record._meta.model_name}_{page}", args=[record.pk])


def newest() -> SettingsVersion:
    return SettingsVersion.objects.latest("pk")


def text_of(answer: Any) -> str:
    return answer.getvalue().decode() if answer.streaming else answer.content.decode()


# Why


def test_why_is_noted_with_the_change_and_shown_in_history_change_log_and_versions(browser: Client):
    channel = ChannelFactory()

    save_form(browser, page_of(channel), statistics_keys="tier", why="Marketing reports by tier")

    pages = [
        page_of(channel, "history"),
        reverse("admin:change_log"),
        reverse("admin:change_log_csv"),
        reverse("admin:channels_cfg_settingsversion_changelist"),
        page_of(newest()),
    ]
    assert all("Marketing reports by tier" in text_of(browser.get(page)) for page in pages)


def test_what_was_typed_as_why_survives_a_mistake_elsewhere_in_the_form(browser: Client):
    channel = ChannelFactory()

    answer = save_form(browser, page_of(channel), statistics_keys="not a key", why="Typed at length")

    assert answer.context["adminform"].form.errors
    assert 'value="Typed at length"' in answer.content.decode()


def test_where_the_settings_ask_for_a_reason_nothing_is_saved_or_deleted_without(browser: Client):
    channel = ChannelFactory(description="old")
    SystemSettings(why_required=True).save()

    refused = save_form(browser, page_of(channel), description="new")
    kept = browser.post(page_of(channel, "delete"), {"post": "yes", "_typed": channel.name}, follow=True)

    assert "Say why." in refused.content.decode()
    assert "Say why." in kept.content.decode()
    assert Channel.objects.get(pk=channel.pk).description == "old"
    save_form(browser, page_of(channel), description="new", why="Because")
    assert Channel.objects.get(pk=channel.pk).description == "new"


def test_why_is_asked_before_deleting_too_one_or_many(browser: Client):
    one, other = UserFactory(), UserFactory()

    browser.post(page_of(one, "delete"), {"post": "yes", "_typed": str(one), "why": "Left the company"})
    first = ChangeHistory.of(one)[:1][0]
    browser.post(
        reverse("admin:channels_cfg_user_changelist"),
        {
            "action": "delete_selected",
            "_selected_action": [other.pk],
            "post": "yes",
            "_typed": str(other),
            "why": "Too",
        },
    )
    second = ChangeHistory.of(other)[:1][0]

    assert [(first.action, first.why), (second.action, second.why)] == [
        ("deleted", "Left the company"),
        ("deleted", "Too"),
    ]


# Versions


def test_the_list_can_be_narrowed_to_person_kind_record_and_period(browser: Client, configurator: User):
    channel = ChannelFactory(name="Customer chat")
    queue = QueueFactory(name="Chat sales", channel=channel)
    save_form(browser, page_of(queue), description="changed by a person")
    hers = newest().pk
    grant(UserFactory(), Right.SERVE, on=queue)
    about_queue = newest().pk

    def numbers(**asked: Any) -> list[int]:
        answer = browser.get(reverse("admin:channels_cfg_settingsversion_changelist"), asked)
        return [line.number for line, _judged in answer.context["lines"]]

    today, tomorrow = timezone.localdate(), timezone.localdate() + timedelta(days=2)
    assert numbers(by=configurator.pk) == [hers]
    assert hers in numbers(kind="queue")
    assert about_queue not in numbers(kind="queue")
    assert numbers(record=f"queue.{queue.pk}")[:2] == [about_queue, hers]
    assert hers not in numbers(record=f"channel.{channel.pk}")
    assert hers in numbers(since=today - timedelta(days=1), until=tomorrow)
    assert numbers(since=tomorrow) == []


def test_a_long_list_is_turned_page_by_page_without_gaps(browser: Client):
    channel = ChannelFactory()
    for number in range(120):
        Channel.objects.filter(pk=channel.pk).update(description=str(number))

    seen, address = [], reverse("admin:channels_cfg_settingsversion_changelist")
    query = ""
    for _ in range(5):
        answer = browser.get(address + query)
        seen += [line.number for line, _judged in answer.context["lines"]]
        if not (query := answer.context["older"]):
            break

    assert seen == list(SettingsVersion.objects.order_by("-pk").values_list("pk", flat=True))
    back = browser.get(address + answer.context["newer"])
    assert [line.number for line, _judged in back.context["lines"]] == seen[-len(answer.context["lines"]) - 50 :][:50]


def test_a_version_is_undone_with_a_reason_and_the_new_version_says_so(browser: Client):
    channel = ChannelFactory(statistics_keys=["customerType"])
    save_form(browser, page_of(channel), statistics_keys="customerType, tier")
    changed = newest()
    address = reverse("admin:undo_version", args=[changed.pk])

    shown = browser.get(address).content.decode()
    answer = browser.post(address, {"post": "yes", "why": "Nobody needs tier"}, follow=True)

    assert "customerType, tier" in shown
    assert "<ins>customerType</ins>" in shown
    assert Channel.objects.get(pk=channel.pk).statistics_keys == ["customerType"]
    assert answer.request["PATH_INFO"] == page_of(newest())
    assert "Nobody needs tier" in answer.content.decode()
    assert f"version {changed.pk}</a>" in answer.content.decode()


def test_the_way_back_is_offered_with_what_was_saved_and_with_what_was_deleted(browser: Client):
    channel = ChannelFactory(name="Chat <b>", description="old")

    def offers_undo(answer: Any) -> bool:
        undo = reverse("admin:undo_version", args=[SettingsVersion.current()])
        return any(undo in str(told) and "Chat &lt;b&gt;" in str(told) for told in answer.context["messages"])

    assert offers_undo(save_form(browser, page_of(channel), description="new"))
    deletion = {"post": "yes", "_typed": channel.name}
    assert offers_undo(browser.post(page_of(channel, "delete"), deletion, follow=True))


def test_nothing_is_offered_to_undo_where_no_setting_changed(browser: Client):
    channel = ChannelFactory()

    answer = save_form(browser, page_of(channel))

    assert not any("undo" in str(message) for message in answer.context["messages"])


def test_a_conflict_shows_what_would_be_lost_and_offers_to_undo_both(browser: Client):
    channel = ChannelFactory(name="Customer chat", description="one")
    Channel.objects.filter(pk=channel.pk).update(description="two")
    first = newest()
    Channel.objects.filter(pk=channel.pk).update(description="three")
    address = reverse("admin:undo_version", args=[first.pk])

    shown = browser.get(address)
    browser.post(address, {"post": "yes"})
    assert Channel.objects.get(pk=channel.pk).description == "three"
    browser.post(address, {"post": "yes", "also": [newest().pk]})

    page = shown.content.decode()
    assert f"Version {first.pk + 1} changed description of the channel “Customer chat” later." in page
    assert f"Undo {first.pk + 1} too" in page
    assert Channel.objects.get(pk=channel.pk).description == "one"


def test_undoing_that_keeps_a_sensitive_key_again_asks_for_typed_words(browser: Client):
    AttachedKey.objects.create(name="iban", sensitive=True)
    channel = ChannelFactory(statistics_keys=["iban"])
    Channel.objects.filter(pk=channel.pk).update(statistics_keys=[])
    version = newest()
    address = reverse("admin:undo_version", args=[version.pk])

    asked = browser.post(address, {"post": "yes", "why": "Needed"})
    assert Channel.objects.get(pk=channel.pk).statistics_keys == []
    carried = {"_carried": asked.context["carried"], "_typed": f"undo version {version.pk}"}
    browser.post(address, carried)

    assert asked.status_code == 409
    assert "Sensitive keys are kept on channel" in asked.content.decode()
    assert Channel.objects.get(pk=channel.pk).statistics_keys == ["iban"]
    assert ChangeHistory.of(channel)[:1][0].why == "Needed"


def test_undoing_never_raises_anybody_above_who_undoes(browser: Client):
    root = UserFactory(username="root", is_superuser=True)
    User.objects.filter(pk=root.pk).update(is_superuser=False)

    answer = browser.post(reverse("admin:undo_version", args=[newest().pk]), {"post": "yes"})

    assert answer.status_code == 403
    assert not User.objects.get(pk=root.pk).is_superuser


def test_pages_about_versions_are_for_configurators():
    ChannelFactory()
    names = ("settings_as_of", "settings_difference", "change_log", "change_log_csv")
    agent = Client()
    agent.force_login(UserFactory(is_staff=True))
    addresses = [
        reverse("admin:channels_cfg_settingsversion_changelist"),
        page_of(newest()),
        reverse("admin:undo_version", args=[newest().pk]),
        *(reverse(f"admin:{name}") for name in names),
    ]

    assert {agent.get(address).status_code for address in addresses} == {403}


# As of, difference, file


def test_the_settings_as_of_a_time_on_the_viewers_clock(browser: Client):
    channel = ChannelFactory(name="Customer chat", statistics_keys=["old_key"])
    QueueFactory(name="Chat sales", channel=channel)
    SettingsVersion.objects.update(made_at="2025-03-03T12:00Z")
    Channel.objects.filter(pk=channel.pk).update(statistics_keys=["new_key"])
    address = reverse("admin:settings_as_of")

    then = browser.get(address, {"at": "2025-03-03T14:00", "kind": "channel"}).content.decode()
    effective = browser.get(address, {"at": "2025-03-03T14:00", "kind": "in-effect", "q": "sales"}).content.decode()
    before = browser.get(address, {"at": "2025-03-03T13:59", "kind": "channel"}).content.decode()
    now = browser.get(address, {"kind": "channel"}).content.decode()

    assert "old_key" in then
    assert "new_key" not in then
    assert "Chat sales" in effective
    assert "from channel" in effective
    assert "Nothing had been set yet." in before
    assert "new_key" in now


@pytest.mark.parametrize("asked", [{"at": "yesterday"}, {"version": "x"}, {"version": "-1"}, {"kind": "nothing"}])
def test_a_time_that_is_none_is_told_not_a_failure(browser: Client, asked: dict[str, str]):
    assert browser.get(reverse("admin:settings_as_of"), asked).status_code == 200


def test_the_difference_between_two_versions_links_to_the_records(browser: Client):
    channel = ChannelFactory(name="Customer chat", statistics_keys=["a"])
    start = newest().pk
    Channel.objects.filter(pk=channel.pk).update(statistics_keys=["b"])

    page = browser.get(
        reverse("admin:settings_difference"), {"from_version": start, "to_version": start + 1}
    ).content.decode()

    assert f'href="{page_of(channel)}"' in page
    assert "− </span> a" in page.replace("−</span>", "− </span>")
    assert "1 record differs" in page


def test_the_change_log_as_a_file_is_safe_for_spreadsheets_and_on_the_viewers_clock(browser: Client):
    ChannelFactory(name="=HYPERLINK(1)")

    file = text_of(browser.get(reverse("admin:change_log_csv"), {"kind": "channel"}))

    heading, first = file.splitlines()[:2]
    assert "time (Europe/Helsinki)" in heading
    assert "'=HYPERLINK(1)" in first
    assert f"{timezone.localtime(timezone=timezone.zoneinfo.ZoneInfo('Europe/Helsinki')):%Y-%m-%d %H}" in first


def test_no_secret_is_on_any_page_about_versions(browser: Client, configurator: User):
    secret = WebhookSecretFactory(secret="canary-secret", note="from May")
    MessagingService.objects.filter(pk=secret.service_id).update(key_id="known-id")
    service = MessagingService.objects.get(pk=secret.service_id)
    service.key_secret = "canary-key"
    service.save()
    user = UserFactory(username="matti")
    user.set_password("canary-password")
    user.save()
    service.delete()
    user.delete()
    last = newest().pk

    addresses = [
        reverse("admin:channels_cfg_settingsversion_changelist"),
        reverse("admin:change_log"),
        reverse("admin:change_log_csv"),
        reverse("admin:settings_difference") + f"?from_version=0&to_version={last - 2}",
        *(page_of(version) for version in SettingsVersion.objects.all()),
        *(reverse("admin:undo_version", args=[number]) for number in (last, last - 1)),
        *(
            f"{reverse('admin:settings_as_of')}?version={last - 2}&kind={kind}"
            for kind in ("webhooksecret", "messagingservice", "user", "apikey")
        ),
    ]
    pages = "".join(text_of(browser.get(address)) for address in addresses)

    assert "from May" in pages
    assert "known-id" in pages
    assert "canary" not in pages
    assert "pbkdf2" not in pages
    assert user.password not in pages


# Planned changes


def test_a_change_with_a_time_waits_is_announced_and_can_be_cancelled(browser: Client, configurator: User):
    channel = ChannelFactory(name="Customer chat", statistics_keys=["customerType"])
    answer = save_form(
        browser,
        page_of(channel),
        statistics_keys="customerType, tier",
        takes_effect_at="2130-11-27T00:00",
        why="New product",
    )

    page = answer.content.decode()
    home = browser.get(reverse("admin:index")).content.decode()
    listed = browser.get(reverse("admin:channels_cfg_scheduledchange_changelist")).content.decode()
    change = ScheduledChange.objects.get()
    detail = browser.get(page_of(change)).content.decode()
    assert Channel.objects.get(pk=channel.pk).statistics_keys == ["customerType"]
    assert "Scheduled: it takes effect at 2130-11-27 00:00 (Europe/Helsinki)." in page
    assert "From 2130-11-27 00:00 (Europe/Helsinki)" in page
    assert all("2130" in text for text in (home, listed, detail))
    assert "Channel “Customer chat”" in listed
    assert (change.takes_effect_at.isoformat(), change.reason) == ("2130-11-26T22:00:00+00:00", "New product")

    cancelled = browser.post(reverse("admin:cancel_planned_change", args=[change.pk]), follow=True)

    change.refresh_from_db()
    assert (change.state, change.cancelled_by) == (ScheduledChange.State.CANCELLED, configurator)
    assert "Cancelled. The settings stay as they are." in cancelled.content.decode()


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"description": "new", "takes_effect_at": "2020-01-01T00:00"}, "Choose a time in the future."),
        ({"takes_effect_at": "2130-01-01T00:00"}, "Nothing would change then."),
        ({"description": "new", "takes_effect_at": "soon"}, "Enter a valid date/time."),
        ({"description": "new", "takes_effect_at": "2027-03-28T03:30"}, "may not exist"),
    ],
)
def test_a_time_that_makes_no_sense_is_refused_and_what_was_typed_stays(browser: Client, fields, says):
    channel = ChannelFactory(description="old")

    answer = save_form(browser, page_of(channel), **fields)

    page = answer.content.decode()
    assert says in page
    assert fields["takes_effect_at"] in page
    assert not ScheduledChange.objects.exists()
    assert Channel.objects.get(pk=channel.pk).description == "old"


def test_rows_of_a_queue_and_its_groups_cannot_wait(browser: Client):
    queue = QueueFactory()
    typed = open_form(browser, page_of(queue))

    answer = browser.post(
        page_of(queue),
        typed
        | {
            "description": "new",
            "takes_effect_at": "2130-01-01T00:00",
            "addresses-TOTAL_FORMS": 1,
            "addresses-0-address": "sales@example.com",
            "addresses-0-queue": queue.pk,
        },
    )

    assert "These rows take effect at once." in answer.content.decode()
    assert not ScheduledChange.objects.exists()
    assert not queue.addresses.exists()


def test_system_settings_can_wait_as_well(browser: Client):
    SystemSettings.load().save()

    save_form(browser, page_of(SystemSettings.load()), value_characters=100, takes_effect_at="2130-01-01T00:00")

    assert ScheduledChange.objects.get().changes == {"value_characters": 100}
    assert SystemSettings.load().value_characters == 4096


def test_who_may_not_change_the_record_cannot_cancel():
    channel = ChannelFactory(description="old")
    ada = UserFactory(is_superuser=True)
    now = timezone.now()
    change = plan_change(channel, {"description": "new"}, at=now + timedelta(days=1), by=ada, now=now)
    stranger = Client()
    stranger.force_login(UserFactory(is_staff=True))

    assert stranger.post(reverse("admin:cancel_planned_change", args=[change.pk])).status_code == 403
    assert Client().post(reverse("admin:cancel_planned_change", args=[change.pk])).status_code == 302
    change.refresh_from_db()
    assert change.state == ScheduledChange.State.PLANNED


# Two administrators


def test_what_another_administrator_saved_while_the_preview_was_looked_at_is_not_overwritten(browser: Client):
    channel = ChannelFactory(description="one")
    Channel.objects.filter(pk=channel.pk).update(description="two")
    address = reverse("admin:undo_version", args=[newest().pk])
    browser.get(address)
    Channel.objects.filter(pk=channel.pk).update(description="by somebody else")

    answer = browser.post(address, {"post": "yes"})

    assert "Later versions touched the same" in answer.content.decode()
    assert Channel.objects.get(pk=channel.pk).description == "by somebody else"


def test_one_save_of_a_form_with_rows_is_one_version(browser: Client):
    queue = QueueFactory()
    before = newest().pk
    with transaction.atomic():
        Queue.objects.filter(pk=queue.pk).update(description="x")
        queue.addresses.create(address="+358401234567")

    assert SettingsVersion.objects.filter(pk__gt=before).count() == 1
    assert newest().context is None
