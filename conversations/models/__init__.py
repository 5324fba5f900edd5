"""What happens, as rows."""

from conversations.models.contact import Contact
from conversations.models.conversation import (
    ACTIVE_STATES,
    ENDED_STATES,
    POSTABLE_STATES,
    Conversation,
    State,
    direct_agents,
)
from conversations.models.conversation_news import ConversationNews, tell_readers
from conversations.models.event import Event
from conversations.models.external_reference import ExternalReference
from conversations.models.idempotent_answer import IdempotentAnswer
from conversations.models.inbound_delivery import InboundDelivery
from conversations.models.job import Job, JobQuerySet
from conversations.models.key_usage import EndedCount, KeyObservation, KeyUsage, SeenKey, ValueType
from conversations.models.leg import Communication, Hold, Leg
from conversations.models.live_data import LiveDatum
from conversations.models.message import DeliveryStatus, Message
from conversations.models.refused_callbacks import RefusedCallbacks
from conversations.models.reportable_change import ReportableChange
from conversations.pii_detectors import Hit

__all__ = [
    "ACTIVE_STATES",
    "ENDED_STATES",
    "POSTABLE_STATES",
    "Communication",
    "Contact",
    "Conversation",
    "ConversationNews",
    "DeliveryStatus",
    "EndedCount",
    "Event",
    "ExternalReference",
    "Hit",
    "Hold",
    "IdempotentAnswer",
    "InboundDelivery",
    "Job",
    "JobQuerySet",
    "KeyObservation",
    "KeyUsage",
    "Leg",
    "LiveDatum",
    "Message",
    "RefusedCallbacks",
    "ReportableChange",
    "SeenKey",
    "State",
    "ValueType",
    "direct_agents",
    "tell_readers",
]
