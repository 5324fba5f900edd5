"""The settings that count for a conversation."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import Model

from channels_cfg.keys.effective_settings import EXTRA_DATA_LISTS, EffectiveSettings, effective_settings
from channels_cfg.models import Channel, Queue, SystemSettings
from channels_cfg.prepared import rows
from conversations.models import Conversation


def settings_of(conversation: Conversation) -> EffectiveSettings:
    """What counts for the conversation at this moment."""
    return effective_settings(channel=conversation.channel, queue=conversation.queue)


# What ``effective_settings`` looks at, in one statement: all of it as it was at one moment.
_DECIDES = {
    *EXTRA_DATA_LISTS,
    "id",
    "contact_information",
    "kept_data_in_session_metadata",
    "metadata_destinations",
    "precedence",
    "false_attempt_seconds",
    "live_data_until_handled",
    "value_characters",
    "pairs_per_conversation",
    "bytes_per_conversation",
}
_LEVELS: list[tuple[type[Model], list[str]]] = [
    (level, [field.attname for field in level._meta.concrete_fields if field.attname in _DECIDES])
    for level in (Channel, Queue, SystemSettings)
]
_IN_FORCE = f"""
    SELECT {", ".join(f'{model._meta.model_name}."{name}"' for model, names in _LEVELS for name in names)},
           (SELECT max(id) FROM channels_cfg_settingsversion)
      FROM channels_cfg_channel AS channel
      LEFT JOIN channels_cfg_queue AS queue ON queue.id = %s
      LEFT JOIN channels_cfg_systemsettings AS systemsettings ON systemsettings.id = 1
     WHERE channel.id = %s
"""


def settings_with_version(conversation: Conversation) -> tuple[EffectiveSettings, int | None]:
    """What counts for the conversation at this moment, and the number of exactly these settings."""
    [(*values, number)] = rows(_IN_FORCE, [conversation.queue_id, conversation.channel_id])
    found: list[Any] = []
    for model, names in _LEVELS:
        own, values = values[: len(names)], values[len(names) :]
        found.append(model.from_db(connection.alias, names, own) if own[names.index("id")] is not None else None)
    channel, queue, system = found
    return effective_settings(channel=channel, queue=queue, system=system or SystemSettings()), number
