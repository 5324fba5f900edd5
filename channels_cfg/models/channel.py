"""Channels: a kind of contact and its settings."""

from __future__ import annotations

from collections.abc import Collection

import pgtrigger
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels_cfg.models.extra_data import ExtraDataLists
from channels_cfg.models.rules import refuse
from channels_cfg.models.system_settings import PrecedenceField
from channels_cfg.models.versioned import versioned

SHORTEST_OFFER = 5
KIND_IS_FIXED = _("The kind is fixed, because the channel has queues. Make a new channel instead.")

_KIND_STAYS = """
    IF NEW.kind <> OLD.kind AND EXISTS (SELECT FROM channels_cfg_queue WHERE channel_id = NEW.id) THEN
        RAISE EXCEPTION 'channel % has queues, so its kind stays', NEW.id
              USING ERRCODE = 'check_violation', CONSTRAINT = 'a_channel_with_queues_keeps_its_kind';
    END IF;
    RETURN NEW;
"""


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
        validators=[
            MinValueValidator(
                SHORTEST_OFFER,
                message=_("At least %(limit_value)s seconds: nobody accepts sooner. Empty: an offer stays."),
            )
        ],
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
        constraints = [
            models.CheckConstraint(
                condition=Q(pick_up_seconds=None) | Q(pick_up_seconds__gte=SHORTEST_OFFER),
                name="an_offer_lasts_5_seconds_or_more",
                violation_error_message=_("At least 5 seconds: nobody accepts sooner. Empty: an offer stays."),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="kind_stays",
                operation=pgtrigger.UpdateOf("kind"),  # type: ignore[no-untyped-call]
                when=pgtrigger.Before,
                func=_KIND_STAYS,
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Only lists that say something on this kind of channel."""
        self.refuse_lists_of_another_kind(self.kind)

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """The kind stays once there are queues, since their lists and addresses are of that kind."""
        if self.pk and self.queues.exists() and not type(self).objects.filter(pk=self.pk, kind=self.kind).exists():
            refuse({"kind": KIND_IS_FIXED}, exclude=exclude)
        super().validate_constraints(exclude=exclude)
