"""News of conversations: what happened to one, for readers that work on it later."""

from __future__ import annotations

import uuid
from datetime import datetime
from functools import cache

from django.apps import apps
from django.db import models
from django.utils.translation import gettext_lazy as _

from channels_cfg.prepared import write
from conversations.models.conversation import Conversation


class ConversationNews(models.Model):
    """A conversation ended or changed after its end, for one reader.

    Each reader is a model that stands on this one: its rows are written in the transaction that makes the news, and
    nobody but the reader removes them.
    """

    conversation = models.ForeignKey(
        Conversation, models.CASCADE, verbose_name=_("conversation"), related_name="+", db_index=False
    )
    made_at = models.DateTimeField(_("made at"))

    class Meta:
        abstract = True
        ordering = ["id"]

    def __str__(self) -> str:
        return str(self.conversation_id)


_TELL = """
    INSERT INTO {} (conversation_id, made_at)
    SELECT * FROM unnest(%s::uuid[], %s::timestamptz[])
"""


def tell_readers(*news: tuple[uuid.UUID, datetime]) -> None:
    """Write each reader's rows, within the caller's transaction: which conversations, and when it happened to them."""
    for reader in readers():
        write(_TELL.format(reader._meta.db_table), [[pk for pk, _at in news], [at for _pk, at in news]])


@cache
def readers() -> list[type[ConversationNews]]:
    return [model for model in apps.get_models() if issubclass(model, ConversationNews)]
