"""Fetching what customers send: once, through the guarded way out, before the channel deletes it.

Sinch and Meta answer at the address itself; what an object store redirects to is followed, each hop checked.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import PurePosixPath
from tempfile import TemporaryFile
from typing import IO
from urllib.parse import unquote, urlsplit

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_cfg import jobs, outgoing
from channels_cfg.models import Job
from channels_cfg.models.system_settings import LARGEST_MEGABYTES
from conversations.attachments.media_types import typed
from conversations.attachments.store import MEGABYTE, delete_expired, keep
from conversations.models import Attachment, MediaFetch, Message

SECONDS = 120
MOST_HOPS = 3
LONGEST = timedelta(minutes=5)
WORDS = {
    outgoing.Refused: gettext_lazy("It lies at an address that is not called: in a private network, or without HTTPS."),
    outgoing.TooLarge: gettext_lazy("It is larger than %(limit)s MB."),
    outgoing.Packed: gettext_lazy("It was sent packed, in a form that was not asked for."),
    outgoing.NotInTime: gettext_lazy("Whoever has it did not send it in time."),
    outgoing.NoAnswer: gettext_lazy("Whoever has it could not be reached."),
}
"""Why it was not fetched; nothing of the address."""

FINAL = (outgoing.Refused, outgoing.TooLarge, outgoing.Packed)


def ask_for_media(message: Message, url: str, *, now: datetime) -> None:
    """Have the message's media fetched from there, in the caller's transaction; none where the address is empty. What
    an earlier version of the message brought goes."""
    forget_media(Message.objects.filter(pk=message.pk), now=now)
    if url:
        MediaFetch.objects.create(message=message, url=url, asked_at=now)
        jobs.announce(MediaFetch)


def forget_media(messages: QuerySet[Message], *, now: datetime) -> None:
    """Let go of the files of these messages, and fetch none."""
    MediaFetch.objects.filter(message__in=messages).delete()
    if Attachment.objects.filter(message__in=messages).let_go(now=now):
        transaction.on_commit(lambda: delete_expired(now=now))


def work(job: MediaFetch) -> None:
    """Fetch what the caller holds. Raises ``GiveUp`` with the reason in words, ``TryLater`` and ``NoLongerHeld``."""
    with TemporaryFile() as file:
        try:
            answer = outgoing.read_into(
                file, "GET", job.url, seconds=SECONDS, largest=LARGEST_MEGABYTES * MEGABYTE, hops=MOST_HOPS
            )
        except (outgoing.Refused, outgoing.NoAnswer) as failure:
            is_final = isinstance(failure, FINAL) or job.is_exhausted(now=timezone.now())
            reason = WORDS[type(failure)] % {"limit": LARGEST_MEGABYTES}
            raise (jobs.GiveUp(reason) if is_final else jobs.TryLater) from None
        _check(job, answer.status)
        _keep(job, file)


def _check(job: MediaFetch, status: int) -> None:
    """Whoever is busy or broken is asked again."""
    if status == HTTPStatus.OK:
        return
    may_pass = status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    if may_pass and not job.is_exhausted(now=timezone.now()):
        raise jobs.TryLater
    raise jobs.GiveUp(_("Whoever has it did not hand it out (%(status)d).") % {"status": status})


def _keep(job: MediaFetch, file: IO[bytes]) -> None:
    message = Message.objects.get(pk=job.message_id)
    told = str(message.content.get("filename_override") or "")
    name = told or unquote(PurePosixPath(urlsplit(job.url).path).name)
    media_type = typed(file, name)
    if media_type is None:
        raise jobs.GiveUp(_("It is of a type that is not shown, or not what its name says."))
    attachment = keep(None, file, name, media_type, now=timezone.now())
    with transaction.atomic():
        jobs.finish(job, Job.State.DONE, **job.input_erased)
        attachment.attach_to(message)
