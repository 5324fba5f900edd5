"""People and API clients."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from channels_cfg.models.versioned import versioned
from channels_cfg.time_zones import check_time_zone


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

    def __str__(self) -> str:
        return self.get_full_name() or self.username
