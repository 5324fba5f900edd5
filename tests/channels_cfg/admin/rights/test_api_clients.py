"""API clients in the System Configurator: made on one page, their keys rotated, their changes recorded."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from channels_cfg.models import AccessRight, ApiKey, Queue, Right, SettingsVersion, User
from channels_cfg.rights.roles import AGENT, API_CLIENT
from tests.channels_cfg.api.test_authentication import DOOR, token_of
from tests.factories import ApiKeyFactory, QueueFactory, QueueGroupFactory, ReplyTemplateFolderFactory, UserFactory

NEW = "/admin/channels_cfg/apiclient/add/"


def page_of(client: User) -> str:
    return reverse("admin:channels_cfg_apiclient_change", args=[client.pk])


def key_on(page: Any) -> str:
    found = re.search(r"ks_[\w-]{40,}", page.content.decode())
    assert found
    return found[0]


def test_a_client_is_made_with_rights_and_a_key_on_one_page(browser: Client):
    queue, nordic = QueueFactory(name="Chat care"), QueueGroupFactory()
    team, folder = Group.objects.get(name=AGENT), ReplyTemplateFolderFactory()

    answer = browser.post(
        NEW,
        {
            "username": "crm",
            "uses": "CRM nightly sync",
            "rights": ["manage_contacts", "view_history"],
            "queues": [queue.pk],
            "queue_groups": [nordic.pk],
            "direct_conversations_of": [team.pk],
            "reply_template_folders": [folder.pk],
        },
    )

    client = User.objects.get(username="crm")
    key = ApiKey.objects.get()
    assert client.is_api_client and not client.has_usable_password() and not client.is_staff
    assert list(client.groups.all()) == [Group.objects.get(name=API_CLIENT)]
    places = ("queue", "queue_group", "direct_conversations_of", "reply_template_folder")
    assert set(client.access_rights.values_list("right", *places)) == {
        (right, *place)
        for right in ("manage_contacts", "view_history")
        for place in ((queue.pk, None, None, None), (None, nordic.pk, None, None), (None, None, team.pk, None))
    } | {("use_templates", None, None, None, folder.pk)}
    assert (key.user, key.name) == (client, "CRM nightly sync")
    assert Client().get(DOOR, headers={"X-Api-Key": key_on(answer)}).status_code == 200
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize(
    ("sent", "complaint"),
    [
        ({"rights": ["serve"]}, "Choose on which queues."),
        ({"queues": True}, "Choose what it may do on these queues."),
        ({"username": "taken"}, "already exists"),
        ({"uses": ""}, "This field is required."),
        ({"rights": ["rule"]}, "rule is not one of the available choices"),
    ],
)
def test_what_is_missing_is_said_and_what_was_typed_stays(browser: Client, sent: dict[str, Any], complaint: str):
    UserFactory(username="taken")
    queue = QueueFactory(name="Chat care")
    if "queues" in sent:
        sent = {"queues": [queue.pk]}

    answer = browser.post(NEW, {"username": "crm", "uses": "CRM sync", **sent})

    page = answer.content.decode()
    assert complaint in page
    assert f'value="{sent.get("username", "crm")}"' in page
    assert not ApiKey.objects.exists()
    assert not User.objects.filter(username="crm").exists()


def test_the_page_of_a_client_tells_of_its_keys_and_rights(browser: Client):
    key = ApiKeyFactory(name="CRM sync", user__username="crm")
    ApiKey.objects.filter(pk=key.pk).update(last_used_at=timezone.now() - timedelta(hours=3))
    AccessRight.objects.create(user=key.user, right=Right.MANAGE_CONTACTS, queue=QueueFactory(name="Chat care"))
    ApiKeyFactory(user=key.user).revoke(now=timezone.now())

    page = browser.get(page_of(key.user)).content.decode()

    assert f"…{key.hint}" in page
    assert "3\xa0hours ago" in page and "never used" in page
    assert "Revoked" in page
    assert "Chat care" in page and "directly" in page
    assert "http://testserver/RI/cmi/contactData/CONVERSATION" in page
    assert key.text not in page


def test_both_keys_work_until_the_old_one_has_had_its_time(browser: Client, time_machine: Any):
    """The token would be good for an hour, but ends with its key after half of it."""
    time_machine.move_to(now := timezone.now().replace(second=0), tick=False)
    old = ApiKeyFactory(name="CRM sync")
    door = Client()
    token = token_of(door, old)

    answer = browser.post(rotate(old), {"lasts": "", "until": f"{now + timedelta(minutes=30):%Y-%m-%dT%H:%M}"})
    new = key_on(answer)
    opened = [door.get(DOOR, headers=headers).status_code for headers in shown(old.text, new, token)]
    time_machine.shift(timedelta(minutes=31))
    later = [door.get(DOOR, headers=headers).status_code for headers in shown(old.text, new, token)]

    assert opened == [200, 200, 200]
    assert later == [401, 200, 401]
    assert ApiKey.objects.matching(old.text) is None
    assert ApiKey.objects.matching(new).name == "CRM sync"  # type: ignore[union-attr]
    assert f"…{old.hint} is valid until" in answer.content.decode()


def rotate(key: ApiKey) -> str:
    return reverse("admin:api_client_rotate", args=[key.user_id, key.pk])


def shown(*texts: str) -> list[dict[str, str]]:
    *keys, token = texts
    return [*({"X-Api-Key": key} for key in keys), {"Authorization": f"Bearer {token}"}]


def test_a_token_of_the_old_key_ends_with_it_and_none_is_given_any_more(browser: Client):
    old = ApiKeyFactory()
    door = Client()
    token = token_of(door, old)

    browser.post(rotate(old), {"lasts": "0"})
    refused = door.post(
        "/oauth/token",
        {"grant_type": "client_credentials", "client_id": old.user.username, "client_secret": old.text},
    )

    assert door.get(DOOR, headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert refused.status_code == 401


def test_the_old_key_may_last_until_a_chosen_moment(browser: Client):
    old = ApiKeyFactory()

    browser.post(rotate(old), {"lasts": "", "until": "2099-03-14T12:30"})

    old.refresh_from_db()
    assert f"{old.expires_at:%Y-%m-%d %H:%M}" == "2099-03-14 12:30"


@pytest.mark.parametrize(
    ("until", "complaint"),
    [("", "Choose the moment"), ("2001-01-01T00:00", "This moment is past"), ("soon", "Enter a valid")],
)
def test_a_moment_that_cannot_be_is_refused(browser: Client, until: str, complaint: str):
    old = ApiKeyFactory()

    answer = browser.post(rotate(old), {"lasts": "", "until": until})

    assert complaint in answer.content.decode()
    assert ApiKey.objects.get().expires_at is None


def test_a_key_that_is_over_is_not_rotated(browser: Client):
    key = ApiKeyFactory()
    key.revoke(now=timezone.now())

    assert browser.post(rotate(key), {"lasts": "0"}).status_code == 404
    assert ApiKey.objects.count() == 1


def test_a_second_rotation_never_lengthens_the_life_of_a_key(db: None):
    key = ApiKeyFactory()
    soon = timezone.now() + timedelta(hours=1)

    key.expire(at=soon)
    key.expire(at=soon + timedelta(days=1))

    assert ApiKey.objects.get().expires_at == soon


def test_another_key_is_made_on_the_page_of_the_client(browser: Client):
    first = ApiKeyFactory()

    answer = browser.post(reverse("admin:api_client_new_key", args=[first.user_id]), {"name": "Second host"})

    assert ApiKey.objects.matching(key_on(answer)).name == "Second host"  # type: ignore[union-attr]
    assert ApiKey.objects.matching(first.text)


def test_people_have_no_page_of_a_client_and_get_no_keys(browser: Client):
    person = UserFactory()

    page = browser.get(page_of(person))
    made = browser.post(reverse("admin:api_client_new_key", args=[person.pk]), {"name": "mine"})

    assert page.status_code == 302
    assert made.status_code == 404
    assert not ApiKey.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_life_of_a_key_is_in_the_change_log_and_its_use_is_not():
    key = ApiKeyFactory(name="CRM sync")
    made = SettingsVersion.current()
    assert Client().get(DOOR, headers={"X-Api-Key": key.text}).status_code == 200
    after_use = SettingsVersion.current()
    ApiKey.objects.rotate(key, old_until=timezone.now() + timedelta(hours=1))
    key.revoke(now=timezone.now())

    events = ApiKey.pgh_event_model.objects.filter(pgh_obj_id=key.pk).order_by("pgh_id")  # type: ignore[attr-defined]
    assert ApiKey.objects.get(pk=key.pk).last_used_at is not None
    assert after_use == made
    assert [event.pgh_label for event in events] == ["insert", "update", "update"]
    assert [bool(event.expires_at) for event in events] == [False, True, True]
    assert events.last().revoked_at
    assert not {"digest", "last_used_at"} & {field.name for field in events.model._meta.fields}


def test_the_history_of_a_client_tells_of_its_keys(browser: Client, configurator: User):
    client = UserFactory(username="crm", is_api_client=True)

    text = key_on(browser.post(reverse("admin:api_client_new_key", args=[client.pk]), {"name": "CRM sync"}))
    page = browser.get(reverse("admin:channels_cfg_user_history", args=[client.pk])).content.decode()

    assert "CRM sync" in page
    assert text not in page
    assert ApiKey.objects.get().digest not in page


def test_staff_without_the_role_see_no_client(db: None):
    key = ApiKeyFactory()
    client = Client()
    client.force_login(UserFactory(is_staff=True))

    answers = [
        client.get("/admin/channels_cfg/apiclient/"),
        client.get(page_of(key.user)),
        client.get(NEW),
        client.get(rotate(key)),
        client.post(rotate(key), {"lasts": "0"}),
        client.post(reverse("admin:api_client_new_key", args=[key.user_id])),
    ]

    assert {answer.status_code for answer in answers} == {403}
    assert Queue.objects.count() == 0 and ApiKey.objects.count() == 1
