"""Conversations."""

from __future__ import annotations

import uuid
from copy import copy
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import connection, models
from django.db.models import ExpressionWrapper, F, Func, Q, Value
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from channels_cfg.key_names import MAX_KEY_LENGTH
from channels_cfg.models import WEB_CHAT, Channel, Queue, Right, User
from channels_cfg.models.wrap_up import LONGEST_DISPOSITION
from channels_cfg.prepared import PreparedQuery, Row, Statement, rows_of_each, write
from channels_cfg.text_search import SearchText
from conversations.models import told
from conversations.models.conversation_state import (
    ACTIVE_STATES,
    BUSY_STATES,
    ENDED_STATES,
    UNACCEPTED_ENDS,
    WAITED,
    State,
)
from conversations.models.external_reference import MAIL
from conversations.models.places import direct_agents, in_places
from conversations.models.presence import PresenceFacts

if TYPE_CHECKING:
    from conversations.models.leg import Leg

LONGEST_SUBJECT = 500


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def granting(self, right: Right, *, to: User) -> ConversationQuerySet:
        """Conversations on which the user holds the right: by their queue, or, without one, by their agent's group; a
        call that ended in the IVR, before it came to any, by any queue of its channel.

        The places are read first: with plain lists of ids PostgreSQL walks the index of the page's order instead of
        joining and sorting.
        """
        queues = Queue.objects.granting(right, to=to).values_list("pk", "channel")
        return self.filter(in_places(queues, direct_agents(right, to)))

    def active(self) -> ConversationQuerySet:
        return self.filter(state__in=ACTIVE_STATES)

    def ended(self) -> ConversationQuerySet:
        return self.filter(state__in=ENDED_STATES)

    def offered_too_long(self, *, now: datetime) -> ConversationQuerySet:
        """Offered to an agent for longer than their channel gives time to accept, or who has gone away since."""
        time_to_accept = ExpressionWrapper(
            F("channel__pick_up_seconds") * Value(timedelta(seconds=1)), output_field=models.DurationField()
        )
        return self.filter(
            Q(channel__pick_up_seconds__isnull=False, legs__started_at__lte=now - time_to_accept)
            | Q(agent__presence__status=PresenceFacts.Status.AWAY, legs__started_at__lte=F("agent__presence__since")),
            state=State.ALLOCATED,
            legs__purpose="agent",
            legs__ended_at=None,
        )

    def waiting(self) -> ConversationQuerySet:
        return self.filter(state=State.QUEUED)

    def newest_first(self) -> ConversationQuerySet:
        return self.order_by("-received_at", "-id")

    def received_during(self, start: datetime, end: datetime) -> ConversationQuerySet:
        """Received at ``start`` or later, and before ``end``."""
        return self.filter(received_at__gte=start, received_at__lt=end)

    def locked(self, pk: uuid.UUID, *, no_key: bool = False) -> Conversation:
        """The conversation with what a page says of it, held until the transaction ends."""
        held, _nothing = self.locked_and(pk, no_key=no_key)
        return held

    def locked_and(
        self, pk: uuid.UUID, *asked: Statement, no_key: bool = False
    ) -> tuple[Conversation, list[list[Row]]]:
        """The same, and what else was asked once it was held, in the same trip to the database."""
        # Two statements: joined to the lock, the places would be those from before the wait for it.
        lock = _LOCK_NO_KEY if no_key else _LOCK
        _locked, places, *answers = rows_of_each((lock, [pk]), _PLACES.about(pk), *asked)
        if not places:
            raise Conversation.DoesNotExist
        [held] = _PLACES.read(places)
        if held.queue and held.queue.channel_id == held.channel_id:
            held.queue.channel = held.channel
        held.remember_as_stored()
        return held, answers

    def with_places(self) -> ConversationQuerySet:
        """With what a page says of each: channel, queue, agent."""
        return self.select_related("channel", "queue", "queue__channel", "agent")


_LOCK = "SELECT 1 FROM conversations_conversation WHERE id = %s FOR UPDATE"
_LOCK_NO_KEY = "SELECT 1 FROM conversations_conversation WHERE id = %s FOR NO KEY UPDATE"
_PLACES = PreparedQuery(
    lambda pk: (
        Conversation.objects.select_related("channel", "queue", "agent")
        .defer("agent__password", "agent__last_login", "agent__date_joined")
        .filter(pk=pk)
        .order_by()
    )
)


