"""The brake on guessing, and the events of signing in: one rule for passwords, keys and tokens.

Whoever fails ``SIGN_IN_FAILURES`` times must wait ``SIGN_IN_WAIT``. Failures with a password count by account and
address, so nobody keeps another out from elsewhere; an address that fails ``SIGN_IN_FAILURES_OF_ADDRESS`` times with
whatever accounts waits as well. Failures with a second factor count by account alone: only who knows the password makes
them. A wrong key or token names no account and counts by its address alone; a right one is
always let in, at no cost: it has 256 random bits, and nobody guesses one.

django-axes counts. It is handed nothing of the request but the address, since queries and bodies may hold customers'
data, and no name but its keyed digest: a password typed into the wrong field must not be stored.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_credentials
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.signals import user_login_failed
from django.db.models import Max, QuerySet, Sum
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from channels_cfg.models import SignInEvent, User
from channels_cfg.sign_in.client_address import client_address

Method, Result = SignInEvent.Method, SignInEvent.Result


class Attempts(AxesDatabaseHandler):
    """Counts failures, and notes what happened. Attempts of somebody who must wait are neither looked at, nor
    counted, nor noted: whoever guesses cannot make the portal write, or wait longer than it says."""

    def user_login_failed(self, sender: Any, credentials: dict[str, Any], request: Any = None, **kwargs: Any) -> None:
        if request is None:
            return
        request.axes_credentials = credentials
        if request.axes_locked_out:
            return
        bare: Any = HttpRequest()
        AxesProxyHandler.update_request(bare)
        bare.axes_ip_address = request.axes_ip_address
        super().user_login_failed(sender, credentials, bare, **kwargs)
        request.axes_locked_out = bare.axes_locked_out
        result = Result.BLOCKED if request.axes_locked_out else Result.FAILED
        note(request, result, _method(credentials), names=[str(credentials.get("username") or "")])

    def user_logged_in(self, sender: Any, request: Any, user: User, **kwargs: Any) -> None:
        super().user_logged_in(sender, request, user, **kwargs)
        method = getattr(request, "second_factor", Method.PASSWORD)
        if method in SignInEvent.SECOND_FACTORS:  # counted by themselves
            self.reset_user_attempts(request, get_credentials(user.get_username(), method=method))
        note(request, Result.SIGNED_IN, method, names=[user.get_username()])

    def user_logged_out(self, sender: Any, request: Any, user: User | None, **kwargs: Any) -> None:
        if user is not None:
            note(request, Result.SIGNED_OUT, Method.PASSWORD, names=[user.get_username()])

    def is_locked(self, request: Any, credentials: dict[str, Any] | None = None) -> bool:
        if super().is_locked(request, credentials):
            return True
        failures = self._of_address(request).aggregate(sum=Sum("failures_since_start"))["sum"] or 0
        return bool(failures >= settings.SIGN_IN_FAILURES_OF_ADDRESS)

    def last_failure(self, request: Any, credentials: dict[str, Any] | None) -> datetime | None:
        """When this account failed last at this address; else, when the address failed with any."""
        [of_account] = self.get_user_attempts(request, credentials)
        found = of_account if super().is_locked(request, credentials) else self._of_address(request)
        return found.aggregate(last=Max("attempt_time"))["last"]

    def _of_address(self, request: Any) -> QuerySet[Any]:
        since = request.axes_attempt_time - settings.AXES_COOLOFF_TIME
        return AccessAttempt.objects.filter(ip_address=request.axes_ip_address, attempt_time__gte=since)


def counted_account(_request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    """The name under which failures of an account are counted: none for keys and tokens, which name no account."""
    asked = credentials or {}
    if _method(asked) in SignInEvent.OF_PROGRAMS:
        return ""
    salt = "channels_cfg.second_factor" if _method(asked) in SignInEvent.SECOND_FACTORS else "channels_cfg.sign_in"
    return salted_hmac(salt, str(asked.get("username") or ""), algorithm="sha256").hexdigest()


def counted_together(_request: Any, credentials: dict[str, Any] | None = None) -> list[Any]:
    """Which failures are counted together, as axes takes it."""
    is_second = _method(credentials or {}) in SignInEvent.SECOND_FACTORS
    return ["username"] if is_second else [["username", "ip_address"]]


def _method(credentials: dict[str, Any]) -> SignInEvent.Method:
    return Method(credentials.get("method", Method.PASSWORD))


def may_try(request: Any, method: SignInEvent.Method, *, username: str = "") -> bool:
    """Whether whoever asks has not failed too often. Else the middleware of axes answers the request with 429,
    whatever its view says."""
    credentials = get_credentials(username, method=method)
    request.axes_locked_out = not AxesProxyHandler.is_allowed(request, credentials)
    request.axes_credentials = credentials
    return not request.axes_locked_out


def count_failure(request: Any) -> None:
    """Count what ``may_try`` allowed and was wrong. The failure that is one too many is answered with 429."""
    user_login_failed.send(sender=__name__, credentials=request.axes_credentials, request=request)


def wrong_key(request: Any, method: SignInEvent.Method, *, username: str = "") -> None:
    """Count a key or token that opened nothing."""
    if may_try(request, method, username=username):
        count_failure(request)


def note(
    request: HttpRequest | None,
    result: SignInEvent.Result,
    method: SignInEvent.Method,
    *,
    names: Iterable[str],
    by: str = "",
) -> None:
    """Write an event; ``names`` are ways to read the user name that was given. Of one that is no user's nothing is
    kept. Without a request a command of this machine did it."""
    readable = [name for name in names if name and "\0" not in name]
    known = User.objects.filter(username__in=readable).values_list("username", flat=True).first() if readable else ""
    address = client_address(request) if request else None
    SignInEvent.objects.create(
        at=timezone.now(), account=known or "", address=address, method=method, result=result, by=by
    )


def left_to_wait(request: Any, *, now: datetime) -> timedelta:
    """How long whoever was just refused must wait; at least a second."""
    last = AxesProxyHandler.get_implementation().last_failure(request, request.axes_credentials)
    return max((last or now) + settings.AXES_COOLOFF_TIME - now, timedelta(seconds=1))
