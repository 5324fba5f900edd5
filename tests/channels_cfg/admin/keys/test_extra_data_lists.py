"""Lists of keys on the pages of system settings, channels and queues."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from channels_cfg.models import Channel, Queue, SystemSettings
from tests.channels_cfg.admin.forms import save_form
from tests.factories import AttachedKeyFactory, ChannelFactory, QueueFactory


def page_of(record: object) -> str:
    return reverse(f"admin:channels_cfg_{record._meta.model_name}_change", args=[record.pk])  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "text",
    [
        "customerType, tier",
        "customerType;tier",
        "customerType\ntier\n",
        '["customerType", "tier"]',
        '"customerType","tier"',
        "customerType, tier, customerType",
    ],
)
def test_a_pasted_list_is_kept_as_keys_in_order(browser: Client, text: str):
    channel = ChannelFactory()

    save_form(browser, page_of(channel), statistics_keys=text)

    channel.refresh_from_db()
    assert channel.statistics_keys == ["customerType", "tier"]


def test_a_refused_list_names_item_character_and_position_and_keeps_what_was_typed(browser: Client):
    channel = ChannelFactory(statistics_keys=["tier"])

    answer = save_form(browser, page_of(channel), statistics_keys="customer Id,  2nd, tier")

    page = answer.content.decode()
    assert "Item 1, “customer Id”: Character 9 is a space." in page
    assert "Item 2, “2nd”: A key starts with a letter, but character 1 is “2”." in page
    assert "<code>customer<mark> </mark>Id</code>" in page
    assert "customer Id,  2nd, tier</textarea>" in page
    channel.refresh_from_db()
    assert channel.statistics_keys == ["tier"]


def test_a_key_that_looks_like_another_is_asked_about_once(browser: Client):
    ChannelFactory(name="Sales phone", statistics_keys=["customertype"])
    channel = ChannelFactory(statistics_keys=["topic"])

    asked = save_form(browser, page_of(channel), statistics_keys="topic, customerType")
    before = Channel.objects.get(pk=channel.pk).statistics_keys
    save_form(browser, page_of(channel), statistics_keys="topic, customerType", _typed="customerType")
    again = save_form(browser, page_of(channel), description="Something else, with both names there already")

    assert (asked.status_code, before) == (409, ["topic"])
    assert "“customerType” looks like “customertype” (Sales phone, Extra Data Included in Statistics)" in (
        asked.content.decode()
    )
    channel.refresh_from_db()
    assert channel.statistics_keys == ["topic", "customerType"]
    assert again.status_code == 200


def test_the_same_key_elsewhere_draws_no_warning(browser: Client):
    ChannelFactory(statistics_keys=["customerType"])
    channel = ChannelFactory()

    answer = save_form(browser, page_of(channel), statistics_keys="customerType")

    assert "looks like" not in answer.content.decode()


def test_lists_that_say_nothing_on_a_kind_of_channel_are_emptied(browser: Client):
    save_form(
        browser,
        reverse("admin:channels_cfg_channel_add"),
        name="Support e-mail",
        kind="email",
        allocation_keys="customerId",
        connection_keys="not a key",
        outbound_keys="contractNumber",
        statistics_keys="customerType",
    )

    channel = Channel.objects.get(name="Support e-mail")
    assert (channel.allocation_keys, channel.statistics_keys) == (["customerId"], ["customerType"])
    assert (channel.connection_keys, channel.outbound_keys) == ([], [])


@pytest.mark.parametrize(
    ("kind", "shown", "hidden"),
    [
        (Channel.Kind.CHAT, ["Extra Data Included in Statistics"], ["Outbound Calls", "Allocat", "Connecting Calls"]),
        (Channel.Kind.EMAIL, ["Extra Data Included When E-Mail Allocated"], ["Outbound Calls", "Connecting Calls"]),
        (Channel.Kind.VOICE, ["When Allocating Calls", "When Connecting Calls", "in Outbound Calls"], ["E-Mail Alloc"]),
    ],
)
def test_a_queue_shows_the_lists_of_its_channels_kind(browser: Client, kind: str, shown: list[str], hidden: list[str]):
    queue = QueueFactory(channel__kind=kind)

    form = browser.get(page_of(queue)).context["adminform"]

    labels = " | ".join(str(field.field.label) for fieldset in form for line in fieldset for field in line)
    assert all(name in labels for name in shown)
    assert not any(name in labels for name in hidden)


def test_a_queue_says_what_an_empty_list_follows(browser: Client):
    queue = QueueFactory(channel=ChannelFactory(name="Customer chat", statistics_keys=["customerType"]))

    page = browser.get(page_of(queue)).content.decode()

    assert "Empty: follows channel Customer chat: customerType" in page


def test_a_queue_says_what_its_own_list_replaces(browser: Client):
    queue = QueueFactory(
        channel=ChannelFactory(name="Customer chat", statistics_keys=["customerType"]), statistics_keys=["tier"]
    )

    page = browser.get(page_of(queue)).content.decode()

    assert "Set here; replaces customerType of channel Customer chat." in page


def test_a_channel_says_that_it_follows_the_system_settings(browser: Client):
    SystemSettings(statistics_keys=["customerType"]).save()
    channel = ChannelFactory()

    page = browser.get(page_of(channel)).content.decode()

    assert "Empty: follows the system settings: customerType" in page


def test_a_channel_where_nothing_is_named_says_that_nothing_is_kept(browser: Client):
    page = browser.get(page_of(ChannelFactory())).content.decode()

    assert "Empty: nothing is kept." in page


def test_the_list_of_queues_names_what_is_kept_and_where_from(browser: Client):
    QueueFactory(channel=ChannelFactory(statistics_keys=["customerType"]))

    page = browser.get(reverse("admin:channels_cfg_queue_changelist")).content.decode()

    assert '<span class="key-name">customerType</span> (from channel)' in page


def test_checking_while_typing_says_where_a_name_goes_wrong_and_what_it_looks_like(browser: Client):
    ChannelFactory(name="Sales phone", statistics_keys=["customertype"])
    channel = ChannelFactory()

    answer = browser.post(
        reverse("admin:check_keys"),
        json.dumps({"names": ["customer Id", "customerType"], "place": f"channel.{channel.pk}.statistics_keys"}),
        content_type="application/json",
    ).json()

    refused, warned = answer["items"]
    assert refused["problem"]["position"] == 9
    assert (refused["problem"]["before"], refused["problem"]["after"]) == ("customer", "Id")
    assert warned["problem"] is None
    assert "Sales phone" in warned["warning"]


@pytest.mark.parametrize("body", ["", "[]", '{"names": 5}', '{"names": [], "place": "user.1.password"}'])
def test_a_check_that_asks_for_nothing_sensible_is_refused(browser: Client, body: str):
    answer = browser.post(reverse("admin:check_keys"), body, content_type="application/json")

    assert answer.status_code == 400


@pytest.mark.parametrize("names", [["__proto__"], ["constructor"], ["a" * 300], ["\U0001f600"], ["a\x00b"]])
def test_odd_names_are_answered_and_never_an_error(browser: Client, names: list[str]):
    channel = ChannelFactory()

    answer = save_form(browser, page_of(channel), statistics_keys=json.dumps(names))

    assert answer.status_code == 200


def test_a_channel_with_queues_keeps_its_kind(browser: Client):
    channel = QueueFactory().channel

    save_form(browser, page_of(channel), kind="voice")

    channel.refresh_from_db()
    assert channel.kind == Channel.Kind.CHAT


def test_the_order_of_sources_names_each_once(browser: Client):
    channel = ChannelFactory()

    refused = save_form(browser, page_of(channel), precedence="agent, customer")
    save_form(browser, page_of(channel), precedence="agent, customer, api, integration")

    assert "Name each source once" in refused.content.decode()
    channel.refresh_from_db()
    assert channel.precedence == ["agent", "customer", "api", "integration"]


def test_system_settings_open_as_one_form_before_anybody_saved_them(browser: Client):
    answer = browser.get(reverse("admin:channels_cfg_systemsettings_changelist"), follow=True)
    save_form(browser, answer.request["PATH_INFO"], statistics_keys="customerType")

    assert answer.context["adminform"].form.initial["false_attempt_seconds"] == 5
    assert SystemSettings.load().statistics_keys == ["customerType"]
    assert not Queue.objects.exists()


def test_a_list_names_a_key_by_its_own_name_and_says_so(browser: Client):
    AttachedKeyFactory(name="customerType", aliases=["custmerType"])
    channel = ChannelFactory()

    answer = save_form(browser, page_of(channel), statistics_keys="custmerType, tier, customerType")

    channel.refresh_from_db()
    assert channel.statistics_keys == ["customerType", "tier"]
    assert "“custmerType” is another name of customerType; the list names customerType now." in answer.content.decode()


def test_a_queue_follows_the_channel_that_is_chosen_before_it_is_saved(browser: Client):
    chat = ChannelFactory(name="Customer chat", statistics_keys=["customerType", "tier", "topic"])
    phone = ChannelFactory(name="Phone", kind=Channel.Kind.VOICE, allocation_keys=["customerId"])
    add = reverse("admin:channels_cfg_queue_add")

    proposed = browser.get(f"{add}?channel={chat.pk}")
    refused = browser.post(add, {"name": "", "channel": chat.pk})
    counts = browser.get(reverse("admin:queue_what_counts"), {"channel": phone.pk}).json()["lists"]
    nothing_chosen = browser.get(add).content.decode()

    for page in (proposed, refused):
        text = page.content.decode()
        assert "Empty: follows channel Customer chat: customerType, tier, topic" in text
        assert "Empty: nothing is kept." not in text
        assert "Connecting Calls" not in " ".join(str(field.label) for field in page.context["adminform"].form)
    assert counts["allocation_keys"]["empty"] == "Empty: follows channel Phone: customerId"
    assert counts["allocation_keys"]["label"] == "Extra Data Included When Allocating Calls"
    assert counts["connection_keys"]["empty"] == "Empty: connecting shows nothing more."
    assert "Empty: follows the channel." in nothing_chosen
    assert "Empty: nothing is kept." not in nothing_chosen


def test_a_queue_that_goes_to_a_channel_which_keeps_a_sensitive_key_is_asked_about(browser: Client):
    AttachedKeyFactory(name="iban", sensitive=True)
    queue = QueueFactory()
    keeping = ChannelFactory(name="Keeping", statistics_keys=["iban"])

    asked = save_form(browser, page_of(queue), channel=keeping.pk)

    assert asked.status_code == 409
    assert "“iban” is sensitive, and is newly on" in asked.content.decode()