class Conversation(models.Model):
    """One exchange with one customer, from its first contact to the end of wrap-up."""

    class Direction(models.TextChoices):
        INBOUND = "inbound", _("Inbound")
        OUTBOUND = "outbound", _("Outbound")

    class Party(models.TextChoices):
        CUSTOMER = "customer", _("Customer")
        AGENT = "agent", _("Agent")
        SYSTEM = "system", _("System")

    # Ids follow time, so that what is new lies together in every index, however much is stored.
    id = models.UUIDField(_("id"), primary_key=True, default=uuid7, editable=False)
    number = models.BigIntegerField(
        _("number"),
        unique=True,
        editable=False,
        db_default=Func(Value("conversations_conversation_number"), function="nextval"),
        help_text=_("Its id where ids are integers: the session id of session metadata"),
    )
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
    subject = models.CharField(
        _("subject"), max_length=LONGEST_SUBJECT, blank=True, db_default="", help_text=_("Of a mail or a task")
    )

    priority = models.PositiveSmallIntegerField(
        _("priority"), null=True, blank=True, help_text=_("The lowest number is offered first; None: as its queue")
    )
    preferred_agent = models.ForeignKey(
        User, models.PROTECT, verbose_name=_("preferred agent"), null=True, blank=True, related_name="+", db_index=False
    )
    preferred_until = models.DateTimeField(
        _("preferred until"), null=True, blank=True, help_text=_("Until then it waits for its preferred agent")
    )
    required_agents = ArrayField(
        models.BigIntegerField(),
        verbose_name=_("required agents"),
        null=True,
        blank=True,
        help_text=_("Ids of the agents one of whom is to have it; None: anybody"),
    )
    required_until = models.DateTimeField(
        _("required until"), null=True, blank=True, help_text=_("Then anybody may have it; None: it waits for them")
    )

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

    disposition = models.CharField(
        _("disposition"),
        max_length=LONGEST_DISPOSITION,
        blank=True,
        db_default="",
        help_text=_("What it came to, as the agent chose"),
    )
    note = models.TextField(_("note"), blank=True, db_default="", help_text=_("Of the agent, in wrap-up"))

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

    customer_data = ("customer_address", "customer_name", "subject", "note")
    _as_stored: dict[str, Any] | None = None
    legs_there: list[Leg] | None = None
    """Who has not left, where that was read; see ``conversations/lifecycle/participants.py``."""

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
            models.Index(fields=["queue", "queued_at"], condition=Q(state=State.QUEUED), name="conversation_waiting"),
            models.Index(
                fields=["agent", "channel"], condition=Q(state__in=BUSY_STATES), name="conversation_with_agent"
            ),
            models.Index(
                fields=["preferred_agent"],
                condition=Q(preferred_agent__isnull=False),
                name="conversation_preferring",
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
        triggers = [told.OF_CONVERSATION]

    def __str__(self) -> str:
        return f"{self.customer} · {self.get_state_display()}"

    def remember_as_stored(self) -> None:
        """Remember what the fields are, so that ``save_changes`` need not write those that stay as they are."""
        self._as_stored = {field.attname: self._copy_of(field.attname) for field in _written_fields()}

    def _copy_of(self, name: str) -> Any:
        value = getattr(self, name)
        return copy(value) if isinstance(value, dict | list) else value

    def save_changes(self) -> None:
        """Write the fields that have changed since it was held."""
        if self._as_stored is None:
            self.save()
            return
        changed = [field for field in _written_fields() if self._differs(field.attname)]
        if changed:
            columns = ", ".join(f'"{field.column}" = %s' for field in changed)
            values = [field.get_db_prep_save(getattr(self, field.attname), connection) for field in changed]
            write(f"UPDATE conversations_conversation SET {columns} WHERE id = %s", [*values, self.pk])
            self._as_stored |= {field.attname: self._copy_of(field.attname) for field in changed}

    def _differs(self, name: str) -> bool:
        now, stored = getattr(self, name), (self._as_stored or {})[name]
        return now != stored or (isinstance(now, dict) and repr(now) != repr(stored))  # true is 1 to Python

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE_STATES

    @property
    def ended_in_ivr(self) -> bool:
        """It ended before it came to a queue or an agent."""
        return self.queue_id is None and self.allocated_at is None and self.state in UNACCEPTED_ENDS

    @property
    def queue_in_words(self) -> str:
        """Where it waits or waited: the queue; without one, with an agent or in the IVR."""
        if self.queue:
            return str(self.queue)
        return gettext("Direct") if self.agent_id or self.allocated_at else gettext("In the IVR")

    @property
    def customer(self) -> str:
        """How the customer is called: by name where one is known, else by address (specification 002)."""
        return self.customer_name or self.customer_address or self._unnamed()

    def _unnamed(self) -> str:
        return gettext("Visitor") if self.is_web_chat else gettext("Unknown customer")

    @property
    def is_web_chat(self) -> bool:
        return self.messaging_channel == WEB_CHAT

    @property
    def carries_attached_data(self) -> bool:
        """Mail of a mail server carries none, and keeps none (specification 000)."""
        return self.reference is None or self.reference.door != MAIL

    @property
    def hex_id(self) -> str:
        """The id as the RI and RTI doors write it: 32 upper-case hexadecimal digits."""
        return self.id.hex.upper()


@cache
def _written_fields() -> list[models.Field[Any, Any]]:
    """All but the primary key, and what PostgreSQL works out by itself."""
    return [field for field in Conversation._meta.concrete_fields if not (field.primary_key or field.generated)]
