"""Which queue a conversation waits in, by the address it was sent to."""

from __future__ import annotations

from django.db.models.functions import Lower

from channels_cfg.models import Queue, QueueAddress


class WrongKind(ValueError):
    """The queue with this address belongs to a channel of another kind."""


def queue_with_address(address: str, *, kind: str) -> Queue | None:
    """The queue that has this address, whatever the case; None where none has it. Raises ``WrongKind``."""
    found = (
        QueueAddress.objects.alias(written=Lower("address"))
        .filter(written=address.lower())
        .select_related("queue__channel")
        .first()
    )
    if found and found.queue.channel.kind != kind:
        raise WrongKind
    return found.queue if found else None
