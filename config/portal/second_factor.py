"""The page after the password, and the pages on which people see to their second factor."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pyotp
import segno
from django.contrib import messages
from django.contrib.auth import authenticate, login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from channels_cfg.models import SecondFactor, User
from channels_cfg.models.encrypted import decrypt, encrypt
from channels_cfg.sign_in import passkeys
from channels_cfg.sign_in import second_factor as factors

Kind = SecondFactor.Kind

PASSWORD_SHOWN = "password_shown"
TIME_FOR_THE_CODE = timedelta(minutes=10)
APP_TO_ADD = "app_to_add"


# Signing in


def note_password_shown(request: HttpRequest, user: User) -> None:
    """Remember in the session that this user's password was right; nobody is signed in by that."""
    request.session.cycle_key()
    request.session[PASSWORD_SHOWN] = {
        "user": user.pk,
        "hash": user.get_session_auth_hash(),
        "until": time.time() + TIME_FOR_THE_CODE.total_seconds(),
    }


def _who_shows(request: HttpRequest) -> User | None:
    """Who has shown the password and not yet the second factor: in this sign-in, or before it was demanded."""
    if isinstance(request.user, User):
        return request.user if factors.is_missing(request) else None
    shown = request.session.get(PASSWORD_SHOWN)
    if not shown or shown["until"] < time.time():
        return None
    user = User.objects.filter(pk=shown["user"], is_active=True).first()
    return user if user and constant_time_compare(shown["hash"], user.get_session_auth_hash()) else None


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def second_step(request: HttpRequest) -> HttpResponse:
    """Ask whoever has shown the password for a code or a passkey."""
    user = _who_shows(request)
    if user is None or not factors.factors_of(user).exists():
        done = isinstance(request.user, User)
        return HttpResponseRedirect(_way_on(request)) if done else redirect_to_login(_way_on(request))
    if request.method == "POST":
        code, credential = (request.POST.get(name, "").strip() for name in ("code", "credential"))
        if method := factors.is_shown(request, user, code=code, credential=credential):
            request.second_factor = method  # type: ignore[attr-defined]  # for the event
            login(request, user)
            factors.note_shown(request, user)
            request.session.pop(PASSWORD_SHOWN, None)
            return HttpResponseRedirect(_way_on(request))
    context = {
        "is_wrong": request.method == "POST",
        "has_app": user.second_factors.filter(kind=Kind.TOTP).exists(),
        "passkey_options": passkeys.request_options(request, user),
        "username": user.username,
    }
    return render(request, "registration/second_step.html", context)


def _way_on(request: HttpRequest) -> str:
    """The page that was asked for at first, or the start page."""
    asked = request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(asked, {request.get_host()}, require_https=request.is_secure())
    return asked if is_ours else reverse("front_page")


# One's own second factor


def _own(request: HttpRequest) -> User:
    """The signed-in user, who may see to the second factor once it is shown, where it is demanded and there is one."""
    user = request.user
    assert isinstance(user, User)  # the pages ask for it
    if factors.is_missing(request) and factors.has_one(request):
        raise PermissionDenied
    return user


@login_required
@require_http_methods(["GET"])
def own_page(request: HttpRequest) -> HttpResponse:
    return _page_of(request, _own(request))


def _page_of(request: HttpRequest, user: User, **context: Any) -> HttpResponse:
    kept = factors.factors_of(user)
    context |= {
        "factors": kept,
        "has_app": any(factor.kind == Kind.TOTP for factor in kept),
        "codes_left": user.second_factors.filter(kind=Kind.RECOVERY_CODE).count(),
        "is_demanded": factors.is_missing(request),
        "passkey_options": passkeys.creation_options(request, user),
    }
    return render(request, "registration/second_factor.html", context)


@login_required
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def add_app(request: HttpRequest) -> HttpResponse:
    """Show the secret as a picture and as text, and take it once the app makes the right codes."""
    user = _own(request)
    if user.second_factors.filter(kind=Kind.TOTP).exists():
        return redirect("second_factor")
    kept = request.session.get(APP_TO_ADD)
    secret = decrypt(kept) if kept else pyotp.random_base32()
    if request.method == "POST" and kept:
        code = request.POST.get("code", "").replace(" ", "")
        if step := factors.time_step(secret, code, now=timezone.now()):
            del request.session[APP_TO_ADD]
            return _added(request, factors.add(request, Kind.TOTP, secret, last_step=step))
    request.session[APP_TO_ADD] = kept or encrypt(secret)
    address = pyotp.TOTP(secret).provisioning_uri(name=user.username, issuer_name="Keepsake")
    picture = segno.make_qr(address, error="m").svg_inline(scale=5, light="white", svgclass="qr", lineclass=None)
    context = {
        "picture": mark_safe(picture),  # of our own making
        "secret": " ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
        "is_wrong": request.method == "POST",
    }
    return render(request, "registration/add_app.html", context)


@login_required
@sensitive_post_parameters()
@require_POST
def add_passkey(request: HttpRequest) -> HttpResponse:
    """Take the passkey that the browser made."""
    user = _own(request)
    credential = passkeys.credential(request, request.POST.get("credential", ""))
    if credential is None:
        return _page_of(request, user, is_wrong=True)
    name = request.POST.get("name", "").replace("\0", "").strip()[:100]
    return _added(request, factors.add(request, Kind.PASSKEY, credential, name=name))


def _added(request: HttpRequest, codes: list[str]) -> HttpResponse:
    messages.success(request, _("From now on you show it after your password when you sign in."))
    return _codes_page(request, codes) if codes else HttpResponseRedirect(_way_on(request))


def _codes_page(request: HttpRequest, codes: list[str]) -> HttpResponse:
    """The one page that shows the codes: an answer of its own, since a redirect would have to store them."""
    return render(request, "registration/recovery_codes.html", {"codes": codes, "way_on": _way_on(request)})


@login_required
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def new_codes(request: HttpRequest) -> HttpResponse:
    """Make new recovery codes for those that were used or lost."""
    user = _own(request)
    if not factors.has_one(request):
        return redirect("second_factor")
    if request.method == "POST" and _is_password_right(request, user):
        return _codes_page(request, factors.make_recovery_codes(request, user))
    return _ask_for_password(request, factor=None)


@login_required
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove an app or a passkey."""
    user = _own(request)
    factor = get_object_or_404(factors.factors_of(user), pk=pk)
    if request.method == "POST" and _is_password_right(request, user):
        factors.remove(request, factor)
        messages.success(request, _("“%(name)s” opens nothing any more.") % {"name": factor})
        return redirect("second_factor")
    return _ask_for_password(request, factor=factor)


def _is_password_right(request: HttpRequest, user: User) -> bool:
    """Whoever finds a browser open takes nothing away. Guesses count as they do when signing in."""
    return authenticate(request, username=user.username, password=request.POST.get("password", "")) == user


def _ask_for_password(request: HttpRequest, *, factor: SecondFactor | None) -> HttpResponse:
    context = {"factor": factor, "is_wrong": request.method == "POST"}
    return render(request, "registration/show_password.html", context)
