"""The Conversation API as a door."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from conversations.doors.conversation_api.apply import handle
from conversations.doors.conversation_api.callback import DOOR_NAME
from conversations.doors.conversation_api.payloads import TRIGGERS
from conversations.doors.conversation_api.receive import receive
from conversations.doors.registry import Door

DOOR = Door(
    DOOR_NAME,
    _("Conversation API"),
    handle,
    urls=[path("sms/sinchconversation/all", receive, name="conversation_api_callbacks")],
    triggers=frozenset(TRIGGERS.values()),
)
