"""The Contact Log: one row for each conversation that ended."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from channels_cfg.key_names import MAX_KEY_LENGTH
from channels_cfg.models import Channel, Queue, Right, User
from conversations.models import ENDED_STATES, Conversation, State, direct_agents


class ContactLogQuerySet(models.QuerySet["ContactLogEntry"]):
    def granting(self, right: Right, *, to: User) -> ContactLogQuerySet:
        """Entries on which the user holds the right: by their queue, or, without one, by their agent's group."""
        queues = list(Queue.objects.granting(right, to=to).values_list("pk", flat=True))
        return self.filter(Q(queue__in=queues) | Q(queue=None, agent__in=direct_agents(right, to)))

    def received_during(self, start: datetime, end: datetime) -> ContactLogQuerySet:
        """Received at ``start`` or later, and before ``end``."""
        return self.filter(received_at__gte=start, received_at__lt=end)

    def newest_first(self) -> ContactLogQuerySet:
        return self.order_by("-received_at", "-conversation_id")


class ContactLogEntry(models.Model):
    """An ended conversation as reports tell of it. The reporting job writes it, and nobody else.

    It says nothing of who the customer is: the conversation knows, for those who may see it. The database checks no
    reference here, which would take the job longer than all the rest: channel, queue and agent are guarded by the
    conversation's own; and who deletes a conversation deletes its waiting changes first, which the job holds while it
    writes, and its entry after them.
    """

    conversation = models.OneToOneField(
        Conversation, models.CASCADE, primary_key=True, related_name="contact_log_entry", db_constraint=False
    )
    channel = models.ForeignKey(
        Channel, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False, editable=False
    )
    queue = models.ForeignKey(
        Queue,
        models.DO_NOTHING,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        help_text="Empty: a direct conversation",
    )
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, related_name="+", db_constraint=False, db_index=False
    )
    messaging_channel = models.CharField(max_length=30, blank=True)
    direction = models.CharField(max_length=8, choices=Conversation.Direction.choices)
    state = models.CharField(max_length=13, choices=[(state.value, state.label) for state in ENDED_STATES])

    received_at = models.DateTimeField("received")
    accepted_at = models.DateTimeField("accepted", null=True)
    ended_at = models.DateTimeField("ended")
    handled_at = models.DateTimeField("handled", null=True)
    waited_seconds = models.IntegerField("waited", help_text="From received to first accepted, or to the end")
    handling_seconds = models.IntegerField(
        "handling time", null=True, help_text="From first accepted to handled; empty until then"
    )

    kept_data = models.JSONField(default=dict, help_text="{key: value}")
    kept_sources = models.JSONField(default=dict, help_text="{key: source}")
    dropped_keys = models.JSONField(default=dict, help_text="{key: reason}; never a value")
    judged_keys = ArrayField(
        models.CharField(max_length=MAX_KEY_LENGTH), null=True, help_text="The statistics list that judged"
    )
    settings_version = models.BigIntegerField(null=True, help_text="The settings that judged")
    version = models.PositiveBigIntegerField(help_text="The version of the conversation that was reported")
    reported_at = models.DateTimeField("reported")

    objects = ContactLogQuerySet.as_manager()

    class Meta:
        ordering = ["-received_at", "-conversation_id"]
        verbose_name = "Contact Log entry"
        verbose_name_plural = "Contact Log"
        # Each index is paid for by every row the job writes. A period bounds every question, so that these two
        # suffice; kept data has no index of its own.
        indexes = [
            models.Index(F("received_at").desc(), F("conversation").desc(), name="contact_log_newest"),
            models.Index(
                F("queue"), F("received_at").desc(), F("conversation").desc(), name="contact_log_queue_newest"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.conversation_id} · {State(self.state).label}"
