"""Passkeys (WebAuthn): a browser's key for this portal, kept by a phone, a computer or a security key."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.http import HttpRequest
from fido2.server import Fido2Server
from fido2.utils import websafe_decode
from fido2.webauthn import (
    AttestedCredentialData,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from channels_cfg.models import SecondFactor, User

T = TypeVar("T")

_ASKED = "passkey_asked"


def creation_options(request: HttpRequest, user: User) -> str:
    """What ``navigator.credentials.create`` is given, in JSON; ``credential`` takes its answer."""
    options, state = _server(request).register_begin(
        PublicKeyCredentialUserEntity(id=str(user.pk).encode(), name=user.username, display_name=str(user)),
        credentials=list(_credentials(user).values()),
        resident_key_requirement=ResidentKeyRequirement.DISCOURAGED,
        user_verification=UserVerificationRequirement.PREFERRED,
        challenge=_asked_already(request),
    )
    request.session[_ASKED] = state
    return json.dumps(dict(options)["publicKey"])


def request_options(request: HttpRequest, user: User) -> str:
    """What ``navigator.credentials.get`` is given, in JSON; empty where the user has no passkey."""
    known = list(_credentials(user).values())
    if not known:
        return ""
    options, state = _server(request).authenticate_begin(
        known, user_verification=UserVerificationRequirement.PREFERRED, challenge=_asked_already(request)
    )
    request.session[_ASKED] = state
    return json.dumps(dict(options)["publicKey"])


def credential(request: HttpRequest, answer: str) -> str | None:
    """The new passkey as it is stored, None where the browser's answer is not one to what was asked."""
    made = _heard(request, answer, _server(request).register_complete)
    return b64encode(made.credential_data).decode() if made and made.credential_data else None


def is_answered(request: HttpRequest, user: User, answer: str, *, now: datetime) -> bool:
    """Whether one of the user's passkeys signed what was asked. Signatures are not counted: a passkey that several
    devices share counts none."""
    known = _credentials(user)
    server = _server(request)
    used = _heard(request, answer, lambda asked, said: server.authenticate_complete(asked, list(known.values()), said))
    named = [pk for pk, credential in known.items() if used and credential.credential_id == used.credential_id]
    return bool(SecondFactor.objects.filter(pk__in=named).update(last_used_at=now))


def _heard(request: HttpRequest, answer: str, complete: Callable[[Any, Any], T]) -> T | None:
    """What the library makes of the answer to what was asked, which is asked once; None where it is not right."""
    try:
        return complete(request.session.pop(_ASKED), json.loads(answer))
    except Exception:  # its parsers raise whatever they run into in an answer that no browser makes
        return None


def _credentials(user: User) -> dict[int, AttestedCredentialData]:
    passkeys = user.second_factors.filter(kind=SecondFactor.Kind.PASSKEY)
    return {passkey.pk: AttestedCredentialData(b64decode(passkey.secret)) for passkey in passkeys}


def _server(request: HttpRequest) -> Fido2Server:
    """A passkey belongs to the name by which the portal was called; the browser's origin is held against it."""
    name = urlsplit(f"//{request.get_host()}").hostname
    return Fido2Server(PublicKeyCredentialRpEntity(id=name, name="Keepsake"))


def _asked_already(request: HttpRequest) -> bytes | None:
    """The challenge that another tab shows: one session asks for one thing."""
    asked = request.session.get(_ASKED)
    return websafe_decode(asked["challenge"]) if asked else None
