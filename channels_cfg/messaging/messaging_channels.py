"""The messaging channels of specification 002, and what each of them supports.

The product supports, per channel, what the specification says was verified; names on the wire, delivery states and
limits are those of the Conversation API (its documentation and SDKs). The list is open: a channel that is not here is
taken in all the same, and is shown by its name on the wire.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from channels_cfg.addresses import ADDRESS_DOMAIN
from channels_cfg.models import WEB_CHAT

QUOTED_FOR = timedelta(days=3)
"""How old a message may be when a customer quotes it (specification 002, Message quoting)."""

PHONE = _("Phone number")
ID = _("ID")
A_DAY = timedelta(hours=24)
A_WEEK = timedelta(days=7)
REPORTED = ("DELIVERED", "READ", "FAILED")


@dataclass(frozen=True)
class MessagingChannel:
    """One channel. Every channel carries text, attached data (metadata), and the event that ends a conversation.

    ``wires`` are its names in the Conversation API, the usual one first; none where the API does not know it yet.
    ``address`` is its part of a queue's address. ``customer`` says what the customer is called by; ``consent`` is empty
    where there is none; ``states`` are those a sent message goes through. ``quotes``: customers quote agents' messages,
    with ``quotes_media`` also those with a file. ``largest_files`` are megabytes by kind of file, where the channel has
    a limit of its own; of the kinds in ``file_types`` it takes only these types.

    Of replies: ``window`` is how long after the customer's last message one may be free text (None: always),
    ``longer_window`` how long where it goes with the channel properties ``longer_properties``, and ``templates`` says
    whether templates go out afterwards, to who opted in. ``longest_text`` is in characters, 0 where no limit is known.
    ``app_scoped``: a customer's identity counts in one app only.
    """

    label: str | Promise
    wires: tuple[str, ...]
    rich_content: bool = True
    urls: bool = True
    location: bool = False
    voice_message: bool = False
    quotes: bool = False
    quotes_media: bool = True
    largest_files: Mapping[str, int] = field(default_factory=dict)
    file_types: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    customer: str | Promise = ID
    consent: str | Promise = ""
    states: tuple[str, ...] = ()
    note: str | Promise = ""
    window: timedelta | None = None
    longer_window: timedelta | None = None
    longer_properties: Mapping[str, str] = field(default_factory=dict)
    templates: bool = False
    longest_text: int = 0
    app_scoped: bool = False

    @property
    def wire(self) -> str:
        return self.wires[0] if self.wires else ""

    @property
    def quoting(self) -> str:
        """In words; empty where customers cannot quote."""
        if not self.quotes:
            return ""
        words = _("Agents' messages of the last %(days)d days")
        if not self.quotes_media:
            words = _("Agents' messages of the last %(days)d days; none that hold pictures, sound or files")
        return words % {"days": QUOTED_FOR.days}

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
        quotes=True,
        largest_files={"image": 5, "audio": 16, "video": 16, "document": 100},
        file_types={
            "image": ("image/jpeg", "image/png"),
            "audio": ("audio/aac", "audio/mp4", "audio/amr", "audio/mpeg", "audio/ogg"),
            "video": ("video/mp4", "video/3gpp"),
        },
        customer=_("Name, else phone number"),
        consent=_("Free text for 24 hours after the customer's last message; then templates, to who opted in"),
        states=REPORTED,
        window=A_DAY,
        templates=True,
        longest_text=4096,
    ),
    MessagingChannel(
        "Facebook Messenger",
        ("MESSENGER",),
        urls=False,
        quotes=True,
        customer=_("Name, else ID"),
        consent=_("The customer begins; answers for 24 hours"),
        states=REPORTED,
        window=A_DAY,
        longest_text=2000,
        app_scoped=True,
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
        quotes=True,
        quotes_media=False,
        largest_files={"image": 8},
        file_types={"image": ("image/jpeg", "image/png", "image/x-icon", "image/bmp")},
        customer=_("Name, else ID"),
        consent=_("The customer begins; answers for 24 hours, of an agent for 7 days"),
        states=("DELIVERED", "READ"),
        window=A_DAY,
        longer_window=A_WEEK,
        longer_properties={"INSTAGRAM_MESSAGE_TAG": "HUMAN_AGENT"},
        longest_text=1000,
        app_scoped=True,
    ),
    MessagingChannel(
        "Telegram",
        ("TELEGRAM",),
        consent=_("Given and withdrawn by starting and stopping the bot"),
        states=("QUEUED_ON_CHANNEL", "FAILED"),
        longest_text=4096,
        app_scoped=True,
    ),
    MessagingChannel("Viber", ("VIBERBM",), customer=PHONE, states=REPORTED, longest_text=1000),
    MessagingChannel(
        "Viber Bot",
        ("VIBER",),
        consent=_("Given and withdrawn by subscribing to the bot"),
        states=REPORTED,
        app_scoped=True,
    ),
    MessagingChannel("LINE", ("LINE",), longest_text=5000, app_scoped=True),
    MessagingChannel(
        "Sinch Chat", ("SINCH_CHAT",), customer=_("Name, else e-mail address or ID"), states=("DELIVERED", "FAILED")
    ),
    MessagingChannel("WeChat", ("WECHAT",), app_scoped=True),
    MessagingChannel(
        "MMS",
        ("MMS",),
        urls=False,
        largest_files=dict.fromkeys(("image", "audio", "video", "document"), 1),
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
    MessagingChannel("RCS", ("RCS",), customer=PHONE, states=REPORTED, longest_text=3072),
)

OWN_CHANNEL = MessagingChannel(
    _("Web chat"), (WEB_CHAT,), customer=_("Name, else e-mail address"), states=("DELIVERED", "READ"), longest_text=4000
)
"""The portal's own, which the Conversation API does not know."""

_CHANNELS = {wire: channel for channel in (*MESSAGING_CHANNELS, OWN_CHANNEL) for wire in channel.wires}


def channel_of(wire: str) -> MessagingChannel:
    """The channel of this name on the wire. Of one that is not known, text alone is known to reach the customer."""
    return _CHANNELS.get(wire) or MessagingChannel(wire, (wire,), rich_content=False)


def label_of(wire: str) -> str:
    """``WhatsApp`` for ``WHATSAPP``; a channel that is not known keeps its name on the wire."""
    return str(channel_of(wire).label)


def queue_address(app_id: str, channel: MessagingChannel) -> str:
    """Where customers of the app on this channel reach a queue (specification 002; the app ID in capitals)."""
    return f"{app_id.upper()}@{channel.address}.{ADDRESS_DOMAIN}"
