"""The Contact Log: one row for each conversation that ended."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from channels_cfg.key_names import MAX_KEY_LENGTH
from channels_cfg.models import Channel, Queue, Right, User
from channels_cfg.models.wrap_up import LONGEST_DISPOSITION
from conversations.models import ENDED_STATES, Conversation, State, direct_agents
from reporting.models.dataset_day import SAYS_WHICH_DAYS_LOST_ENTRIES

ANSWERED_ON_TIME = 20
"""Seconds: a customer who waited no longer was answered within service level (the product's own default)."""


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

    def late(self) -> ContactLogQuerySet:
        """Those that changed after they had been reported first."""
        return self.exclude(late_changes=[])

    def newest_first(self) -> ContactLogQuerySet:
        return self.order_by("-received_at", "-conversation_id")


class ContactLogEntry(models.Model):
    """An ended conversation as reports tell of it. The reporting job writes it, and nobody else.

    It says nothing of who the customer is: the conversation knows, for those who may see it. The database checks no
    reference here, which would take the job longer than all the rest: channel, queue and agent are guarded by the
    conversation's own; and who deletes a conversation deletes its waiting changes first, which the job holds while it
    writes, and its entry after them.

    The table is partitioned by months of ``received_at``, in UTC, which the job makes (``contact_log/partitions.py``).
    So the database's primary key is the conversation with ``received_at``; that the conversation alone is one, too, is
    the job's to see to: where ``received_at`` turns out to have been another, the entry moves (``MovedEntry``).
    """

    class LateChange(models.TextChoices):
        """What of an entry changed after it had been reported first."""

        KEPT_DATA = "kept_data", _("Kept data")
        DISPOSITION = "disposition", _("Disposition")
        HANDLING = "handling", _("Handling")
        ANONYMISED = "anonymised", _("Anonymised")

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

    ivr_seconds = models.IntegerField(
        _("time in the IVR"), default=0, db_default=0, help_text=_("No part of the waiting time")
    )
    hold_seconds = models.IntegerField(
        _("time on hold"), default=0, db_default=0, help_text=_("Of all its agents; a part of the handling time")
    )
    within_service_level = models.BooleanField(
        _("within service level"),
        null=True,
        help_text=format_lazy(
            _("Accepted within {seconds} seconds; empty where service level does not count it"),
            seconds=ANSWERED_ON_TIME,
        ),
    )
    disposition = models.CharField(_("disposition"), max_length=LONGEST_DISPOSITION, blank=True, db_default="")

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
    first_reported_at = models.DateTimeField(_("first reported"))
    reported_at = models.DateTimeField(_("reported"), help_text=_("The last time"))
    late_changes = ArrayField(
        models.CharField(max_length=11, choices=LateChange.choices),
        verbose_name=_("late changes"),
        default=list,
        db_default=[],
        help_text=_("What changed after it had been reported first"),
    )

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
        triggers = [SAYS_WHICH_DAYS_LOST_ENTRIES]

    def __str__(self) -> str:
        return f"{self.conversation_id} · {State(self.state).label}"
