"""What happens, as rows."""

from conversations.models.association import Association
from conversations.models.attachment import Attachment, MediaFetch
from conversations.models.consent import Consent
from conversations.models.contact import Contact
from conversations.models.contact_note import ContactNote
from conversations.models.conversation import Conversation
from conversations.models.conversation_news import ConversationNews, tell_readers
from conversations.models.conversation_state import (
    ACTIVE_STATES,
    BUSY_STATES,
    ENDED_STATES,
    POSTABLE_STATES,
    UNACCEPTED_ENDS,
    State,
)
from conversations.models.customer_typing import CustomerTyping
from conversations.models.draft import Draft
from conversations.models.event import Event, note_event
from conversations.models.external_contact import EMAIL_SLOTS, PHONE_SLOTS, ContactIdentifier, ExternalContact
from conversations.models.external_reference import MAIL, ExternalReference
from conversations.models.idempotent_answer import IdempotentAnswer
from conversations.models.inbound_delivery import TASKS, InboundDelivery
from conversations.models.integration_run import DebugWindow, EndpointState, IntegrationRun
from conversations.models.ivr_run import IvrRun
from conversations.models.key_usage import EndedCount, KeyObservation, KeyUsage, SeenKey, ValueType
from conversations.models.leg import Communication, Hold, Leg
from conversations.models.live_data import LiveDatum
from conversations.models.mail_reading import MailReading
from conversations.models.message import DeliveryStatus, Message
from conversations.models.outbound_message import OutboundMessage
from conversations.models.places import direct_agents
from conversations.models.presence import AgentPresence, PresenceChange
from conversations.models.refused_callbacks import RefusedCallbacks
from conversations.models.reportable_change import ReportableChange
from conversations.models.sending_pause import SendingPause
from conversations.models.session import Session
from conversations.models.session_metadata_change import SessionMetadataChange
from conversations.models.task import XRI_BODY, Task
from conversations.models.visitor_presence import TYPING_LASTS, VisitorPresence
from conversations.pii_detectors import Hit

__all__ = [
    "ACTIVE_STATES",
    "BUSY_STATES",
    "EMAIL_SLOTS",
    "ENDED_STATES",
    "MAIL",
    "PHONE_SLOTS",
    "POSTABLE_STATES",
    "TASKS",
    "TYPING_LASTS",
    "UNACCEPTED_ENDS",
    "XRI_BODY",
    "AgentPresence",
    "Association",
    "Attachment",
    "Communication",
    "Consent",
    "Contact",
    "ContactIdentifier",
    "ContactNote",
    "Conversation",
    "ConversationNews",
    "CustomerTyping",
    "DebugWindow",
    "DeliveryStatus",
    "Draft",
    "EndedCount",
    "EndpointState",
    "Event",
    "ExternalContact",
    "ExternalReference",
    "Hit",
    "Hold",
    "IdempotentAnswer",
    "InboundDelivery",
    "IntegrationRun",
    "IvrRun",
    "KeyObservation",
    "KeyUsage",
    "Leg",
    "LiveDatum",
    "MailReading",
    "MediaFetch",
    "Message",
    "OutboundMessage",
    "PresenceChange",
    "RefusedCallbacks",
    "ReportableChange",
    "SeenKey",
    "SendingPause",
    "Session",
    "SessionMetadataChange",
    "State",
    "Task",
    "ValueType",
    "VisitorPresence",
    "direct_agents",
    "note_event",
    "tell_readers",
]
