from django.db import migrations

EVENTS = (
    "accessright", "apikey", "attachedkey", "attachedkeyalias", "channel", "groupmembership", "messagingservice",
    "queue", "queueaddress", "queuegroup", "queuegroupmembership", "recordedgroup", "systemsettings", "user",
    "webhooksecret",
)  # fmt: skip

# Until now the two were tied by the moment their transaction began.
TELL = """
    UPDATE channels_cfg_{events}event AS event SET pgh_version_id = version.id
      FROM channels_cfg_settingsversion AS version
     WHERE event.pgh_version_id IS NULL AND version.made_at = event.pgh_created_at;
    UPDATE channels_cfg_settingsversion AS version SET context_id = event.pgh_context_id
      FROM channels_cfg_{events}event AS event
     WHERE event.pgh_version_id = version.id AND version.context_id IS NULL;
"""


class Migration(migrations.Migration):
    dependencies = [("channels_cfg", "0005_let_each_change_know_its_version")]

    operations = [migrations.RunSQL(TELL.format(events=events), migrations.RunSQL.noop) for events in EVENTS]
