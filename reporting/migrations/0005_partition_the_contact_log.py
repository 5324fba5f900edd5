import django.contrib.postgres.fields
from django.db import migrations, models

LOG = "reporting_contactlogentry"

# As the reporting job makes partitions; ends that are partitions too take what claims to come from another age.
PARTITION = f"""
    ALTER TABLE {LOG} RENAME TO {LOG}_whole;
    ALTER TABLE {LOG}_whole RENAME CONSTRAINT {LOG}_pkey TO {LOG}_whole_pkey;
    ALTER INDEX contact_log_newest RENAME TO contact_log_whole_newest;
    ALTER INDEX contact_log_queue_newest RENAME TO contact_log_whole_queue_newest;

    CREATE TABLE {LOG} (LIKE {LOG}_whole INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE (received_at);
    ALTER TABLE {LOG} ALTER first_reported_at SET NOT NULL, ADD PRIMARY KEY (conversation_id, received_at);
    CREATE INDEX contact_log_newest ON {LOG} (received_at DESC, conversation_id DESC);
    CREATE INDEX contact_log_queue_newest ON {LOG} (queue_id, received_at DESC, conversation_id DESC);

    CREATE TABLE {LOG}_before_2000 PARTITION OF {LOG} FOR VALUES FROM (MINVALUE) TO ('2000-01-01 00:00+00');
    CREATE TABLE {LOG}_from_2100 PARTITION OF {LOG} FOR VALUES FROM ('2100-01-01 00:00+00') TO (MAXVALUE);
    DO $$
    DECLARE
        first timestamp;
    BEGIN
        FOR first IN
            SELECT DISTINCT date_trunc('month', received_at AT TIME ZONE 'UTC') FROM {LOG}_whole
             WHERE received_at >= '2000-01-01 00:00+00' AND received_at < '2100-01-01 00:00+00'
        LOOP
            EXECUTE format(
                'CREATE TABLE {LOG}_%s PARTITION OF {LOG} FOR VALUES FROM (%L) TO (%L)',
                to_char(first, 'YYYY_MM'), first AT TIME ZONE 'UTC', (first + interval '1 month') AT TIME ZONE 'UTC'
            );
        END LOOP;
    END $$;

    WITH held AS (
        SELECT conversation_id, sum(ended_at - started_at) AS time FROM conversations_hold GROUP BY conversation_id
    )
    INSERT INTO {LOG} (
           conversation_id, channel_id, queue_id, agent_id, messaging_channel, direction, state, ended_in_ivr,
           received_at, accepted_at, ended_at, handled_at, waited_seconds, handling_seconds,
           ivr_seconds, hold_seconds, within_service_level, disposition,
           kept_data, kept_sources, dropped_keys, judged_keys, settings_version, version,
           first_reported_at, reported_at)
    SELECT entry.conversation_id, entry.channel_id, entry.queue_id, entry.agent_id, entry.messaging_channel,
           entry.direction, entry.state, entry.ended_in_ivr,
           entry.received_at, entry.accepted_at, entry.ended_at, entry.handled_at,
           entry.waited_seconds, entry.handling_seconds,
           least(extract(epoch FROM conversation.time_in_ivr), 2147483647)::int,
           least(coalesce(extract(epoch FROM held.time), 0), 2147483647)::int,
           CASE WHEN entry.queue_id IS NOT NULL AND entry.direction = 'inbound' AND entry.state <> 'false_attempt'
                THEN entry.accepted_at IS NOT NULL AND conversation.waited <= interval '20 s' END,
           conversation.disposition,
           entry.kept_data, entry.kept_sources, entry.dropped_keys, entry.judged_keys, entry.settings_version,
           entry.version, entry.reported_at, entry.reported_at
      FROM {LOG}_whole AS entry
      JOIN conversations_conversation AS conversation ON conversation.id = entry.conversation_id
      LEFT JOIN held ON held.conversation_id = entry.conversation_id
     ORDER BY entry.received_at, entry.conversation_id;
    DROP TABLE {LOG}_whole;

    INSERT INTO reporting_keptkeyname (month, name)
    SELECT DISTINCT date_trunc('month', received_at AT TIME ZONE 'UTC')::date, jsonb_object_keys(kept_data) FROM {LOG};
"""

