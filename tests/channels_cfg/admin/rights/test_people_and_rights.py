"""Users, groups, rights, API keys and messaging services in the System Configurator."""

import re

import pytest
from django.contrib.auth.models import Group
from django.contrib.messages import get_messages
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from channels_cfg.admin.safeguards.cascade_preview import FEW
from channels_cfg.models import AccessRight, ApiKey, Channel, MessagingService, Queue, Right, User, WebhookSecret
from channels_cfg.rights.roles import AGENT
from conversations.models import Conversation, SendingPause
from tests.channels_cfg.admin.forms import open_form, save_form
from tests.factories import (
    ApiKeyFactory,
    ChannelFactory,
    GroupFactory,
    MessagingServiceFactory,
    QueueFactory,
    UserFactory,
    WebhookSecretFactory,
    ended_conversation,
    grant,
)


def row(number: int, **fields: object) -> dict[str, object]:
    """What the browser sends for one added row of rights."""
    return {f"access_rights-{number}-{name}": getattr(value, "pk", value) for name, value in fields.items()}


def test_a_right_is_granted_on_the_page_of_a_user(browser: Client):
    user, queue = UserFactory(), QueueFactory()

    save_form(
        browser,
        reverse("admin:channels_cfg_user_change", args=[user.pk]),
        **{"access_rights-TOTAL_FORMS": 1, **row(0, right=Right.SERVE, queue=queue)},
    )

    assert Queue.objects.granting(Right.SERVE, to=user).get() == queue


def test_the_same_right_twice_on_a_page_is_refused_in_words(browser: Client):
    user, queue = grant(UserFactory(), Right.SERVE, on=(place := QueueFactory())), place

    answer = save_form(
        browser,
        reverse("admin:channels_cfg_user_change", args=[user.pk]),
        **{"access_rights-TOTAL_FORMS": 2, **row(1, right=Right.SERVE, queue=queue)},
    )

    assert "The same right is granted twice" in answer.content.decode()
    assert AccessRight.objects.count() == 1


def test_a_right_on_two_places_is_refused_in_words(browser: Client):
    queue, group = QueueFactory(), GroupFactory()

    answer = save_form(
        browser,
        reverse("admin:channels_cfg_accessright_add"),
        user=UserFactory().pk,
        right=Right.SERVE,
        queue=queue.pk,
        direct_conversations_of=group.pk,
    )

    assert (
        "Choose a queue, a queue group, direct conversations or a reply-template folder, and only one of them."
        in answer.content.decode()
    )
    assert not AccessRight.objects.exists()


def test_a_person_is_made_with_a_password(browser: Client):
    save_form(
        browser,
        reverse("admin:channels_cfg_user_add"),
        username="matti",
        password1="a long walk 47",
        password2="a long walk 47",
        time_zone="Europe/Helsinki",
    )

    assert Client().login(username="matti", password="a long walk 47")


def test_an_api_client_is_made_without_a_password(browser: Client):
    save_form(
        browser,
        reverse("admin:channels_cfg_user_add"),
        username="crm",
        is_api_client="on",
        password1=None,
        password2=None,
        time_zone="UTC",
    )

    client = User.objects.get(username="crm")
    assert client.is_api_client
    assert not client.has_usable_password()


def test_an_api_client_cannot_sign_in_to_pages_even_with_a_password(db: None):
    UserFactory(username="crm", is_api_client=True)

    assert not Client().login(username="crm", password="correct horse")


def test_a_page_session_ends_when_its_user_becomes_an_api_client(configurator: User, browser: Client):
    User.objects.filter(pk=configurator.pk).update(is_api_client=True, is_staff=False)

    assert browser.get(reverse("admin:index")).status_code == 302


