import django.contrib.postgres.fields
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("channels_cfg", "0003_rules_of_records_in_the_database"),
        ("conversations", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="ContactLogEntry",
            fields=[
                (
                    "conversation",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="contact_log_entry",
                        serialize=False,
                        to="conversations.conversation",
                        verbose_name="conversation",
                    ),
                ),
                (
                    "channel",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="channels_cfg.channel",
                        verbose_name="channel",
                    ),
                ),
                (
                    "queue",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        help_text="Empty: a direct conversation",
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="channels_cfg.queue",
                        verbose_name="queue",
                    ),
                ),
                (
                    "agent",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="agent",
                    ),
                ),
                ("messaging_channel", models.CharField(blank=True, max_length=30, verbose_name="messaging channel")),
                (
                    "direction",
                    models.CharField(
                        choices=[("inbound", "Inbound"), ("outbound", "Outbound")],
                        max_length=8,
                        verbose_name="direction",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("wrap_up", "Wrap-up"),
                            ("handled", "Handled"),
                            ("abandoned", "Abandoned"),
                            ("false_attempt", "False attempt"),
                        ],
                        max_length=13,
                        verbose_name="state",
                    ),
                ),
                ("received_at", models.DateTimeField(verbose_name="received")),
                ("accepted_at", models.DateTimeField(null=True, verbose_name="accepted")),
                ("ended_at", models.DateTimeField(verbose_name="ended")),
                ("handled_at", models.DateTimeField(null=True, verbose_name="handled")),
                (
                    "waited_seconds",
                    models.IntegerField(
                        help_text="From queued, or received without a queue, to first accepted or the end",
                        verbose_name="waited",
                    ),
                ),
                (
                    "handling_seconds",
                    models.IntegerField(
                        help_text="From first accepted to handled; empty until then",
                        null=True,
                        verbose_name="handling time",
                    ),
                ),
                ("kept_data", models.JSONField(default=dict, help_text="{key: value}", verbose_name="kept data")),
                (
                    "kept_sources",
                    models.JSONField(default=dict, help_text="{key: source}", verbose_name="kept sources"),
                ),
                (
                    "dropped_keys",
                    models.JSONField(
                        default=dict, help_text="{key: reason}; never a value", verbose_name="dropped keys"
                    ),
                ),
                (
                    "judged_keys",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=128),
                        help_text="The statistics list that judged",
                        null=True,
                        size=None,
                        verbose_name="judged keys",
                    ),
                ),
                (
                    "settings_version",
                    models.BigIntegerField(
                        help_text="The settings that judged", null=True, verbose_name="settings version"
                    ),
                ),
                (
                    "version",
                    models.PositiveBigIntegerField(
                        help_text="The version of the conversation that was reported", verbose_name="version"
                    ),
                ),
                ("reported_at", models.DateTimeField(verbose_name="reported")),
            ],
            options={
                "verbose_name": "Contact Log entry",
                "verbose_name_plural": "Contact Log",
                "ordering": ["-received_at", "-conversation_id"],
                "indexes": [
                    models.Index(
                        models.OrderBy(models.F("received_at"), descending=True),
                        models.OrderBy(models.F("conversation"), descending=True),
                        name="contact_log_newest",
                    ),
                    models.Index(
                        models.F("queue"),
                        models.OrderBy(models.F("received_at"), descending=True),
                        models.OrderBy(models.F("conversation"), descending=True),
                        name="contact_log_queue_newest",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReportFile",
            fields=[
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
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False, verbose_name="id"
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="report_files",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                (
                    "format",
                    models.CharField(choices=[("csv", "CSV"), ("xlsx", "Excel")], max_length=4, verbose_name="format"),
                ),
                (
                    "byte_order_mark",
                    models.BooleanField(
                        default=True, help_text="CSV only: lets Excel recognise UTF-8", verbose_name="byte order mark"
                    ),
                ),
                (
                    "query",
                    models.JSONField(
                        help_text="What was asked, as in the page's address; erased when the file expires",
                        verbose_name="query",
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="What the file is called when it is downloaded", max_length=200, verbose_name="name"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("writing", "Being written"),
                            ("ready", "Ready"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                            ("expired", "Expired"),
                        ],
                        default="waiting",
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("rows_total", models.PositiveIntegerField(null=True, verbose_name="rows total")),
                ("rows_done", models.PositiveIntegerField(default=0, verbose_name="rows done")),
                (
                    "queues",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(),
                        default=list,
                        help_text="The queues its rows come from",
                        size=None,
                        verbose_name="queues",
                    ),
                ),
                (
                    "direct_agents",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(),
                        default=list,
                        help_text="The agents its direct conversations come from",
                        size=None,
                        verbose_name="direct agents",
                    ),
                ),
                ("created_at", models.DateTimeField(verbose_name="asked for")),
                ("expires_at", models.DateTimeField(null=True, verbose_name="expires at")),
            ],
            options={
                "verbose_name": "report file",
                "verbose_name_plural": "report files",
                "ordering": ["-created_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="ReportRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("started_at", models.DateTimeField(verbose_name="started")),
                (
                    "seen_at",
                    models.DateTimeField(help_text="Renewed with each batch", verbose_name="last sign of life"),
                ),
                ("finished_at", models.DateTimeField(null=True, verbose_name="finished")),
                (
                    "conversations",
                    models.PositiveIntegerField(
                        default=0, help_text="How many it reported", verbose_name="conversations"
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("running", "Running"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("interrupted", "Interrupted"),
                        ],
                        default="running",
                        max_length=11,
                        verbose_name="outcome",
                    ),
                ),
                (
                    "error",
                    models.CharField(
                        blank=True, help_text="What went wrong, in words; no data", max_length=500, verbose_name="error"
                    ),
                ),
            ],
            options={
                "verbose_name": "run of the reporting job",
                "verbose_name_plural": "runs of the reporting job",
                "ordering": ["-started_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="SavedReport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_reports",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                (
                    "query",
                    models.JSONField(
                        help_text="Parameters of the address, as LogQuery.as_params gives them", verbose_name="query"
                    ),
                ),
                (
                    "keys",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=128),
                        default=list,
                        help_text="Kept keys it shows, groups or filters by",
                        size=None,
                        verbose_name="keys",
                    ),
                ),
                ("saved_at", models.DateTimeField(verbose_name="saved at")),
            ],
            options={
                "verbose_name": "saved report",
                "verbose_name_plural": "saved reports",
                "ordering": ["name"],
                "constraints": [models.UniqueConstraint(fields=("owner", "name"), name="a_saved_report_has_one_name")],
            },
        ),
    ]
