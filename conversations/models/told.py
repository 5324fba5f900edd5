"""Triggers that tell, with the commit, whom a written row concerns: so every writer is heard, whoever it is.

A notification holds ids alone. PostgreSQL tells the same one of a transaction once.
"""

from __future__ import annotations

import pgtrigger

from conversations.topics import CHANNEL

OFF_DESK = "('handled', 'abandoned', 'false_attempt')"


def tells(topics: str) -> pgtrigger.Trigger:
    """``topics`` is a SELECT of one text, in which NEW and OLD may be NULL; where it gives none, nobody is told."""
    return pgtrigger.Trigger(
        name="tells_desks",
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        when=pgtrigger.After,
        declare=[("topics", "text")],
        func=f"""
            topics := ({topics});
            IF topics <> '' THEN
                PERFORM pg_notify('{CHANNEL}', topics);
            END IF;
            RETURN NULL;
        """,
    )


OF_CONVERSATION = tells(
    f"""
    SELECT concat_ws(' ', 'conversation:' || coalesce(NEW.id, OLD.id), 'agent:' || NEW.agent_id,
                     'agent:' || OLD.agent_id,
                     CASE WHEN (NEW.state, NEW.queue_id, NEW.customer_name)
                               IS DISTINCT FROM (OLD.state, OLD.queue_id, OLD.customer_name)
                           AND 'queued' IN (coalesce(NEW.state, ''), coalesce(OLD.state, ''))
                          THEN concat_ws(' ', 'queue:' || NEW.queue_id, 'queue:' || OLD.queue_id) END)
     WHERE coalesce(NEW.state, OLD.state) NOT IN {OFF_DESK} OR coalesce(OLD.state, NEW.state) NOT IN {OFF_DESK}
    """
)

OF_MESSAGE = tells(
    f"""
    SELECT concat_ws(' ', 'conversation:' || id, 'agent:' || agent_id)
      FROM conversations_conversation
     WHERE id = coalesce(NEW.conversation_id, OLD.conversation_id) AND state NOT IN {OFF_DESK}
    """
)

OF_MEDIA_FETCH = tells(
    """
    SELECT 'conversation:' || conversation_id
      FROM conversations_message
     WHERE id = coalesce(NEW.message_id, OLD.message_id) AND NEW.state IS DISTINCT FROM OLD.state
    """
)

OF_DELIVERY_STATUS = tells(
    """
    SELECT string_agg('conversation:' || message.conversation_id, ' ')
      FROM conversations_message message
      JOIN conversations_externalreference reference ON reference.id = message.reference_id
     WHERE message.external_id = NEW.message_external_id AND message.external_id <> '' AND message.author = 'agent'
       AND reference.service_id = NEW.service_id
    """
)

OF_OUTBOUND_MESSAGE = tells(
    """
    SELECT 'conversation:' || conversation_id
      FROM conversations_message
     WHERE id = NEW.message_id
       AND (NEW.state, NEW.reason, NEW.posting_since) IS DISTINCT FROM (OLD.state, OLD.reason, OLD.posting_since)
    """
)

SAID_BY_CUSTOMER = r"""
    consent.service_id = reference.service_id
    AND consent.channel = conversation.messaging_channel
    AND (consent.contact_external_id <> '' AND consent.contact_external_id = reference.contact_external_id
         OR consent.address <> '' AND consent.address
            IN (conversation.customer_address, regexp_replace(conversation.customer_address, '\D', '', 'g')))
"""
"""Whether a consent is of a conversation's customer, as ``conversations/consents.py`` looks it up."""

OF_CONSENT = tells(
    f"""
    SELECT string_agg('conversation:' || conversation.id, ' ')
      FROM conversations_conversation conversation
      JOIN conversations_externalreference reference ON reference.id = conversation.reference_id
     WHERE conversation.state = 'accepted' AND {SAID_BY_CUSTOMER.replace("consent.", "NEW.")}
    """
)

OF_CUSTOMER_TYPING = tells(
    """
    SELECT string_agg('conversation:' || id, ' ')
      FROM conversations_conversation
     WHERE reference_id = coalesce(NEW.reference_id, OLD.reference_id) AND state = 'accepted'
       AND NEW.until IS DISTINCT FROM OLD.until
    """
)

OF_INTEGRATION_RUN = tells(
    """
    SELECT 'conversation:' || NEW.conversation_id
     WHERE (NEW.state, NEW.outcome) IS DISTINCT FROM (OLD.state, OLD.outcome)
    """
)

OF_LIVE_DATUM = tells("SELECT 'conversation:' || coalesce(NEW.conversation_id, OLD.conversation_id)")

OF_LEG = tells(
    """
    SELECT concat_ws(' ', 'agent:' || coalesce(NEW.agent_id, OLD.agent_id),
                     'queue:' || coalesce(NEW.queue_id, OLD.queue_id))
     WHERE coalesce(NEW.entry, OLD.entry) IN ('consultation', 'conference')
    """
)

OF_PRESENCE = tells(
    """
    SELECT 'agent:' || NEW.agent_id WHERE (NEW.status, NEW.reason_id) IS DISTINCT FROM (OLD.status, OLD.reason_id)
    """
)

OF_VISITOR = tells(
    """
    SELECT 'conversation:' || NEW.conversation_id
     WHERE (NEW.delivered_to, NEW.read_to, NEW.visitor_typing_until, NEW.agent_typing_until)
           IS DISTINCT FROM (OLD.delivered_to, OLD.read_to, OLD.visitor_typing_until, OLD.agent_typing_until)
    """
)
