"""The messaging channels of specification 002, and what each of them supports.

The product supports, per channel, what the specification says was verified; names on the wire, delivery states and
limits are those of the Conversation API (its documentation and SDKs). The list is open: a channel that is not here is
taken in all the same, and is shown by its name on the wire.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from channels_cfg.addresses import ADDRESS_DOMAIN

QUOTING = _("Agents' messages of the last 3 days")
PHONE = _("Phone number")
ID = _("ID")
REPORTED = ("DELIVERED", "READ", "FAILED")


@dataclass(frozen=True)
class MessagingChannel:
    """One channel. Every channel carries text, attached data (metadata), and the event that ends a conversation.

    ``wires`` are its names in the Conversation API, the usual one first; none where the API does not know it yet.
    ``address`` is its part of a queue's address. ``customer`` says what the customer is called by; ``quoting`` and
    ``consent`` are empty where there is none; ``states`` are those a sent message goes through.
    """

    label: str
    wires: tuple[str, ...]
    rich_content: bool = True
    urls: bool = True
    location: bool = False
    voice_message: bool = False
    quoting: str | Promise = ""
    customer: str | Promise = ID
    consent: str | Promise = ""
    states: tuple[str, ...] = ()
    note: str | Promise = ""

    @property
    def wire(self) -> str:
        return self.wires[0] if self.wires else ""

    @property
    def address(self) -> str:
        """``whatsapp`` of ``APP_ID@whatsapp.sinchconversation.com``."""
        return ADDRESS_OF_WIRE.get(self.wire, self.wire.lower())


ADDRESS_OF_WIRE = {"SINCH_CHAT": "nativechannel"}
"""Where a queue's address does not simply have the channel's name."""

MESSAGING_CHANNELS = (
    MessagingChannel(
        "WhatsApp",
        ("WHATSAPP",),
        location=True,
        voice_message=True,
        quoting=QUOTING,
        customer=_("Name, else phone number"),
        consent=_("Free text for 24 hours after the customer's last message; then templates, to who opted in"),
        states=REPORTED,
    ),
    MessagingChannel(
        "Facebook Messenger",
        ("MESSENGER",),
        urls=False,
        quoting=QUOTING,
        customer=_("Name, else ID"),
        consent=_("The customer begins; answers for 24 hours"),
        states=REPORTED,
    ),
    MessagingChannel(
        "SMS",
        ("SMS",),
        rich_content=False,
        urls=False,
        customer=PHONE,
        consent=_("A word such as STOP comes in as text"),
        states=("DELIVERED", "FAILED"),
    ),
    MessagingChannel(
        "Instagram",
        ("INSTAGRAM",),
        quoting=_("Agents' messages of the last 3 days; none that hold pictures, sound or files"),
        customer=_("Name, else ID"),
        consent=_("The customer begins; answers for 24 hours"),
        states=("DELIVERED", "READ"),
    ),
    MessagingChannel(
        "Telegram",
        ("TELEGRAM",),
        consent=_("Given and withdrawn by starting and stopping the bot"),
        states=("QUEUED_ON_CHANNEL", "FAILED"),
    ),
    MessagingChannel("Viber", ("VIBERBM",), customer=PHONE, states=REPORTED),
    MessagingChannel(
        "Viber Bot", ("VIBER",), consent=_("Given and withdrawn by subscribing to the bot"), states=REPORTED
    ),
    MessagingChannel("LINE", ("LINE",)),
    MessagingChannel(
        "Sinch Chat", ("SINCH_CHAT",), customer=_("Name, else e-mail address or ID"), states=("DELIVERED", "FAILED")
    ),
    MessagingChannel("WeChat", ("WECHAT",)),
    MessagingChannel(
        "MMS",
        ("MMS",),
        urls=False,
        customer=PHONE,
        states=("DELIVERED", "FAILED"),
        note=_(
            "A message without rich content comes as SMS from the Conversation API. Keeping it on MMS takes middleware."
        ),
    ),
    MessagingChannel(
        "XMS",
        (),
        urls=False,
        customer=PHONE,
        note=_(
            "Not yet supported by the Conversation API. In practice MMS; the channel stays the same whatever the "
            "message holds."
        ),
    ),
    MessagingChannel("KakaoTalk", ("KAKAOTALK", "KAKAOTALKCHAT")),
    MessagingChannel("RCS", ("RCS",), customer=PHONE, states=REPORTED),
)

_LABELS = {wire: channel.label for channel in MESSAGING_CHANNELS for wire in channel.wires}


def label_of(wire: str) -> str:
    """``WhatsApp`` for ``WHATSAPP``; a channel that is not known keeps its name on the wire."""
    return _LABELS.get(wire, wire)


def queue_address(app_id: str, channel: MessagingChannel) -> str:
    """Where customers of the app on this channel reach a queue (specification 002; the app ID in capitals)."""
    return f"{app_id.upper()}@{channel.address}.{ADDRESS_DOMAIN}"
