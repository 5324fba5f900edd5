import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0020_number_conversations_and_keep_their_sessions"),
    ]

    operations = [
        migrations.AddField(
            model_name="consent",
            name="recorded_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="consent",
            name="recorded_at",
            field=models.DateTimeField(
                default=django.utils.timezone.now,
                editable=False,
                help_text="None where nobody noted it yet",
                null=True,
                verbose_name="recorded at",
            ),
        ),
        migrations.AlterField(
            model_name="consent",
            name="at",
            field=models.DateTimeField(help_text="When the customer said it", verbose_name="at"),
        ),
        migrations.AlterField(
            model_name="consent",
            name="source",
            field=models.CharField(
                choices=[("callback", "Customer"), ("api", "API"), ("configurator", "System Configurator")],
                max_length=12,
                verbose_name="source",
            ),
        ),
    ]
