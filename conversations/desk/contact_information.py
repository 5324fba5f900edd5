"""Queue Contact Information: what an agent reads of an offer, with the pairs that the agent may see then."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.utils.translation import gettext as _

from channels_cfg.keys.effective_settings import effective_settings
from channels_cfg.models import SystemSettings
from channels_cfg.models.telephony import EXTRA_DATA
from conversations.attached_data.visible import shown_to_agents
from conversations.models import Conversation
from conversations.pairs import as_text


def contact_information_of(conversations: Collection[Conversation]) -> dict[uuid.UUID, str]:
    """The text of each that its settings give one; two queries, and none where there are no conversations."""
    if not conversations:
        return {}
    system = SystemSettings.load()
    texts = {
        row.pk: effective_settings(channel=row.channel, queue=row.queue, system=system).contact_information.value
        for row in conversations
    }
    filled = shown_to_agents([row for row in conversations if EXTRA_DATA in texts[row.pk]])
    pairs = {
        pk: " · ".join(f"{datum.key}: {as_text(datum.value)}" for datum in data) or _("nothing attached")
        for pk, data in filled.items()
    }
    return {pk: text.replace(EXTRA_DATA, pairs.get(pk, "")) for pk, text in texts.items() if text}
