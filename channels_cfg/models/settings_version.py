"""Versions of the settings: one for each transaction that changed any of them."""

from __future__ import annotations

from datetime import datetime

from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.db.models import Min
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class SettingsVersion(models.Model):
    """A state of all settings. Database triggers write it, so no way of changing a setting goes around it.

    Versions are committed in the order of their numbers: a state of the settings is what the versions up to a number
    have made.
    """

    transaction = models.PositiveBigIntegerField(_("transaction"), editable=False)
    made_at = models.DateTimeField(_("made at"), editable=False)
    context = models.ForeignKey(
        "pghistory.Context",
        models.SET_NULL,
        verbose_name=_("context"),
        null=True,
        db_constraint=False,
        editable=False,
        related_name="+",
        help_text=_("Who made it, and why"),
    )

    class Meta:
        verbose_name = _("settings version")
        verbose_name_plural = _("settings versions")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["made_at"], name="settings_version_time")]
        constraints = [
            models.UniqueConstraint(fields=["transaction", "made_at"], name="a_transaction_makes_one_settings_version")
        ]

    def __str__(self) -> str:
        return gettext("Settings version %(self)s") % {"self": self.pk}

    @classmethod
    def current(cls) -> int | None:
        """The number of the settings as they stand, None before the first change."""
        return cls.objects.order_by("-pk").values_list("pk", flat=True).first()

    @classmethod
    def of_this_transaction(cls) -> int | None:
        """The number of the version that this transaction has made, None where it has changed no setting."""
        ours = RawSQL("pg_current_xact_id()::text::bigint", [])
        return cls.objects.filter(transaction=ours, made_at=TransactionNow()).values_list("pk", flat=True).first()

    @classmethod
    def at(cls, moment: datetime) -> int:
        """The number of the settings as they stood; 0 before the first change.

        ``made_at`` is when a transaction began. One that had to wait for another counts from when that was through.
        """
        next_one = cls.objects.filter(made_at__gt=moment).aggregate(first=Min("pk"))["first"]
        known = cls.objects.filter(pk__lt=next_one) if next_one else cls.objects.all()
        return known.order_by("-pk").values_list("pk", flat=True).first() or 0
