import channels_cfg.text_search
import datetime
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
import django.db.models.functions.text
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("channels_cfg", "0003_rules_of_records_in_the_database"),
    ]

    operations = [
        migrations.CreateModel(
            name="Contact",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "service",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="contacts",
                        to="channels_cfg.messagingservice",
                        verbose_name="service",
                    ),
                ),
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
            ],
            options={
                "verbose_name": "contact",
                "verbose_name_plural": "contacts",
                "constraints": [
                    models.UniqueConstraint(fields=("service", "external_id"), name="a_contact_is_stored_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="ExternalReference",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("door", models.CharField(max_length=30, verbose_name="door")),
                (
                    "service",
                    models.ForeignKey(
                        blank=True,
                        help_text="The account at the door; none where the door has none",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="references",
                        to="channels_cfg.messagingservice",
                        verbose_name="service",
                    ),
                ),
                ("external_id", models.CharField(max_length=64, verbose_name="external id")),
                (
                    "contact_external_id",
                    models.CharField(blank=True, max_length=64, verbose_name="contact external id"),
                ),
                ("stopped_at", models.DateTimeField(blank=True, null=True, verbose_name="stopped at")),
                ("deleted_at", models.DateTimeField(blank=True, null=True, verbose_name="deleted at")),
            ],
            options={
                "verbose_name": "external reference",
                "verbose_name_plural": "external references",
                "indexes": [models.Index(fields=["service", "contact_external_id"], name="reference_by_contact")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("external_id", "door", "service"),
                        name="a_reference_is_stored_once",
                        nulls_distinct=False,
                    )
                ],
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
                            ("allocated", "Offered"),
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
                    "agent",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        help_text="Whom it is offered to, or who served it last",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="conversations",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="agent",
                    ),
                ),
                (
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
                ("allocated_at", models.DateTimeField(blank=True, null=True, verbose_name="offered at")),
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
                    "time_in_ivr",
                    models.DurationField(
                        db_default=datetime.timedelta(0),
                        default=datetime.timedelta(0),
                        help_text="No waiting time",
                        verbose_name="time in the IVR",
                    ),
                ),
                (
                    "waited",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Case(
                            models.When(accepted_at=None, ended_at=None, then=None),
                            models.When(
                                queued_at__lte=django.db.models.functions.comparison.Coalesce(
                                    "accepted_at", "ended_at"
                                ),
                                then=django.db.models.expressions.CombinedExpression(
                                    django.db.models.functions.comparison.Coalesce("accepted_at", "ended_at"),
                                    "-",
                                    models.F("queued_at"),
                                ),
                            ),
                            default=django.db.models.functions.comparison.Greatest(
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.functions.comparison.Coalesce("accepted_at", "ended_at"),
                                        "-",
                                        models.F("received_at"),
                                    ),
                                    "-",
                                    models.F("time_in_ivr"),
                                ),
                                models.Value(datetime.timedelta(0)),
                            ),
                            output_field=models.DurationField(),
                        ),
                        help_text="None while it waits; as stored: read it again after a change",
                        output_field=models.DurationField(),
                        verbose_name="waited",
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
            ],
            options={
                "verbose_name": "conversation",
                "verbose_name_plural": "conversations",
                "ordering": ["-received_at", "-id"],
                "indexes": [
                    models.Index(
                        models.OrderBy(models.F("received_at"), descending=True),
                        models.OrderBy(models.F("id"), descending=True),
                        name="conversation_newest",
                    ),
                    models.Index(
                        models.F("queue"),
                        models.OrderBy(models.F("received_at"), descending=True),
                        models.OrderBy(models.F("id"), descending=True),
                        name="conversation_queue_newest",
                    ),
                    models.Index(
                        models.F("agent"),
                        models.OrderBy(models.F("received_at"), descending=True),
                        models.OrderBy(models.F("id"), descending=True),
                        name="conversation_agent_newest",
                    ),
                    models.Index(
                        condition=models.Q(("state__in", ["received", "queued", "allocated", "accepted", "wrap_up"])),
                        fields=["queue", "received_at"],
                        name="conversation_on_desk",
                    ),
                    models.Index(
                        condition=models.Q(("settings_version__isnull", False)),
                        fields=["settings_version", "queue"],
                        name="conversation_judged_by",
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass(models.F("kept_data"), "jsonb_path_ops"),
                        name="conversation_kept_pairs",
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass(
                            channels_cfg.text_search.SearchText("customer_address"), "gin_trgm_ops"
                        ),
                        django.contrib.postgres.indexes.OpClass(
                            channels_cfg.text_search.SearchText("customer_name"), "gin_trgm_ops"
                        ),
                        name="conversation_customer_text",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ("received", "queued", "allocated", "accepted"))),
                        fields=("reference",),
                        name="a_reference_has_one_active_conversation",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("ended_at", None), ("state__in", ("received", "queued", "allocated", "accepted"))
                            ),
                            models.Q(
                                ("ended_at__isnull", False),
                                ("state__in", ("wrap_up", "handled", "abandoned", "false_attempt")),
                            ),
                            _connector="OR",
                        ),
                        name="a_conversation_has_an_end_once_it_ended",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["wrap_up", "handled"]), ("kept_data", {}), _connector="OR"),
                        name="only_an_accepted_and_ended_conversation_keeps_data",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "conversation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="events",
                        to="conversations.conversation",
                        verbose_name="conversation",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("received", "Received"),
                            ("ivr", "IVR"),
                            ("queued", "Queued"),
                            ("allocated", "Offered"),
                            ("accepted", "Accepted"),
                            ("rejected", "Rejected"),
                            ("withdrawn", "Offer withdrawn"),
                            ("transferred", "Transferred"),
                            ("held", "On hold"),
                            ("resumed", "Resumed"),
                            ("consulted", "Consultation offered"),
                            ("answered", "Consultation accepted"),
                            ("came_back", "Consultation ended"),
                            ("conference", "Conference"),
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
            ],
            options={
                "verbose_name": "event",
                "verbose_name_plural": "events",
                "ordering": ["at", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("external_id", ""), _negated=True),
                        fields=("conversation", "external_id"),
                        name="an_event_from_outside_is_stored_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="IdempotentAnswer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
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
                ("key", models.CharField(max_length=255, verbose_name="key")),
                ("request_digest", models.CharField(max_length=64, verbose_name="request digest")),
                (
                    "conversation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="conversations.conversation",
                        verbose_name="conversation",
                    ),
                ),
                ("answer", models.JSONField(verbose_name="answer")),
                ("etag", models.CharField(max_length=70, verbose_name="etag")),
                ("answered_at", models.DateTimeField(db_index=True, verbose_name="answered at")),
            ],
            options={
                "verbose_name": "idempotent answer",
                "verbose_name_plural": "idempotent answers",
                "constraints": [
                    models.UniqueConstraint(fields=("user", "key"), name="an_idempotency_key_is_used_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="InboundDelivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="What went wrong, in words; no data",
                        max_length=500,
                        verbose_name="reason",
                    ),
                ),
                ("attempts", models.PositiveIntegerField(db_default=0, default=0, verbose_name="attempts")),
                (
                    "interruptions",
                    models.PositiveSmallIntegerField(
                        db_default=0, default=0, help_text="How often its worker died", verbose_name="interruptions"
                    ),
                ),
                (
                    "holder",
                    models.UUIDField(
                        blank=True, help_text="The claim of the worker that has it", null=True, verbose_name="holder"
                    ),
                ),
                (
                    "held_until",
                    models.DateTimeField(
                        blank=True,
                        help_text="No worker takes it before; it is held, or failed lately",
                        null=True,
                        verbose_name="next try",
                    ),
                ),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="finished at")),
                ("door", models.CharField(max_length=30, verbose_name="door")),
                (
                    "service",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        help_text="The account at the door; none where the door has none",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="channels_cfg.messagingservice",
                        verbose_name="service",
                    ),
                ),
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
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("applied", "Applied"),
                            ("ignored", "Accepted, nothing to do"),
                            ("failed", "Given up"),
                        ],
                        default="waiting",
                        max_length=9,
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
            ],
            options={
                "verbose_name": "inbound delivery",
                "verbose_name_plural": "inbound deliveries",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(condition=models.Q(("finished_at", None)), fields=["id"], name="delivery_waiting")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("door", "service", "nonce"), name="a_nonce_is_taken_once", nulls_distinct=False
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="KeyObservation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
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
            ],
            options={
                "verbose_name": "key observation",
                "verbose_name_plural": "key observations",
                "indexes": [models.Index(fields=["key"], name="observation_by_key")],
            },
        ),
        migrations.CreateModel(
            name="KeyUsage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
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
            ],
            options={
                "verbose_name": "key usage",
                "verbose_name_plural": "key usage",
                "indexes": [models.Index(fields=["key", "day"], name="usage_by_key")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("channel", "queue", "day", "key"),
                        name="a_key_has_one_usage_a_day",
                        nulls_distinct=False,
                    )
                ],
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
                "verbose_name_plural": "seen keys",
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
            },
        ),
        migrations.CreateModel(
            name="EndedCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
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
                ("day", models.DateField(verbose_name="day")),
                ("ended", models.PositiveIntegerField(default=0, verbose_name="ended")),
                ("keepable", models.PositiveIntegerField(default=0, verbose_name="keepable")),
            ],
            options={
                "verbose_name": "ended count",
                "verbose_name_plural": "ended counts",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("channel", "queue", "day"), name="endings_are_counted_once_a_day", nulls_distinct=False
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Leg",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
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
                (
                    "entry",
                    models.CharField(
                        choices=[
                            ("arrived", "With the conversation"),
                            ("queue", "From a queue"),
                            ("direct", "Offered without a queue"),
                            ("transfer", "Transferred"),
                            ("consultation", "Consulted"),
                            ("conference", "In conference"),
                        ],
                        help_text="How it came in",
                        max_length=12,
                        verbose_name="entry",
                    ),
                ),
                (
                    "brought_by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        help_text="The leg that brought it in: the queue it was offered from, or who transferred or consulted",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="brought",
                        to="conversations.leg",
                        verbose_name="brought by",
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
                ("started_at", models.DateTimeField(verbose_name="started at")),
                ("connected_at", models.DateTimeField(blank=True, null=True, verbose_name="connected at")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended at")),
            ],
            options={
                "verbose_name": "leg",
                "verbose_name_plural": "legs",
                "ordering": ["started_at", "id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("brought_by__isnull", False)), fields=["brought_by"], name="leg_brought_by"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("purpose", "queue"), ("queue__isnull", False)),
                            models.Q(("purpose", "queue"), _negated=True),
                            _connector="OR",
                        ),
                        name="a_queue_leg_names_its_queue",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("agent__isnull", False), ("purpose", "agent")),
                            models.Q(("purpose", "agent"), _negated=True),
                            _connector="OR",
                        ),
                        name="an_agent_leg_names_its_agent",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ended_at", None),
                            (
                                "ended_at__gte",
                                django.db.models.functions.comparison.Greatest("started_at", "connected_at"),
                            ),
                            _connector="OR",
                        ),
                        name="a_leg_ends_no_earlier_than_it_began",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("entry__in", ["consultation", "conference"]), _negated=True),
                            models.Q(("brought_by__isnull", False), ("purpose", "agent")),
                            models.Q(("brought_by__isnull", False), ("entry", "consultation"), ("purpose", "queue")),
                            _connector="OR",
                        ),
                        name="somebody_consults_an_agent_or_a_queue",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None), ("purpose", "workflow")),
                        fields=("conversation",),
                        name="a_conversation_is_in_one_ivr_at_a_time",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None), ("entry", "consultation")),
                        fields=("conversation",),
                        name="a_conversation_has_one_consultation_at_a_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Communication",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "leg",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="communications",
                        to="conversations.leg",
                        verbose_name="leg",
                    ),
                ),
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
            ],
            options={
                "verbose_name": "communication",
                "verbose_name_plural": "communications",
                "ordering": ["started_at", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)),
                        fields=("leg", "medium"),
                        name="a_leg_holds_a_medium_once_at_a_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ended_at", None),
                            (
                                "ended_at__gte",
                                django.db.models.functions.comparison.Greatest("started_at", "connected_at"),
                            ),
                            _connector="OR",
                        ),
                        name="a_communication_ends_no_earlier_than_it_began",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Hold",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "conversation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="holds",
                        to="conversations.conversation",
                        verbose_name="conversation",
                    ),
                ),
                (
                    "leg",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="holds",
                        to="conversations.leg",
                        verbose_name="leg",
                    ),
                ),
                ("started_at", models.DateTimeField(verbose_name="started at")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended at")),
            ],
            options={
                "verbose_name": "hold",
                "verbose_name_plural": "holds",
                "ordering": ["started_at", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)),
                        fields=("conversation",),
                        name="a_conversation_is_on_hold_once_at_a_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ended_at", None), ("ended_at__gte", models.F("started_at")), _connector="OR"
                        ),
                        name="a_hold_ends_no_earlier_than_it_began",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LiveDatum",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
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
            ],
            options={
                "verbose_name": "live datum",
                "verbose_name_plural": "live data",
                "ordering": ["key"],
                "constraints": [
                    models.UniqueConstraint(fields=("conversation", "key"), name="a_key_has_one_live_value")
                ],
            },
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
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
                ("external_id", models.CharField(blank=True, max_length=64, verbose_name="external id")),
                (
                    "author",
                    models.CharField(
                        choices=[("customer", "Customer"), ("agent", "Agent"), ("system", "System")],
                        max_length=8,
                        verbose_name="author",
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
            ],
            options={
                "verbose_name": "message",
                "verbose_name_plural": "messages",
                "ordering": ["sent_at", "id"],
                "indexes": [models.Index(fields=["conversation", "sent_at"], name="message_transcript")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("external_id", ""), _negated=True),
                        fields=("reference", "external_id"),
                        name="a_message_is_stored_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DeliveryStatus",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "service",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="delivery_statuses",
                        to="channels_cfg.messagingservice",
                        verbose_name="service",
                    ),
                ),
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
            ],
            options={
                "verbose_name": "delivery status",
                "verbose_name_plural": "delivery statuses",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("service", "message_external_id"), name="a_message_has_one_delivery_status"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RefusedCallbacks",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("door", models.CharField(max_length=30, verbose_name="door")),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("unsigned", "No signature, or one that is not complete"),
                            ("wrong", "The signature fits no secret"),
                            ("old", "The signature is too old, or from the future"),
                        ],
                        max_length=8,
                        verbose_name="reason",
                    ),
                ),
                ("last_at", models.DateTimeField(verbose_name="last at")),
            ],
            options={
                "verbose_name": "refused callbacks",
                "verbose_name_plural": "refused callbacks",
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("door", "reason"), name="a_door_refuses_for_each_reason_in_one_row")
                ],
            },
        ),
        migrations.CreateModel(
            name="ReportableChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
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
                ("made_at", models.DateTimeField(verbose_name="made at")),
            ],
            options={
                "verbose_name": "reportable change",
                "verbose_name_plural": "reportable changes",
                "ordering": ["id"],
                "abstract": False,
            },
        ),
    ]
