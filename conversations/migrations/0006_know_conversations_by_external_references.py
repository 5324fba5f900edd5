import django.db.models.deletion
from django.db import migrations, models

DOOR = models.CharField(default="conversation_api", max_length=30, verbose_name="door")
"""What there is came in at the one door that there was."""


def service(related_name, **facts):
    return models.ForeignKey(
        blank=True,
        help_text="The account at the door; none where the door has none",
        null=True,
        on_delete=django.db.models.deletion.PROTECT,
        related_name=related_name,
        to="channels_cfg.messagingservice",
        verbose_name="service",
        **facts,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0005_say_offered"),
    ]

    operations = [
        migrations.RemoveConstraint("inbounddelivery", "a_nonce_is_taken_once"),
        migrations.RemoveConstraint("conversation", "a_thread_has_one_active_conversation"),
        migrations.RemoveConstraint("message", "a_message_is_stored_once"),
        migrations.RemoveConstraint("messagingthread", "a_thread_is_stored_once"),
        migrations.RemoveIndex("messagingthread", "thread_by_contact"),
        migrations.RenameModel("MessagingThread", "ExternalReference"),
        migrations.AlterModelOptions(
            "externalreference",
            {"verbose_name": "external reference", "verbose_name_plural": "external references"},
        ),
        migrations.RenameField("conversation", "thread", "reference"),
        migrations.RenameField("message", "thread", "reference"),
        migrations.AlterField(
            "conversation",
            "reference",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="conversations",
                to="conversations.externalreference",
                verbose_name="external reference",
            ),
        ),
        migrations.AlterField(
            "message",
            "reference",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="messages",
                to="conversations.externalreference",
                verbose_name="external reference",
            ),
        ),
        migrations.AddField("externalreference", "door", DOOR, preserve_default=False),
        migrations.AddField("inbounddelivery", "door", DOOR, preserve_default=False),
        migrations.AlterField("externalreference", "service", service("references")),
        migrations.AlterField("inbounddelivery", "service", service("deliveries", db_index=False)),
        migrations.AddIndex(
            "externalreference",
            models.Index(fields=["service", "contact_external_id"], name="reference_by_contact"),
        ),
        migrations.AddConstraint(
            "externalreference",
            models.UniqueConstraint(
                fields=("external_id", "door", "service"), name="a_reference_is_stored_once", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            "inbounddelivery",
            models.UniqueConstraint(
                fields=("door", "service", "nonce"), name="a_nonce_is_taken_once", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            "conversation",
            models.UniqueConstraint(
                condition=models.Q(("state__in", ("received", "queued", "allocated", "accepted"))),
                fields=("reference",),
                name="a_reference_has_one_active_conversation",
            ),
        ),
        migrations.AddConstraint(
            "message",
            models.UniqueConstraint(
                condition=models.Q(("external_id", ""), _negated=True),
                fields=("reference", "external_id"),
                name="a_message_is_stored_once",
            ),
        ),
    ]
