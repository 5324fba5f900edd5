"""Who may see and change contacts."""

from __future__ import annotations

from channels_cfg.models import AccessRight, Right, User


def may_manage_contacts(user: User) -> bool:
    """Contacts are the centre's: whoever manages contacts anywhere manages them. Their conversations show only to who
    may view those."""
    return AccessRight.objects.held_by(user).filter(right=Right.MANAGE_CONTACTS).exists()
