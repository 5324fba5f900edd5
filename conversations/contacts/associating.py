"""A conversation is associated with the contact that its customer is, or no longer. Each is one transaction, on the
timeline and told to whoever reads."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from channels_cfg.models import User
from conversations.contacts.holding import held
from conversations.lifecycle.changes import WrongState, locked, save, tell
from conversations.models import (
    ACTIVE_STATES,
    Association,
    Contact,
    Conversation,
    Event,
    ExternalContact,
    State,
    tell_readers,
)

MAY_CHANGE = (*ACTIVE_STATES, State.WRAP_UP)
"""Until the conversation is handled, or left unaccepted: what is closed stays as it is."""


class OtherContact(Exception):
    """The conversation is associated with another contact, and the caller did not say that this is to change."""

    def __init__(self, contact_id: uuid.UUID) -> None:
        super().__init__(_("The conversation is associated with another contact already."))
        self.contact_id = contact_id


@transaction.atomic
def associate(
    conversation_id: uuid.UUID,
    contact_id: uuid.UUID,
    *,
    how: Association.How,
    by: User | None,
    now: datetime,
    replace: bool = True,
) -> Association:
    """The conversation's customer is this contact, or the one it was merged into. Said again, nothing changes.

    Raises ``ExternalContact.DoesNotExist``, ``WrongState`` once the conversation is over, and ``OtherContact`` where it
    has another one and ``replace`` is False.
    """
    contact = held(contact_id)  # first, as whoever merges contacts goes on to their conversations
    conversation = _changeable(conversation_id)
    before = Association.objects.filter(conversation=conversation).first()
    if before and before.contact_id == contact.pk and (how != Association.How.AGENT or before.how == how):
        return before
    if before and before.contact_id != contact.pk and not replace:
        raise OtherContact(before.contact_id)
    after = Association(conversation=conversation, contact=contact, how=how, by=by, at=now)
    after.save(force_insert=before is None, force_update=before is not None)
    _know_by(conversation, contact)
    detail: dict[str, Any] = {"contact": str(contact.pk), "how": how.value}
    if before and before.contact_id != contact.pk:
        detail["before"] = str(before.contact_id)
    tell(conversation, Event.Kind.ASSOCIATED, at=now, by=by, **detail)
    _tell_readers(conversation, now=now)
    return after


@transaction.atomic
def dissociate(conversation_id: uuid.UUID, *, how: Association.How, by: User | None, now: datetime) -> None:
    """Nobody knows any more who its customer is. Raises ``WrongState`` once the conversation is over."""
    conversation = _changeable(conversation_id)
    before = Association.objects.filter(conversation=conversation).first()
    if before is None:
        return
    before.delete()
    _forget(conversation, before.contact_id)
    tell(conversation, Event.Kind.DISSOCIATED, at=now, by=by, contact=str(before.contact_id), how=how.value)
    _tell_readers(conversation, now=now)


def _changeable(conversation_id: uuid.UUID) -> Conversation:
    conversation = locked(conversation_id)
    if conversation.state not in MAY_CHANGE:
        raise WrongState(conversation, *MAY_CHANGE)
    return conversation


def _tell_readers(conversation: Conversation, *, now: datetime) -> None:
    save(conversation)
    if not conversation.is_active:
        tell_readers((conversation.pk, now))


def _know_by(conversation: Conversation, contact: ExternalContact) -> None:
    """The messaging project's contact, whom the conversation is with, is an identity of this one from now on."""
    messaging_contact_of(conversation).update(external_contact=contact)


def _forget(conversation: Conversation, contact_id: uuid.UUID) -> None:
    """Unless another conversation says so, too."""
    identity = messaging_contact_of(conversation).filter(external_contact=contact_id)
    reference = conversation.reference
    if reference is None or reference.service is None or not identity.exists():
        return
    others = Association.objects.filter(
        contact=contact_id,
        conversation__reference__service__project_id=reference.service.project_id,
        conversation__reference__contact_external_id=reference.contact_external_id,
    )
    if not others.exists():
        identity.update(external_contact=None)


def messaging_contact_of(conversation: Conversation) -> QuerySet[Contact]:
    """The contact of its messaging project, as rows."""
    reference = conversation.reference
    if reference is None or not reference.contact_external_id or reference.service is None:
        return Contact.objects.none()
    return Contact.objects.filter(
        service__project_id=reference.service.project_id, external_id=reference.contact_external_id
    )
