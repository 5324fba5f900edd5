# Written by hand: a search expression has no name that a migration could compare, so the index is made anew where it
# was made with another.
import django.contrib.postgres.indexes
from django.db import migrations

import channels_cfg.text_search


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0008_desk_wrap_up_and_drafts"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="conversation", name="conversation_customer_text"),
        migrations.AddIndex(
            model_name="conversation",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    channels_cfg.text_search.SearchText("customer_address"), "gin_trgm_ops"
                ),
                django.contrib.postgres.indexes.OpClass(
                    channels_cfg.text_search.SearchText("customer_name"), "gin_trgm_ops"
                ),
                name="conversation_customer_text",
            ),
        ),
    ]
