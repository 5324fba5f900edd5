"""Who the customer of the open conversation is: the contact it is associated with, or whom it may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from channels_cfg.models import User
from conversations.contacts.associating import MAY_CHANGE
from conversations.contacts.earlier import earlier_conversations
from conversations.contacts.recognising import candidates
from conversations.models import Association, ContactNote, Conversation, ExternalContact

MOST_EARLIER = 5
MOST_NOTES = 3


@dataclass(frozen=True)
class ContactCard:
    """``earlier`` are conversations of the contact that the agent may view, the newest first; ``candidates`` are there
    while nobody is associated."""

    association: Association | None
    may_change: bool
    earlier: Sequence[Conversation] = field(default_factory=list)
    notes: Sequence[ContactNote] = field(default_factory=list)
    candidates: Sequence[ExternalContact] = field(default_factory=list)

    @property
    def contact(self) -> ExternalContact | None:
        return self.association.contact if self.association else None


def may_change_contact(agent: User, conversation: Conversation) -> bool:
    """Whoever serves it, until it is handled."""
    return conversation.agent_id == agent.pk and conversation.state in MAY_CHANGE


def contact_card(agent: User, conversation: Conversation) -> ContactCard:
    may_change = may_change_contact(agent, conversation)
    associated = Association.objects.select_related("contact", "by").prefetch_related("contact__identifiers")
    association = associated.filter(conversation=conversation).first()
    if association is None:
        return ContactCard(None, may_change, candidates=candidates(conversation) if may_change else [])
    notes = association.contact.notes.select_related("author")[:MOST_NOTES]
    earlier = earlier_conversations(agent, association.contact, conversation, most=MOST_EARLIER)
    return ContactCard(association, may_change, earlier, list(notes))
