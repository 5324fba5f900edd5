"""Small notes about what comes in at doors: which secret signs it, and when something was refused.

They cost a callback the look into a dictionary. A note is written at most once a minute, after the answer and by a
thread of its own, so neither a flood of callbacks nor somebody who knocks without a secret makes the portal write.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from datetime import timedelta
from functools import partial

from django.db import connection, transaction
from django.utils import timezone

from channels_cfg.models import WebhookSecret
from conversations.models import RefusedCallbacks

logger = logging.getLogger(__name__)

MINUTE = timedelta(minutes=1)

_noted: dict[Hashable, float] = {}


def note_use(secrets: Sequence[int]) -> None:
    """These secrets have signed a callback just now."""
    for secret in secrets:
        if _is_due(secret):
            _later(partial(write_use, secret))


def note_refusal(door: str, reason: RefusedCallbacks.Reason) -> None:
    """Something has been refused at this door, for this reason, just now."""
    if _is_due((door, reason)):
        _later(partial(write_refusal, door, reason))


def _is_due(what: Hashable) -> bool:
    """Whether this process last noted it a minute ago; then it counts as noted now."""
    now = time.monotonic()
    if now - _noted.get(what, float("-inf")) < MINUTE.total_seconds():
        return False
    _noted[what] = now
    return True


def _later(write: Callable[[], None]) -> None:
    transaction.on_commit(lambda: threading.Thread(target=_run, args=[write], name="door note", daemon=True).start())


def _run(write: Callable[[], None]) -> None:
    try:
        write()
    except Exception as failure:
        logger.warning(
            "A note about callbacks was not written (%s); the next comes in a minute", type(failure).__name__
        )
    finally:
        connection.close()


def write_use(secret: int) -> None:
    WebhookSecret.objects.filter(pk=secret).update(last_used_at=timezone.now())


def write_refusal(door: str, reason: RefusedCallbacks.Reason) -> None:
    """However many processes refuse callbacks, the row changes once a minute."""
    now = timezone.now()
    such = RefusedCallbacks.objects.filter(door=door, reason=reason)
    if not such.filter(last_at__lt=now - MINUTE).update(last_at=now):
        RefusedCallbacks.objects.bulk_create(
            [RefusedCallbacks(door=door, reason=reason, last_at=now)], ignore_conflicts=True
        )
