"""What goes along with a call that is passed on: SIP headers out, and the agent's own pairs in."""

from __future__ import annotations

from channels_cfg.key_names import is_listed
from conversations.attached_data.settings import settings_of
from conversations.attached_data.visible import live_pairs
from conversations.doors.voice.sip_headers import headers_of
from conversations.models import Conversation


def sip_headers_of(conversation: Conversation) -> dict[str, str]:
    """The headers that go out with the call: the pairs of the outbound list, under the prefix of its channel."""
    prefix = conversation.channel.sip_header_prefix
    if not prefix or not conversation.is_active:
        return {}
    listed = settings_of(conversation).outbound_keys.value
    pairs = {key: value for key, value in live_pairs(conversation).items() if is_listed(key, listed)}
    return headers_of(pairs, prefix=prefix)
