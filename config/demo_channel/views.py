"""Where the portal sends, as at the Conversation API; and the page on which one writes as a customer.

Nobody signs in to the page: it listens on loopback, for the browser of this machine alone.
"""

from __future__ import annotations

import base64
import json
import logging
import secrets
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from http import HTTPStatus
from pathlib import PurePath
from threading import Thread
from typing import Any
from urllib.parse import quote

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from channels_cfg.messaging.messaging_channels import label_of
from config.demo_channel import customers
from config.demo_channel.customers import MOODS, WIRES, Said, Talk
from conversations.demo import CUSTOMERS, sign

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_STATES = 1.5
TRIES = 5
LARGEST_FILE = 10 * 1024 * 1024

_tokens: set[str] = set()
_files: dict[str, tuple[bytes, str]] = {}
_mood = ["works"]

View = Callable[..., HttpResponse]


# What the portal calls


def token(request: HttpRequest) -> HttpResponse:
    """``POST /oauth2/token``: the secret is the messaging service's webhook secret."""
    given = request.headers.get("Authorization", "").removeprefix("Basic ")
    secret = base64.b64decode(given).decode().partition(":")[2]
    if not any(secrets.compare_digest(secret, service.secret) for service in customers.services()):
        return JsonResponse({"error": "invalid_client"}, status=HTTPStatus.UNAUTHORIZED)
    _tokens.add(made := secrets.token_urlsafe(32))
    return JsonResponse({"access_token": made, "expires_in": 3600, "token_type": "bearer"})


def signed_in(view: View) -> View:
    @wraps(view)
    def checked(request: HttpRequest, **found: str) -> HttpResponse:
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in _tokens:
            return _error(HTTPStatus.UNAUTHORIZED, "UNAUTHENTICATED")
        return view(request, **found)

    return checked


def _error(status: int, code: str) -> HttpResponse:
    return JsonResponse({"error": {"code": status, "message": code, "status": code, "details": []}}, status=status)


@signed_in
def send(request: HttpRequest, project: str) -> HttpResponse:
    """``messages:send``: it arrives, and that is told bit by bit."""
    if status := MOODS[_mood[0]]:
        return _error(int(status), "RESOURCE_EXHAUSTED" if _mood[0] == "busy" else "UNAVAILABLE")
    try:
        document = json.loads(request.body)
        talk, (said, file) = customers.talk_of(document), customers.from_portal(document)
    except (ValueError, KeyError, TypeError, AttributeError):
        return _error(HTTPStatus.BAD_REQUEST, "INVALID_ARGUMENT")
    talk.said.append(said)
    Thread(target=_arrive, args=[talk, said, file, document.get("message_metadata", "")], daemon=True).start()
    return JsonResponse({"message_id": said.id, "accepted_time": said.at.isoformat()})


def _arrive(talk: Talk, said: Said, file: str, metadata: str) -> None:
    if file:
        with urllib.request.urlopen(file, timeout=10) as answer:
            said.file = _keep(answer.read(), answer.headers.get_content_type(), file)
    for state in talk.states:
        time.sleep(SECONDS_BETWEEN_STATES)
        said.state = state
        _tell(talk, customers.told_of_delivery(talk, said, metadata))


@signed_in
def app(request: HttpRequest, project: str, app: str) -> HttpResponse:
    """What the connection test asks for."""
    mode = {"processing_mode": "CONVERSATION", "conversation_metadata_report_view": "FULL"}
    return JsonResponse({"id": app, "display_name": _("Demonstration")} | mode)


@signed_in
def webhooks(request: HttpRequest, project: str, app: str) -> HttpResponse:
    triggers = ["MESSAGE_INBOUND", "MESSAGE_DELIVERY", "CONVERSATION_STOP", "OPT_IN", "OPT_OUT"]
    targets = [one.callback_url for one in customers.services() if one.app_id == app]
    return JsonResponse({"webhooks": [{"target": target, "triggers": triggers} for target in targets]})


def _tell(talk: Talk, callback: Mapping[str, Any]) -> bool:
    """Hand the callback in at the portal, signed, and again where that fails; whether it was taken."""
    body = json.dumps(callback).encode()
    for number in range(TRIES):
        headers = sign(body, secret=talk.service.secret, nonce=uuid.uuid4().hex, now=timezone.now())
        asked = urllib.request.Request(talk.service.callback_url, body, {"content-type": "application/json", **headers})
        try:
            with urllib.request.urlopen(asked, timeout=10):
                return True
        except OSError as failure:
            logger.info("The portal did not take a callback (%s)", type(failure).__name__)
            time.sleep(number)
    return False