def test_a_key_is_shown_once_and_stored_nowhere_in_clear(browser: Client):
    client = UserFactory(is_api_client=True)

    answer = browser.post(reverse("admin:channels_cfg_apikey_add"), {"user": client.pk, "name": "CRM sync"})

    text = re.search(r"ks_[\w-]{40,}", answer.content.decode())[0]  # type: ignore[index]
    assert ApiKey.objects.matching(text).user == client  # type: ignore[union-attr]
    assert "no-store" in answer["Cache-Control"]
    assert [str(message) for message in get_messages(answer.wsgi_request) if text in str(message)] == []
    assert text not in str([session.get_decoded() for session in Session.objects.all()])
    again = browser.get(reverse("admin:channels_cfg_apikey_changelist")).content.decode()
    assert text not in again
    assert f"…{text[-4:]}" in again
    assert not any(text in stored for stored in everything_stored())


def everything_stored() -> list[str]:
    with connection.cursor() as cursor:
        tables = [
            table for table in connection.introspection.table_names(cursor) if "django_" in table or "cfg" in table
        ]
        rows = []
        for table in tables:
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            rows += [text for (text,) in cursor.fetchall()]
    return rows


def test_keys_are_for_api_clients(browser: Client):
    person = UserFactory()

    browser.post(reverse("admin:channels_cfg_apikey_add"), {"user": person.pk, "name": "mine"})

    assert not ApiKey.objects.exists()


def test_revoking_asks_first_and_then_locks_out(browser: Client):
    key = ApiKeyFactory(name="CRM sync")
    chosen = {"action": "revoke", "_selected_action": key.pk}

    asked = browser.post(reverse("admin:channels_cfg_apikey_changelist"), chosen)
    still_valid = ApiKey.objects.matching(key.text)
    browser.post(reverse("admin:channels_cfg_apikey_changelist"), {**chosen, "confirmed": "yes"})

    assert "Revoke these keys?" in asked.content.decode()
    assert still_valid
    assert ApiKey.objects.matching(key.text) is None


def test_a_key_cannot_be_edited_or_deleted(browser: Client):
    key = ApiKeyFactory(name="CRM sync")

    browser.post(reverse("admin:channels_cfg_apikey_change", args=[key.pk]), {"user": key.user_id, "name": "other"})
    browser.post(reverse("admin:channels_cfg_apikey_delete", args=[key.pk]), {"post": "yes"})

    assert ApiKey.objects.get().name == "CRM sync"


def test_a_secret_is_written_and_never_read_back(browser: Client):
    service = MessagingServiceFactory()
    address = reverse("admin:channels_cfg_messagingservice_change", args=[service.pk])

    save_form(
        browser, address, **{"secrets-TOTAL_FORMS": 1, "secrets-0-secret": "canary 4711", "secrets-0-note": "May"}
    )
    page = browser.get(address).content.decode()

    assert WebhookSecret.objects.get().secret == "canary 4711"
    assert "canary" not in page
    assert "http://testserver/sms/sinchconversation/all" in page


def test_saving_a_service_leaves_its_secrets_alone_and_a_second_is_added(browser: Client):
    first = WebhookSecretFactory(secret="first")
    address = reverse("admin:channels_cfg_messagingservice_change", args=[first.service_id])
    form = open_form(browser, address)

    save_form(
        browser, address, **{**form, "secrets-TOTAL_FORMS": 2, "secrets-0-note": "old", "secrets-1-secret": "second"}
    )

    assert {secret.secret: secret.note for secret in WebhookSecret.objects.all()} == {"first": "old", "second": ""}


def test_what_is_in_use_says_why_it_stays_and_what_to_do_instead(browser: Client):
    queue = QueueFactory(name="Chat sales")
    ended_conversation(queue, customer_name="Canary Customer", data={"customerType": "gold"})
    address = reverse("admin:channels_cfg_queue_delete", args=[queue.pk])

    page = browser.get(address).content.decode()
    browser.post(address, {"post": "yes"})

    assert "Queue “Chat sales” is used by conversations." in page
    assert "remove its addresses" in page
    assert "Canary" not in page
    assert Queue.objects.filter(pk=queue.pk).exists()


def test_what_is_in_use_is_not_deleted_in_bulk_either(browser: Client):
    used, free = QueueFactory().channel, ChannelFactory()
    address = reverse("admin:channels_cfg_channel_changelist")

    answer = browser.post(
        address, {"action": "delete_selected", "_selected_action": [used.pk, free.pk], "post": "yes"}, follow=True
    )

    assert "is used by queues" in answer.content.decode()
    assert Channel.objects.count() == 2


