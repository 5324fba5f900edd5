"""The words of web chat, in the language of the visitor's browser."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation.trans_real import parse_accept_lang_header

TRANSLATED = ("de", "fi", "sv")
"""Languages into which all that visitors read is translated, in ``locale`` beside this file; pages offer others."""


def language_of(accepted: str) -> str:
    """The language to speak to a browser that sends this as ``Accept-Language``: the first that is spoken here."""
    own = settings.LANGUAGE_CODE.partition("-")[0]
    for wanted, _priority in parse_accept_lang_header(accepted.lower()):
        language = wanted.partition("-")[0]
        if language == own:
            break
        if language in TRANSLATED:
            return language
    return settings.LANGUAGE_CODE


def is_portals_own() -> bool:
    """Whether the portal's own language is spoken, in which settings and their rules are worded."""
    return get_language() in (None, settings.LANGUAGE_CODE)


def texts() -> dict[str, str]:
    """By the names that ``widget.js`` knows; words in braces are filled in there."""
    return {
        "open": _("Chat with us"),
        "close": _("Close the chat"),
        "minimise": _("Minimise the chat"),
        "title": _("Chat"),
        "intro": _("We will be with you in a moment. Before we start:"),
        "begin": _("Start the chat"),
        "optional": _("optional"),
        "choose": _("Please choose"),
        "required": _("Please fill this in."),
        "wrong": _("Please check this."),
        "waiting": _("You are in the queue. An agent will be with you soon."),
        "connected": _("You are talking to {agent}."),
        "typing": _("{agent} is typing"),
        "over_by_agent": _("{agent} has ended the chat."),
        "over_by_visitor": _("You have left the chat."),
        "over": _("The chat has ended."),
        "again": _("Start a new chat"),
        "message": _("Your message"),
        "send": _("Send"),
        "leave": _("End chat"),
        "really_leave": _("End this chat?"),
        "stay": _("Go on chatting"),
        "you": _("You"),
        "agent": _("Agent"),
        "sending": _("Sending"),
        "not_sent": _("Not sent yet. It is tried again."),
        "refused": _("Not sent: {why}"),
        "lost": _("Connection lost. We keep trying; nothing you write is lost."),
        "failed": _("The chat cannot be reached at the moment. Please try again."),
        "try_again": _("Try again"),
        "messages": _("Messages"),
        "file": _("File {name}, opens in a new tab"),
        "unread": _("{count} new messages"),
        "contact": _("Contact us"),
        "hint": _("Enter sends, Shift+Enter begins a new line."),
        "beginning": _("Starting the chat"),
    }
