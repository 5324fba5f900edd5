"""What names an app, a project and a queue outside: how each is written, and what cannot be one.

App and project as in the Sinch Build Dashboard (Conversation API: an app ID is a ULID, a project ID a UUID); addresses
as in specification 002: ``APP_ID@channel.sinchconversation.com``. Each is written in one way, so that equal ones
compare equal.
"""

from __future__ import annotations

import ipaddress
import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from urllib.parse import urlsplit

import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

ADDRESS_DOMAIN = "sinchconversation.com"
APP_ID_LENGTH = 26

_INVISIBLE = dict.fromkeys([*range(0x200B, 0x2010), *range(0x202A, 0x202F), 0x2060, 0xFEFF, 0xAD])
_APP_ID = re.compile(rf"[0-9A-Z]{{{APP_ID_LENGTH}}}", re.ASCII)
_OF_APP = re.compile(rf"(?P<app>[^@]*)@(?P<channel>[^@.]*)\.{re.escape(ADDRESS_DOMAIN)}", re.IGNORECASE)


def tidied_app_id(text: str) -> str:
    return _visible(text).upper()


def check_app_id(text: str) -> None:
    if _APP_ID.fullmatch(text):
        return
    example = _("It looks like 01EB37HMH1M6SV18ASNS3G135H.")
    if stray := re.search(r"[^0-9A-Za-z]", text):
        raise ValidationError(
            _("An app ID has only letters and digits, but character %(position)d is “%(character)s”. %(example)s")
            % {"position": stray.start() + 1, "character": stray[0], "example": example}
        )
    raise ValidationError(
        _("An app ID has %(length)d letters and digits; this one has %(count)d. %(example)s")
        % {"length": APP_ID_LENGTH, "count": len(text), "example": example}
    )


def tidied_project_id(text: str) -> str:
    text = _visible(text)
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return text


def check_project_id(text: str) -> None:
    try:
        uuid.UUID(text)
    except ValueError:
        raise ValidationError(
            _(
                "A project ID has 32 digits and letters from a to f, in groups of 8, 4, 4, 4 and 12. It looks like "
                "e2df3a34-a71b-4448-9db5-a8d2baad28e4."
            )
        ) from None


_allowed: list[Callable[[], Iterable[str]]] = []


def allow_hosts_by(named: Callable[[], Iterable[str]]) -> None:
    """Where administrators name hosts that may be called besides those of the deployment."""
    _allowed[:] = [named]


_proposed: ContextVar[tuple[str, ...]] = ContextVar("proposed", default=())


@contextmanager
def also_allowing(hosts: Iterable[str]) -> Iterator[None]:
    """Judge addresses as if these were allowed too, because the same change allows them."""
    token = _proposed.set(tuple(tidied_hosts(list(hosts))))
    try:
        yield
    finally:
        _proposed.reset(token)


def is_own_host(host: str, port: int | None = None) -> bool:
    """Whether it may be called in a private network and without TLS: because the deployment names it, or an
    administrator the host, the host with this port, or a range of IP addresses that holds it."""
    host = host.lower().strip("[]")
    if host in settings.OUTGOING_OWN_HOSTS:
        return True
    named = (entry for hosts in (_proposed.get, *_allowed) for entry in hosts())
    return any(_names(entry, host, port) for entry in named)


def _names(entry: str, host: str, port: int | None) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        pass
    named, _colon, number = entry.rpartition(":") if re.search(r"[^:]:\d+$", entry) else (entry, "", "")
    return named.strip("[]") == host and number in ("", str(port))


_HOST = re.compile(r"(?=.{1,253}(?::|$))[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:\d{1,5})?")


def tidied_hosts(hosts: list[str]) -> list[str]:
    """In lower case, each once."""
    tidied = (_visible(host).lower() for host in hosts)
    return list(dict.fromkeys(host for host in tidied if host))


