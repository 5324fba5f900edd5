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
from channels_cfg.models.session_metadata import WHERE_LISTED, SessionMetadataSettings
from channels_cfg.models.system_settings import PrecedenceField
from channels_cfg.models.telephony import (
    SILENT_CALLS_END_AFTER_A_MINUTE,
    SIP_HEADERS_BEGIN_WITH_X,
    ContactInformation,
    TelephonySettings,
)
from channels_cfg.models.versioned import versioned
from channels_cfg.models.web_chat import VISITORS_ARE_GONE_AFTER_A_MINUTE, WebChatSettings
from channels_cfg.models.wrap_up import WrapUpSettings

SHORTEST_OFFER = 5
KIND_IS_FIXED = _("The kind is fixed, because the channel has queues or IVRs. Make a new channel instead.")

_KIND_STAYS = """
    IF NEW.kind <> OLD.kind AND (
        EXISTS (SELECT FROM channels_cfg_queue WHERE channel_id = NEW.id)
        OR EXISTS (SELECT FROM channels_cfg_ivrdefinition WHERE channel_id = NEW.id)
    ) THEN
        RAISE EXCEPTION 'channel % has queues or IVRs, so its kind stays', NEW.id
              USING ERRCODE = 'check_violation', CONSTRAINT = 'a_channel_with_queues_keeps_its_kind';
    END IF;
    RETURN NEW;
"""


@versioned()
class Channel(
    ExtraDataLists, WrapUpSettings, ContactInformation, SessionMetadataSettings, TelephonySettings, WebChatSettings
):
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
    conversations_at_once = models.PositiveSmallIntegerField(
        _("conversations at once"),
        default=1,
        validators=[MinValueValidator(1)],
        help_text=_(
            "An agent who is ready is offered more of this channel until so many are offered, served or in wrap-up. "
            "Example: 3"
        ),
    )
    preferred_agent_seconds = models.PositiveIntegerField(
        _("time for the preferred agent (seconds)"),
        default=120,
        help_text=_("So long a conversation waits for its preferred agent, then for anybody. Example: 120"),
    )
    queue_full_text = models.CharField(
        _("answer of a full queue"),
        max_length=1000,
        blank=True,
        help_text=_(
            "Sent to who writes to a queue that is full. Empty: nothing is sent. "
            "Example: All our agents are busy. Please try again later."
        ),
    )
    closed_text = models.CharField(
        _("answer of a closed queue"),
        max_length=1000,
        blank=True,
        help_text=_(
            "Sent to who writes outside of the opening hours; {opens} becomes when they begin. Empty: nothing is sent. "
            "Example: We are closed until {opens}. Please write again then."
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
            models.CheckConstraint(
                condition=Q(conversations_at_once__gte=1),
                name="an_agent_serves_1_conversation_or_more",
                violation_error_message=_("At least 1 conversation at once."),
            ),
            SILENT_CALLS_END_AFTER_A_MINUTE,
            SIP_HEADERS_BEGIN_WITH_X,
            VISITORS_ARE_GONE_AFTER_A_MINUTE,
        ]
        triggers = [
            WHERE_LISTED,
            pgtrigger.Trigger(
                name="kind_stays",
                operation=pgtrigger.UpdateOf("kind"),  # type: ignore[no-untyped-call]
                when=pgtrigger.Before,
                func=_KIND_STAYS,
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Only lists that say something on this kind of channel, and a web chat that can be."""
        self.refuse_lists_of_another_kind(self.kind)
        self.refuse_bad_web_chat(self.kind)

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """The kind stays once there are queues, since their lists and addresses are of that kind, or IVRs."""
        stored = type(self).objects.filter(pk=self.pk).first() if self.pk else None
        if stored and stored.kind != self.kind and (self.queues.exists() or self.ivrs.exists()):
            refuse({"kind": KIND_IS_FIXED}, exclude=exclude)
        super().validate_constraints(exclude=exclude)
