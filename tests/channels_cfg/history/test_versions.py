from __future__ import annotations

import pytest
from django.db import connection, transaction

from channels_cfg.models import Channel, SettingsVersion, User, WebhookSecret
from tests.factories import ChannelFactory, UserFactory, WebhookSecretFactory

pytestmark = pytest.mark.django_db(transaction=True)


def test_each_transaction_that_changes_settings_makes_one_version():
    before = SettingsVersion.current() or 0
    with transaction.atomic():
        ChannelFactory()
        ChannelFactory()

    assert SettingsVersion.objects.filter(pk__gt=before).count() == 1


def test_raw_sql_makes_a_version_and_is_recorded_too():
    channel = ChannelFactory()
    before = SettingsVersion.current()

    with connection.cursor() as cursor:
        cursor.execute("UPDATE channels_cfg_channel SET statistics_keys = '{secretly}' WHERE id = %s", [channel.pk])

    assert SettingsVersion.current() != before
    history = Channel.pgh_event_model.objects.filter(pgh_obj=channel).order_by("pgh_id")
    assert [event.statistics_keys for event in history] == [[], ["secretly"]]


def test_signing_in_is_no_change_of_settings():
    user = UserFactory()
    before = SettingsVersion.current()

    User.objects.filter(pk=user.pk).update(last_login="2026-01-01T00:00Z", password="x")

    assert SettingsVersion.current() == before


def test_a_secret_is_stored_encrypted_and_never_in_the_history():
    secret = WebhookSecretFactory(secret="very-secret-text")

    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM channels_cfg_webhooksecret WHERE id = %s", [secret.pk])
        (stored,) = cursor.fetchone()
    assert "very-secret-text" not in stored
    assert WebhookSecret.objects.get(pk=secret.pk).secret == "very-secret-text"
    assert "secret" not in {field.name for field in WebhookSecret.pgh_event_model._meta.get_fields()}
