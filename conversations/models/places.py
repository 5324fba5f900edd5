"""Where conversations are, as rights have it: in queues, with agents, in the IVRs of channels."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q

from channels_cfg.models import AccessRight, Right, User
from conversations.models.conversation_state import ENDED_IN_IVR


def in_places(queues: Iterable[tuple[int, int]], agents: Iterable[int]) -> Q:
    """What is of these queues, each with its channel; of these agents, where it is direct; and of those channels, where
    it ended in the IVR."""
    places = list(queues)
    channels = sorted({channel for _queue, channel in places})
    return (
        Q(queue__in=[queue for queue, _channel in places])
        | Q(queue=None, agent__in=agents)
        | ENDED_IN_IVR & Q(channel__in=channels)
    )


def direct_agents(right: Right, user: User) -> Iterable[int]:
    """The agents whose direct conversations the user holds the right on."""
    groups = AccessRight.objects.held_by(user).filter(right=right, direct_conversations_of__isnull=False)
    return list(User.objects.filter(groups__in=groups.values("direct_conversations_of")).values_list("pk", flat=True))
