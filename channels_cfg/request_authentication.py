"""How a request to another system says who asks: by a password, a key or a token (RFC 7617, RFC 6750).

Client credentials of OAuth2 (RFC 6749, 4.4) become a token, which is kept in this process alone.
"""

from __future__ import annotations

import base64
import hashlib
import time

from django.utils.translation import gettext as _

from channels_cfg.models import Authentication
from channels_cfg.outgoing import NoAnswer, Refused, ask

SECONDS_BEFORE_A_TOKEN_ENDS = 30

_tokens: dict[str, tuple[str, float]] = {}


class NoToken(Exception):
    """There is none to ask with. Says why, in words without data; ``may_retry`` whether later there may be."""

    def __init__(self, words: str, *, may_retry: bool = False) -> None:
        super().__init__(words)
        self.may_retry = may_retry


def headers_of(authentication: Authentication) -> dict[str, str]:
    """The header that says who asks. Raises ``NoToken``."""
    secret = authentication.secret
    match authentication.kind:
        case Authentication.Kind.BASIC:
            pair = base64.b64encode(f"{authentication.username}:{secret}".encode()).decode()
            return {"Authorization": f"Basic {pair}"}
        case Authentication.Kind.API_KEY:
            return {authentication.header or "X-Api-Key": secret}
        case Authentication.Kind.OAUTH2:
            return {"Authorization": f"Bearer {_token(authentication)}"}
    return {"Authorization": f"Bearer {secret}"}


def _key(authentication: Authentication) -> str:
    facts = (authentication.token_address, authentication.username, authentication.secret, authentication.scope)
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def forget_token(authentication: Authentication | None) -> bool:
    """After it was refused; whether there was one."""
    return authentication is not None and _tokens.pop(_key(authentication), None) is not None


def _token(authentication: Authentication) -> str:
    key = _key(authentication)
    token, until = _tokens.get(key, ("", 0.0))
    if token and time.monotonic() < until:
        return token
    form = {"grant_type": "client_credentials"} | ({"scope": authentication.scope} if authentication.scope else {})
    try:
        answer = ask(
            "POST", authentication.token_address, auth=(authentication.username, authentication.secret), form=form
        )
    except (Refused, NoAnswer) as failure:
        raise NoToken(_("No token: %(why)s") % {"why": failure}, may_retry=isinstance(failure, NoAnswer)) from None
    given = answer.json()
    fresh = given.get("access_token")
    if answer.status != 200 or not isinstance(fresh, str) or not (fresh.isascii() and fresh.isprintable()):
        words = _("No token: the token address answered with %(status)s.") % {"status": answer.status}
        raise NoToken(words, may_retry=answer.status >= 500)
    seconds = given.get("expires_in")
    lasts = min(float(seconds), 86400.0) if isinstance(seconds, int | float) else 300.0
    _tokens[key] = (fresh, time.monotonic() + max(lasts - SECONDS_BEFORE_A_TOKEN_ENDS, 0))
    return fresh
