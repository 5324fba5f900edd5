"""Taking a callback in: check who sent it, keep it, answer. A worker applies it later.

Everything here is counted in microseconds: one query for the secrets, one statement that keeps the delivery.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from django.core.exceptions import RequestDataTooBig
from django.db import connection
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from channels_cfg import jobs
from channels_cfg.models import WebhookSecret
from channels_cfg.prepared import rows
from channels_cfg.problem_details import problem
from conversations.doors import webhook_use
from conversations.doors.conversation_api import payloads
from conversations.doors.conversation_api.callback import DOOR_NAME
from conversations.doors.conversation_api.signature import Signature
from conversations.doors.deliveries import keep, keyed_digest
from conversations.models import InboundDelivery, RefusedCallbacks

LARGEST_BODY = 1024 * 1024


@dataclass(frozen=True, order=True)
class Recipient:
    """A messaging service, as far as a callback needs to know it."""

    service_id: int
    app_id: str
    project_id: str


@dataclass(frozen=True)
class Signed:
    """Whom a callback is for, and which of the secrets signed it."""

    recipients: list[Recipient]
    secrets: list[int]


@csrf_exempt
@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    """Keep one signed callback. Sent again, it is answered again and kept once."""
    try:
        body = request.body
    except RequestDataTooBig:
        return too_large(request)
    except UnreadablePostError:
        return problem(request.path, HTTPStatus.BAD_REQUEST, "The body broke off.")
    if len(body) > LARGEST_BODY:
        return too_large(request)

    now = timezone.now()
    signature = Signature.read(request.headers)
    signed = signed_for(signature, body) if signature else None
    if not signature or not signed or not signed.recipients or not signature.is_recent(now=now):
        webhook_use.note_refusal(DOOR_NAME, _why_refused(signature, signed))
        return unauthorized(request)
    try:
        callback = payloads.read(body)
    except payloads.Unreadable as unreadable:
        return problem(request.path, HTTPStatus.BAD_REQUEST, str(unreadable))

    if not _keep(callback, body, signed.recipients, nonce=signature.nonce, now=now):
        return unauthorized(request)
    webhook_use.note_use(signed.secrets)
    return HttpResponse(b"{}", content_type="application/json")


def _keep(callback: dict[str, object], body: bytes, recipients: list[Recipient], *, nonce: str, now: datetime) -> bool:
    """Keep it, or find it kept; False where its nonce is taken by something else."""
    digest = keyed_digest(body)
    if len(recipients) > 1 and is_used_elsewhere(nonce, recipients, digest):
        return False
    recipient = chosen(recipients, callback)
    trigger = payloads.trigger_of(callback)
    if keep(DOOR_NAME, recipient.service_id, nonce=nonce, body=body, digest=digest, trigger=trigger, now=now) is None:
        return is_the_same(recipient, nonce, digest)
    jobs.announce(InboundDelivery)
    return True


# As SQL, since putting a query together through the ORM costs more than asking it.
_SECRETS = """
    SELECT webhook.id, webhook.secret, service.id, service.app_id, service.project_id
      FROM channels_cfg_webhooksecret webhook
      JOIN channels_cfg_messagingservice service ON service.id = webhook.service_id
     WHERE service.enabled
"""
_SECRET = WebhookSecret._meta.get_field("secret")


def signed_for(signature: Signature, body: bytes) -> Signed:
    """The enabled services one of whose secrets signed the body. Every secret is tried, whichever fits."""
    tried = [
        (secret, Recipient(*service), signature.fits(body, _SECRET.from_db_value(stored, None, connection) or ""))
        for secret, stored, *service in rows(_SECRETS)
    ]
    fitting = [(secret, recipient) for secret, recipient, fits in tried if fits]
    return Signed(sorted({recipient for _secret, recipient in fitting}), [secret for secret, _recipient in fitting])


def _why_refused(signature: Signature | None, signed: Signed | None) -> RefusedCallbacks.Reason:
    if signature is None:
        return RefusedCallbacks.Reason.UNSIGNED
    return RefusedCallbacks.Reason.OLD if signed and signed.recipients else RefusedCallbacks.Reason.WRONG


def chosen(recipients: list[Recipient], callback: dict[str, object]) -> Recipient:
    """Of services that share a secret: the one of the app, else one of the project, else the first."""
    app_id, project_id = payloads.text(callback, "app_id"), payloads.text(callback, "project_id")
    return min(recipients, key=lambda one: (one.app_id != app_id, one.project_id != project_id, one.service_id))


def is_the_same(recipient: Recipient, nonce: str, digest: bytes) -> bool:
    """Whether the delivery that took the nonce had this body."""
    of_its_nonce = InboundDelivery.objects.filter(door=DOOR_NAME, service=recipient.service_id, nonce=nonce)
    return of_its_nonce.filter(body_digest=digest).exists()


def is_used_elsewhere(nonce: str, recipients: list[Recipient], digest: bytes) -> bool:
    """Whether a service with the same secret has seen the nonce with another body."""
    services = [recipient.service_id for recipient in recipients]
    seen = InboundDelivery.objects.filter(door=DOOR_NAME, service__in=services, nonce=nonce)
    return seen.exclude(body_digest=digest).exists()


def unauthorized(request: HttpRequest) -> HttpResponse:
    """One answer for everything that may be wrong with a signature."""
    return problem(
        request.path,
        HTTPStatus.UNAUTHORIZED,
        "The signature is missing or does not fit. Compare the webhook's secret with the messaging service's, "
        "and the clocks.",
        headers={"WWW-Authenticate": "HmacSHA256"},
    )


def too_large(request: HttpRequest) -> HttpResponse:
    return problem(request.path, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A callback has at most {LARGEST_BODY} bytes.")
