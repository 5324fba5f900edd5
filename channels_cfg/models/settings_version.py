"""Versions of the settings: one for each transaction that changed any of them."""

from __future__ import annotations

from django.db import models


class SettingsVersion(models.Model):
    """A state of all settings. Database triggers write it, so no way of changing a setting goes around it."""

    transaction = models.PositiveBigIntegerField(editable=False)
    made_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["transaction", "made_at"], name="a_transaction_makes_one_settings_version")
        ]

    def __str__(self) -> str:
        return f"Settings version {self.pk}"

    @classmethod
    def current(cls) -> int | None:
        """The number of the settings as they stand, None before the first change."""
        return cls.objects.order_by("-pk").values_list("pk", flat=True).first()
