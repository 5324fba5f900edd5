"""Mail as a door."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from conversations.doors.mail.apply import handle
from conversations.doors.mail.reading import TOO_LARGE, WHOLE
from conversations.doors.registry import Door
from conversations.models import MAIL

DOOR = Door(
    MAIL,
    _("Mail"),
    handle,
    triggers={WHOLE: _("A mail"), TOO_LARGE: _("A mail that is too large: only its head was taken in")},
)
