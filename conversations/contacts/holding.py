"""The contact that an id leads to."""

from __future__ import annotations

import uuid

from conversations.models import ExternalContact


def contact_of(contact_id: uuid.UUID) -> ExternalContact:
    """The contact of this id, or the one it was merged into. Raises ``ExternalContact.DoesNotExist``."""
    contact = ExternalContact.objects.select_related("merged_into").get(pk=contact_id)
    return contact.merged_into or contact


def held(contact_id: uuid.UUID) -> ExternalContact:
    """The same, held until the transaction ends: nobody merges, changes or deletes it meanwhile."""
    contact = ExternalContact.objects.select_for_update().get(pk=contact_id)
    return held(contact.merged_into_id) if contact.merged_into_id else contact
