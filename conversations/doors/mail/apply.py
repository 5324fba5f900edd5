"""Applying a mail: it begins a conversation, or joins the one that its sender is in about the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _

from channels_cfg.models import Channel, MailBox, Queue
from channels_cfg.models.system_settings import LARGEST_MEGABYTES
from conversations.attachments.media_types import typed
from conversations.attachments.store import MEGABYTE, delete_file, keep
from conversations.doors import references
from conversations.doors.deliveries import add_note, keyed_digest
from conversations.doors.mail import parsing
from conversations.doors.mail.parsing import Mail, MailFile
from conversations.doors.mail.reading import WHOLE
from conversations.doors.queue_addresses import WrongKind, queue_with_address
from conversations.models import MAIL, Attachment, Conversation, InboundDelivery, Message
from conversations.models.conversation import LONGEST_SUBJECT

State = InboundDelivery.State
TYPE, LARGE = "type", "large"


def handle(delivery: InboundDelivery) -> tuple[str, list[str]]:
    """Apply a mail, and return what became of it and what was left out."""
    notes: list[str] = []
    box = delivery.mail_box
    if box is None:
        add_note(notes, _("Its mail box is no longer there."))
        return State.IGNORED, notes
    mail = parsing.read(bytes(delivery.body or b""), is_whole=delivery.trigger == WHOLE)
    files: list[Attachment] = []
    try:
        _store(box, mail, delivery, files, notes)
    except BaseException:  # the rows go with the transaction, and the files with them
        for attachment in files:
            delete_file(attachment)
        raise
    return State.APPLIED, notes


def _store(box: MailBox, mail: Mail, delivery: InboundDelivery, files: list[Attachment], notes: list[str]) -> None:
    at = delivery.received_at
    reference = references.hold(MAIL, _thread_of(box, mail, delivery))
    external_id = _digest(mail.message_id or bytes(delivery.body_digest).hex())
    if Message.objects.filter(reference=reference, external_id=external_id).exists():
        add_note(notes, _("The same mail was here before."))
        return
    conversation, _is_new = references.conversation_of(
        reference,
        at,
        queue=_queue_for(box, mail),
        begin=lambda **facts: _begin(mail, **facts),
        customer_address=mail.from_address,
    )
    said = {"reference": reference, "conversation": conversation, "author": Message.Author.CUSTOMER, "sent_at": at}
    why = "" if delivery.trigger == WHOLE else LARGE
    why = why or ("broken" if mail.is_broken else "cut" if mail.is_cut else "")
    if why:
        add_note(notes, _("Not all of it is shown: %(why)s.") % {"why": why})
    content: dict[str, Any] = {"html": mail.html, "images": mail.images, "subject": mail.subject, "why": why}
    content = {name: value for name, value in content.items() if value}
    Message.objects.create(**said, external_id=external_id, content_type="mail", text=mail.text, content=content)
    for number, file in enumerate(mail.files):
        _store_file(file, files, notes, at=at, external_id=f"{external_id}:{number}", said=said)


def _begin(mail: Mail, **facts: Any) -> Conversation:
    from conversations import lifecycle

    subject = mail.subject if len(mail.subject) <= LONGEST_SUBJECT else f"{mail.subject[: LONGEST_SUBJECT - 1]}…"
    return lifecycle.receive(customer_name=mail.from_name, subject=subject, **facts)


def _store_file(
    file: MailFile, files: list[Attachment], notes: list[str], *, at: datetime, external_id: str, said: dict[str, Any]
) -> None:
    """A message of its own, which holds the file or says why it is not shown."""
    media_type, why = None, file.why
    if not why and len(file.content) > LARGEST_MEGABYTES * MEGABYTE:
        why = LARGE
    if not why:
        content = BytesIO(file.content)
        media_type = typed(content, file.name)
        why = "" if media_type else TYPE
    told = {"name": file.name} | ({"why": why} if why else {})
    message = Message.objects.create(**said, external_id=external_id, content_type="mail_file", content=told)
    if media_type:
        files.append(keep(None, content, file.name, media_type, now=at))
        files[-1].attach_to(message)
    else:
        add_note(notes, _("A file is not shown: %(why)s.") % {"why": why})


def _thread_of(box: MailBox, mail: Mail, delivery: InboundDelivery) -> str:
    """What its sender writes about one thing into one box: under the first mail that it follows, or its own id."""
    first = next(_first_of(mail), bytes(delivery.body_digest).hex())
    return _digest(f"{box.pk} {mail.from_address.lower()} {first}")


def _first_of(mail: Mail) -> Iterator[str]:
    yield from mail.thread[:1]
    if mail.message_id:
        yield mail.message_id


def _digest(text: str) -> str:
    return keyed_digest(text.encode()).hex()[:40]


def _queue_for(box: MailBox, mail: Mail) -> Queue:
    """The e-mail queue of the first recipient that leads to one, else the box's own."""
    for address in mail.recipients[:50]:
        try:
            queue = queue_with_address(address, kind=Channel.Kind.EMAIL)
        except WrongKind:
            continue
        if queue:
            return queue
    return box.queue
