"""How a data action signs in: what its connection holds, and tokens that are asked for and kept for a while."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from channels_cfg import outgoing
from channels_cfg.models import DataActionConnection
from conversations.data_actions.outcome import ActionFailure, bad_request, in_words_of_actions, remote_failure

LONGEST_KEPT = 600
"""Seconds for which a token is used again at most."""
BEFORE_THE_END = 30
"""Seconds before a token ends from which on it is asked for anew."""
MOST_KEPT = 200

_kept: dict[str, tuple[float, dict[str, Any]]] = {}


@dataclass(frozen=True)
class SignedIn:
    """What a request may use of its connection."""

    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    auth_response: Mapping[str, Any] = field(default_factory=dict, repr=False)
    header: str = field(default="", repr=False)
    """What the header Authorization says, empty where the templates say it."""

    @property
    def secrets(self) -> list[str]:
        """Texts that are shown nowhere, the longest first."""
        found = [*self.credentials.values(), self.header.partition(" ")[2]]
        found += [value for value in self.auth_response.values() if isinstance(value, str) and len(value) > 12]
        return sorted({text for text in found if len(text) > 3}, key=len, reverse=True)


def credentials_of(connection: DataActionConnection | None) -> dict[str, str]:
    return dict(connection.credentials.values_list("name", "secret")) if connection else {}


def header_for(connection: DataActionConnection, credentials: Mapping[str, str], *, seconds: float) -> str:
    """What Authorization says. Raises ``ActionFailure``."""
    kind = DataActionConnection.SignInKind
    if connection.sign_in == kind.BASIC:
        user, password = _needed(credentials, "username", "password")
        return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    if connection.sign_in == kind.BEARER:
        return f"Bearer {_needed(credentials, 'token')[0]}"
    if connection.sign_in == kind.OAUTH2:
        found = kept_or_asked(connection, credentials, lambda: _token(connection, credentials, seconds))
        return f"Bearer {found['access_token']}"
    return ""


def kept_or_asked(
    connection: DataActionConnection, credentials: Mapping[str, str], ask: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """The answer of the last signing in while it holds, else of a new one."""
    key = _key(connection, credentials)
    until, answer = _kept.get(key, (0.0, {}))
    if time.monotonic() < until:
        return answer
    answer = ask()
    lasts = answer.get("expires_in")
    seconds = lasts if isinstance(lasts, int | float) and not isinstance(lasts, bool) else 0
    if len(_kept) >= MOST_KEPT:
        _kept.clear()
    _kept[key] = time.monotonic() + min(max(seconds - BEFORE_THE_END, 0), LONGEST_KEPT), answer
    return answer


def forget(connection: DataActionConnection, credentials: Mapping[str, str]) -> bool:
    """Ask anew next time; whether there was anything to forget."""
    return _kept.pop(_key(connection, credentials), None) is not None


def may_see(connection: DataActionConnection, address: str) -> bool:
    """Whether the host of the address is one that the connection's credentials are for."""
    parts = urlsplit(address)
    host, with_port = (parts.hostname or "").lower(), parts.netloc.lower()
    own = {urlsplit(known).netloc.lower() for known in (connection.base_address, connection.token_address)}
    if with_port in own - {""}:
        return True
    for pattern in map(str.lower, connection.hosts):
        if pattern.startswith("*."):
            if host.endswith(pattern[1:]):
                return True
        elif pattern in (host, with_port):
            return True
    return False


def _key(connection: DataActionConnection, credentials: Mapping[str, str]) -> str:
    told = repr((connection.pk, connection.token_address, connection.sign_in, sorted(credentials.items())))
    return hashlib.sha256(told.encode()).hexdigest()


def _needed(credentials: Mapping[str, str], *names: str) -> list[str]:
    for name in names:
        if not credentials.get(name):
            raise bad_request(_("The connection has no credential “%(name)s”.") % {"name": name})
    return [credentials[name] for name in names]


def _token(connection: DataActionConnection, credentials: Mapping[str, str], seconds: float) -> dict[str, Any]:
    client, secret = _needed(credentials, "clientId", "clientSecret")
    with in_words_of_actions():
        answer = outgoing.ask(
            "POST",
            connection.token_address,
            auth=(client, secret),
            form={"grant_type": "client_credentials"},
            seconds=seconds,
        )
    found = answer.json()
    if answer.status != 200 or not isinstance(found.get("access_token"), str):
        words = _("Signing in failed: the token address answered %(status)d.") % {"status": answer.status}
        raise remote_failure(words, remote_status=answer.status)
    return found


__all__ = ["ActionFailure", "SignedIn", "credentials_of", "forget", "header_for", "kept_or_asked", "may_see"]