JOIN = f"""
    CREATE TABLE {LOG}_whole (LIKE {LOG} INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
    INSERT INTO {LOG}_whole SELECT * FROM {LOG} ORDER BY received_at, conversation_id;
    DROP TABLE {LOG};
    ALTER TABLE {LOG}_whole RENAME TO {LOG};
    ALTER TABLE {LOG} ALTER first_reported_at DROP NOT NULL, ADD PRIMARY KEY (conversation_id);
    CREATE INDEX contact_log_newest ON {LOG} (received_at DESC, conversation_id DESC);
    CREATE INDEX contact_log_queue_newest ON {LOG} (queue_id, received_at DESC, conversation_id DESC);
"""

# Whoever corrects when a conversation was received says where its entry stands now, in the same transaction.
SAY_WHAT_MOVED = """
    CREATE FUNCTION reporting_say_what_moved() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO reporting_movedentry (conversation_id, received_at, moved_at)
        VALUES (OLD.id, OLD.received_at, clock_timestamp());
        RETURN NULL;
    END $$;
    CREATE TRIGGER says_what_moved_in_the_contact_log
     AFTER UPDATE OF received_at ON conversations_conversation
       FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL AND OLD.received_at <> NEW.received_at)
   EXECUTE FUNCTION reporting_say_what_moved();
"""
SAY_NOTHING = """
    DROP TRIGGER says_what_moved_in_the_contact_log ON conversations_conversation;
    DROP FUNCTION reporting_say_what_moved;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("reporting", "0004_report_formats"),
        ("conversations", "0022_note_wrap_up_on_the_timeline"),
    ]

    operations = [
        migrations.CreateModel(
            name="KeptKeyName",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "month",
                    models.DateField(
                        help_text="Its first day; of what was received in it, in UTC", verbose_name="month"
                    ),
                ),
                ("name", models.CharField(max_length=128, verbose_name="name")),
            ],
            options={
                "verbose_name": "name of a kept key",
                "verbose_name_plural": "names of kept keys",
                "ordering": ["month", "name"],
                "constraints": [models.UniqueConstraint(fields=("month", "name"), name="a_month_has_a_kept_key_once")],
            },
        ),
        migrations.CreateModel(
            name="MovedEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("conversation_id", models.UUIDField(verbose_name="conversation")),
                (
                    "received_at",
                    models.DateTimeField(help_text="As it was known before", verbose_name="received"),
                ),
                ("moved_at", models.DateTimeField(verbose_name="moved at")),
            ],
            options={"verbose_name": "moved entry", "verbose_name_plural": "moved entries"},
        ),
        migrations.AddField(
            model_name="contactlogentry",
            name="ivr_seconds",
            field=models.IntegerField(
                db_default=0,
                default=0,
                help_text="No part of the waiting time",
                verbose_name="time in the IVR",
            ),
        ),
        migrations.AddField(
            model_name="contactlogentry",
            name="hold_seconds",
            field=models.IntegerField(
                db_default=0,
                default=0,
                help_text="Of all its agents; a part of the handling time",
                verbose_name="time on hold",
            ),
        ),
        migrations.AddField(
            model_name="contactlogentry",
            name="within_service_level",
            field=models.BooleanField(
                help_text="Accepted within 20 seconds; empty where service level does not count it",
                null=True,
                verbose_name="within service level",
            ),
        ),
        migrations.AddField(
            model_name="contactlogentry",
            name="disposition",
            field=models.CharField(blank=True, db_default="", max_length=100, verbose_name="disposition"),
        ),
        migrations.AddField(
            model_name="contactlogentry",
            name="late_changes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("kept_data", "Kept data"),
                        ("disposition", "Disposition"),
                        ("handling", "Handling"),
                        ("anonymised", "Anonymised"),
                    ],
                    max_length=11,
                ),
                db_default=[],
                default=list,
                help_text="What changed after it had been reported first",
                size=None,
                verbose_name="late changes",
            ),
        ),
        migrations.AlterField(
            model_name="contactlogentry",
            name="reported_at",
            field=models.DateTimeField(help_text="The last time", verbose_name="reported"),
        ),
        # Filled while the table is made anew; empty in between.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AddField(
                    model_name="contactlogentry",
                    name="first_reported_at",
                    field=models.DateTimeField(verbose_name="first reported", default=None),
                    preserve_default=False,
                )
            ],
            database_operations=[
                migrations.RunSQL(
                    f"ALTER TABLE {LOG} ADD COLUMN first_reported_at timestamptz",
                    f"ALTER TABLE {LOG} DROP COLUMN first_reported_at",
                )
            ],
        ),
        migrations.RunSQL(PARTITION, JOIN),
        migrations.RunSQL(SAY_WHAT_MOVED, SAY_NOTHING),
    ]
