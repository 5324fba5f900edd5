"""Fields of whoever signs in over HTTP, apart from the secret."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from channels_cfg.addresses import check_outgoing_address


def header_field() -> models.CharField:
    """In which header an API key goes."""
    return models.CharField(
        _("header"),
        max_length=60,
        blank=True,
        default="",
        validators=[RegexValidator(r"^[A-Za-z0-9-]+\Z", _("Letters, digits and hyphens."))],
        help_text=_("In which an API key goes. Empty: X-Api-Key."),
    )


def token_address_field() -> models.CharField:
    """Where OAuth2 hands out tokens."""
    return models.CharField(
        _("token address"),
        max_length=300,
        blank=True,
        default="",
        validators=[check_outgoing_address],
        help_text=_("Where OAuth2 hands out tokens. Example: https://login.example.com/oauth2/token"),
    )


def scope_field() -> models.CharField:
    """What is asked of OAuth2."""
    return models.CharField(_("scope"), max_length=300, blank=True, default="", help_text=_("Of OAuth2; may be empty"))
