"""The settings that count for a conversation."""

from __future__ import annotations

from django.db.models import Subquery

from channels_cfg.keys.effective_settings import EffectiveSettings, effective_settings
from channels_cfg.models import SettingsVersion, SystemSettings
from conversations.models import Conversation


def settings_of(conversation: Conversation) -> EffectiveSettings:
    """What counts for the conversation at this moment."""
    return effective_settings(channel=conversation.channel, queue=conversation.queue)


def settings_with_version(conversation: Conversation) -> tuple[EffectiveSettings, int | None]:
    """What counts for the conversation at this moment, and the number of exactly these settings.

    They are read in two statements, each with the newest number: versions are committed in the order of their numbers,
    so nothing changed in between where both say the same.
    """
    newest = Subquery(SettingsVersion.objects.order_by("-pk").values("pk")[:1])
    while True:
        held = Conversation.objects.select_related("channel", "queue").annotate(newest=newest).get(pk=conversation.pk)
        system = SystemSettings.objects.annotate(newest=newest).filter(pk=1).first()
        number = system.newest if system else SettingsVersion.current()
        if number == held.newest:
            return effective_settings(channel=held.channel, queue=held.queue, system=system or SystemSettings()), number
