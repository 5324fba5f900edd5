"""The channels of specification 002 are all there, by name and by what they support."""

import pytest

from channels_cfg.messaging.messaging_channels import MESSAGING_CHANNELS, label_of, queue_address

BY_LABEL = {channel.label: channel for channel in MESSAGING_CHANNELS}


def test_every_channel_of_the_specification_is_there_once():
    assert [channel.label for channel in MESSAGING_CHANNELS] == [
        "WhatsApp",
        "Facebook Messenger",
        "SMS",
        "Instagram",
        "Telegram",
        "Viber",
        "Viber Bot",
        "LINE",
        "Sinch Chat",
        "WeChat",
        "MMS",
        "XMS",
        "KakaoTalk",
        "RCS",
    ]
    wires = [wire for channel in MESSAGING_CHANNELS for wire in channel.wires]
    assert len(wires) == len(set(wires))


def test_each_supports_what_the_specification_says():
    def labels(**wanted: object) -> set[str]:
        return {c.label for c in MESSAGING_CHANNELS if all(getattr(c, name) == value for name, value in wanted.items())}

    assert labels(location=True) == labels(voice_message=True) == {"WhatsApp"}
    assert labels(rich_content=False) == {"SMS"}
    assert labels(urls=False) == {"Facebook Messenger", "SMS", "MMS", "XMS"}
    assert labels(quotes=True) == set(BY_LABEL) - labels(quoting="") == {"WhatsApp", "Facebook Messenger", "Instagram"}
    assert labels(quotes_media=False) == {"Instagram"}


@pytest.mark.parametrize(
    ("wire", "label"), [("WHATSAPP", "WhatsApp"), ("KAKAOTALKCHAT", "KakaoTalk"), ("APPLEBC", "APPLEBC"), ("", "")]
)
def test_a_channel_is_called_by_its_name_and_an_unknown_one_as_it_calls_itself(wire: str, label: str):
    assert label_of(wire) == label


def test_the_address_of_a_queue_has_the_app_and_the_channel():
    assert queue_address("01abc", BY_LABEL["WhatsApp"]) == "01ABC@whatsapp.sinchconversation.com"
    assert queue_address("01abc", BY_LABEL["Sinch Chat"]) == "01ABC@nativechannel.sinchconversation.com"
