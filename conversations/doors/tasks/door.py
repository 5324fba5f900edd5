"""Tasks as a door: how one that was accepted is applied."""

from __future__ import annotations

import json

from django.utils.translation import gettext_lazy as _

from conversations import lifecycle
from conversations.doors.registry import Door
from conversations.models import TASKS, InboundDelivery, Task


def handle(delivery: InboundDelivery) -> tuple[str, list[str]]:
    """Make the conversation of it, which waits in its queue since it was accepted."""
    assert delivery.conversation_id and delivery.queue and delivery.sender_id  # given when it was accepted
    arriving = lifecycle.ArrivingTask(
        kind=delivery.trigger,
        channel_id=delivery.queue.channel_id,
        queue_id=delivery.queue.pk,
        **json.loads(bytes(delivery.body or b"")),
    )
    lifecycle.take_in(arriving, pk=delivery.conversation_id, by_id=delivery.sender_id, now=delivery.received_at)
    return InboundDelivery.State.APPLIED, []


DOOR = Door(TASKS, _("Task interface"), handle, triggers=dict(Task.TaskKind.choices))
