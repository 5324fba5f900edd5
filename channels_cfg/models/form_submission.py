"""Forms that did what they were sent for, so that the same form, sent again, does it no second time."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from channels_cfg.models.encrypted import EncryptedTextField

REMEMBERED_FOR = timedelta(hours=1)


class FormSubmissionQuerySet(models.QuerySet["FormSubmission"]):
    def delete_expired(self, *, now: datetime) -> None:
        self.filter(at__lte=now - REMEMBERED_FOR).delete()


class FormSubmission(models.Model):
    """One form as one page showed it to one user, and the page that sending it led to; forgotten after an hour."""

    digest = models.CharField(
        _("digest"), max_length=64, primary_key=True, help_text=_("Of the form's mark and of what was typed, keyed")
    )
    led_to = EncryptedTextField(_("led to"), help_text=_("An address, which may hold what was searched for"))
    at = models.DateTimeField(_("at"), db_index=True)

    objects = FormSubmissionQuerySet.as_manager()

    class Meta:
        verbose_name = _("form submission")
        verbose_name_plural = _("form submissions")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"
