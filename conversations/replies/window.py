"""What may be sent to the customer of a conversation at a moment, and what is possible instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels_cfg.messaging.messaging_channels import MessagingChannel, channel_of
from channels_cfg.models import User
from conversations.consents import has_opted_in, may_rely_on_consents
from conversations.models import Conversation, Message

LONGEST_TEXT = 10_000
"""Characters, where the channel is not known to take less."""


@dataclass(frozen=True)
class Sendable:
    """What may be sent; ``why`` says what is not possible and what is instead.

    ``properties`` are channel properties that have to come along; ``longest_text`` is in characters.
    """

    text: bool = False
    files: bool = False
    templates: bool = False
    why: str = ""
    longest_text: int = LONGEST_TEXT
    properties: Mapping[str, str] = field(default_factory=dict)

    def takes(self, content_type: str) -> bool:
        """Whether a message of this content may be sent."""
        return {"media_message": self.files, "template_message": self.templates}.get(content_type, self.text)

    @property
    def possible(self) -> list[str]:
        """What may be sent at this moment, in the words of the API."""
        return [what for what in ("text", "files", "templates") if getattr(self, what)]


def what_may_be_sent(conversation: Conversation, *, now: datetime, by: User | None = None) -> Sendable:
    """By the channel, by its window after the customer's last message (specification 002; the Conversation API's
    channel support), and by how the messaging service is set up. ``by`` is who would send it; the system, if None."""
    if conversation.is_web_chat:
        return Sendable(text=True, files=True, longest_text=channel_of(conversation.messaging_channel).longest_text)
    if why := _why_nothing(conversation):
        return Sendable(why=why)
    channel = channel_of(conversation.messaging_channel)
    longest = channel.longest_text or LONGEST_TEXT
    since = _since_the_customer_wrote(conversation, now) if channel.window else timedelta()
    if channel.window is None or (since is not None and since < channel.window):
        return Sendable(True, channel.rich_content, channel.templates, _why_no_files(channel), longest)
    if channel.longer_window and since is not None and since < channel.longer_window:
        return Sendable(True, channel.rich_content, channel.templates, "", longest, channel.longer_properties)
    if channel.templates and by and not may_rely_on_consents(by, conversation):
        return Sendable(why=f"{_closed(channel)} {_not_shown()}", longest_text=longest)
    opted_in = channel.templates and has_opted_in(conversation)
    return Sendable(templates=opted_in, why=_why_closed(channel, opted_in=opted_in), longest_text=longest)


def _why_nothing(conversation: Conversation) -> str:
    reference = conversation.reference
    if reference is None or reference.service is None:
        return _("This conversation did not come through a messaging service; the portal cannot answer in it.")
    if not conversation.messaging_channel or not (conversation.customer_address or reference.contact_external_id):
        return _("The customer's channel or address is not known yet.")
    if not reference.service.enabled:
        return _("The messaging service “%(service)s” is switched off.") % {"service": reference.service}
    if not reference.service.key_secret:
        return _("The messaging service “%(service)s” has no access key yet; an administrator enters it.") % {
            "service": reference.service
        }
    return ""


def _since_the_customer_wrote(conversation: Conversation, now: datetime) -> timedelta | None:
    said = Message.objects.filter(reference=conversation.reference, author=Message.Author.CUSTOMER)
    last = said.order_by("-sent_at").values_list("sent_at", flat=True).first()
    return now - last if last else None


def _why_no_files(channel: MessagingChannel) -> str:
    return "" if channel.rich_content else _("%(channel)s takes text only.") % {"channel": channel.label}


def _not_shown() -> str:
    return _(
        "Templates go to customers who opted in; you may not see who did. Whoever grants rights can grant you "
        "“View consents”."
    )


def _closed(channel: MessagingChannel) -> str:
    hours = int((channel.longer_window or channel.window or timedelta()).total_seconds() // 3600)
    return ngettext(
        "%(channel)s takes free text for %(hours)d hour after the customer's last message.",
        "%(channel)s takes free text for %(hours)d hours after the customer's last message.",
        hours,
    ) % {"channel": channel.label, "hours": hours}


def _why_closed(channel: MessagingChannel, *, opted_in: bool) -> str:
    if opted_in:
        instead = _("A template can be sent.")
    elif channel.templates:
        instead = _("Templates go to customers who opted in; this one has not. The customer has to write first.")
    else:
        instead = _("The customer has to write first.")
    return f"{_closed(channel)} {instead}"
