"""Channels: a kind of contact and its settings."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from channels_cfg.models.extra_data import ExtraDataLists
from channels_cfg.models.system_settings import PrecedenceField
from channels_cfg.models.versioned import versioned


@versioned()
class Channel(ExtraDataLists):
    """A kind of contact with the settings its queues inherit."""

    class Kind(models.TextChoices):
        VOICE = "voice", _("Voice")
        EMAIL = "email", _("E-mail")
        CHAT = "chat", _("Chat")

    name = models.CharField(_("name"), max_length=100, unique=True, help_text=_("Example: Customer chat"))
    kind = models.CharField(
        _("kind"),
        max_length=10,
        choices=Kind.choices,
        help_text=_("Fixed once the channel has queues: it decides which of the lists below apply."),
    )
    description = models.CharField(_("description"), max_length=300, blank=True)
    precedence = PrecedenceField(default=list, blank=True)
    false_attempt_seconds = models.PositiveIntegerField(
        _("false-attempt limit (seconds)"),
        null=True,
        blank=True,
        help_text=_("Empty: as in the system settings. Example: 5"),
    )
    pick_up_seconds = models.PositiveIntegerField(
        _("time to accept (seconds)"),
        null=True,
        blank=True,
        help_text=_(
            "An offer that the agent neither accepts nor rejects goes back to its queue after this long. "
            "Empty: it stays. Example: 120"
        ),
    )
    live_data_until_handled = models.BooleanField(
        _("agents see all data until handled"),
        default=False,
        help_text=_(
            "Off: what is not kept is destroyed when the conversation ends. "
            "On: it stays visible to the agent during wrap-up and is destroyed when wrap-up is over."
        ),
    )

    class Meta(ExtraDataLists.Meta):
        abstract = False
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
