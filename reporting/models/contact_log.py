"""The Contact Log: one row for each conversation that ended."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from channels_cfg.key_names import MAX_KEY_LENGTH
from channels_cfg.models import Channel, Queue, Right, User
from conversations.models import ENDED_STATES, Conversation, State, direct_agents


class ContactLogQuerySet(models.QuerySet["ContactLogEntry"]):
    def granting(self, right: Right, *, to: User) -> ContactLogQuerySet:
        """Entries on which the user holds the right, as on their conversations."""
        channel_of_queue = dict(Queue.objects.granting(right, to=to).values_list("pk", "channel"))
        direct = Q(queue=None, agent__in=direct_agents(right, to))
        in_ivr = Q(ended_in_ivr=True, channel__in=set(channel_of_queue.values()))
        return self.filter(Q(queue__in=list(channel_of_queue)) | direct | in_ivr)

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
        Conversation,
        models.CASCADE,
        verbose_name=_("conversation"),
        primary_key=True,
        related_name="contact_log_entry",
        db_constraint=False,
    )
    channel = models.ForeignKey(
        Channel,
        models.DO_NOTHING,
        verbose_name=_("channel"),
        related_name="+",
        db_constraint=False,
        db_index=False,
        editable=False,
    )
    queue = models.ForeignKey(
        Queue,
        models.DO_NOTHING,
        verbose_name=_("queue"),
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        help_text=_("Empty: a direct conversation, or a call that ended in the IVR"),
    )
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        verbose_name=_("agent"),
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    messaging_channel = models.CharField(_("messaging channel"), max_length=30, blank=True)
    direction = models.CharField(_("direction"), max_length=8, choices=Conversation.Direction.choices)
    state = models.CharField(_("state"), max_length=13, choices=[(state.value, state.label) for state in ENDED_STATES])

    ended_in_ivr = models.BooleanField(
        _("ended in the IVR"),
        default=False,
        db_default=False,
        help_text=_("Before it came to a queue or an agent; who holds the right on a queue of its channel sees it"),
    )
    received_at = models.DateTimeField(_("received"))
    accepted_at = models.DateTimeField(_("accepted"), null=True)
    ended_at = models.DateTimeField(_("ended"))
    handled_at = models.DateTimeField(_("handled"), null=True)
    waited_seconds = models.IntegerField(
        _("waited"), help_text=_("From queued, or received without a queue, to first accepted or the end")
    )
    handling_seconds = models.IntegerField(
        _("handling time"), null=True, help_text=_("From first accepted to handled; empty until then")
    )

    kept_data = models.JSONField(_("kept data"), default=dict, help_text=_("{key: value}"))
    kept_sources = models.JSONField(_("kept sources"), default=dict, help_text=_("{key: source}"))
    dropped_keys = models.JSONField(_("dropped keys"), default=dict, help_text=_("{key: reason}; never a value"))
    judged_keys = ArrayField(
        models.CharField(max_length=MAX_KEY_LENGTH),
        verbose_name=_("judged keys"),
        null=True,
        help_text=_("The statistics list that judged"),
    )
    settings_version = models.BigIntegerField(_("settings version"), null=True, help_text=_("The settings that judged"))
    version = models.PositiveBigIntegerField(
        _("version"), help_text=_("The version of the conversation that was reported")
    )
    reported_at = models.DateTimeField(_("reported"))

    objects = ContactLogQuerySet.as_manager()

    class Meta:
        ordering = ["-received_at", "-conversation_id"]
        verbose_name = _("Contact Log entry")
        verbose_name_plural = _("Contact Log")
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
