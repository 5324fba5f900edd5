"""Every form that a page shows: sent twice it counts once, and sent too late it is kept until its sender has signed in.

``{% csrf_token %}`` puts a mark into each form (``config/templatetags/sent_forms.py``), which says to whom and on which
page it was shown. What was typed travels encrypted through the pages that ask to sign in.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from cryptography.fernet import InvalidToken
from django.contrib import messages
from django.contrib.auth.forms import AuthenticationForm
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from channels_cfg.admin.safeguards.resubmission import RESUBMITTED, carry, unpack
from channels_cfg.form_mark import MARK, ONCE, FormMark
from channels_cfg.models import FormSubmission
from channels_cfg.models.encrypted import decrypt, encrypt
from config.api_errors import is_machine_door, page

ACCOUNTS = "/accounts/"
"""Where people sign in and out, and see to their second factor: nothing is kept of it, nor undone with what failed."""

KEPT = "kept_form"
"""The field in which the sign-in page holds what was typed before; during the second step, the session."""

KEPT_FOR = timedelta(hours=1)
MOST_KEPT = 200_000
SECRETS = ("password", "secret")
"""Fields whose names hold such a word are typed again."""


class SentForms:
    """Between the check against forgery and the view: what is sent twice, or by somebody whose session has ended."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        if request.method != "POST" or is_machine_door(request):
            return None
        form = FormMark.of(request)
        if form is None or request.path.startswith(ACCOUNTS):
            unpack(request)
            return None
        if form.user != request.user.pk:
            return again_after_sign_in(request)
        digest = _digest(request)
        unpack(request)
        return _once(request, digest, lambda: view(request, *args, **kwargs))


def _digest(request: HttpRequest) -> str:
    """The same for what one form on one page sent twice, with the same in it."""
    files = [[name, file.name, file.size] for name, chosen in request.FILES.lists() for file in chosen]
    sent = [request.get_full_path(), sorted(request.POST.lists()), files]
    return salted_hmac(MARK, json.dumps(sent), algorithm="sha256").hexdigest()


def _once(request: HttpRequest, digest: str, act: Callable[[], HttpResponse]) -> HttpResponse:
    """Do what the form was sent for, and remember where that led; sent twice at once, the second waits for the first.

    What leads nowhere, such as a question or a complaint, may be sent again. A page that is shown once says in
    ``made_at`` where what it made is found later.
    """
    with transaction.atomic():
        submission, is_first = FormSubmission.objects.get_or_create(digest=digest, defaults={"at": timezone.now()})
        if not is_first:
            messages.info(request, _("This was sent twice. It counted once, and led here."))
            return HttpResponseRedirect(submission.led_to)
        response = act()
        submission.led_to = str(response.get("Location", getattr(response, "made_at", "")))
        submission.save() if submission.led_to else submission.delete()
    return response


# What was typed before a sign-in


def again_after_sign_in(request: HttpRequest) -> HttpResponse:
    """To somebody whose form was shown before the last sign-in: what was typed, once it is clear who that is. A script
    that stays on its page keeps that itself."""
    if ONCE in request.headers:
        return page(request, "403_csrf.html", HTTPStatus.FORBIDDEN)
    kept = request.POST.get(KEPT) or _keep(request)
    if not request.user.is_authenticated and (found := _kept(kept)):
        context = {"form": AuthenticationForm(request), "next": found["page"], "kept": kept}
        return render(request, "registration/login.html", context, status=HTTPStatus.FORBIDDEN)
    return offered(request, kept) or page(request, "403_csrf.html", HTTPStatus.FORBIDDEN)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's answer to a form from before the last sign-in, from whichever tab; or from nobody's page."""
    return again_after_sign_in(request)


def offered(request: HttpRequest, kept: str) -> HttpResponse | None:
    """The page that offers what was typed to whoever typed it, or None for others and after a while."""
    found = _kept(kept)
    if found is None or found["user"] != request.user.pk:
        return None
    context = {**found, "carried_name": RESUBMITTED, "carried": carry(QueryDict(found["typed"]))}
    return render(request, "kept_form.html", context)


def _keep(request: HttpRequest) -> str:
    """What was typed, but for secrets, as only the portal can read it; empty where it is nobody's or too much."""
    form = FormMark.of(request)
    if form is None:
        return ""
    unpack(request)
    typed = request.POST.copy()
    hidden = [name for name in typed if any(word in name.rpartition("-")[2] for word in SECRETS)]
    has_secrets = any(typed.get(name) for name in hidden)
    for name in (*hidden, MARK, "csrfmiddlewaretoken"):
        typed.pop(name, None)
    text = typed.urlencode()
    kept = {"user": form.user, "page": form.page, "address": request.get_full_path(), "typed": text}
    return encrypt(json.dumps(kept | {"has_secrets": has_secrets})) if len(text) <= MOST_KEPT else ""


def _kept(sealed: str) -> dict[str, Any] | None:
    """What ``_keep`` sealed; None for anything else, and after a while."""
    try:
        found: dict[str, Any] = json.loads(decrypt(sealed, not_older_than=KEPT_FOR))
    except InvalidToken:
        return None
    return found
