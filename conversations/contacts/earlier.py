"""What a contact had to do with the centre before."""

from __future__ import annotations

from channels_cfg.models import Right, User
from conversations.models import Conversation, ExternalContact


def earlier_conversations(
    viewer: User, contact: ExternalContact, but: Conversation | None = None, *, most: int
) -> list[Conversation]:
    """The contact's conversations, the newest first, that the viewer may view; of the others nothing is told, not even
    how many there are."""
    seen = Conversation.objects.granting(Right.VIEW_HISTORY, to=viewer).filter(association__contact=contact)
    others = seen.exclude(pk=but.pk) if but else seen
    return list(others.with_places().newest_first()[:most])
