"""Keeping files of conversations, and deleting them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import PurePath
from tempfile import TemporaryFile
from typing import IO, Any

from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext as _

from channels_cfg.messaging.messaging_channels import MessagingChannel, channel_of
from channels_cfg.models import SystemSettings, User
from conversations.attachments.media_types import MediaType, ending_of, typed
from conversations.lifecycle import TakenByAnother, WrongState
from conversations.models import Attachment, Conversation, State

MEGABYTE = 1024 * 1024
LONGEST_NAME = 200
BATCH = 500

_NOT_IN_A_NAME = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069/\\:*?\"<>|]+")
"""Controls, marks that turn the direction of writing, and what some system refuses in a name."""


class NotAllowed(Exception):
    """The file may not be sent. Says why, in words."""


def store_upload(
    conversation: Conversation, *, by: User, name: str, chunks: Iterable[bytes], now: datetime, origin: str = ""
) -> Attachment:
    """Keep a file that is to be sent to the customer. Where it is not sent within a day it is deleted.

    ``origin`` is how the portal was called, such as ``https://portal.example.com``: the public address begins with it
    where the settings name none. Raises ``NotAllowed`` and ``WrongState``.
    """
    if conversation.state != State.ACCEPTED:
        raise WrongState(conversation, State.ACCEPTED)
    if conversation.agent_id != by.pk and not by.is_api_client:
        raise TakenByAnother(conversation)
    limits = SystemSettings.load()
    channel = channel_of(conversation.messaging_channel)
    if not channel.rich_content:
        raise NotAllowed(_("%(channel)s carries no files.") % {"channel": channel.label})
    with TemporaryFile() as file:
        for part in chunks:
            file.write(part)
            _check_size(file.tell(), limits.largest_file_megabytes)
        media_type = _allowed_type(file, name, limits.allowed_file_types)
        _check_channel(channel, media_type, file.seek(0, os.SEEK_END))
        return keep(conversation, file, name, media_type, now=now, uploaded_by=by, origin=origin)


def _check_size(size: int, megabytes: int) -> None:
    if size > megabytes * MEGABYTE:
        raise NotAllowed(_("The file is larger than %(limit)s MB, the most that is allowed.") % {"limit": megabytes})


def _allowed_type(file: IO[bytes], name: str, allowed: list[str]) -> MediaType:
    ending = ending_of(name)
    if ending not in allowed:
        raise NotAllowed(
            _("Files of this type are not sent: its name ends in none of %(endings)s.")
            % {"endings": ", ".join(allowed)}
        )
    media_type = typed(file, name)
    if media_type is None or ending not in media_type.endings:
        raise NotAllowed(_("The file is not what its name says: it holds no %(ending)s.") % {"ending": ending})
    return media_type


def _check_channel(channel: MessagingChannel, media_type: MediaType, size: int) -> None:
    taken = channel.file_types.get(media_type.kind)
    if taken and media_type.name not in taken:
        raise NotAllowed(_("%(channel)s does not take %(type)s.") % {"channel": channel.label, "type": media_type.name})
    megabytes = channel.largest_files.get(media_type.kind)
    if megabytes and size > megabytes * MEGABYTE:
        raise NotAllowed(
            _("The file is larger than %(limit)s MB, the most that %(channel)s takes of its kind.")
            % {"limit": megabytes, "channel": channel.label}
        )


def keep(
    conversation: Conversation | None, file: IO[bytes], name: str, media_type: MediaType, *, now: datetime, **facts: Any
) -> Attachment:
    """Store the bytes. Nothing holds the attachment until ``attach_to`` is called, and it expires."""
    attachment = Attachment(
        conversation=conversation,
        name=tidy_name(name, media_type),
        media_type=media_type.name,
        size=file.seek(0, os.SEEK_END),
        stored_at=now,
        expires_at=now + settings.UNSENT_ATTACHMENTS_KEPT,
        **facts,
    )
    attachment.file = path_of(attachment)
    attachment.save()
    file.seek(0)
    attachment.file.storage.save(attachment.file.name, File(file))
    return attachment


def path_of(attachment: Attachment) -> str:
    """Its own id alone: what somebody calls a file is in no path."""
    return f"{attachment.pk.hex[:2]}/{attachment.pk.hex}"


def tidy_name(name: str, media_type: MediaType) -> str:
    """A name that is safe to save under, with an ending of its type: “Photo.jpg”."""
    last = PurePath(name.replace("\\", "/")).name
    tidied = " ".join(_NOT_IN_A_NAME.sub("", last).split()).strip(" .") or media_type.kind
    if ending_of(tidied) not in media_type.endings:
        tidied = f"{tidied[: LONGEST_NAME - 10]}.{media_type.endings[0]}"
    stem, ending = tidied.rpartition(".")[::2]
    return f"{stem[: LONGEST_NAME - 1 - len(ending)]}.{ending}"


def delete_expired(*, now: datetime) -> None:
    """Delete what no message holds on to: the file first, so that none is ever without its row."""
    while rows := list(Attachment.objects.expired(now=now).order_by("pk")[:BATCH]):
        for attachment in rows:
            delete_file(attachment)
            attachment.delete()


def delete_file(attachment: Attachment) -> None:
    if attachment.file:
        attachment.file.delete(save=False)


def file_goes_too(instance: Attachment, **_: Any) -> None:
    """A row was deleted, with its conversation perhaps: its file follows once that is certain."""
    transaction.on_commit(lambda: delete_file(instance))
