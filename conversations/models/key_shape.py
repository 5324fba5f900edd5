"""The shape ledger: how often which keys were seen, and what their values looked like. It never holds a value.

A parent counts as a key of its own: where a conversation has ``customer_data.id`` and ``customer_data.name``, it has
``customer_data`` too, with the bytes of both, so that the ledger answers what a list that names the parent would keep.
The conversation as a whole is the parent of all its keys, with an empty name.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GistIndex, OpClass
from django.db import models
from django.db.models.functions import Lower

from channels_cfg.key_names import MAX_KEY_LENGTH
from channels_cfg.models import Channel, Queue, Source
from conversations.detectors import Hit


class ValueType(models.TextChoices):
    """What a value is in JSON terms."""

    TEXT = "text", "Text"
    INTEGER = "integer", "Integer"
    DECIMAL = "decimal", "Decimal"
    BOOLEAN = "boolean", "Yes or no"
    NULL = "null", "Empty"
    GROUP = "group", "Group of keys"


class KeySighting(models.Model):
    """One key of one conversation, seen at its end. Written in the ending transaction, folded into the ledger later.

    Names that too few conversations have had stay here until they are old, and then go.
    """

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="+", db_index=False)
    queue = models.ForeignKey(Queue, models.CASCADE, null=True, related_name="+", db_index=False)
    day = models.DateField(help_text="Of the conversation's end, in UTC")
    key = models.CharField(max_length=MAX_KEY_LENGTH, blank=True, help_text="Empty: the conversation as a whole")
    keepable = models.BooleanField(help_text="The conversation was accepted, so that a listed key would be kept")
    value_type = models.CharField(max_length=7, choices=ValueType.choices)
    length_bucket = models.PositiveSmallIntegerField(help_text="0: empty; n: 2^(n-1) to 2^n - 1 characters")
    bytes = models.PositiveIntegerField(help_text="Of key and value as JSON; with those of all keys below it")
    source = models.CharField(
        max_length=12, choices=Source.choices, blank=True, help_text="Empty: keys below it have different ones"
    )
    hits = ArrayField(models.CharField(max_length=5, choices=Hit.choices), default=list, blank=True)
    seen_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["key"], name="sighting_by_key")]

    def __str__(self) -> str:
        return self.key


class KeyShape(models.Model):
    """One key on one channel, queue and day."""

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="+", db_index=False)
    queue = models.ForeignKey(Queue, models.CASCADE, null=True, related_name="+", db_index=False)
    day = models.DateField()
    key = models.CharField(max_length=MAX_KEY_LENGTH)
    seen = models.PositiveIntegerField(default=0, help_text="Conversations that had it")
    keepable = models.PositiveIntegerField(default=0, help_text="Of these, accepted ones")
    bytes = models.PositiveBigIntegerField(default=0, help_text="Of the keepable ones")
    types = models.JSONField(default=dict, help_text="{value type: conversations}")
    lengths = models.JSONField(default=dict, help_text="{length bucket: conversations}")
    sources = models.JSONField(default=dict, help_text="{source: conversations}")
    hits = models.JSONField(default=dict, help_text="{detector: keepable conversations}")
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "queue", "day", "key"], nulls_distinct=False, name="a_key_has_one_shape_a_day"
            )
        ]
        indexes = [models.Index(fields=["key", "day"], name="shape_by_key")]

    def __str__(self) -> str:
        return f"{self.key}, {self.day}"


class SeenKey(models.Model):
    """One key over all channels and days: the sum of its shapes, and whether its name is known at all.

    A name becomes known once enough conversations have had it; what rarely comes in may be a value in disguise.
    """

    name = models.CharField(max_length=MAX_KEY_LENGTH, primary_key=True)
    paths = ArrayField(
        models.CharField(max_length=MAX_KEY_LENGTH),
        default=list,
        help_text="Its parents, then itself",
    )
    seen = models.PositiveBigIntegerField(default=0, help_text="Conversations that had it")
    types = models.JSONField(default=dict, help_text="{value type: conversations}")
    lengths = models.JSONField(default=dict, help_text="{length bucket: conversations}")
    sources = models.JSONField(default=dict, help_text="{source: conversations}")
    hits = models.JSONField(default=dict, help_text="{detector: conversations}")
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta:
        verbose_name = "seen key"
        ordering = ["name"]
        indexes = [
            models.Index(fields=["-last_seen_at", "name"], name="seen_key_newest"),
            GistIndex(OpClass(Lower("name"), "gist_trgm_ops"), name="seen_key_alike"),
        ]

    def __str__(self) -> str:
        return self.name


class EndedCount(models.Model):
    """How many conversations ended on one channel, queue and day: what the shapes are shares of."""

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="+", db_index=False)
    queue = models.ForeignKey(Queue, models.CASCADE, null=True, related_name="+", db_index=False)
    day = models.DateField()
    ended = models.PositiveIntegerField(default=0)
    keepable = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "queue", "day"], nulls_distinct=False, name="endings_are_counted_once_a_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.channel}, {self.day}"
