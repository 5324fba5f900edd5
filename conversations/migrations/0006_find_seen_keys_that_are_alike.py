import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0005_note_refusals_and_withdrawn_offers"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="seenkey",
            index=django.contrib.postgres.indexes.GistIndex(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Lower("name"), name="gist_trgm_ops"
                ),
                name="seen_key_alike",
            ),
        ),
    ]
