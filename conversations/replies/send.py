"""Sending what waits: each message once, or told as not known to have been sent."""

from __future__ import annotations

from typing import NoReturn

from django.utils import timezone
from django.utils.translation import gettext as _

from channels_cfg import jobs
from channels_cfg.messaging import sending
from channels_cfg.messaging.sinch_connection import SinchConnection
from conversations.models import OutboundMessage, SendingPause
from conversations.replies.body import NothingLeft, body_of
from conversations.replies.ours import answered
from conversations.replies.window import what_may_be_sent


def work(held: OutboundMessage) -> None:
    """Send a message that the caller holds. Raises ``TryLater``, ``GiveUp``, ``NoLongerHeld``."""
    outbound = _with_its_service(held)
    conversation = outbound.message.conversation
    if conversation is None:
        raise jobs.GiveUp(_("Its conversation had ended before it."))
    if held.posting_since:
        raise jobs.GiveUp(_not_known())
    sendable = what_may_be_sent(conversation, now=timezone.now())
    if not sendable.takes(outbound.message.content_type):
        raise jobs.GiveUp(sendable.why)
    try:
        document = body_of(outbound, conversation, sendable)
    except NothingLeft:
        raise jobs.GiveUp(_("It was erased before it was sent.")) from None
    jobs.note(held, posting_since=timezone.now())
    try:
        external_id = sending.send(SinchConnection.of(outbound.service), document)
    except sending.NotKnown:
        raise jobs.GiveUp(_not_known()) from None
    except sending.NotSent as refused:
        jobs.note(held, posting_since=None)
        raise jobs.GiveUp(str(refused)) from None
    except sending.Busy as busy:
        _put_off(held, outbound, busy)
    else:
        answered(held, external_id)
        if hasattr(outbound.service, "sending_pause"):
            SendingPause.objects.over(outbound.service)


def _with_its_service(held: OutboundMessage) -> OutboundMessage:
    rows = OutboundMessage.objects.select_related(
        "reference__service__sending_pause", "message__conversation__reference__service"
    )
    outbound = rows.filter(pk=held.pk).first()
    if outbound is None:  # it was taken back
        raise jobs.NoLongerHeld
    return outbound


def _put_off(held: OutboundMessage, outbound: OutboundMessage, busy: sending.Busy) -> NoReturn:
    """It waits longer than its service does, so that a message that never succeeds lets others go first."""
    now = timezone.now()
    jobs.note(held, posting_since=None)
    pause = SendingPause.objects.begin(outbound.service, now=now, reason=str(busy), after=busy.after)
    if held.is_exhausted(now=now):
        raise jobs.GiveUp(_("%(reason)s It was tried for too long.") % {"reason": busy})
    raise jobs.TryLater(str(busy), after=busy.after or max(held.pause, 2 * (pause.until - now)))


def _not_known() -> str:
    return _("It is not known whether it was sent: the answer was lost. It is not sent again.")
