"""Where people sign in, and what whoever guessed too often is told."""

from __future__ import annotations

from http import HTTPStatus
from math import ceil
from typing import Any

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext

from channels_cfg.problem_details import problem
from channels_cfg.sign_in.attempts import left_to_wait
from channels_cfg.sign_in.second_factor import factors_of
from config.api_errors import is_machine_door
from config.portal.second_factor import note_password_shown


class SignIn(LoginView):
    """The one page on which people sign in. Whoever has a second factor shows it on the next."""

    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        user: Any = form.get_user()
        if not factors_of(user).exists():
            return super().form_valid(form)
        note_password_shown(self.request, user)
        return redirect_to_login(self.get_success_url(), reverse("second_step"))


def configurator_sign_in(request: HttpRequest) -> HttpResponse:
    """In the place of the configurator's own page: people sign in on one, and whoever has signed in and lacks the right
    is told so."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index"))
    if not request.user.is_staff:
        return render(request, "403.html", {"is_configurator": True}, status=HTTPStatus.FORBIDDEN)
    return redirect("admin:index")


def must_wait(request: HttpRequest, answer: Any, credentials: dict[str, Any]) -> HttpResponse:
    """What axes answers with: the sign-in page with the time to wait, or, for a program, a problem."""
    seconds = ceil(left_to_wait(request, now=timezone.now()).total_seconds())
    if is_machine_door(request):
        told = f"Too many wrong keys or tokens from this address. Send a right one, or wait {seconds} seconds."
        return problem(request.path, HTTPStatus.TOO_MANY_REQUESTS, told, headers={"Retry-After": str(seconds)})
    context = getattr(answer, "context_data", None) or {}
    page = render(
        request,
        "registration/login.html",
        {"next": request.GET.get(REDIRECT_FIELD_NAME, ""), **context, "wait": in_words(seconds)},
        status=HTTPStatus.TOO_MANY_REQUESTS,
    )
    page["Retry-After"] = str(seconds)
    return page


def in_words(seconds: int) -> str:
    """``4 minutes``, rounded up."""
    minutes = ceil(seconds / 60)
    return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
