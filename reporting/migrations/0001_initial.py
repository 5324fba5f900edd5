import django.contrib.postgres.fields
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("channels_cfg", "0001_initial"),
        ("conversations", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
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
                ("conversations", models.PositiveIntegerField(default=0, help_text="How many it reported")),
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
                    ),
                ),
                ("error", models.CharField(blank=True, help_text="What went wrong, in words; no data", max_length=500)),
            ],
            options={
                "verbose_name": "run of the reporting job",
                "verbose_name_plural": "runs of the reporting job",
                "ordering": ["-started_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="ReportFile",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("format", models.CharField(choices=[("csv", "CSV"), ("xlsx", "Excel")], max_length=4)),
                (
                    "byte_order_mark",
                    models.BooleanField(default=True, help_text="CSV only: lets Excel recognise UTF-8"),
                ),
                (
                    "query",
                    models.JSONField(
                        help_text="What was asked, as in the page's address; erased when the file expires"
                    ),
                ),
                ("name", models.CharField(help_text="What the file is called when it is downloaded", max_length=200)),
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
                    ),
                ),
                ("rows_total", models.PositiveIntegerField(null=True)),
                ("rows_done", models.PositiveIntegerField(default=0)),
                ("error", models.CharField(blank=True, help_text="What went wrong, in words; no data", max_length=500)),
                ("holder", models.UUIDField(help_text="The claim of the worker that writes it", null=True)),
                ("held_until", models.DateTimeField(null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                (
                    "queues",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(),
                        default=list,
                        help_text="The queues its rows come from",
                        size=None,
                    ),
                ),
                (
                    "direct_agents",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(),
                        default=list,
                        help_text="The agents its direct conversations come from",
                        size=None,
                    ),
                ),
                ("created_at", models.DateTimeField(verbose_name="asked for")),
                ("ready_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField(null=True)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="report_files",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-id"],
            },
        ),
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
                    ),
                ),
                ("messaging_channel", models.CharField(blank=True, max_length=30)),
                (
                    "direction",
                    models.CharField(choices=[("inbound", "Inbound"), ("outbound", "Outbound")], max_length=8),
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
                    ),
                ),
                ("received_at", models.DateTimeField(verbose_name="received")),
                ("accepted_at", models.DateTimeField(null=True, verbose_name="accepted")),
                ("ended_at", models.DateTimeField(verbose_name="ended")),
                ("handled_at", models.DateTimeField(null=True, verbose_name="handled")),
                (
                    "waited_seconds",
                    models.IntegerField(
                        help_text="From received to first accepted, or to the end", verbose_name="waited"
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
                ("kept_data", models.JSONField(default=dict, help_text="{key: value}")),
                ("kept_sources", models.JSONField(default=dict, help_text="{key: source}")),
                ("dropped_keys", models.JSONField(default=dict, help_text="{key: reason}; never a value")),
                (
                    "judged_keys",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=128),
                        help_text="The statistics list that judged",
                        null=True,
                        size=None,
                    ),
                ),
                ("settings_version", models.BigIntegerField(help_text="The settings that judged", null=True)),
                (
                    "version",
                    models.PositiveBigIntegerField(help_text="The version of the conversation that was reported"),
                ),
                ("reported_at", models.DateTimeField(verbose_name="reported")),
                (
                    "agent",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
                    ),
                ),
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
            name="SavedReport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120)),
                ("query", models.JSONField(help_text="Parameters of the address, as LogQuery.as_params gives them")),
                (
                    "keys",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=128),
                        default=list,
                        help_text="Kept keys it shows, groups or filters by",
                        size=None,
                    ),
                ),
                ("saved_at", models.DateTimeField()),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_reports",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
                "constraints": [models.UniqueConstraint(fields=("owner", "name"), name="a_saved_report_has_one_name")],
            },
        ),
    ]
