"""The inbox of unknown keys: what shows up there, what is said of it, and what a configurator sees of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from channels_cfg.models import AttachedKey, AttachedKeyAlias, Channel, KeyVerdict, Queue, SystemSettings, User
from channels_cfg.rights.roles import CONFIGURATOR
from conversations.key_usage import unknown_keys
from conversations.key_usage.aggregate import aggregate_observations
from conversations.models import KeyObservation, SeenKey
from tests.factories import ChannelFactory, QueueFactory, UserFactory, ended_conversation, user_with

pytestmark = pytest.mark.django_db

CARD = "4111 1111 1111 1111"


@pytest.fixture
def configurator() -> User:
    """Staff in the group System Configurator, without any right on a queue."""
    user = UserFactory(username="aino", is_staff=True)
    user.groups.add(Group.objects.get(name=CONFIGURATOR))
    return user


@pytest.fixture
def browser(configurator: User) -> Client:
    client = Client()
    client.force_login(configurator)
    return client


INBOX = "/admin/conversations/seenkey/"


def come_in(queue: Queue, data: dict[str, Any], times: int = 5) -> None:
    for _ in range(times):
        ended_conversation(queue, data=data)
    aggregate_observations()


def in_inbox() -> list[str]:
    return sorted(unknown_keys.unknown_keys(now=timezone.now()).values_list("name", flat=True))


def say(browser: Client, action: str, *names: str, **more: str) -> str:
    """Answer keys in the inbox; the page that follows."""
    answer = browser.post(INBOX, {"do": action, "name": names, **more}, follow=True)
    return answer.content.decode()


# What shows up


def test_a_key_on_no_list_and_not_in_the_catalogue_is_unknown():
    queue = QueueFactory(statistics_keys=["listed", "parent"], channel=ChannelFactory(allocation_keys=["shown"]))
    AttachedKeyAlias.objects.create(key=AttachedKey.objects.create(name="known"), name="other")
    data = dict.fromkeys(("listed", "parent.leaf", "shown", "known", "other", "unknown"), 1)

    come_in(queue, data | {"group": {"leaf": 1}})

    assert in_inbox() == ["group.leaf", "unknown"]


def test_a_rare_name_is_not_in_the_inbox():
    come_in(QueueFactory(), {"rare": 1}, times=4)

    assert in_inbox() == []
    assert KeyObservation.objects.filter(key="rare").count() == 4


def test_the_inbox_shows_what_values_look_like_and_where_and_no_value(browser: Client):
    queue = QueueFactory(channel=ChannelFactory(name="Customer chat"))
    come_in(queue, {"loyalty_card": CARD})

    page = browser.get(INBOX).content.decode()

    assert "loyalty_card" in page
    assert "5 look like card numbers" in page
    assert "16–31 characters" in page
    assert "Customer chat" in page
    assert "4111" not in page


def test_a_mistyped_name_is_answered_with_the_one_it_is_meant_for(browser: Client):
    queue = QueueFactory(statistics_keys=["customerType"])
    come_in(queue, {"custmerType": "gold"})

    page = browser.get(INBOX).content.decode()

    assert "Did you mean <code>customerType</code>?" in page


@pytest.mark.parametrize("known_by", ["catalogue", "list", "seen"])
def test_near_names_are_found_in_catalogue_and_lists(known_by: str):
    queue = QueueFactory(statistics_keys=[] if known_by == "catalogue" else ["customerType"])
    if known_by == "catalogue":
        AttachedKey.objects.create(name="customerType")
    if known_by == "seen":
        come_in(queue, {"customerType": "gold"})

    assert unknown_keys.nearest_configured(["custmerType", "order"]) == {"custmerType": "customerType"}


def test_keys_are_searched_filtered_and_ordered(browser: Client):
    here, there = QueueFactory(), QueueFactory()
    come_in(here, {"apple": 1, "card": CARD}, times=6)
    come_in(there, {"pear": 1})

    def names(**query: Any) -> list[str]:
        return [row.unknown.key.name for row in browser.get(INBOX, query).context["rows"]]

    assert names(q="PEA") == ["pear"]
    assert names(hits=1) == ["card"]
    assert names(channel=here.channel_id, order="name") == ["apple", "card"]
    assert names(order="often")[-1] == "pear"
    assert names(q="nothing like it") == []


# What is said of them


def test_never_sets_a_key_aside_with_those_below_it_and_can_be_undone(browser: Client):
    come_in(QueueFactory(), {"data": "x", "data.leaf": 1, "other": 1})

    page = say(browser, "never", "data")

    assert in_inbox() == ["other"]
    assert "data is set aside" in page and "Undo" in page
    say(browser, "undo", "data")
    assert in_inbox() == ["data", "data.leaf", "other"]


def test_a_snoozed_key_comes_back():
    come_in(QueueFactory(), {"later": 1})
    now = timezone.now()

    unknown_keys.set_aside(["later"], by=UserFactory(), now=now, until=now + timedelta(days=7))

    assert in_inbox() == []
    assert list(unknown_keys.unknown_keys(now=now + timedelta(days=8))) == [SeenKey.objects.get(name="later")]
    assert list(unknown_keys.are_set_aside(now=now + timedelta(days=8))) == []


def test_several_keys_are_set_aside_at_once_and_listed_on_their_page(browser: Client, configurator: User):
    come_in(QueueFactory(), {"a": 1, "b": 2, "c": 3})

    say(browser, "snooze 30", "a", "b")

    assert in_inbox() == ["c"]
    page = browser.get(reverse("admin:keys_set_aside")).content.decode()
    assert "Snoozed until" in page and str(configurator) in page
    browser.post(reverse("admin:keys_set_aside"), {"do": "undo", "name": ["a", "b"]})
    assert in_inbox() == ["a", "b", "c"]


def test_keep_adds_the_key_to_the_list_of_the_channel(browser: Client):
    queue = QueueFactory(channel=ChannelFactory(statistics_keys=["tier"]))
    come_in(queue, {"tier": 1, "region": "north"})

    page = say(browser, f"keep channel.{queue.channel_id}", "region")

    assert Channel.objects.get().statistics_keys == ["tier", "region"]
    assert in_inbox() == []
    assert "keeps region from now on" in page
    assert ended_conversation(Queue.objects.get(), data={"region": "south"}).kept_data == {"region": "south"}


def test_a_queue_that_followed_keeps_what_it_kept_so_far(browser: Client):
    queue = QueueFactory(channel=ChannelFactory(statistics_keys=["tier"]))
    come_in(queue, {"region": "north"})

    page = say(browser, "keep", "region", argument=f"queue.{queue.pk}")

    assert Queue.objects.get().statistics_keys == ["tier", "region"]
    assert "It has a list of its own now: tier, region." in page


def test_a_channel_that_followed_the_system_keeps_what_it_kept_so_far(browser: Client):
    SystemSettings(statistics_keys=["tier"]).save()
    queue = QueueFactory()
    come_in(queue, {"region": "north"})

    say(browser, f"keep channel.{queue.channel_id}", "region")

    assert Channel.objects.get().statistics_keys == ["tier", "region"]


def test_keeping_is_noted_with_who_and_why(browser: Client, configurator: User):
    queue = QueueFactory()
    come_in(queue, {"region": "north"})

    browser.get(INBOX)
    say(browser, f"keep channel.{queue.channel_id}", "region")

    from channels_cfg.history.change_log import event_models

    event = event_models()[Channel].objects.select_related("pgh_context").latest("pgh_id")
    assert event.pgh_context.metadata["user"] == configurator.pk
    assert event.pgh_context.metadata["why"] == "Kept from the page Unknown keys"


def test_keeping_what_looks_like_a_card_number_asks_for_typed_words(browser: Client):
    queue = QueueFactory()
    come_in(queue, {"loyalty_card": CARD})

    asked = browser.post(INBOX, {"do": f"keep channel.{queue.channel_id}", "name": "loyalty_card"})

    assert asked.status_code == 409
    assert "5 look like card numbers" in asked.content.decode()
    assert Channel.objects.get().statistics_keys == []
    carried = asked.context["carried"]
    wrong = browser.post(INBOX, {"_carried": carried, "_typed": "loyalty"})
    assert wrong.status_code == 409 and Channel.objects.get().statistics_keys == []
    browser.post(INBOX, {"_carried": carried, "_typed": "loyalty_card"})
    assert Channel.objects.get().statistics_keys == ["loyalty_card"]


def test_an_alias_leads_to_a_key_that_joins_the_catalogue(browser: Client):
    queue = QueueFactory(statistics_keys=["customerType"])
    come_in(queue, {"custmerType": "gold"})

    page = say(browser, "alias customerType", "custmerType")

    alias = AttachedKeyAlias.objects.get()
    assert (alias.name, alias.key.name) == ("custmerType", "customerType")
    assert in_inbox() == []
    assert "What comes in as custmerType is customerType from now on." in page


@pytest.mark.parametrize("of", ["", "customer Id", "custmerType", "2nd"])
def test_an_alias_of_nothing_that_can_be_a_key_is_refused(browser: Client, of: str):
    come_in(QueueFactory(), {"custmerType": "gold"})

    page = say(browser, "alias", "custmerType", argument=of)

    assert "cannot be another name" in page
    assert not AttachedKeyAlias.objects.exists() and not AttachedKey.objects.exists()


def test_known_names_complete_an_alias(browser: Client):
    AttachedKey.objects.create(name="customerType", label="Kind of customer")
    AttachedKey.objects.create(name="orderId")

    assert browser.get(reverse("admin:known_names"), {"q": "TYPE"}).json() == {"names": ["customerType"]}
    assert browser.get(reverse("admin:known_names"), {"q": "kind of"}).json() == {"names": ["customerType"]}


@pytest.mark.parametrize("action", ["keep channel.999999", "keep nowhere", "keep", "dance", "", "snooze x", "_back"])
def test_an_odd_action_does_no_harm(browser: Client, action: str):
    come_in(QueueFactory(), {"a": 1})

    answer = browser.post(INBOX, {"do": action, "name": "a"})

    assert answer.status_code in (302, 403)
    assert Channel.objects.get().statistics_keys == []


def test_what_somebody_else_decided_meanwhile_is_left_alone(browser: Client):
    queue = QueueFactory(statistics_keys=["region"])
    come_in(queue, {"region": 1})

    page = say(browser, "never", "region")

    assert "somebody else has decided" in page
    assert not KeyVerdict.objects.exists()


# Listed, but not seen


def test_a_listed_key_that_never_came_in_is_told_with_the_nearest_that_did(browser: Client):
    queue = QueueFactory(statistics_keys=["customerType", "tier", "parent"])
    come_in(queue, {"custmerType": "gold", "tier": 1, "parent.leaf": 1})

    page = browser.get(reverse("admin:silent_keys")).content.decode()

    assert unknown_keys.silent_names(now=timezone.now()) == ["customerType"]
    assert "<code>custmerType</code> was seen 5 times." in page
    assert str(queue) in page


def test_a_key_that_hardly_comes_in_is_not_called_silent():
    queue = QueueFactory(statistics_keys=["rare"])
    come_in(queue, {"rare": 1}, times=1)

    assert unknown_keys.silent_names(now=timezone.now()) == []
    assert unknown_keys.silent_names(now=timezone.now() + timedelta(days=40)) == ["rare"]


# What if


def test_the_panel_tells_what_a_list_would_have_kept(browser: Client):
    queue = QueueFactory()
    come_in(queue, {"tier": "gold", "card": CARD, "custmerType": 1})
    address = reverse("admin:what_if")

    told = browser.post(
        address, {"scope": f"channel.{queue.channel_id}.statistics_keys", "keys": "tier, card, customerType, bad key"}
    )

    page = told.content.decode()
    assert "5 of 5 (100 %)" in page
    assert "5 look like card numbers" in page
    assert "<code>custmerType</code> was seen 5 times" in page
    assert "bad key" not in page
    assert CARD not in page


@pytest.mark.parametrize(
    "scope", ["channel.", "channel..statistics_keys", "queue.99999999", "elsewhere.1", "", "channel.x"]
)
def test_the_panel_of_a_place_that_is_not_there_yet_says_so(browser: Client, scope: str):
    page = browser.get(reverse("admin:what_if"), {"scope": scope, "keys": "tier"}).content.decode()

    assert "once this is saved" in page


def test_the_panel_of_the_system_settings_counts_what_follows_them(browser: Client):
    come_in(QueueFactory(), {"tier": "gold"})
    come_in(QueueFactory(statistics_keys=["other"]), {"tier": "gold"})

    page = browser.post(reverse("admin:what_if"), {"scope": "systemsettings.1.statistics_keys", "keys": "tier"})

    assert "5 of 5" in page.content.decode()


# Rights


@pytest.mark.parametrize(
    "name",
    [
        "conversations_seenkey_changelist",
        "silent_keys",
        "keys_set_aside",
        "live_conversation",
        "known_names",
        "what_if",
    ],
)
def test_who_configures_nothing_sees_none_of_it(name: str):
    come_in(QueueFactory(), {"secret_name": 1})
    client = Client()
    client.force_login(user_with("view_history", on=QueueFactory(), is_staff=True))

    assert client.get(reverse(f"admin:{name}")).status_code == 403
    assert client.post(INBOX, {"do": "never", "name": "secret_name"}).status_code == 403
    assert Client().get(reverse(f"admin:{name}")).status_code == 302


def test_who_may_look_only_is_offered_no_action():
    come_in(QueueFactory(), {"region": 1})
    from django.contrib.auth.models import Permission

    user = UserFactory(is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_seenkey"))
    client = Client()
    client.force_login(user)

    page = client.get(INBOX).content.decode()

    assert "region" in page and 'value="never"' not in page
    for action in ("never", "snooze 7", "undo", "alias x", f"keep channel.{Channel.objects.get().pk}"):
        assert client.post(INBOX, {"do": action, "name": "region"}).status_code == 403
    assert not KeyVerdict.objects.exists()
