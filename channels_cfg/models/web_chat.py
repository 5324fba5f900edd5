"""Web chat, which chat channels have: whose pages may open one, and what a visitor is asked before."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_cfg.addresses import is_own_host
from channels_cfg.models.extra_data import KeyListField
from channels_cfg.models.rules import refuse
from channels_cfg.models.tidied import TidiedArrayField

WEB_CHAT = "WEB_CHAT"
"""The messaging channel of a conversation that came from a web page."""

VISITOR_NAME, VISITOR_EMAIL = "name", "email"
"""The keys that are attached by themselves (rule 8 of the domain)."""

LONGEST_ORIGIN = 200
LONGEST_ABSENCE = 24 * 60

_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
_EXAMPLE = "https://shop.example.com"


def tidied_origins(origins: list[str]) -> list[str]:
    """As browsers write them: in lower case, without a slash at the end or the usual port; each once."""
    return list(dict.fromkeys(tidied for origin in origins if (tidied := _tidied_origin(origin))))


def _tidied_origin(origin: str) -> str:
    tidied = origin.strip().lower().rstrip("/")
    scheme, _colon, _rest = tidied.partition(":")
    usual_port = {"https": ":443", "http": ":80"}.get(scheme, "")
    return tidied.removesuffix(usual_port) if usual_port else tidied


def check_origins(origins: list[str]) -> None:
    for number, origin in enumerate(origins, start=1):
        if complaint := _problem_with(origin):
            raise ValidationError(
                gettext("Item %(number)d, “%(origin)s”: %(complaint)s")
                % {"number": number, "origin": origin, "complaint": complaint}
            )


def _problem_with(origin: str) -> str:
    try:
        parts = urlsplit(origin)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    is_bare = bool(host) and origin == f"{parts.scheme}://{parts.netloc}" and not re.search(r"[^!-~]|[@*\\]", origin)
    if not is_bare:
        return gettext("An origin is a scheme, a host and perhaps a port, without a path. Example: %(example)s") % {
            "example": _EXAMPLE
        }
    if parts.scheme != "https" and not (parts.scheme == "http" and (host in _THIS_MACHINE or is_own_host(host))):
        return gettext("It begins with https://; http:// is for this machine and hosts in OUTGOING_OWN_HOSTS.")
    return ""


VISITORS_ARE_GONE_AFTER_A_MINUTE = models.CheckConstraint(
    condition=models.Q(visitor_gone_minutes__gte=1),
    name="a_visitor_is_gone_after_1_minute_or_later",
    violation_error_message=_("At least 1 minute."),
)


class Asked(models.TextChoices):
    """Whether a visitor is asked for something before a chat begins."""

    OFF = "off", _("Not asked")
    OPTIONAL = "optional", _("Optional")
    REQUIRED = "required", _("Required")


class WebChatSettings(models.Model):
    """What a chat channel says of web chat. Without an origin there is none."""

    allowed_origins = TidiedArrayField(
        models.CharField(max_length=LONGEST_ORIGIN),
        verbose_name=_("allowed origins"),
        default=list,
        db_default=[],
        blank=True,
        tidy=tidied_origins,
        validators=[check_origins],
        help_text=_(
            "Web pages that may open a web chat here: scheme, host and perhaps port, commas between them. Empty: none. "
            "Example: https://shop.example.com, https://www.example.com"
        ),
    )
    ask_name = models.CharField(
        _("name before a web chat"),
        max_length=8,
        choices=Asked.choices,
        default=Asked.OPTIONAL,
        db_default="optional",
        help_text=_("Attached as name. Example: Required, so that no web chat begins without one."),
    )
    ask_email = models.CharField(
        _("e-mail address before a web chat"),
        max_length=8,
        choices=Asked.choices,
        default=Asked.OPTIONAL,
        db_default="optional",
        help_text=_("Attached as email. Example: Not asked, where the page sets it by cvc.setUser."),
    )
    pre_chat_keys = KeyListField(
        verbose_name=_("keys asked before a web chat"),
        db_default=[],
        help_text=_(
            "What else the visitor is asked, with labels, choices and rules of the catalogue of keys. Example: topic"
        ),
    )
    pre_chat_required_keys = KeyListField(
        verbose_name=_("keys required before a web chat"),
        db_default=[],
        help_text=_("No web chat begins before these have a value. Example: orderId"),
    )
    visitor_gone_minutes = models.PositiveSmallIntegerField(
        _("time until a visitor is gone (minutes)"),
        default=10,
        db_default=10,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_ABSENCE)],
        help_text=_("A web chat whose visitor's page was not heard of for so long ends. Example: 10"),
    )

    class Meta:
        abstract = True

    def refuse_bad_web_chat(self, kind: str) -> None:
        """Raise ``ValidationError`` where the settings ask for what cannot be."""
        if kind and kind != "chat":
            stray = [
                name for name in ("allowed_origins", "pre_chat_keys", "pre_chat_required_keys") if getattr(self, name)
            ]
            why = gettext("Web chat is for chat channels. Leave it out.")
            refuse(dict.fromkeys(stray, why))
        for name in ("pre_chat_keys", "pre_chat_required_keys"):
            if own := {VISITOR_NAME, VISITOR_EMAIL} & set(getattr(self, name)):
                why = gettext("“%(key)s” has a setting of its own above. Leave it out here.") % {"key": sorted(own)[0]}
                refuse({name: why})
