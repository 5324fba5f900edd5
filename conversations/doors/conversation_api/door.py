"""The Conversation API as a door."""

from __future__ import annotations

from django.urls import path
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from conversations.doors.conversation_api.apply import handle
from conversations.doors.conversation_api.callback import DOOR_NAME
from conversations.doors.conversation_api.receive import receive
from conversations.doors.registry import Door

TRIGGERS = {
    "MESSAGE_INBOUND": _("A customer's message"),
    "MESSAGE_INBOUND_SMART_CONVERSATION_REDACTION": _("A customer's message, redacted"),
    "MESSAGE_SUBMIT": _("An answer was handed to the channel"),
    "MESSAGE_DELIVERY": _("How far an answer got"),
    "EVENT_INBOUND": _("Something a customer did"),
    "EVENT_DELIVERY": _("How far an event got"),
    "CONVERSATION_START": _("A conversation began"),
    "CONVERSATION_STOP": _("A conversation ended"),
    "CONVERSATION_DELETE": _("A conversation was deleted"),
    "CONTACT_CREATE": _("A contact was made"),
    "CONTACT_DELETE": _("A contact was deleted"),
    "CONTACT_UPDATE": _("A contact was changed"),
    "CONTACT_MERGE": _("Two contacts were merged"),
    "CONTACT_IDENTITIES_DUPLICATION": _("Contacts that are one customer"),
    "CAPABILITY": _("What a channel can do for a customer"),
    "OPT_IN": _("A customer opted in"),
    "OPT_OUT": _("A customer opted out"),
    "CHANNEL_EVENT": _("Something happened to a channel"),
    "UNSUPPORTED": _("Something that the channel does not hand on"),
    "SMART_CONVERSATIONS": _("An analysis of a message"),
    "RECORD_NOTIFICATION": _("A recording"),
    "BATCH_STATUS_UPDATE": _("How far a batch got"),
}
"""The vendor's triggers, in words."""

DOOR = Door(
    DOOR_NAME,
    _("Conversation API"),
    handle,
    urls=[path("sms/sinchconversation/all", receive, name="conversation_api_callbacks")],
    triggers={name: format_lazy("{words} · {name}", words=words, name=name) for name, words in TRIGGERS.items()},
)
