import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.text
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("channels_cfg", "0001_initial"),
        ("channels_cfg", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="RefusedCallbacks",
            fields=[
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("unsigned", "No signature, or one that is not complete"),
                            ("wrong", "The signature fits no secret"),
                            ("old", "The signature is too old, or from the future"),
                        ],
                        max_length=8,
                        primary_key=True,
                        serialize=False,
                        verbose_name="reason",
                    ),
                ),
                ("last_at", models.DateTimeField(verbose_name="last at")),
            ],
            options={
                "verbose_name_plural": "refused callbacks",
                "default_permissions": (),
                "verbose_name": "refused callbacks",
            },
        ),
        migrations.CreateModel(
            name="Conversation",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False, verbose_name="id"
                    ),
                ),
                (
                    "messaging_channel",
                    models.CharField(
                        blank=True,
                        help_text="WHATSAPP, SMS, …; open list",
                        max_length=30,
                        verbose_name="messaging channel",
                    ),
                ),
                (
                    "direction",
                    models.CharField(
                        choices=[("inbound", "Inbound"), ("outbound", "Outbound")],
                        default="inbound",
                        max_length=8,
                        verbose_name="direction",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("received", "Received"),
                            ("queued", "Queued"),
                            ("allocated", "Allocated"),
                            ("accepted", "Accepted"),
                            ("wrap_up", "Wrap-up"),
                            ("handled", "Handled"),
                            ("abandoned", "Abandoned"),
                            ("false_attempt", "False attempt"),
                        ],
                        default="received",
                        max_length=13,
                        verbose_name="state",
                    ),
                ),
                (
                    "customer_address",
                    models.CharField(
                        blank=True,
                        help_text="Number or address of the customer",
                        max_length=320,
                        verbose_name="customer address",
                    ),
                ),
                ("customer_name", models.CharField(blank=True, max_length=200, verbose_name="customer name")),
                ("received_at", models.DateTimeField(verbose_name="received at")),
                ("queued_at", models.DateTimeField(blank=True, null=True, verbose_name="queued at")),
                ("allocated_at", models.DateTimeField(blank=True, null=True, verbose_name="allocated at")),
                (
                    "accepted_at",
                    models.DateTimeField(blank=True, help_text="First accepted", null=True, verbose_name="accepted at"),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended at")),
                ("handled_at", models.DateTimeField(blank=True, null=True, verbose_name="handled at")),
                (
                    "ended_by",
                    models.CharField(
                        blank=True,
                        choices=[("customer", "Customer"), ("agent", "Agent"), ("system", "System")],
                        max_length=8,
                        verbose_name="ended by",
                    ),
                ),
                (
                    "kept_data",
                    models.JSONField(
                        blank=True, default=dict, help_text="{key: value}; empty while active", verbose_name="kept data"
                    ),
                ),
                (
                    "kept_sources",
                    models.JSONField(blank=True, default=dict, help_text="{key: source}", verbose_name="kept sources"),
                ),
                (
                    "kept_times",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="{key: when its source said so}; without an entry: posted after the end",
                        verbose_name="kept times",
                    ),
                ),
                (
                    "kept_flags",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="{key: which rule of the catalogue its value breaks}",
                        verbose_name="kept flags",
                    ),
                ),
                (
                    "dropped_keys",
                    models.JSONField(
                        blank=True, default=dict, help_text="{key: reason}; never a value", verbose_name="dropped keys"
                    ),
                ),
                (
                    "judged_keys",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=128),
                        blank=True,
                        help_text="The effective statistics list at the moment of ending",
                        null=True,
                        size=None,
                        verbose_name="judged keys",
                    ),
                ),
                (
                    "settings_version",
                    models.BigIntegerField(
                        blank=True, help_text="The settings that judged", null=True, verbose_name="settings version"
                    ),
                ),
                (
                    "version",
                    models.PositiveBigIntegerField(
                        default=1, help_text="Grows with every change", verbose_name="version"
                    ),
                ),
                (
                    "agent",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        help_text="Whom it is allocated to, or who served it last",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="conversations",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="agent",
                    ),
                ),
                (
                    "channel",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="conversations",
                        to="channels_cfg.channel",
                        verbose_name="channel",
                    ),
                ),
                (
                    "queue",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="conversations",
                        to="channels_cfg.queue",
                        verbose_name="queue",
                    ),
                ),
            ],
            options={
                "ordering": ["-received_at", "-id"],
                "verbose_name": "conversation",
                "verbose_name_plural": "conversations",
            },
        ),
        migrations.CreateModel(
            name="Leg",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "purpose",
                    models.CharField(
                        choices=[
                            ("customer", "Customer"),
                            ("workflow", "IVR or workflow"),
                            ("queue", "Queue"),
                            ("agent", "Agent"),
                        ],
                        max_length=8,
                        verbose_name="purpose",
                    ),
                ),
                ("started_at", models.DateTimeField(verbose_name="started at")),
                ("connected_at", models.DateTimeField(blank=True, null=True, verbose_name="connected at")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended at")),
                (
                    "agent",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="agent",
                    ),
                ),
                (
                    "conversation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="legs",
                        to="conversations.conversation",
                        verbose_name="conversation",
                    ),
                ),
                (
                    "queue",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="channels_cfg.queue",
                        verbose_name="queue",
                    ),
                ),
            ],
            options={
                "ordering": ["started_at", "id"],
                "verbose_name": "leg",
                "verbose_name_plural": "legs",
            },
        ),
        migrations.CreateModel(
            name="Communication",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "medium",
                    models.CharField(
                        choices=[("message", "Message"), ("voice", "Voice"), ("email", "E-mail")],
                        max_length=8,
                        verbose_name="medium",
                    ),
                ),
                ("started_at", models.DateTimeField(verbose_name="started at")),
                ("connected_at", models.DateTimeField(blank=True, null=True, verbose_name="connected at")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended at")),
                (
                    "leg",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="communications",
                        to="conversations.leg",
                        verbose_name="leg",
                    ),
                ),
            ],
            options={
                "ordering": ["started_at", "id"],
                "verbose_name": "communication",
                "verbose_name_plural": "communications",
            },
        ),
        migrations.CreateModel(
            name="LiveDatum",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=128, verbose_name="key")),
                ("value", models.JSONField(null=True, verbose_name="value")),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("customer", "Customer"),
                            ("agent", "Agent"),
                            ("integration", "Integration"),
                            ("api", "API"),
                        ],
                        max_length=12,
                        verbose_name="source",
                    ),
                ),
                (
                    "flag",
                    models.CharField(
                        blank=True,
                        help_text="Which rule of the catalogue the value breaks",
                        max_length=300,
                        verbose_name="flag",
                    ),
                ),
                (
                    "attached_at",
                    models.DateTimeField(
                        help_text="When the source said so, not when it reached us", verbose_name="attached at"
                    ),
                ),
                (
                    "conversation",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="live_data",
                        to="conversations.conversation",
                        verbose_name="conversation",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "live data",
                "ordering": ["key"],
                "verbose_name": "live datum",
            },
        ),
        migrations.CreateModel(
            name="MessagingThread",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("external_id", models.CharField(max_length=64, verbose_name="external id")),
                (
                    "contact_external_id",
                    models.CharField(blank=True, max_length=64, verbose_name="contact external id"),
                ),
                ("stopped_at", models.DateTimeField(blank=True, null=True, verbose_name="stopped at")),
                ("deleted_at", models.DateTimeField(blank=True, null=True, verbose_name="deleted at")),
                (
                    "service",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="threads",
                        to="channels_cfg.messagingservice",
                        verbose_name="service",
                    ),
                ),
            ],
            options={
                "verbose_name": "messaging thread",
                "verbose_name_plural": "messaging threads",
            },
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("external_id", models.CharField(blank=True, max_length=64, verbose_name="external id")),
                (
                    "author",
                    models.CharField(
                        choices=[("customer", "Customer"), ("agent", "Agent"), ("system", "System")],
                        max_length=8,
                        verbose_name="author",
                    ),
                ),
                ("messaging_channel", models.CharField(blank=True, max_length=30, verbose_name="messaging channel")),
                ("content_type", models.CharField(default="text_message", max_length=40, verbose_name="content type")),
                (
                    "text",
                    models.TextField(
                        blank=True, help_text="What a reader sees; for media, the caption", verbose_name="text"
                    ),
                ),
                (
                    "content",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="The parts of a message that is more than text",
                        verbose_name="content",
                    ),
                ),
                (
                    "reply_to",
                    models.CharField(
                        blank=True,
                        help_text="External id of the quoted message",
                        max_length=64,
                        verbose_name="reply to",
                    ),
                ),
                ("sent_at", models.DateTimeField(verbose_name="sent at")),
                (
                    "rank",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="Orders versions of the same message (a redaction beats the original): the greatest is shown",
                        verbose_name="rank",
                    ),
                ),
                (
                    "agent",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="agent",
                    ),
                ),
                (
                    "conversation",
                    models.ForeignKey(
                        blank=True,
                        help_text="None for a message sent to a customer who has not written yet; the conversation that begins with the customer's answer takes it in",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="messages",
                        to="conversations.conversation",
                        verbose_name="conversation",
                    ),
                ),
                (
                    "thread",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="conversations.messagingthread",
                        verbose_name="thread",
                    ),
                ),
            ],
            options={
                "ordering": ["sent_at", "id"],
                "verbose_name": "message",
                "verbose_name_plural": "messages",
            },
        ),
        migrations.AddField(
            model_name="conversation",
            name="thread",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="conversations",
                to="conversations.messagingthread",
                verbose_name="thread",
            ),
        ),
        migrations.CreateModel(
            name="ReportableChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("made_at", models.DateTimeField(verbose_name="made at")),
                (
                    "conversation",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="conversations.conversation",
                        verbose_name="conversation",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "verbose_name": "reportable change",
                "verbose_name_plural": "reportable changes",
            },
        ),
        migrations.CreateModel(
            name="SeenKey",
            fields=[
                ("name", models.CharField(max_length=128, primary_key=True, serialize=False, verbose_name="name")),
                (
                    "paths",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=128),
                        default=list,
                        help_text="Its parents, then itself",
                        size=None,
                        verbose_name="paths",
                    ),
                ),
                (
                    "seen",
                    models.PositiveBigIntegerField(
                        default=0, help_text="Conversations that had it", verbose_name="seen"
                    ),
                ),
                (
                    "types",
                    models.JSONField(default=dict, help_text="{value type: conversations}", verbose_name="types"),
                ),
                (
                    "lengths",
                    models.JSONField(default=dict, help_text="{length bucket: conversations}", verbose_name="lengths"),
                ),
                (
                    "sources",
                    models.JSONField(default=dict, help_text="{source: conversations}", verbose_name="sources"),
                ),
                ("hits", models.JSONField(default=dict, help_text="{detector: conversations}", verbose_name="hits")),
                ("first_seen_at", models.DateTimeField(verbose_name="first seen at")),
                ("last_seen_at", models.DateTimeField(verbose_name="last seen at")),
            ],
            options={
                "verbose_name": "seen key",
                "ordering": ["name"],
                "indexes": [
                    models.Index(fields=["-last_seen_at", "name"], name="seen_key_newest"),
                    django.contrib.postgres.indexes.GistIndex(
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Lower("name"), "gist_trgm_ops"
                        ),
                        name="seen_key_alike",
                    ),
                ],
                "verbose_name_plural": "seen keys",
            },
        ),
        migrations.CreateModel(
            name="Contact",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("external_id", models.CharField(max_length=64, verbose_name="external id")),
                ("display_name", models.CharField(blank=True, max_length=200, verbose_name="display name")),
                ("email", models.CharField(blank=True, max_length=320, verbose_name="email")),
                ("language", models.CharField(blank=True, max_length=20, verbose_name="language")),
                (
                    "identities",
                    models.JSONField(
                        default=list, help_text="[{channel, identity, app_id}]", verbose_name="identities"
                    ),
                ),
                (
                    "changed_at",
                    models.DateTimeField(
                        help_text="Time of the news this row shows; older news changes nothing.",
                        verbose_name="changed at",
                    ),
                ),
                ("deleted_at", models.DateTimeField(blank=True, null=True, verbose_name="deleted at")),
                (
                    "merged_into",
                    models.CharField(
                        blank=True,
                        help_text="External id of the contact that was preserved",
                        max_length=64,
                        verbose_name="merged into",
                    ),
                ),
                (
                    "service",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="contacts",
                        to="channels_cfg.messagingservice",
                        verbose_name="service",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("service", "external_id"), name="a_contact_is_stored_once")
                ],
                "verbose_name": "contact",
                "verbose_name_plural": "contacts",
            },
        ),
        migrations.CreateModel(
            name="DeliveryStatus",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("message_external_id", models.CharField(max_length=64, verbose_name="message external id")),
                ("status", models.CharField(max_length=40, verbose_name="status")),
                (
                    "rank",
                    models.SmallIntegerField(
                        help_text="A status of a lower rank never replaces one of a higher", verbose_name="rank"
                    ),
                ),
                ("reason_code", models.CharField(blank=True, max_length=80, verbose_name="reason code")),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "service",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="delivery_statuses",
                        to="channels_cfg.messagingservice",
                        verbose_name="service",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "delivery statuses",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("service", "message_external_id"), name="a_message_has_one_delivery_status"
                    )
                ],
                "verbose_name": "delivery status",
            },
        ),
        migrations.CreateModel(
            name="EndedCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(verbose_name="day")),
                ("ended", models.PositiveIntegerField(default=0, verbose_name="ended")),
                ("keepable", models.PositiveIntegerField(default=0, verbose_name="keepable")),
                (
                    "channel",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="channels_cfg.channel",
                        verbose_name="channel",
                    ),
                ),
                (
                    "queue",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="channels_cfg.queue",
                        verbose_name="queue",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("channel", "queue", "day"), name="endings_are_counted_once_a_day", nulls_distinct=False
                    )
                ],
                "verbose_name": "ended count",
                "verbose_name_plural": "ended counts",
            },
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("received", "Received"),
                            ("queued", "Queued"),
                            ("allocated", "Allocated"),
                            ("accepted", "Accepted"),
                            ("rejected", "Rejected"),
                            ("withdrawn", "Offer withdrawn"),
                            ("transferred", "Transferred"),
                            ("held", "On hold"),
                            ("resumed", "Resumed"),
                            ("ended", "Ended"),
                            ("abandoned", "Abandoned"),
                            ("handled", "Handled"),
                            ("attached", "Data attached"),
                            ("kept", "Data kept"),
                            ("posted", "Data posted"),
                            ("late", "Arrived after the end"),
                            ("customer_event", "Customer event"),
                        ],
                        max_length=14,
                        verbose_name="kind",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="at")),
                ("detail", models.JSONField(blank=True, default=dict, verbose_name="detail")),
                (
                    "external_id",
                    models.CharField(
                        blank=True,
                        help_text="Id at the sender: the same event comes once",
                        max_length=64,
                        verbose_name="external id",
                    ),
                ),
                (
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="actor",
                    ),
                ),
                (
                    "conversation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="events",
                        to="conversations.conversation",
                        verbose_name="conversation",
                    ),
                ),
            ],
            options={
                "ordering": ["at", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("external_id", ""), _negated=True),
                        fields=("conversation", "external_id"),
                        name="an_event_from_outside_is_stored_once",
                    )
                ],
                "verbose_name": "event",
                "verbose_name_plural": "events",
            },
        ),
        migrations.CreateModel(
            name="IdempotentAnswer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=255, verbose_name="key")),
                ("request_digest", models.CharField(max_length=64, verbose_name="request digest")),
                ("answer", models.JSONField(verbose_name="answer")),
                ("etag", models.CharField(max_length=70, verbose_name="etag")),
                ("answered_at", models.DateTimeField(db_index=True, verbose_name="answered at")),
                (
                    "conversation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="conversations.conversation",
                        verbose_name="conversation",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("user", "key"), name="an_idempotency_key_is_used_once")
                ],
                "verbose_name": "idempotent answer",
                "verbose_name_plural": "idempotent answers",
            },
        ),
        migrations.CreateModel(
            name="InboundDelivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("nonce", models.CharField(max_length=128, verbose_name="nonce")),
                (
                    "body_digest",
                    models.BinaryField(
                        help_text="SHA-256 of the body, keyed with SECRET_KEY",
                        max_length=32,
                        verbose_name="body digest",
                    ),
                ),
                (
                    "body",
                    models.BinaryField(
                        help_text="As received; erased when applied or given up", null=True, verbose_name="body"
                    ),
                ),
                ("trigger", models.CharField(blank=True, max_length=60, verbose_name="trigger")),
                ("received_at", models.DateTimeField(verbose_name="received at")),
                ("held_until", models.DateTimeField(blank=True, null=True, verbose_name="held until")),
                ("attempts", models.PositiveIntegerField(default=0, verbose_name="attempts")),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="finished at")),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("applied", "Applied"),
                            ("ignored", "Accepted, nothing to do"),
                            ("failed", "Given up"),
                        ],
                        default="waiting",
                        max_length=8,
                        verbose_name="outcome",
                    ),
                ),
                (
                    "notes",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="What was left out and why, in words without values",
                        verbose_name="notes",
                    ),
                ),
                (
                    "service",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="channels_cfg.messagingservice",
                        verbose_name="service",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "inbound deliveries",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(condition=models.Q(("finished_at", None)), fields=["id"], name="delivery_waiting")
                ],
                "constraints": [models.UniqueConstraint(fields=("service", "nonce"), name="a_nonce_is_taken_once")],
                "verbose_name": "inbound delivery",
            },
        ),
        migrations.CreateModel(
            name="KeyUsage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(verbose_name="day")),
                ("key", models.CharField(max_length=128, verbose_name="key")),
                (
                    "seen",
                    models.PositiveIntegerField(default=0, help_text="Conversations that had it", verbose_name="seen"),
                ),
                (
                    "keepable",
                    models.PositiveIntegerField(
                        default=0, help_text="Of these, accepted ones", verbose_name="keepable"
                    ),
                ),
                (
                    "bytes",
                    models.PositiveBigIntegerField(default=0, help_text="Of the keepable ones", verbose_name="bytes"),
                ),
                (
                    "types",
                    models.JSONField(default=dict, help_text="{value type: conversations}", verbose_name="types"),
                ),
                (
                    "lengths",
                    models.JSONField(default=dict, help_text="{length bucket: conversations}", verbose_name="lengths"),
                ),
                (
                    "sources",
                    models.JSONField(default=dict, help_text="{source: conversations}", verbose_name="sources"),
                ),
                (
                    "hits",
                    models.JSONField(default=dict, help_text="{detector: keepable conversations}", verbose_name="hits"),
                ),
                ("first_seen_at", models.DateTimeField(verbose_name="first seen at")),
                ("last_seen_at", models.DateTimeField(verbose_name="last seen at")),
                (
                    "channel",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="channels_cfg.channel",
                        verbose_name="channel",
                    ),
                ),
                (
                    "queue",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="channels_cfg.queue",
                        verbose_name="queue",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["key", "day"], name="shape_by_key")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("channel", "queue", "day", "key"),
                        name="a_key_has_one_shape_a_day",
                        nulls_distinct=False,
                    )
                ],
                "verbose_name": "key shape",
                "verbose_name_plural": "key shapes",
            },
        ),
        migrations.CreateModel(
            name="KeyObservation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(help_text="Of the conversation's end, in UTC", verbose_name="day")),
                (
                    "key",
                    models.CharField(
                        blank=True, help_text="Empty: the conversation as a whole", max_length=128, verbose_name="key"
                    ),
                ),
                (
                    "keepable",
                    models.BooleanField(
                        help_text="The conversation was accepted, so that a listed key would be kept",
                        verbose_name="keepable",
                    ),
                ),
                (
                    "value_type",
                    models.CharField(
                        choices=[
                            ("text", "Text"),
                            ("integer", "Integer"),
                            ("decimal", "Decimal"),
                            ("boolean", "Yes or no"),
                            ("null", "Empty"),
                            ("group", "Group of keys"),
                        ],
                        max_length=7,
                        verbose_name="value type",
                    ),
                ),
                (
                    "length_bucket",
                    models.PositiveSmallIntegerField(
                        help_text="0: empty; n: 2^(n-1) to 2^n - 1 characters", verbose_name="length bucket"
                    ),
                ),
                (
                    "bytes",
                    models.PositiveIntegerField(
                        help_text="Of key and value as JSON; with those of all keys below it", verbose_name="bytes"
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("customer", "Customer"),
                            ("agent", "Agent"),
                            ("integration", "Integration"),
                            ("api", "API"),
                        ],
                        help_text="Empty: keys below it have different ones",
                        max_length=12,
                        verbose_name="source",
                    ),
                ),
                (
                    "hits",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("card", "Card number"),
                                ("iban", "IBAN"),
                                ("email", "E-mail address"),
                                ("phone", "Phone number"),
                            ],
                            max_length=5,
                        ),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="hits",
                    ),
                ),
                ("seen_at", models.DateTimeField(verbose_name="seen at")),
                (
                    "channel",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="channels_cfg.channel",
                        verbose_name="channel",
                    ),
                ),
                (
                    "queue",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="channels_cfg.queue",
                        verbose_name="queue",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["key"], name="sighting_by_key")],
                "verbose_name": "key sighting",
                "verbose_name_plural": "key sightings",
            },
        ),
        migrations.AddConstraint(
            model_name="leg",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("purpose", "queue"), ("queue__isnull", False)),
                    models.Q(("purpose", "queue"), _negated=True),
                    _connector="OR",
                ),
                name="a_queue_leg_names_its_queue",
            ),
        ),
        migrations.AddConstraint(
            model_name="leg",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("agent__isnull", False), ("purpose", "agent")),
                    models.Q(("purpose", "agent"), _negated=True),
                    _connector="OR",
                ),
                name="an_agent_leg_names_its_agent",
            ),
        ),
        migrations.AddConstraint(
            model_name="livedatum",
            constraint=models.UniqueConstraint(fields=("conversation", "key"), name="a_key_has_one_live_value"),
        ),
        migrations.AddIndex(
            model_name="messagingthread",
            index=models.Index(fields=["service", "contact_external_id"], name="thread_by_contact"),
        ),
        migrations.AddConstraint(
            model_name="messagingthread",
            constraint=models.UniqueConstraint(fields=("service", "external_id"), name="a_thread_is_stored_once"),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(fields=["conversation", "sent_at"], name="message_transcript"),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.UniqueConstraint(
                condition=models.Q(("external_id", ""), _negated=True),
                fields=("thread", "external_id"),
                name="a_message_is_stored_once",
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                models.OrderBy(models.F("received_at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                name="conversation_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                models.F("queue"),
                models.OrderBy(models.F("received_at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                name="conversation_queue_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                models.F("agent"),
                models.OrderBy(models.F("received_at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                name="conversation_agent_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                condition=models.Q(("state__in", ["received", "queued", "allocated", "accepted", "wrap_up"])),
                fields=["queue", "received_at"],
                name="conversation_on_desk",
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                condition=models.Q(("settings_version__isnull", False)),
                fields=["settings_version", "queue"],
                name="conversation_judged_by",
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(models.F("kept_data"), "jsonb_path_ops"),
                name="conversation_kept_pairs",
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Lower("customer_address"), "gin_trgm_ops"
                ),
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Lower("customer_name"), "gin_trgm_ops"
                ),
                name="conversation_customer_text",
            ),
        ),
        migrations.AddConstraint(
            model_name="conversation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ("received", "queued", "allocated", "accepted"))),
                fields=("thread",),
                name="a_thread_has_one_active_conversation",
            ),
        ),
        migrations.AddConstraint(
            model_name="conversation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at", None), ("state__in", ("received", "queued", "allocated", "accepted"))),
                    models.Q(
                        ("ended_at__isnull", False), ("state__in", ("wrap_up", "handled", "abandoned", "false_attempt"))
                    ),
                    _connector="OR",
                ),
                name="a_conversation_has_an_end_once_it_ended",
            ),
        ),
        migrations.AddConstraint(
            model_name="conversation",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["wrap_up", "handled"]), ("kept_data", {}), _connector="OR"),
                name="only_an_accepted_and_ended_conversation_keeps_data",
            ),
        ),
    ]
