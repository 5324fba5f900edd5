"""The demonstration goes as a whole, and takes nothing with it that an administrator made."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from channels_cfg import jobs
from channels_cfg.history.record_words import event_models
from channels_cfg.models import (
    AccessRight,
    AttachedKey,
    Channel,
    DataActionConnection,
    MailBox,
    MessagingService,
    Queue,
    QueueGroup,
    Right,
    SettingsVersion,
    User,
)
from channels_cfg.rights.roles import AGENT, CONFIGURATOR
from config.demo_data import demo_file, is_loaded, maildir, removal
from config.demo_shop.__main__ import serve
from conversations.models import (
    Association,
    Contact,
    Conversation,
    EndedCount,
    ExternalContact,
    InboundDelivery,
    IntegrationRun,
    KeyUsage,
    Message,
    SeenKey,
)
from reporting.contact_log.fill import run_reporting_job
from reporting.models import ContactLogEntry
from tests.factories import (
    ChannelFactory,
    MessagingServiceFactory,
    QueueFactory,
    UserFactory,
    ended_conversation,
    grant,
    queued_conversation,
)

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/admin/demonstration/"


@pytest.fixture(autouse=True)
def surroundings(settings: Any, tmp_path: Any, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of its own, and of past conversations only as many as are of every kind."""
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr("conversations.demo.PAST", 14)


@pytest.fixture
def demo(surroundings: None) -> None:
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


def test_the_demonstrations_services_send_to_the_channel_that_is_played_unless_somebody_entered_a_key(demo: None):
    assert set(MessagingService.objects.values_list("api_address", flat=True)) == {""}
    care, sales = MessagingService.objects.order_by("name")
    MessagingService.objects.filter(pk=sales.pk).update(key_id="own-key", key_secret="own-secret")

    for port in (8010, 8011):
        call_command("load_demo_data", channel=f"http://127.0.0.1:{port}")

    care.refresh_from_db()
    sales.refresh_from_db()
    assert (care.key_id, care.api_address) == ("demonstration", "http://127.0.0.1:8011")
    assert (sales.key_id, sales.key_secret, sales.api_address) == ("own-key", "own-secret", "")
    assert json.loads(demo_file().read_text())["customers_page"] == "http://127.0.0.1:8011/"


def test_what_the_demonstration_made_is_gone_and_what_was_there_before_is_not(browser: Client, ada: User):
    own_queue = QueueFactory(name="Own queue", channel=ChannelFactory(name="Own chat", statistics_keys=["topic"]))
    anna = UserFactory(username="own-agent")
    own = ended_conversation(own_queue, agent=anna, data={"topic": "order"})
    run_reporting_job()
    version = SettingsVersion.current()

    shown = browser.get(PAGE).content.decode()
    answer = remove(browser)

    assert "Customer chat, E-mail, Phone, Tasks" in shown
    assert "Every conversation on these channels" in shown
    assert "The demonstration is removed." in answer.content.decode()
    assert list(Channel.objects.all()) == [own_queue.channel]
    assert list(Queue.objects.all()) == [own_queue]
    assert not any(
        model.objects.exists() for model in (MessagingService, MailBox, QueueGroup, Contact, Message, InboundDelivery)
    )
    assert list(Conversation.objects.all()) == [own]
    assert [entry.conversation for entry in ContactLogEntry.objects.all()] == [own]
    assert set(User.objects.values_list("username", flat=True)) == {"administrator", "own-agent"}
    assert [key.name for key in AttachedKey.objects.all()] == ["topic"]  # a list of the own channel names it
    assert not AccessRight.objects.exists()
    for counts in (KeyUsage, EndedCount):
        assert not counts.objects.exclude(channel=own_queue.channel).exists()
    assert not SeenKey.objects.filter(name="loyalty_card").exists()
    assert not demo_file().exists() and not maildir().exists()
    assert not is_loaded()
    assert (SettingsVersion.current() or 0) > (version or 0)
    assert Group.objects.get(name=CONFIGURATOR) in ada.groups.all()


def test_loading_touches_nothing_of_the_same_name_and_goes_on_after_it_broke_off(monkeypatch: Any):
    own_chat = ChannelFactory(name="Customer chat")
    own_queue = QueueFactory(name="chat sales", channel=own_chat)
    own_service = MessagingServiceFactory(name="WhatsApp sales", queue=own_queue)
    own_agent = UserFactory(username="agent")
    own_agent.groups.add(Group.objects.get_or_create(name=AGENT)[0])
    own = ended_conversation(own_queue, agent=own_agent)
    before = SettingsVersion.current() or 0

    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr("conversations.demo._Centre.present", lambda self: 1 / 0)
        call_command("load_demo_data")
    broke_off = list(Conversation.objects.all())
    call_command("load_demo_data")
    known = json.loads(demo_file().read_text())
    loaded = Conversation.objects.count()
    changed = {type(event).__name__ for event in changes_of(own_chat, own_queue, own_service, own_agent, since=before)}
    browser = Client()
    browser.force_login(UserFactory(is_staff=True, is_superuser=True))
    remove(browser)

    assert broke_off == [own]
    assert loaded > 14
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
    assert Conversation.objects.count() > 14
    ada.refresh_from_db()  # she has a new password
    browser.force_login(ada)
    remove(browser)
    assert not Conversation.objects.exists()


def test_its_crm_tells_who_writes_and_a_contact_is_made_of_it_over_its_own_api(
    surroundings: None, settings: Any, live_server: Any
):
    settings.OUTGOING_OWN_HOSTS = ["127.0.0.1"]
    with serve("http://127.0.0.1:1", 0) as shop:
        threading.Thread(target=shop.serve_forever, daemon=True).start()
        call_command("load_demo_data", shop=f"http://127.0.0.1:{shop.server_port}")
        portal = f"http://127.0.0.1:{live_server.thread.port}"
        DataActionConnection.objects.update(base_address=portal, token_address=f"{portal}/oauth/token")
        assert not IntegrationRun.objects.exists()  # nobody asks about what is over
        first, second, unknown = (fetched_for(number) for number in ("358401112233", "358401112233", "358409999999"))
        shop.shutdown()

    assert dict(first.live_data.filter(key__startswith="customer_data").values_list("key", "value")) == {
        "customer_data.id": "C-2233",
        "customer_data.firstname": "Maija",
        "customer_data.lastname": "Korhonen",
        "customer_data.company": "Korhonen Oy",
        "customer_data.lastticket": "T-332",
    }
    outcomes = IntegrationRun.objects.order_by("pk").values_list("integration__ordinal", "outcome", "reason")
    assert list(outcomes) == [
        (1, "saved", ""), (2, "sent", ""), (1, "saved", ""), (2, "sent", ""), (1, "nothing", ""), (2, "sent", ""),
    ]  # fmt: skip
    contact = ExternalContact.objects.get()
    assert (contact.name, first.association.contact, second.association.contact) == ("Maija Korhonen", contact, contact)
    assert not Association.objects.filter(conversation=unknown).exists()


def fetched_for(number: str) -> Conversation:
    """Somebody writes, and workers do what waits."""
    conversation = queued_conversation(Queue.objects.get(name="Chat sales"), customer_address=number)
    while waiting := list(IntegrationRun.objects.waiting(now=timezone.now()).values_list("pk", flat=True)):
        for pk in waiting:
            jobs.work_on(IntegrationRun, pk)
    return conversation
