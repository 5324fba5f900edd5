"""The demonstration goes as a whole, and takes nothing with it that an administrator made."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from channels_cfg.history.record_words import event_models
from channels_cfg.models import (
    AccessRight,
    AttachedKey,
    Channel,
    MessagingService,
    Queue,
    QueueGroup,
    Right,
    SettingsVersion,
    User,
)
from channels_cfg.rights.roles import AGENT, CONFIGURATOR
from config.demo_data import demo_file, is_loaded, removal
from conversations.models import Contact, Conversation, EndedCount, InboundDelivery, KeyUsage, Message, SeenKey
from reporting.contact_log.fill import run_reporting_job
from reporting.models import ContactLogEntry
from tests.factories import (
    ChannelFactory,
    MessagingServiceFactory,
    QueueFactory,
    UserFactory,
    ended_conversation,
    grant,
)

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/admin/demonstration/"


@pytest.fixture
def demo(settings: Any, tmp_path: Any, capsys: Any) -> None:
    settings.VAR_DIR = tmp_path
    call_command("load_demo_data")


@pytest.fixture
def ada(demo: None) -> User:
    """The administrator whom the demonstration made."""
    return User.objects.get(username="administrator")


@pytest.fixture
def browser(ada: User) -> Client:
    client = Client()
    client.force_login(ada)
    return client


def remove(browser: Client) -> Any:
    return browser.post(PAGE, {"_typed": "remove demonstration"}, follow=True)


def test_what_the_demonstration_made_is_gone_and_what_was_there_before_is_not(browser: Client, ada: User):
    own_queue = QueueFactory(name="Own queue", channel=ChannelFactory(name="Own chat", statistics_keys=["topic"]))
    anna = UserFactory(username="own-agent")
    own = ended_conversation(own_queue, agent=anna, data={"topic": "order"})
    run_reporting_job()
    version = SettingsVersion.current()

    shown = browser.get(PAGE).content.decode()
    answer = remove(browser)

    assert "Customer chat, Phone, Tasks" in shown
    assert "Every conversation on these channels" in shown
    assert "The demonstration is removed." in answer.content.decode()
    assert list(Channel.objects.all()) == [own_queue.channel]
    assert list(Queue.objects.all()) == [own_queue]
    assert not any(
        model.objects.exists() for model in (MessagingService, QueueGroup, Contact, Message, InboundDelivery)
    )
    assert list(Conversation.objects.all()) == [own]
    assert [entry.conversation for entry in ContactLogEntry.objects.all()] == [own]
    assert set(User.objects.values_list("username", flat=True)) == {"administrator", "own-agent"}
    assert [key.name for key in AttachedKey.objects.all()] == ["topic"]  # a list of the own channel names it
    assert not AccessRight.objects.exists()
    for counts in (KeyUsage, EndedCount):
        assert not counts.objects.exclude(channel=own_queue.channel).exists()
    assert not SeenKey.objects.filter(name="loyalty_card").exists()
    assert not demo_file().exists()
    assert not is_loaded()
    assert (SettingsVersion.current() or 0) > (version or 0)
    assert Group.objects.get(name=CONFIGURATOR) in ada.groups.all()


def test_loading_touches_nothing_of_the_same_name_and_goes_on_after_it_broke_off(
    settings: Any, tmp_path: Any, monkeypatch: Any
):
    settings.VAR_DIR = tmp_path
    own_chat = ChannelFactory(name="Customer chat")
    own_queue = QueueFactory(name="chat sales", channel=own_chat)
    own_service = MessagingServiceFactory(name="WhatsApp sales", queue=own_queue)
    own_agent = UserFactory(username="agent")
    own_agent.groups.add(Group.objects.get_or_create(name=AGENT)[0])
    own = ended_conversation(own_queue, agent=own_agent)
    before = SettingsVersion.current() or 0

    monkeypatch.setattr("conversations.demo._Centre.present", lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        call_command("load_demo_data")
    broke_off = list(Conversation.objects.all())
    monkeypatch.undo()
    call_command("load_demo_data")
    known = json.loads(demo_file().read_text())
    loaded = Conversation.objects.count()
    changed = {type(event).__name__ for event in changes_of(own_chat, own_queue, own_service, own_agent, since=before)}
    browser = Client()
    browser.force_login(UserFactory(is_staff=True, is_superuser=True))
    remove(browser)

    assert broke_off == [own]
    assert loaded > 50
    assert known["users"]["agent"]["username"] == "agent2"
    assert {service["name"] for service in known["messaging_services"]} == {"WhatsApp sales 2", "Messaging care"}
    assert changed == set()
    assert User.objects.get(username="agent").check_password("correct horse")
    assert not AccessRight.objects.exists()
    assert list(own_service.secrets.all()) == list(own_queue.addresses.all()) == []
    assert [list(model.objects.all()) for model in (Channel, Queue, MessagingService)] == [
        [own_chat],
        [own_queue],
        [own_service],
    ]
    assert list(Conversation.objects.all()) == [own]


def changes_of(*records: Any, since: int) -> list[Any]:
    """What is recorded of these since then."""
    return [
        event
        for record in records
        for event in event_models()[type(record)].objects.filter(pgh_obj=record.pk, pgh_version__gt=since)
    ]


def test_it_goes_when_who_may_delete_types_the_words_and_nothing_else_needs_it(browser: Client, ada: User):
    home = reverse("admin:index")
    assert PAGE in browser.get(home).content.decode()
    assert "Remove the demonstration?" in browser.post(PAGE).content.decode()

    looking = Client()
    looking.force_login(UserFactory(is_staff=True))
    refused = looking.post(PAGE, {"_typed": "remove demonstration"})
    assert refused.status_code == 403
    assert "Ada Lindgren can say which is missing, and grant it." in refused.content.decode()

    grant(UserFactory(), Right.SERVE, on=Queue.objects.get(name="Chat sales"))
    assert removal(by=ada).takes_of_yours == ["Access rights: 1"]

    own_queue = QueueFactory(name="Own queue", channel=Channel.objects.get(name="Customer chat"))
    own_service = MessagingServiceFactory(name="Own service", queue=Queue.objects.get(name="Chat sales"))
    own = ended_conversation(QueueFactory(), agent=User.objects.get(username="agent"))
    refused = remove(browser)
    text = refused.content.decode()
    assert refused.status_code == 409
    assert "Your queue “Own queue” belongs to the channel “Customer chat”. Delete the queue first." in text
    assert "Your messaging service “Own service” leads to the queue “Chat sales”." in text
    assert "Anna Ek took part in a conversation on a channel of yours" in text
    assert is_loaded()

    for record in (own_queue, own_service, own):
        record.delete()
    remove(browser)
    assert PAGE not in browser.get(home).content.decode()
    assert "No demonstration is loaded" in browser.get(PAGE).content.decode()

    call_command("load_demo_data")
    assert Conversation.objects.count() > 50
    ada.refresh_from_db()  # she has a new password
    browser.force_login(ada)
    remove(browser)
    assert not Conversation.objects.exists()
