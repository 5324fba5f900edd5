"""What keeps strangers from filling the centre: so many chats from one address, so many messages a minute."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from conversations.models import Conversation, Message, VisitorPresence

STARTS_COUNTED = timedelta(minutes=10)
MESSAGES_COUNTED = timedelta(minutes=1)


class TooMany(Exception):
    """Says what to do; ``after`` is how many seconds to wait."""

    def __init__(self, words: str, *, after: timedelta) -> None:
        super().__init__(words)
        self.after = int(after.total_seconds())


def digest_of_address(address: str | None) -> str:
    """By which chats of one address are counted, and nobody learns the address."""
    return salted_hmac("conversations.web_chat.address", address or "", algorithm="sha256").hexdigest()


def check_start(address_digest: str, origin: str, *, now: datetime) -> None:
    """Whether one more chat may begin. Raises ``TooMany``."""
    here = VisitorPresence.objects.filter(address_digest=address_digest)
    if here.of_open_chats().count() >= settings.VISITOR_OPEN_CHATS:
        raise TooMany(_("Too many chats are open from here. Close one first."), after=MESSAGES_COUNTED)
    recent = here.filter(origin=origin, started_at__gt=now - STARTS_COUNTED)
    if recent.count() >= settings.VISITOR_STARTS:
        raise TooMany(_("Too many chats were opened from here. Please try again later."), after=STARTS_COUNTED)


def check_message(conversation: Conversation, *, now: datetime) -> None:
    """Whether the visitor may write one more message now. Raises ``TooMany``."""
    said = Message.objects.filter(
        conversation=conversation, author=Message.Author.CUSTOMER, sent_at__gt=now - MESSAGES_COUNTED
    )
    if said.count() >= settings.VISITOR_MESSAGES:
        raise TooMany(_("Too many messages at once. Please wait a moment."), after=MESSAGES_COUNTED / 4)
