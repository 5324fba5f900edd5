"""Key usage: how often which keys were seen, and what their values looked like. It never holds a value.

A parent counts as a key of its own: where a conversation has ``customer_data.id`` and ``customer_data.name``, it has
``customer_data`` too, with the bytes of both, so that the sums answer what a list that names the parent would keep.
The conversation as a whole is the parent of all its keys, with an empty name.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GistIndex, OpClass
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from channels_cfg.key_names import MAX_KEY_LENGTH
from channels_cfg.models import Channel, Queue, Source
from conversations.pii_detectors import Hit


class ValueType(models.TextChoices):
    """What a value is in JSON terms."""

    TEXT = "text", _("Text")
    INTEGER = "integer", _("Integer")
    DECIMAL = "decimal", _("Decimal")
    BOOLEAN = "boolean", _("Yes or no")
    NULL = "null", _("Empty")
    GROUP = "group", _("Group of keys")


class KeyObservation(models.Model):
    """One key of one conversation, seen at its end. Written in the ending transaction, added up later.

    Names that too few conversations have had stay here until they are old, and then go.
    """

    channel = models.ForeignKey(Channel, models.CASCADE, verbose_name=_("channel"), related_name="+", db_index=False)
    queue = models.ForeignKey(
        Queue, models.CASCADE, verbose_name=_("queue"), null=True, related_name="+", db_index=False
    )
    day = models.DateField(_("day"), help_text=_("Of the conversation's end, in UTC"))
    key = models.CharField(
        _("key"), max_length=MAX_KEY_LENGTH, blank=True, help_text=_("Empty: the conversation as a whole")
    )
    keepable = models.BooleanField(
        _("keepable"), help_text=_("The conversation was accepted, so that a listed key would be kept")
    )
    value_type = models.CharField(_("value type"), max_length=7, choices=ValueType.choices)
    length_bucket = models.PositiveSmallIntegerField(
        _("length bucket"), help_text=_("0: empty; n: 2^(n-1) to 2^n - 1 characters")
    )
    bytes = models.PositiveIntegerField(
        _("bytes"), help_text=_("Of key and value as JSON; with those of all keys below it")
    )
    source = models.CharField(
        _("source"),
        max_length=12,
        choices=Source.choices,
        blank=True,
        help_text=_("Empty: keys below it have different ones"),
    )
    hits = ArrayField(
        models.CharField(max_length=5, choices=Hit.choices), verbose_name=_("hits"), default=list, blank=True
    )
    seen_at = models.DateTimeField(_("seen at"))

    class Meta:
        verbose_name = _("key observation")
        verbose_name_plural = _("key observations")
        indexes = [models.Index(fields=["key"], name="observation_by_key")]

    def __str__(self) -> str:
        return self.key


class KeyUsage(models.Model):
    """One key on one channel, queue and day."""

    channel = models.ForeignKey(Channel, models.CASCADE, verbose_name=_("channel"), related_name="+", db_index=False)
    queue = models.ForeignKey(
        Queue, models.CASCADE, verbose_name=_("queue"), null=True, related_name="+", db_index=False
    )
    day = models.DateField(_("day"))
    key = models.CharField(_("key"), max_length=MAX_KEY_LENGTH)
    seen = models.PositiveIntegerField(_("seen"), default=0, help_text=_("Conversations that had it"))
    keepable = models.PositiveIntegerField(_("keepable"), default=0, help_text=_("Of these, accepted ones"))
    bytes = models.PositiveBigIntegerField(_("bytes"), default=0, help_text=_("Of the keepable ones"))
    types = models.JSONField(_("types"), default=dict, help_text=_("{value type: conversations}"))
    lengths = models.JSONField(_("lengths"), default=dict, help_text=_("{length bucket: conversations}"))
    sources = models.JSONField(_("sources"), default=dict, help_text=_("{source: conversations}"))
    hits = models.JSONField(_("hits"), default=dict, help_text=_("{detector: keepable conversations}"))
    first_seen_at = models.DateTimeField(_("first seen at"))
    last_seen_at = models.DateTimeField(_("last seen at"))

    class Meta:
        verbose_name = _("key usage")
        verbose_name_plural = _("key usage")
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "queue", "day", "key"], nulls_distinct=False, name="a_key_has_one_usage_a_day"
            )
        ]
        indexes = [models.Index(fields=["key", "day"], name="usage_by_key")]

    def __str__(self) -> str:
        return f"{self.key}, {self.day}"


class SeenKey(models.Model):
    """One key over all channels and days: the sum of its usage, and whether its name is known at all.

    A name becomes known once enough conversations have had it; what rarely comes in may be a value in disguise.
    """

    name = models.CharField(_("name"), max_length=MAX_KEY_LENGTH, primary_key=True)
    paths = ArrayField(
        models.CharField(max_length=MAX_KEY_LENGTH),
        verbose_name=_("paths"),
        default=list,
        help_text=_("Its parents, then itself"),
    )
    seen = models.PositiveBigIntegerField(_("seen"), default=0, help_text=_("Conversations that had it"))
    types = models.JSONField(_("types"), default=dict, help_text=_("{value type: conversations}"))
    lengths = models.JSONField(_("lengths"), default=dict, help_text=_("{length bucket: conversations}"))
    sources = models.JSONField(_("sources"), default=dict, help_text=_("{source: conversations}"))
    hits = models.JSONField(_("hits"), default=dict, help_text=_("{detector: conversations}"))
    first_seen_at = models.DateTimeField(_("first seen at"))
    last_seen_at = models.DateTimeField(_("last seen at"))

    class Meta:
        verbose_name = _("seen key")
        verbose_name_plural = _("seen keys")
        ordering = ["name"]
        indexes = [
            models.Index(fields=["-last_seen_at", "name"], name="seen_key_newest"),
            GistIndex(OpClass(Lower("name"), "gist_trgm_ops"), name="seen_key_alike"),
        ]

    def __str__(self) -> str:
        return self.name


class EndedCount(models.Model):
    """How many conversations ended on one channel, queue and day: what usage is a share of."""

    channel = models.ForeignKey(Channel, models.CASCADE, verbose_name=_("channel"), related_name="+", db_index=False)
    queue = models.ForeignKey(
        Queue, models.CASCADE, verbose_name=_("queue"), null=True, related_name="+", db_index=False
    )
    day = models.DateField(_("day"))
    ended = models.PositiveIntegerField(_("ended"), default=0)
    keepable = models.PositiveIntegerField(_("keepable"), default=0)

    class Meta:
        verbose_name = _("ended count")
        verbose_name_plural = _("ended counts")
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "queue", "day"], nulls_distinct=False, name="endings_are_counted_once_a_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.channel}, {self.day}"