def check_hosts(hosts: list[str]) -> None:
    """Raise ``ValidationError`` for what is neither a host, perhaps with a port, nor a range of IP addresses."""
    for number, host in enumerate(hosts, start=1):
        if not (_HOST.fullmatch(host) or _is_network(host) or re.fullmatch(r"\[[0-9a-f:.]+\](:\d{1,5})?", host)):
            raise ValidationError(
                _(
                    "Item %(number)d, “%(host)s”, is no host: write crm.example.com, 10.1.2.3:8443, or a range such "
                    "as 10.1.0.0/16."
                )
                % {"number": number, "host": host[:100]}
            )


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def check_outgoing_address(text: str) -> None:
    """An address that requests may go to: over TLS, unless its host is allowed."""
    try:
        parts = urlsplit(text)
        is_good = bool(parts.hostname) and parts.port != 0 and text.isascii() and text.isprintable()
    except ValueError:
        is_good = False
    if not is_good or " " in text or "\\" in text or parts.username is not None or "#" in text:
        raise ValidationError(_("Enter an address such as https://crm.example.com/contacts, without a user."))
    is_own = parts.scheme == "http" and is_own_host(parts.hostname or "", parts.port or 80)
    if parts.scheme != "https" and not is_own:
        raise ValidationError(
            _(
                "An address begins with https://; http:// is for hosts that the system settings allow (section "
                "“outgoing” of the configuration file)."
            )
        )


def tidied_api_address(text: str) -> str:
    return _visible(text).rstrip("/")


def check_api_address(text: str) -> None:
    """Where an API answers: a host, perhaps with a path, called over TLS unless it is one's own."""
    try:
        parts = urlsplit(text)
        is_bare = bool(parts.hostname) and parts.port != 0 and text.isascii() and text.isprintable() and " " not in text
    except ValueError:
        is_bare = False
    if not is_bare or parts.username is not None or "?" in text or "#" in text:
        raise ValidationError(_("Enter an address without user, question mark and #, such as https://api.example.com."))
    if parts.scheme != "https" and not (parts.scheme == "http" and is_own_host(parts.hostname or "", parts.port or 80)):
        raise ValidationError(
            _("An address begins with https://; http:// is for hosts that are named in OUTGOING_OWN_HOSTS.")
        )


def tidied_address(text: str) -> str:
    """A telephone number in E.164, the app ID in capitals, the part behind the @ in lower case."""
    text = _visible(text)
    if "@" not in text:
        return _in_e164(text) or text
    name, _at, domain = text.rpartition("@")
    return f"{name.upper() if _OF_APP.fullmatch(text) else name}@{domain.lower()}"


def check_address(address: str, *, kind: str) -> None:
    """Raise ``ValidationError`` where customers cannot reach a queue of this kind of channel (``voice``, ``email``,
    ``chat``) at the tidied address."""
    _CHECKS[kind](address)


def _check_number(address: str) -> None:
    if _in_e164(address) != address:
        raise ValidationError(_("Calls come in on a telephone number with + and country code, such as +358401234567."))


def _check_email(address: str) -> None:
    try:
        validate_email(address)
    except ValidationError:
        raise ValidationError(_("E-mail tasks come in on an e-mail address, such as sales@example.com.")) from None


def _check_chat(address: str) -> None:
    """The address of an app, or, for web chat, one that is written like an e-mail address."""
    if of_app := _OF_APP.fullmatch(address):
        check_app_id(of_app["app"])
        if re.fullmatch(r"[a-z]+", of_app["channel"]):
            return
    else:
        try:
            validate_email(address)
            return
        except ValidationError:
            pass
    raise ValidationError(
        _(
            "Chats come in on APP_ID@channel.sinchconversation.com, such as "
            "01EB37HMH1M6SV18ASNS3G135H@whatsapp.sinchconversation.com, or on sales@example.com."
        )
    )


_CHECKS: dict[str, Callable[[str], None]] = {"voice": _check_number, "email": _check_email, "chat": _check_chat}


def _in_e164(text: str) -> str:
    """The international number that is meant, empty where it is none."""
    text = re.sub(r"\A00", "+", text.replace("(0)", ""))
    if not re.fullmatch(r"\+[\d\s().\-‐-―/]+", text):
        return ""
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _visible(text: str) -> str:
    """Without spaces around it, and without marks that came along invisibly from a copied page."""
    return text.translate(_INVISIBLE).strip()
