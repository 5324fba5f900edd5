"""Queues: where conversations of one channel wait."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import pgtrigger
from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from channels_cfg.addresses import check_address, tidied_address
from channels_cfg.models.access_right import AccessRight, Right
from channels_cfg.models.channel import Channel
from channels_cfg.models.extra_data import ExtraDataLists
from channels_cfg.models.opening_hours import OpeningHours
from channels_cfg.models.rules import refuse, related
from channels_cfg.models.session_metadata import WHERE_LISTED, SessionMetadataSettings
from channels_cfg.models.telephony import ContactInformation
from channels_cfg.models.tidied import TidiedCharField
from channels_cfg.models.versioned import versioned
from channels_cfg.models.wrap_up import WrapUpSettings

if TYPE_CHECKING:
    from channels_cfg.models.user import User


USUAL_PRIORITY = 50
SERVED_QUEUE_IS_FIXED = _("Messaging services lead to this queue, so it stays with a chat channel.")
LED_TO_BY_IVR = _("An IVR of its channel leads to this queue. Let the IVR lead elsewhere first.")
ONE_ADDRESS = "an_address_leads_to_a_queue_or_an_ivr"
HAS_AN_IVR = _("An IVR has this address already. An address leads to a queue or to an IVR.")
CHANNEL_IS_FIXED = _("The channel is fixed, because the queue has had conversations. Make a new queue instead.")

_NO_IVR_HAS_IT = f"""
    IF EXISTS (SELECT FROM channels_cfg_ivraddress WHERE lower(address) = lower(NEW.address)) THEN
        RAISE EXCEPTION 'an IVR has the address %', NEW.address
              USING ERRCODE = 'unique_violation', CONSTRAINT = '{ONE_ADDRESS}';
    END IF;
    RETURN NEW;
"""


@versioned()
class QueueGroup(models.Model):
    """Queues on which rights are granted together."""

    name = models.CharField(_("name"), max_length=100, unique=True, help_text=_("Example: Nordic sales"))
    description = models.CharField(_("description"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("queue group")
        verbose_name_plural = _("queue groups")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class QueueQuerySet(models.QuerySet["Queue"]):
    def granting(self, right: Right, *, to: User) -> QueueQuerySet:
        """Queues on which the user holds the right: directly, through a group, or on a queue group."""
        return self._of(AccessRight.objects.held_by(to).filter(right=right))

    def granting_any_right(self, *, to: User) -> QueueQuerySet:
        """Queues on which the user holds any right."""
        return self._of(AccessRight.objects.held_by(to))

    def _of(self, held: models.QuerySet[AccessRight]) -> QueueQuerySet:
        return self.filter(
            Q(pk__in=held.filter(queue__isnull=False).values("queue"))
            | Q(pk__in=held.filter(queue_group__isnull=False).values("queue_group__queues"))
        )


@versioned()
class Queue(ExtraDataLists, WrapUpSettings, ContactInformation, SessionMetadataSettings):
    """A place where conversations of one channel wait for an agent."""

    name = models.CharField(_("name"), max_length=100, unique=True, help_text=_("Example: Chat sales"))
    channel = models.ForeignKey(Channel, models.PROTECT, verbose_name=_("channel"), related_name="queues")
    groups = models.ManyToManyField(
        QueueGroup,
        blank=True,
        related_name="queues",
        verbose_name=_("queue groups"),
        help_text=_("A right on the group is a right on this queue."),
    )
    description = models.CharField(_("description"), max_length=300, blank=True)

    priority = models.PositiveSmallIntegerField(
        _("priority"),
        default=USUAL_PRIORITY,
        help_text=_("Of what waits, the lowest number is offered first, then what waits longest. Example: 50"),
    )
    size = models.PositiveIntegerField(
        _("size"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1, message=_("At least %(limit_value)s. Empty: as many as come."))],
        help_text=_(
            "So many wait at most; who comes then is answered by the channel and does not wait. Empty: as many as "
            "come. Example: 50"
        ),
    )
    opening_hours = models.ForeignKey(
        OpeningHours,
        models.PROTECT,
        verbose_name=_("opening hours"),
        null=True,
        blank=True,
        related_name="queues",
        help_text=_(
            "Who comes at another time is answered by the channel and does not wait. Empty: always open. "
            "Example: Office hours Finland"
        ),
    )

    objects = QueueQuerySet.as_manager()

    class Meta(ExtraDataLists.Meta):
        abstract = False
        verbose_name = _("queue")
        verbose_name_plural = _("queues")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(size=None) | Q(size__gte=1),
                name="a_queue_has_room_for_1_or_more",
                violation_error_message=_("At least 1. Empty: as many as come."),
            ),
        ]
        triggers = [WHERE_LISTED]

    def __str__(self) -> str:
        return self.name

    @property
    def kind(self) -> str:
        """The kind of its channel, empty where it has none yet."""
        channel: Channel | None = related(self, "channel")
        return channel.kind if channel else ""

    def clean(self) -> None:
        """Only lists that say something on this kind of channel."""
        self.refuse_lists_of_another_kind(self.kind)

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """The channel stays once there are conversations, since what they keep was decided by it; and a channel of
        another kind takes other addresses and no messaging service."""
        stored = type(self)._base_manager.select_related("channel").filter(pk=self.pk).first() if self.pk else None
        if stored and stored.channel_id != self.channel_id:
            if stored.conversations.exists():
                refuse({"channel": CHANNEL_IS_FIXED}, exclude=exclude)
            if stored.ivr_steps.exists():
                refuse({"channel": LED_TO_BY_IVR}, exclude=exclude)
            if self.kind != stored.kind and stored.messaging_services.exists():
                refuse({"channel": SERVED_QUEUE_IS_FIXED}, exclude=exclude)
        super().validate_constraints(exclude=exclude)


@versioned()
class QueueAddress(models.Model):
    """Where customers reach a queue: a number, an e-mail address, or APP_ID@channel.sinchconversation.com."""

    queue = models.ForeignKey(Queue, models.CASCADE, verbose_name=_("queue"), related_name="addresses")
    address = TidiedCharField(
        _("address"),
        max_length=320,
        tidy=tidied_address,
        help_text=_("Examples: +358401234567 · sales@example.com · 01ABC…@whatsapp.sinchconversation.com"),
    )

    class Meta:
        verbose_name = _("queue address")
        ordering = ["address"]
        verbose_name_plural = _("queue addresses")
        constraints = [
            models.UniqueConstraint(
                Lower("address"),
                name="an_address_leads_to_one_queue",
                violation_error_message=_("Another queue has this address already."),
            )
        ]
        triggers = [
            pgtrigger.Trigger(
                name=ONE_ADDRESS,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("address"),  # type: ignore[no-untyped-call]
                when=pgtrigger.Before,
                func=_NO_IVR_HAS_IT,
            )
        ]

    def __str__(self) -> str:
        return self.address

    def clean(self) -> None:
        """What customers of this kind of channel can reach."""
        queue: Queue | None = related(self, "queue")
        if queue and queue.kind and self.address:
            try:
                check_address(self.address, kind=queue.kind)
            except ValidationError as refused:
                raise ValidationError({"address": refused.messages}) from refused

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """No IVR has it."""
        ivr_addresses = apps.get_model("channels_cfg.IvrAddress")._base_manager
        if self.address and ivr_addresses.filter(address__iexact=self.address).exists():
            refuse({"address": HAS_AN_IVR}, exclude=exclude)
        super().validate_constraints(exclude=exclude)
