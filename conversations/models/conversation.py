"""Conversations."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Case, ExpressionWrapper, F, Q, Value, When
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_cfg.key_names import MAX_KEY_LENGTH
from channels_cfg.models import AccessRight, Channel, Queue, Right, User
from channels_cfg.text_search import SearchText

if TYPE_CHECKING:
    from collections.abc import Iterable


class State(models.TextChoices):
    """Where a conversation is in its life."""

    RECEIVED = "received", _("Received")
    QUEUED = "queued", _("Queued")
    ALLOCATED = "allocated", _("Offered")
    ACCEPTED = "accepted", _("Accepted")
    WRAP_UP = "wrap_up", _("Wrap-up")
    HANDLED = "handled", _("Handled")
    ABANDONED = "abandoned", _("Abandoned")
    FALSE_ATTEMPT = "false_attempt", _("False attempt")


ACTIVE_STATES = (State.RECEIVED, State.QUEUED, State.ALLOCATED, State.ACCEPTED)
POSTABLE_STATES = (State.WRAP_UP, State.HANDLED)
"""Ended after somebody served it: it has kept data, and more can be posted (specification 000)."""
ENDED_STATES = (State.WRAP_UP, State.HANDLED, State.ABANDONED, State.FALSE_ATTEMPT)


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def granting(self, right: Right, *, to: User) -> ConversationQuerySet:
        """Conversations on which the user holds the right: by their queue, or, without one, by their agent's group.

        The places are read first: with plain lists of ids PostgreSQL walks the index of the page's order instead of
        joining and sorting.
        """
        queues = list(Queue.objects.granting(right, to=to).values_list("pk", flat=True))
        return self.filter(Q(queue__in=queues) | Q(queue=None, agent__in=direct_agents(right, to)))

    def active(self) -> ConversationQuerySet:
        return self.filter(state__in=ACTIVE_STATES)

    def ended(self) -> ConversationQuerySet:
        return self.filter(state__in=ENDED_STATES)

    def offered_too_long(self, *, now: datetime) -> ConversationQuerySet:
        """Offered to an agent for longer than their channel gives time to accept."""
        time_to_accept = ExpressionWrapper(
            F("channel__pick_up_seconds") * Value(timedelta(seconds=1)), output_field=models.DurationField()
        )
        return self.filter(
            state=State.ALLOCATED,
            channel__pick_up_seconds__isnull=False,
            legs__purpose="agent",
            legs__ended_at=None,
            legs__started_at__lte=now - time_to_accept,
        )

    def newest_first(self) -> ConversationQuerySet:
        return self.order_by("-received_at", "-id")

    def received_during(self, start: datetime, end: datetime) -> ConversationQuerySet:
        """Received at ``start`` or later, and before ``end``."""
        return self.filter(received_at__gte=start, received_at__lt=end)

    def locked(self, pk: uuid.UUID, *, no_key: bool = False) -> Conversation:
        """The conversation with what a page says of it, held until the transaction ends."""
        # Two statements: joined to the lock, the places would be those from before the wait for it.
        self.select_for_update(no_key=no_key).only("pk").get(pk=pk)
        return self.with_places().get(pk=pk)

    def with_places(self) -> ConversationQuerySet:
        """With what a page says of each: channel, queue, agent."""
        return self.select_related("channel", "queue", "queue__channel", "agent")


UNTIL_SERVED = Coalesce("accepted_at", "ended_at")
WAITED = Case(
    When(accepted_at=None, ended_at=None, then=None),
    When(queued_at__lte=UNTIL_SERVED, then=UNTIL_SERVED - F("queued_at")),
    default=Greatest(UNTIL_SERVED - F("received_at") - F("time_in_ivr"), Value(timedelta())),
    output_field=models.DurationField(),
)
"""How long the customer waited: from queued to first accepted or, where nobody accepted, to the end. What was accepted
or ended without a queue waited from received, less its time in the IVR."""


def direct_agents(right: Right, user: User) -> Iterable[int]:
    """The agents whose direct conversations the user holds the right on."""
    groups = AccessRight.objects.held_by(user).filter(right=right, direct_conversations_of__isnull=False)
    return list(User.objects.filter(groups__in=groups.values("direct_conversations_of")).values_list("pk", flat=True))


class Conversation(models.Model):
    """One exchange with one customer, from its first contact to the end of wrap-up."""

    class Direction(models.TextChoices):
        INBOUND = "inbound", _("Inbound")
        OUTBOUND = "outbound", _("Outbound")

    class Party(models.TextChoices):
        CUSTOMER = "customer", _("Customer")
        AGENT = "agent", _("Agent")
        SYSTEM = "system", _("System")

    id = models.UUIDField(_("id"), primary_key=True, default=uuid.uuid4, editable=False)
    channel = models.ForeignKey(
        Channel, models.PROTECT, verbose_name=_("channel"), related_name="conversations", db_index=False
    )
    queue = models.ForeignKey(
        Queue,
        models.PROTECT,
        verbose_name=_("queue"),
        null=True,
        blank=True,
        related_name="conversations",
        db_index=False,
    )
    messaging_channel = models.CharField(
        _("messaging channel"), max_length=30, blank=True, help_text=_("WHATSAPP, SMS, …; open list")
    )
    direction = models.CharField(_("direction"), max_length=8, choices=Direction.choices, default=Direction.INBOUND)
    state = models.CharField(_("state"), max_length=13, choices=State.choices, default=State.RECEIVED)
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("agent"),
        null=True,
        blank=True,
        related_name="conversations",
        db_index=False,
        help_text=_("Whom it is offered to, or who served it last"),
    )

    reference = models.ForeignKey(
        "conversations.ExternalReference",
        models.PROTECT,
        verbose_name=_("external reference"),
        null=True,
        blank=True,
        related_name="conversations",
    )
    customer_address = models.CharField(
        _("customer address"), max_length=320, blank=True, help_text=_("Number or address of the customer")
    )
    customer_name = models.CharField(_("customer name"), max_length=200, blank=True)

    received_at = models.DateTimeField(_("received at"))
    queued_at = models.DateTimeField(_("queued at"), null=True, blank=True)
    allocated_at = models.DateTimeField(_("offered at"), null=True, blank=True)
    accepted_at = models.DateTimeField(_("accepted at"), null=True, blank=True, help_text=_("First accepted"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    handled_at = models.DateTimeField(_("handled at"), null=True, blank=True)
    ended_by = models.CharField(_("ended by"), max_length=8, choices=Party.choices, blank=True)
    time_in_ivr = models.DurationField(
        _("time in the IVR"), default=timedelta(), db_default=timedelta(), help_text=_("No waiting time")
    )
    waited = models.GeneratedField(
        verbose_name=_("waited"),
        expression=WAITED,
        output_field=models.DurationField(),
        db_persist=True,
        help_text=_("None while it waits; as stored: read it again after a change"),
    )

    kept_data = models.JSONField(
        _("kept data"), default=dict, blank=True, help_text=_("{key: value}; empty while active")
    )
    kept_sources = models.JSONField(_("kept sources"), default=dict, blank=True, help_text=_("{key: source}"))
    kept_times = models.JSONField(
        _("kept times"),
        default=dict,
        blank=True,
        help_text=_("{key: when its source said so}; without an entry: posted after the end"),
    )
    kept_flags = models.JSONField(
        _("kept flags"), default=dict, blank=True, help_text=_("{key: which rule of the catalogue its value breaks}")
    )
    dropped_keys = models.JSONField(
        _("dropped keys"), default=dict, blank=True, help_text=_("{key: reason}; never a value")
    )
    judged_keys = ArrayField(
        models.CharField(max_length=MAX_KEY_LENGTH),
        verbose_name=_("judged keys"),
        null=True,
        blank=True,
        help_text=_("The effective statistics list at the moment of ending"),
    )
    settings_version = models.BigIntegerField(
        _("settings version"), null=True, blank=True, help_text=_("The settings that judged")
    )
    version = models.PositiveBigIntegerField(_("version"), default=1, help_text=_("Grows with every change"))

    customer_data = ("customer_address", "customer_name")

    objects = ConversationQuerySet.as_manager()

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        ordering = ["-received_at", "-id"]
        indexes = [
            models.Index(F("received_at").desc(), F("id").desc(), name="conversation_newest"),
            models.Index(F("queue"), F("received_at").desc(), F("id").desc(), name="conversation_queue_newest"),
            models.Index(F("agent"), F("received_at").desc(), F("id").desc(), name="conversation_agent_newest"),
            models.Index(
                fields=["queue", "received_at"],
                condition=Q(state__in=[*ACTIVE_STATES, State.WRAP_UP]),
                name="conversation_on_desk",
            ),
            models.Index(
                fields=["settings_version", "queue"],
                condition=Q(settings_version__isnull=False),
                name="conversation_judged_by",
            ),
            GinIndex(OpClass(F("kept_data"), "jsonb_path_ops"), name="conversation_kept_pairs"),
            GinIndex(
                OpClass(SearchText("customer_address"), "gin_trgm_ops"),
                OpClass(SearchText("customer_name"), "gin_trgm_ops"),
                name="conversation_customer_text",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["reference"],
                condition=Q(state__in=ACTIVE_STATES),
                name="a_reference_has_one_active_conversation",
            ),
            models.CheckConstraint(
                condition=Q(state__in=ACTIVE_STATES, ended_at=None) | Q(state__in=ENDED_STATES, ended_at__isnull=False),
                name="a_conversation_has_an_end_once_it_ended",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[State.WRAP_UP, State.HANDLED]) | Q(kept_data={}),
                name="only_an_accepted_and_ended_conversation_keeps_data",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer} · {self.get_state_display()}"

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE_STATES

    @property
    def customer(self) -> str:
        """How the customer is called: by name where one is known, else by address (specification 002)."""
        return self.customer_name or self.customer_address or gettext("Unknown customer")

    @property
    def hex_id(self) -> str:
        """The id as the RI and RTI doors write it: 32 upper-case hexadecimal digits."""
        return self.id.hex.upper()
