"""What is destroyed does not live on in what ANALYZE gathers (rule 12)."""

from __future__ import annotations

import pghistory.models
import pytest
from django.apps import apps
from django.db import connection, models
from django.utils import timezone

from channels_cfg.models import Source
from conversations.models import IdempotentAnswer, InboundDelivery, LiveDatum, Message
from tests.factories import ConversationFactory, MessagingServiceFactory, UserFactory
from tests.statistics import gather_statistics

OURS = ["channels_cfg", "conversations", "reporting", "config"]

NOTHING_THAT_IS_DESTROYED = {
    # settings, and their history; what is encrypted
    "channels_cfg.Authentication.secret",
    "channels_cfg.DataActionCredential.secret",
    *(
        f"channels_cfg.{model}.{field}"
        for model in ("DataAction", "DataActionDraft")
        for field in (
            "headers",
            "input_schema",
            "request_template",
            "request_url_template",
            "success_schema",
            "success_template",
            "translation_map",
            "translation_map_defaults",
        )
    ),
    "channels_cfg.FormSubmission.led_to",
    "channels_cfg.Integration.configuration",
    "channels_cfg.IvrStep.prompt",
    "channels_cfg.MailBox.password",
    "channels_cfg.MetadataDestination.secret",
    "channels_cfg.MessagingService.key_secret",
    "channels_cfg.ReplyTemplate.text",
    "channels_cfg.SecondFactor.secret",
    "channels_cfg.WebhookSecret.secret",
    "channels_cfg.SystemSettings.contact_fields",
    "channels_cfg.ScheduledChange.changes",
    "channels_cfg.ScheduledChange.replaces",
    # digests, names of keys, counts, ids, words of ours
    "conversations.Event.detail",
    "conversations.InboundDelivery.body_digest",
    "conversations.InboundDelivery.notes",
    "conversations.IntegrationRun.facts",
    "conversations.IntegrationRun.notes",
    "conversations.KeyUsage.hits",
    "conversations.KeyUsage.lengths",
    "conversations.KeyUsage.sources",
    "conversations.KeyUsage.types",
    "conversations.Message.rank",
    "conversations.SeenKey.hits",
    "conversations.SeenKey.lengths",
    "conversations.SeenKey.sources",
    "reporting.ReportFileSlice.facts",
    "conversations.SeenKey.types",
    # what the settings keep is kept, and searched for
    "conversations.Conversation.dropped_keys",
    "conversations.Conversation.kept_data",
    "conversations.Conversation.kept_flags",
    "conversations.Conversation.kept_sources",
    "conversations.Conversation.kept_times",
    "reporting.ContactLogEntry.dropped_keys",
    "reporting.ContactLogEntry.kept_data",
    "reporting.ContactLogEntry.kept_sources",
}


def declared() -> list[tuple[type[models.Model], str]]:
    return [(model, field) for model in apps.get_models() for field in getattr(model, "customer_data", ())]


def test_every_free_form_field_is_declared_as_customer_data_or_known_to_hold_none():
    free_form = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        if model._meta.app_label in OURS and not issubclass(model, pghistory.models.Event)
        for field in model._meta.local_fields
        if isinstance(field, models.TextField | models.JSONField | models.BinaryField)
    }

    as_customer_data = {f"{model._meta.label}.{field}" for model, field in declared()}
    assert free_form - as_customer_data == NOTHING_THAT_IS_DESTROYED


@pytest.mark.django_db
def test_postgresql_gathers_nothing_about_customer_data():
    for number in range(3):
        value = f"CANARY{number}"
        conversation = ConversationFactory(customer_address=value, customer_name=value)
        LiveDatum.objects.create(
            conversation=conversation, key="k", value=value, source=Source.CUSTOMER, attached_at=timezone.now()
        )
        Message.objects.create(
            conversation=conversation, text=value, content={"caption": value}, sent_at=timezone.now()
        )
        IdempotentAnswer.objects.create(
            user=UserFactory(), conversation=conversation, answer={"k": value}, answered_at=timezone.now()
        )
        InboundDelivery.objects.create(
            door="conversation_api",
            service=MessagingServiceFactory(),
            nonce=f"n{number}",
            body_digest=b"",
            body=value.encode(),
            received_at=timezone.now(),
        )

    gather_statistics()
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename, attname, pg_stats::text FROM pg_stats WHERE schemaname = 'public'")
        gathered = cursor.fetchall()

    assert ("conversations_conversation", "state") in [row[:2] for row in gathered]
    columns = {(model._meta.db_table, model._meta.get_field(field).column) for model, field in declared()}
    assert [row for row in gathered if row[:2] in columns] == []
    assert [row for row in gathered if "CANARY" in row[2].upper() or b"CANARY".hex() in row[2]] == []
