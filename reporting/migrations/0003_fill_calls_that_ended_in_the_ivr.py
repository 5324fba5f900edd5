from django.db import migrations

FILL = """
    UPDATE reporting_contactlogentry AS entry
       SET ended_in_ivr = true
      FROM conversations_conversation AS conversation
     WHERE entry.queue_id IS NULL AND entry.agent_id IS NULL AND entry.state IN ('abandoned', 'false_attempt')
       AND conversation.id = entry.conversation_id AND conversation.allocated_at IS NULL
"""


class Migration(migrations.Migration):
    dependencies = [
        ("reporting", "0002_tell_of_calls_that_ended_in_the_ivr"),
        ("conversations", "0018_keep_where_calls_are_in_ivrs"),
    ]

    operations = [migrations.RunSQL(FILL, reverse_sql=migrations.RunSQL.noop)]
