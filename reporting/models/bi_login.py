"""Logins of BI tools to the database."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class BiLogin(models.Model):
    """A role of PostgreSQL that reads the views of the schema ``bi`` as its user may see reports. The role goes when
    the login does, or its user."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("user"), related_name="bi_login"
    )
    role = models.CharField(_("role"), max_length=63, unique=True, editable=False)
    created_at = models.DateTimeField(_("created at"), help_text=_("With its present password"))

    class Meta:
        verbose_name = _("login for BI tools")
        verbose_name_plural = _("logins for BI tools")
        ordering = ["role"]

    def __str__(self) -> str:
        return self.role
