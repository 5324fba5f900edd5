import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0013_web_chats_have_visitors"),
    ]

    operations = [
        migrations.AddField(
            model_name="externalreference",
            name="ends",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.DateTimeField(),
                blank=True,
                db_default=[],
                default=list,
                help_text="When it was told to be over, each time, the earliest first",
                size=None,
                verbose_name="ends",
            ),
        ),
        migrations.RunSQL(
            sql="""
                UPDATE conversations_externalreference
                   SET ends = ARRAY(SELECT DISTINCT at FROM unnest(ARRAY[stopped_at, deleted_at]) AS at
                                     WHERE at IS NOT NULL ORDER BY at)
                 WHERE stopped_at IS NOT NULL OR deleted_at IS NOT NULL
            """,
            reverse_sql="UPDATE conversations_externalreference SET stopped_at = ends[1]",
        ),
        migrations.RemoveField(model_name="externalreference", name="stopped_at"),
    ]
