"""Opt-ins and opt-outs, told by the channel: the customer may be written to, or no longer."""

from __future__ import annotations

from django.utils.translation import gettext as _

from conversations import consents
from conversations.doors.conversation_api import payloads
from conversations.doors.conversation_api.callback import APPLIED, IGNORED, Callback
from conversations.models import InboundDelivery


def opted_in(callback: Callback) -> InboundDelivery.State:
    return _record(callback, given=True)


def opted_out(callback: Callback) -> InboundDelivery.State:
    return _record(callback, given=False)


def _record(callback: Callback, *, given: bool) -> InboundDelivery.State:
    """Only what succeeded counts. Some examples of the sender give an opt-out the status of an opt-in: what the
    callback is called decides there, since nobody is to be written to by mistake."""
    told = callback.news
    callback.note_ignored_metadata()
    succeeded = {"OPT_IN_SUCCEEDED"} if given else {"OPT_OUT_SUCCEEDED", "OPT_IN_SUCCEEDED"}
    if payloads.name(told, "status") not in succeeded:
        callback.note(_("It did not succeed, so nothing changed."))
        return IGNORED
    channel = payloads.name(told, "channel", longest=30)
    address = payloads.text(told, "identity")
    contact_id = payloads.external_id(told, "contact_id")
    if not channel or not (address.strip() or contact_id):
        callback.note(_("It names no channel or no customer."))
        return IGNORED
    consents.record(
        callback.service,
        channel=channel,
        address=address,
        contact_external_id=contact_id,
        given=given,
        at=callback.happened_at(payloads.moment(callback.data, "event_time")),
    )
    return APPLIED
