"""Queues: where conversations of one channel wait."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from channels_cfg.addresses import check_address, tidied_address
from channels_cfg.models.access_right import AccessRight, Right
from channels_cfg.models.channel import Channel
from channels_cfg.models.extra_data import ExtraDataLists
from channels_cfg.models.rules import refuse, related
from channels_cfg.models.tidied import TidiedCharField
from channels_cfg.models.versioned import versioned

if TYPE_CHECKING:
    from channels_cfg.models.user import User


SERVED_QUEUE_IS_FIXED = _("Messaging services lead to this queue, so it stays with a chat channel.")
CHANNEL_IS_FIXED = _("The channel is fixed, because the queue has had conversations. Make a new queue instead.")


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
        held = AccessRight.objects.held_by(to).filter(right=right)
        return self.filter(
            Q(pk__in=held.filter(queue__isnull=False).values("queue"))
            | Q(pk__in=held.filter(queue_group__isnull=False).values("queue_group__queues"))
        )


@versioned()
class Queue(ExtraDataLists):
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

    objects = QueueQuerySet.as_manager()

    class Meta(ExtraDataLists.Meta):
        abstract = False
        verbose_name = _("queue")
        verbose_name_plural = _("queues")
        ordering = ["name"]

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
