"""Notes about contacts."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction

from channels_cfg.models import User
from conversations.contacts.holding import held
from conversations.models import ContactNote
from conversations.storable import storable


@transaction.atomic
def add(contact_id: uuid.UUID, text: str, *, by: User, now: datetime) -> ContactNote:
    """Raises ``ValidationError`` for an empty or endless one."""
    note = ContactNote(contact=held(contact_id), author=by, created_at=now)
    return change(note, text, now=now)


def change(note: ContactNote, text: str, *, now: datetime) -> ContactNote:
    """Raises ``ValidationError``."""
    note.text, note.modified_at = storable(text).strip(), now
    note.full_clean(exclude=["contact", "author"])
    note.save()
    return note
