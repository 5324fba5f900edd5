"""Reports that somebody keeps: a query of the Contact Log with a name."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels_cfg.key_names import MAX_KEY_LENGTH
from channels_cfg.models import User


class SavedReportQuerySet(models.QuerySet["SavedReport"]):
    def open_to(self, user: User) -> SavedReportQuerySet:
        """The user's own, and those that others share; of people who have left nobody answers for any more."""
        return self.filter(Q(owner=user) | Q(is_shared=True, owner__is_active=True))


class SavedReport(models.Model):
    """A query with a name. Whoever opens it sees what their own rights show; of one that is shared everybody who may
    view reports sees the name and what is asked, values in its conditions included."""

    name = models.CharField(_("name"), max_length=120)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("owner"), related_name="saved_reports"
    )
    query = models.JSONField(_("query"), help_text=_("Parameters of the address, as LogQuery.as_params gives them"))
    keys = ArrayField(
        models.CharField(max_length=MAX_KEY_LENGTH),
        verbose_name=_("keys"),
        default=list,
        help_text=_("Kept keys it shows, groups or filters by"),
    )
    saved_at = models.DateTimeField(_("saved at"))
    is_shared = models.BooleanField(
        _("shared"), default=False, db_default=False, help_text=_("With everybody who may view reports")
    )

    customer_data = ("query",)

    objects = SavedReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved report")
        verbose_name_plural = _("saved reports")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="a_saved_report_has_one_name")]

    def __str__(self) -> str:
        return self.name

    def is_open_to(self, user: User) -> bool:
        """As ``open_to`` says it of many."""
        return self.owner_id == user.pk or (self.is_shared and self.owner.is_active)