def test_a_queue_that_had_conversations_keeps_its_channel(browser: Client):
    queue = QueueFactory()
    ended_conversation(queue)

    save_form(browser, reverse("admin:channels_cfg_queue_change", args=[queue.pk]), channel=ChannelFactory().pk)

    assert Queue.objects.get().channel == queue.channel


def test_a_configurator_cannot_raise_anybody_to_superuser(browser: Client, configurator: User):
    other = UserFactory(is_superuser=True)
    own = reverse("admin:channels_cfg_user_change", args=[configurator.pk])

    save_form(browser, own, is_superuser="on")
    browser.post(
        reverse("admin:auth_user_password_change", args=[other.pk]),
        {"password1": "taken over 1", "password2": "taken over 1"},
    )

    configurator.refresh_from_db()
    assert not configurator.is_superuser
    assert not Client().login(username=other.username, password="taken over 1")


def test_default_roles_keep_their_names(browser: Client):
    role = Group.objects.get(name=AGENT)

    save_form(browser, reverse("admin:auth_group_change", args=[role.pk]), name="Others")

    assert Group.objects.filter(name=AGENT).exists()


def test_configuring_gives_no_sight_of_conversations(browser: Client, configurator: User):
    ended_conversation(QueueFactory(), customer_address="358409990000")

    pages = [
        browser.get(reverse("admin:index")),
        browser.get(reverse("find_anything"), {"s": "358409990000"}),
    ]

    assert not any("358409990000</" in page.content.decode() for page in pages)
    assert not Conversation.objects.granting(Right.VIEW_HISTORY, to=configurator).exists()


@pytest.mark.parametrize("page", ["channel", "queue", "user", "accessright", "apikey", "settingsversion"])
def test_staff_without_the_role_see_nothing(db: None, page: str):
    UserFactory(username="nobody", is_staff=True)
    client = Client()
    client.login(username="nobody", password="correct horse")
    QueueFactory(name="Chat sales")

    answer = client.get(reverse(f"admin:channels_cfg_{page}_changelist"))
    home = client.get(reverse("admin:index")).content.decode()

    assert answer.status_code in (403, 404)
    assert "Nothing to configure" in home
    assert "Channels" not in home


def test_home_of_an_empty_portal_leads_on(browser: Client):
    page = browser.get(reverse("admin:index")).content.decode()

    assert "Three steps to the first conversation" in page
    assert reverse("admin:channels_cfg_channel_add") in page


def test_home_names_what_needs_attention(browser: Client):
    service = MessagingServiceFactory(name="WhatsApp Finland", queue=QueueFactory(name="Chat sales"))
    ChannelFactory(statistics_keys=["customertype", "customerType"])
    for _ in range(3):
        SendingPause.objects.begin(service, now=timezone.now(), reason="It does not answer.")

    page = browser.get(reverse("admin:index")).content.decode()

    assert MessagingService.objects.get() == service
    assert "Messaging service “WhatsApp Finland” has no secret" in page
    assert "Nobody may serve queue “Chat sales”" in page
    assert "Replies over “WhatsApp Finland” wait since" in page and "It does not answer." in page
    assert "look alike" in page


def test_deleting_somebody_with_many_rights_names_a_few_of_them_and_counts_the_rest(browser: Client):
    few, many = UserFactory(), UserFactory()
    for user, number in ((few, 1), (many, FEW + 5)):
        for queue in QueueFactory.create_batch(number):
            grant(user, Right.SERVE, on=queue)
    addresses = [reverse("admin:channels_cfg_user_delete", args=[user.pk]) for user in (few, many)]
    browser.get(addresses[0])

    with CaptureQueriesContext(connection) as for_few:
        browser.get(addresses[0])
    with CaptureQueriesContext(connection) as for_many:
        page = browser.get(addresses[1]).content.decode()

    assert page.count(f"{many}: Serve") == FEW
    assert "and 5 more" in page
    assert len(for_many) == len(for_few)
