"""Pairs of a caller who is not to be turned away because of them: the good ones are attached."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from channels_cfg.models import Source, User
from conversations.attached_data.attach import attach_data
from conversations.models import Conversation
from conversations.pairs import RefusedPairs


def attach_good_pairs(
    conversation: Conversation, pairs: Mapping[str, str], *, at: datetime, by: User, overwrites: bool = True
) -> None:
    """Attach what SIP headers or an IVR carried, without those that break the rules of pairs."""
    left = dict(pairs)
    while left:
        try:
            attach_data(conversation, left, source=Source.CUSTOMER, at=at, by=by, overwrites=overwrites)
        except RefusedPairs as refused:
            good = {key: value for key, value in left.items() if key not in refused.complaints}
            left = good if len(good) < len(left) else {}
        else:
            return
