"""What the portal's pages have in common: somebody is signed in."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect

from channels_cfg.models import User

Page = Callable[..., HttpResponse]


def page_for_people(view: Page) -> Page:
    """A page with customer data: asks to sign in, also where only a part of it was asked for."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return _sign_in_first(request)
        response = view(request, *args, **kwargs)
        patch_vary_headers(response, ["HX-Request"])
        return response

    return guarded


def viewer(request: HttpRequest) -> User:
    """The user behind a page of ``page_for_people``."""
    assert isinstance(request.user, User)
    return request.user


def _sign_in_first(request: HttpRequest) -> HttpResponse:
    if not request.htmx:  # type: ignore[attr-defined]  # set by the middleware of django_htmx
        return redirect_to_login(request.get_full_path())
    place = request.htmx.current_url_abs_path or "/"  # type: ignore[attr-defined]
    return HttpResponseClientRedirect(f"{settings.LOGIN_URL}?next={quote(place)}")
