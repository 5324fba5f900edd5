"""Sending a message through the Conversation API: ``POST messages:send``, as its documentation describes it.

Plain calls through the one way out, as the connection test makes them. The vendor's SDK would send the same document,
but costs each worker 75 MB and seconds of its start, and brings a way out of its own. It has no key that tells a
repetition, so this says exactly whether a message may have been taken.
"""

from __future__ import annotations

import re
import time
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.utils.translation import gettext as _

from channels_cfg.messaging.sinch_connection import KEY_UNKNOWN, SinchConnection, sign_in
from channels_cfg.outgoing import Answer, NoAnswer, Refused, ask, retry_after

SECONDS_BEFORE_EXPIRY = 60
USUAL_EXPIRY = 3600
_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,59}")


class NotSent(Exception):
    """It was refused, and would be again; the words say why."""


class Busy(Exception):
    """It was not taken, and may be later: ``after`` so long, where that was said."""

    def __init__(self, words: str, after: timedelta | None = None) -> None:
        super().__init__(words)
        self.after = after


class NotKnown(Exception):
    """It left, and it is not known whether it was taken."""


def send(connection: SinchConnection, document: dict[str, Any]) -> str:
    """Send one message and return the id it was given. Raises ``NotSent``, ``Busy`` or ``NotKnown``."""
    answer = _post(connection, document, _token(connection))
    if answer.status == HTTPStatus.UNAUTHORIZED:  # a token may be withdrawn before its time
        _tokens.pop(connection, None)
        answer = _post(connection, document, _token(connection))
    _check(answer)
    message_id = answer.json().get("message_id")
    if answer.status >= HTTPStatus.MULTIPLE_CHOICES:
        raise NotSent(_("The channel refused it: %(reason)s.") % {"reason": _reason(answer)})
    if not isinstance(message_id, str) or not message_id:
        raise NotKnown
    return message_id


def _post(connection: SinchConnection, document: dict[str, Any], token: str) -> Answer:
    try:
        return ask(
            "POST",
            connection.address_of("messages:send"),
            headers={"Authorization": f"Bearer {token}"},
            document=document,
        )
    except Refused as refused:
        raise NotSent(str(refused)) from None
    except NoAnswer as none:
        raise NotKnown if none.may_have_arrived else _no_answer() from None


_tokens: dict[SinchConnection, tuple[str, float]] = {}
"""Bearer tokens, and until when on the monotonic clock each counts."""


def _token(connection: SinchConnection) -> str:
    token, until = _tokens.get(connection, ("", 0.0))
    if token and time.monotonic() < until:
        return token
    try:
        token, answer = sign_in(connection)
    except Refused as refused:
        raise NotSent(str(refused)) from None
    except NoAnswer:
        raise _no_answer() from None
    if not token:
        _check(answer)
        if answer.status in KEY_UNKNOWN:
            raise NotSent(_("The access key of the messaging service is not known to the channel."))
        raise NotSent(_("Signing in was refused: %(reason)s.") % {"reason": _reason(answer)})
    seconds = answer.json().get("expires_in")
    seconds = seconds if isinstance(seconds, int | float) else USUAL_EXPIRY
    _tokens[connection] = token, time.monotonic() + seconds - SECONDS_BEFORE_EXPIRY
    return token


def _no_answer() -> Busy:
    return Busy(_("The channel does not answer."))


def _check(answer: Answer) -> None:
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        raise Busy(_("The channel takes no more at the moment."), retry_after(answer.headers))
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        words = _("The channel does not answer as it should (%(status)d).") % {"status": answer.status}
        raise Busy(words, retry_after(answer.headers))


def _reason(answer: Answer) -> str:
    """``Invalid argument (400)``: the code of the error alone, since its message may quote what was sent."""
    error = answer.json().get("error")
    code = error.get("status") if isinstance(error, dict) else None
    words = code.replace("_", " ").capitalize() if isinstance(code, str) and _CODE.fullmatch(code) else _("status")
    return f"{words} ({answer.status})"
