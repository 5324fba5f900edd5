"""The second factor: what people show after their password, and how they come by it.

An authenticator app makes codes by the clock (RFC 6238), a passkey signs what we ask (WebAuthn), and a recovery code is
for the day on which both are away. Every code opens once. Guesses are counted by account, wherever they come from:
whoever makes one knows the password already.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime
from typing import Any

import pyotp
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from pyotp.exceptions import OTPVerificationError

from channels_cfg.models import SecondFactor, SignInEvent, SystemSettings, User
from channels_cfg.sign_in import passkeys
from channels_cfg.sign_in.attempts import count_failure, may_try, note

Kind, Method, Result = SecondFactor.Kind, SignInEvent.Method, SignInEvent.Result

RECOVERY_CODES = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another
_SHOWN_BY = "second_factor_of"


def factors_of(user: User) -> QuerySet[SecondFactor]:
    """The user's app and passkeys; recovery codes are none by themselves."""
    return user.second_factors.exclude(kind=Kind.RECOVERY_CODE)


def has_one(request: HttpRequest) -> bool:
    """Whether the signed-in user has one, shown or not."""
    return isinstance(request.user, User) and factors_of(request.user).exists()


def is_missing(request: HttpRequest) -> bool:
    """Whether the signed-in user must show a second factor first, and has not in this session."""
    user = request.user
    if not (isinstance(user, User) and user.is_staff) or request.session.get(_SHOWN_BY) == user.pk:
        return False
    return SystemSettings.objects.filter(administrators_need_second_factor=True).exists()


def note_shown(request: HttpRequest, user: User) -> None:
    """In this session the user has shown a second factor."""
    request.session[_SHOWN_BY] = user.pk


def is_shown(request: HttpRequest, user: User, *, code: str, credential: str) -> SignInEvent.Method | None:
    """How the user has shown the second factor, by a code or a passkey's answer; None where it was wrong, which is
    counted and noted. What was right is used up."""
    bare = re.sub(r"[\s-]", "", code).lower()
    method = Method.PASSKEY if credential else Method.TOTP if re.fullmatch("[0-9]{6}", bare) else Method.RECOVERY_CODE
    if not may_try(request, method, username=user.username):
        return None
    now = timezone.now()
    if credential:
        is_right = passkeys.is_answered(request, user, credential, now=now)
    else:
        is_right = _is_right_code(user, bare, now=now) if method == Method.TOTP else _is_left_code(user, bare)
    if not is_right:
        count_failure(request)
    return method if is_right else None


def _is_right_code(user: User, code: str, *, now: datetime) -> bool:
    """Codes of the step before and after count too (RFC 6238, 5.2), each step once."""
    app = user.second_factors.filter(kind=Kind.TOTP).first()
    step = app and time_step(app.secret, code, now=now)
    if not (app and step):
        return False
    unused = Q(last_step=None) | Q(last_step__lt=step)
    return bool(user.second_factors.filter(unused, pk=app.pk).update(last_step=step, last_used_at=now))


def time_step(secret: str, code: str, *, now: datetime) -> int | None:
    """Which step of 30 seconds the code belongs to, None where it is not of now."""
    try:
        return pyotp.TOTP(secret).verify_and_get_timecode(code, for_time=now, valid_window=1)
    except OTPVerificationError:
        return None


def _is_left_code(user: User, code: str) -> bool:
    shown = _digest(code)
    left = [one.pk for one in user.second_factors.filter(kind=Kind.RECOVERY_CODE) if one.secret == shown]
    return bool(left and SecondFactor.objects.filter(pk__in=left).delete()[0])


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


@transaction.atomic
def add(request: HttpRequest, kind: SecondFactor.Kind, secret: str, **facts: Any) -> list[str]:
    """Give the signed-in user the factor, which they have just shown. The recovery codes that come with the first are
    in the answer and nowhere else."""
    user = request.user
    assert isinstance(user, User)
    user.second_factors.create(kind=kind, secret=secret, **facts)
    note_shown(request, user)
    note(request, Result.ADDED, Method(kind), names=[user.username])
    has_codes = user.second_factors.filter(kind=Kind.RECOVERY_CODE).exists()
    return [] if has_codes else make_recovery_codes(request, user)


@transaction.atomic
def make_recovery_codes(request: HttpRequest, user: User) -> list[str]:
    """New codes; those from before open nothing any more. Each has 59 random bits."""
    user.second_factors.filter(kind=Kind.RECOVERY_CODE).delete()
    codes = ["".join(secrets.choice(_LETTERS) for _ in range(12)) for _ in range(RECOVERY_CODES)]
    SecondFactor.objects.bulk_create(
        SecondFactor(user=user, kind=Kind.RECOVERY_CODE, secret=_digest(code)) for code in codes
    )
    note(request, Result.ADDED, Method.RECOVERY_CODE, names=[user.username])
    return ["-".join(re.findall("....", code)) for code in codes]


@transaction.atomic
def remove(request: HttpRequest, factor: SecondFactor) -> None:
    """Take it from the signed-in user; without the last one there is nothing for recovery codes to replace."""
    user = factor.user
    factor.delete()
    note(request, Result.REMOVED, Method(factor.kind), names=[user.username])
    if not factors_of(user).exists():
        user.second_factors.all().delete()
        request.session.pop(_SHOWN_BY, None)


@transaction.atomic
def reset(user: User, *, by: str, request: HttpRequest | None = None) -> bool:
    """Take everything from a user who has lost it, and note who did: a user name, or the command. Whether there was
    anything."""
    kinds = set(user.second_factors.values_list("kind", flat=True))
    user.second_factors.all().delete()
    for kind in sorted(kinds):
        note(request, Result.REMOVED, Method(kind), names=[user.username], by=by)
    return bool(kinds)
