"""Finding anything: what somebody may open, by part of its name, the closest first."""

from __future__ import annotations

import re
import unicodedata

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from channels_cfg.models import AttachedKey, Right
from channels_cfg.rights.roles import CONFIGURATOR
from tests.factories import (
    AttachedKeyFactory,
    ChannelFactory,
    IntegrationFactory,
    MailBoxFactory,
    QueueFactory,
    UserFactory,
    ended_conversation,
    external_contact,
    grant,
    queued_conversation,
    user_with,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    user = UserFactory(username="ada", is_staff=True)
    user.groups.add(Group.objects.get(name=CONFIGURATOR))
    client = Client()
    client.force_login(user)
    client.user = user  # type: ignore[attr-defined]
    return client


def found(client: Client, words: str) -> list[tuple[str, str, str]]:
    """Title, kind and link of each, in order."""
    html = client.get(reverse("find_anything"), {"s": words}).content.decode()
    pattern = r'<a href="([^"]+)">(.*?) <span>(.*?)</span>'
    return [(title, kind, link.replace("&amp;", "&")) for link, title, kind in re.findall(pattern, html)]


def test_records_are_found_by_any_of_their_names(browser: Client):
    key = AttachedKeyFactory(name="customerType", label="Customer segment", aliases=["custType"])
    queue = QueueFactory(name="Chat sales")

    by_words = [found(browser, words) for words in ("omertyp", "segment", "custtype", "chat SALES")]

    key_page = reverse("admin:channels_cfg_attachedkey_change", args=[key.pk])
    assert [links[0][2] for links in by_words[:3]] == [key_page] * 3
    assert by_words[3] == [
        ("Chat sales", "Queue", reverse("admin:channels_cfg_queue_change", args=[queue.pk])),
    ]


@pytest.mark.parametrize("words", ["μάρτα ΠΑΠΠΆΣ", unicodedata.normalize("NFD", "Μάρτα Παππάς"), "ΠΑΠΠΆΣ"])
def test_names_are_found_in_any_case_and_encoding_here_and_in_lists(browser: Client, words: str):
    user = UserFactory(username="marta", last_name="Μάρτα Παππάς")
    QueueFactory(name="Chat")

    link = reverse("admin:channels_cfg_user_change", args=[user.pk])
    listed = browser.get(reverse("admin:channels_cfg_user_changelist"), {"q": words}).context["cl"].result_list

    assert [found_link for _title, _kind, found_link in found(browser, words)] == [link]
    assert [row.pk for row in listed] == [user.pk]


def test_what_is_called_exactly_so_comes_first_and_more_than_a_few_are_one_link(browser: Client):
    for name in ("aKey1", *(f"key{number}" for number in range(12, 0, -1))):
        AttachedKeyFactory(name=name)

    results = found(browser, "KEY1")

    assert [title for title, _kind, _link in results] == ["key1", "key10", "key11", "key12", "aKey1"]
    everything = found(browser, "key")
    assert [title for title, kind, _ in everything if kind == "Key"] == [f"key{n}" for n in (1, 10, 11, 12, 2, 3, 4, 5)]
    assert (
        "All that match “key”",
        "Keys",
        f"{reverse('admin:channels_cfg_attachedkey_changelist')}?q=key",
    ) in everything


def test_settings_and_pages_are_found_by_what_they_are_called(browser: Client):
    settings = found(browser, "included in statistics")
    pages = found(browser, "unknown")

    assert ("Extra Data Included in Statistics", "Setting of: channel") in [result[:2] for result in settings]
    assert pages[0][:2] == ("Unknown keys", "Page")
    assert [kind for _title, kind, _link in found(browser, "retention")] == ["Setting of: system settings"]


def test_what_was_just_made_is_found_and_what_was_just_deleted_is_not(browser: Client):
    before = found(browser, "topic")
    key = AttachedKey.objects.create(name="topic")
    with_it = found(browser, "topic")
    key.delete()

    assert before == found(browser, "topic") == []
    assert [title for title, _kind, _link in with_it] == ["topic"]


def test_a_conversation_is_found_by_its_id_in_either_form_by_whoever_may_view_it(browser: Client):
    queue = QueueFactory()
    conversation = ended_conversation(queue)

    unseen = found(browser, str(conversation.pk))
    grant(browser.user, Right.VIEW_HISTORY, on=queue)  # type: ignore[attr-defined]
    seen = [
        found(browser, form)[0][2] for form in (str(conversation.pk), conversation.hex_id, conversation.hex_id.lower())
    ]

    assert unseen == []
    assert seen == [f"/history/{conversation.pk}/"] * 3


def test_an_agent_finds_pages_queues_and_conversations_of_own_rights_and_nothing_of_the_configurator():
    sales, care = QueueFactory(name="Chat sales"), QueueFactory(name="Chat care")
    agent = user_with(Right.VIEW_HISTORY, on=sales)
    waiting = queued_conversation(care)
    client = Client()
    client.force_login(agent)

    chats, pages, unseen = found(client, "chat"), found(client, "histo"), found(client, waiting.hex_id)
    grant(agent, Right.SERVE, on=care)

    assert chats == [("Chat sales", "Conversations in History", f"/history/?queue={sales.pk}")]
    assert pages == [("History", "Page", "/history/")]
    assert unseen == []
    assert found(client, waiting.hex_id) == [(waiting.hex_id, "Conversation", f"/desk/{waiting.pk}/")]


def test_a_name_that_begins_so_comes_before_one_that_has_it_within_whatever_they_are(browser: Client):
    ChannelFactory(name="Old care chat")
    UserFactory(username="care", first_name="", last_name="")
    QueueFactory(name="Care desk")

    assert [title for title, _kind, _link in found(browser, "care")] == ["care", "Care desk", "Old care chat"]


@pytest.mark.parametrize(
    "words", ["aino LAINE", "+358 40 123 4567", "040 1234567", "00358401234567", "aino@EXAMPLE.com"]
)
def test_a_contact_is_found_by_name_number_in_any_spelling_and_e_mail_by_whoever_manages_contacts(words: str):
    contact = external_contact("Aino", "Laine", phone="+358401234567", email="aino@example.com")
    external_contact("Eero", "Berg", phone="+358409999999")
    manager, agent = Client(), Client()
    manager.force_login(user_with(Right.MANAGE_CONTACTS, on=QueueFactory()))
    agent.force_login(user_with(Right.SERVE, on=QueueFactory()))

    assert found(manager, words) == [("Aino Laine", "Contact · +358 40 1234567", f"/contacts/{contact.pk}/")]
    assert found(agent, words) == []
    assert found(manager, words[:2]) == []


def test_more_than_a_few_contacts_are_one_link():
    for number in range(10):
        external_contact("Aino", f"Laine {number}")
    manager = Client()
    manager.force_login(user_with(Right.MANAGE_CONTACTS, on=QueueFactory()))

    results = found(manager, "laine")

    assert len(results) == 9 and results[-1][:2] == ("All that match “laine”", "Contacts")
    assert results[-1][2] == "/contacts/?q=laine"


def test_integrations_mail_boxes_and_their_settings_are_found(browser: Client):
    IntegrationFactory(name="Weather lookup")
    MailBoxFactory(name="Weather mail")

    assert [one[:2] for one in found(browser, "weather")] == [
        ("Weather mail", "Mail box"),
        ("Weather lookup", "Integration"),
    ]
    assert ("JSON for configuration", "Setting of: integration") in [one[:2] for one in found(browser, "json for")]


def test_a_stranger_is_asked_to_sign_in(client: Client):
    assert client.get(reverse("find_anything"), {"s": "chat"}).url.startswith("/accounts/login/")


def test_nothing_found_is_said(browser: Client):
    assert "Nothing is called that" in browser.get(reverse("find_anything"), {"s": "zzz"}).content.decode()


def test_who_may_open_nothing_finds_nothing():
    ChannelFactory(name="Customer chat")
    QueueFactory(name="Chat sales")
    client = Client()
    client.force_login(UserFactory(is_staff=True))

    assert found(client, "chat") == []


def test_finding_costs_the_same_for_few_and_for_many(browser: Client):
    def statements() -> int:
        with CaptureQueriesContext(connection) as asked:
            found(browser, "name")
        return len(asked)

    for number in range(9):
        AttachedKeyFactory(name=f"name{number}")
        QueueFactory(name=f"Name {number}")
    few = statements()
    AttachedKey.objects.bulk_create(AttachedKey(name=f"another_name{number}") for number in range(2_000))

    assert statements() == few
