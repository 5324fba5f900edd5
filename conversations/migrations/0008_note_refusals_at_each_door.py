from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """The table is made anew: it holds times of the last day, and its primary key becomes another."""

    dependencies = [("conversations", "0007_legs_carry_hold_consultation_and_ivr")]

    operations = [
        migrations.DeleteModel(name="RefusedCallbacks"),
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
    ]
