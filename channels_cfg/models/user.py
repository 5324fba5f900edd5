"""People and API clients."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels_cfg.models.rules import refuse
from channels_cfg.models.versioned import versioned
from channels_cfg.time_zones import check_time_zone

API_CLIENT_IS_NO_STAFF = _("An API client cannot use the pages. Switch one of the two off.")


@versioned(exclude=["password", "last_login"])
class User(AbstractUser):
    """A person who signs in, or an API client that shows a key; both hold rights the same way."""

    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        default="UTC",
        validators=[check_time_zone],
        help_text=_("Times on pages and in files are shown in this zone. Example: Europe/Helsinki"),
    )
    is_api_client = models.BooleanField(
        _("API client"),
        default=False,
        help_text=_("A program, not a person: it signs in with an API key and cannot use the pages."),
    )

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ["username"]
        constraints = [
            models.CheckConstraint(
                condition=Q(is_api_client=False) | Q(is_staff=False),
                name="an_api_client_opens_no_configurator",
                violation_error_message=API_CLIENT_IS_NO_STAFF,
            )
        ]

    def clean(self) -> None:
        """A program does not use the pages."""
        super().clean()
        if self.is_api_client and self.is_staff:
            refuse({"is_staff": API_CLIENT_IS_NO_STAFF})

    def __str__(self) -> str:
        return self.get_full_name() or self.username
