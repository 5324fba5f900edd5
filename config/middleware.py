"""What every request passes: what browsers may do with the answer, how machines are refused, the viewer's language and
clock, their second factor, and who changed the configuration."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, cast

import pghistory.middleware
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.common import CommonMiddleware
from django.middleware.locale import LocaleMiddleware
from django.urls import reverse
from django.utils import timezone, translation
from django_htmx.http import HttpResponseClientRedirect

from channels_cfg.history.change_reason import LONGEST_WHY
from channels_cfg.problem_details import problem
from channels_cfg.sign_in.second_factor import has_one, is_missing
from channels_cfg.time_zones import zone_named
from config.api_errors import MACHINE_DOORS, is_machine_door

GetResponse = Callable[[HttpRequest], HttpResponse]


def _policy(**allowed: str) -> str:
    """A Content-Security-Policy that allows nothing but this: no other host, no script, style or handler in a page."""
    nothing = {"default_src": "'none'", "base_uri": "'none'", "object_src": "'none'", "frame_ancestors": "'none'"}
    return "; ".join(f"{name.replace('_', '-')} {sources}" for name, sources in {**nothing, **allowed}.items())


_OWN = dict.fromkeys(("script_src", "style_src", "font_src", "connect_src", "form_action"), "'self'")
PAGES = _policy(**_OWN, img_src="'self' data:", media_src="'self'")
POLICIES = {
    # Alpine, of which the theme of the configurator is made, compiles the expressions in attributes; the theme's
    # colours are a style in the page. Scripts come from files here too.
    "/admin/": _policy(
        **{**_OWN, "script_src": "'self' 'unsafe-eval'", "style_src": "'self' 'unsafe-inline'"}, img_src="'self' data:"
    ),
    # Swagger UI draws its pictures and frames with styles in the page.
    "/api/docs/": _policy(**{**_OWN, "style_src": "'self' 'unsafe-inline'"}, img_src="'self' data:"),
    **dict.fromkeys(MACHINE_DOORS, _policy(form_action="'none'")),
}


class ProtectiveHeaders:
    """Says with every answer what a browser may load for it, and that nobody keeps a copy. Files of conversations say
    what holds for them; files that are the same for everybody are answered before, by whitenoise."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        begun = (policy for prefix, policy in POLICIES.items() if request.path.startswith(prefix))
        response.headers.setdefault("Content-Security-Policy", next(begun, PAGES))
        response.headers["Cache-Control"] = "private, no-store"
        return response


KEPT_HEADERS = ("Allow", "Content-Range", "Retry-After", "WWW-Authenticate")


class MachineDoors:
    """Refuses packed bodies, leads machines past what only people need, and sees to it that machines are refused in
    problem documents, whoever refuses them."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.past_people = _from(CommonMiddleware, get_response)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.META.get("HTTP_CONTENT_ENCODING", "identity").strip().lower() not in ("", "identity"):
            words = "Send the body as it is, without Content-Encoding."
            headers = {"Accept-Encoding": "identity"}  # RFC 9110, 12.5.3
            return problem(request.path, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, words, headers=headers)
        if not is_machine_door(request):
            return self.get_response(request)
        response = self._answer(request)
        if response.status_code < 400 or "json" in response.get("Content-Type", ""):
            return response
        allowed = response.get("Allow")
        words = f"This address takes {allowed}." if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED else ""
        headers = {name: response[name] for name in KEPT_HEADERS if name in response}
        return problem(request.path, response.status_code, words, headers=headers)

    def _answer(self, request: HttpRequest) -> HttpResponse:
        """Machines are answered in the portal's own language, whatever they accept, and wait for nobody to choose."""
        translation.deactivate()  # what the thread's last page spoke
        return self.get_response(request) if has_session(request) else self.past_people(request)


def _from(first: type, get_response: Any) -> GetResponse:
    """The middleware from the one of this class on: Django wraps each, and each has the next as ``get_response``."""
    while not isinstance(get_response.__wrapped__, first):
        get_response = get_response.get_response
    return cast(GetResponse, get_response)


class ViewersLanguage(LocaleMiddleware):
    """Pages speak the language of their viewer; ``MachineDoors`` sees to machines."""

    def __call__(self, request: HttpRequest) -> Any:
        return self.get_response(request) if is_machine_door(request) else super().__call__(request)


class ViewersTimeZone:
    """Shows times on the clock of the person who is signed in."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not has_session(request):
            return self.get_response(request)
        with timezone.override(zone_named(getattr(request.user, "time_zone", ""))):
            return self.get_response(request)


class ConfigurationHistory(pghistory.middleware.HistoryMiddleware):
    """Notes who changed the configuration, on which page and why.

    Machines have no session and change no configuration, so they are spared the extra statement.
    """

    def get_context(self, request: HttpRequest) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(request)
        why = request.POST.get("why", "").strip() if request.path.startswith("/admin/") else ""
        return context | ({"why": why[:LONGEST_WHY]} if why else {})

    def __call__(self, request: HttpRequest) -> Any:
        if not has_session(request):
            return self.get_response(request)
        return super().__call__(request)  # type: ignore[no-untyped-call]


class SecondFactorFirst:
    """Leads whoever must show a second factor to where one is shown, or added, from whatever address was asked for."""

    OPEN = "/accounts/"
    """Where people sign in and out and see to their second factor."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not has_session(request) or request.path.startswith(self.OPEN) or not is_missing(request):
            return self.get_response(request)
        if is_machine_door(request):
            return problem(request.path, HTTPStatus.FORBIDDEN, "Show your second factor on the portal's pages first.")
        is_part = "HX-Request" in request.headers
        asked = request.get_full_path() if request.method == "GET" and not is_part else "/"
        way = redirect_to_login(asked, reverse("second_step" if has_one(request) else "second_factor"))
        return HttpResponseClientRedirect(way.url) if is_part else way


class NoNul:
    """Refuses an address that holds NUL, and a search or filter of the configurator: no text of the database does, so
    PostgreSQL would refuse the question as a whole."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.path:
            raise Http404
        if request.path.startswith("/admin/") and "%00" in request.META["QUERY_STRING"]:
            raise BadRequest("NUL in the query")
        return self.get_response(request)


def has_session(request: HttpRequest) -> bool:
    return settings.SESSION_COOKIE_NAME in request.COOKIES
