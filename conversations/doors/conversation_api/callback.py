"""A callback on its way into the database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from channels_cfg.models import MessagingService
from conversations.doors.conversation_api import payloads
from conversations.doors.deliveries import add_note
from conversations.models import InboundDelivery
from conversations.replies.ours import is_mark

APPLIED = InboundDelivery.State.APPLIED
IGNORED = InboundDelivery.State.IGNORED


DOOR_NAME = "conversation_api"


@dataclass(frozen=True)
class Callback:
    """What was sent, for which service, and what to tell about it in the delivery log."""

    service: MessagingService
    data: dict[str, Any]
    received_at: datetime
    notes: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The key that tells the trigger, such as ``message``; the first in the table where there are several."""
        return next((key for key in payloads.TRIGGERS if key in self.data), "")

    @property
    def news(self) -> dict[str, Any]:
        """What is under that key; empty where it is no object."""
        return payloads.part(self.data, self.key)

    @property
    def app_id(self) -> str:
        return payloads.text(self.data, "app_id") or self.service.app_id

    def note(self, words: str) -> None:
        """Tell something in the delivery log; never a value."""
        add_note(self.notes, words)

    def happened_at(self, told: datetime | None = None) -> datetime:
        """When it happened by the sender's word, else when it reached us; never later than that."""
        told = told or payloads.moment(self.data, "accepted_time") or payloads.moment(self.data, "event_time")
        return min(told, self.received_at) if told else self.received_at

    def note_ignored_metadata(self, *fields: Any) -> None:
        """Only messages of the customer carry attached data (rule 9)."""
        if any(found and not is_mark(found) for found in (*fields, self.data.get("message_metadata"))):
            self.note(_("Its metadata was not attached: only messages from the customer carry attached data."))