def refused(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """In place of the portal's own pages, which lead to the portal."""
    statuses = {PermissionDenied: HTTPStatus.FORBIDDEN, Http404: HTTPStatus.NOT_FOUND}
    found = (status for kind, status in statuses.items() if isinstance(exception, kind))
    return HttpResponse(status=next(found, HTTPStatus.BAD_REQUEST if exception else HTTPStatus.INTERNAL_SERVER_ERROR))


# The customers' page


def of_this_page(view: View) -> View:
    """Refuses what another page sends: whoever reads this one does not sign in."""

    @wraps(view)
    def checked(request: HttpRequest, **found: str) -> HttpResponse:
        request.get_host()
        if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            raise PermissionDenied
        return view(request, **found)

    return checked


@of_this_page
@require_safe
def page(request: HttpRequest, app: str = "", wire: str = "", identity: str = "") -> HttpResponse:
    """The customers, and what was said with one of them."""
    services = customers.services()
    talk = _talk(app or services[0].app_id, wire or WIRES[0], identity or CUSTOMERS[0][0])
    context = {
        "talk": talk,
        "services": services,
        "customers": [(identity, name or identity) for identity, name in CUSTOMERS],
        "wires": [(wire, label_of(wire)) for wire in WIRES],
        "moods": _moods(),
        "mood": _mood[0],
        "portal": customers.portal(),
        "has_mail": bool(customers.mail_box()),
    }
    return render(request, "demo_channel/_talk.html" if "part" in request.GET else "demo_channel/page.html", context)


def _moods() -> Iterable[tuple[str, str]]:
    return {
        "works": _("The channel works"),
        "busy": _("It takes no more (429)"),
        "broken": _("It is down (503)"),
    }.items()


def _talk(app: str, wire: str, identity: str) -> Talk:
    if wire not in WIRES or identity not in dict(CUSTOMERS):
        raise Http404
    try:
        return customers.talk(app, wire, identity)
    except KeyError:
        raise Http404 from None


@of_this_page
@require_POST
def act(request: HttpRequest, app: str, wire: str, identity: str) -> HttpResponse:
    """The customer writes, opts in or out, or leaves; or the channel's mood changes."""
    talk = _talk(app, wire, identity)
    match request.POST.get("act"):
        case "say":
            _say(request, talk)
        case "leave":
            _tell(talk, customers.told_of_end(talk))
        case "opt_in" | "opt_out" as consent:
            _tell(talk, customers.told_of_consent(talk, given=consent == "opt_in"))
        case mood if mood in MOODS:
            _mood[0] = str(mood)
    return redirect("talk", app=app, wire=wire, identity=identity)


def _say(request: HttpRequest, talk: Talk) -> None:
    said = Said("", request.POST.get("text", "").strip(), is_customers=True, at=timezone.now())
    file = request.FILES.get("file")
    if file and file.size and file.size <= LARGEST_FILE:
        said.file = _keep(file.read(), file.content_type or "", file.name or "")
    if not said.text and not said.file:
        return
    quotes = request.POST.get("quotes", "")
    said.quotes = next((other.text or _("a file") for other in talk.said if quotes and other.id == quotes), "")
    pairs = (line.partition("=") for line in request.POST.get("data", "").splitlines())
    data = {key.strip(): value.strip() for key, _equals, value in pairs if key.strip()}
    callback = customers.told_of_message(talk, said, data=data, quotes=quotes)
    said.state = "" if _tell(talk, callback) else _("The portal did not take it.")
    talk.said.append(said)


def _keep(content: bytes, media_type: str, name: str) -> str:
    """The address under which the portal and the page find the file."""
    key = secrets.token_urlsafe(12)
    _files[key] = content, media_type
    return f"{customers.address()}/files/{key}/{quote(PurePath(name).name)}"


@require_safe
def file(request: HttpRequest, key: str, name: str) -> HttpResponse:
    """Where the portal fetches what a customer sends."""
    if key not in _files:
        raise Http404
    content, media_type = _files[key]
    return HttpResponse(content, content_type=media_type, headers={"Content-Security-Policy": "sandbox"})
