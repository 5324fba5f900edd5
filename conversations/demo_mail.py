"""Mail of the demonstration, as its customers write it."""

from __future__ import annotations

import mailbox
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, make_msgid
from pathlib import Path

from channels_cfg.messaging.mail_boxes import Unread
from channels_cfg.models import MailBox, User
from conversations import lifecycle
from conversations.doors.deliveries import apply_delivery
from conversations.doors.mail.reading import keep
from conversations.models import Conversation, InboundDelivery

SENDERS = (
    ("Maija Korhonen", "maija.korhonen@example.com"),
    ("Erik Svensson", "erik.svensson@example.com"),
    ("Lena Schäfer", "lena.schaefer@example.com"),
)
DONE = ("Thank you", "The chairs have come, and all six are well. Thank you for your help!")
WAITING = (
    ("An invoice twice", "Hello,\n\nthe invoice FI102938 came twice. Which of the two counts?\n\nErik", ""),
    (
        "Is the blue jacket back?",
        "Hello! Is the jacket back in stock?\n- the blue one\n- in size M",
        "<p>Hello! Is the jacket <b>back in stock</b>?</p><ul><li>the <i>blue</i> one</li><li>in size M</li></ul>"
        '<p><img src="https://shop.example/jacket.png" alt="jacket">'
        '<a href="https://shop.example/jackets">Your page</a> says so.</p>',
    ),
)


def written(
    sender: tuple[str, str],
    *,
    to: str,
    subject: str,
    text: str,
    at: datetime,
    html: str = "",
    name: str = "",
    file: bytes = b"",
) -> bytes:
    """A mail; ``html`` is its other version, ``file`` one that is attached under this name."""
    mail = EmailMessage()
    mail["From"], mail["To"] = formataddr(sender), to
    mail["Subject"] = " ".join(subject.split())
    mail["Date"], mail["Message-ID"] = format_datetime(at), make_msgid(domain="example.com")
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    if file:
        mail.add_attachment(file, maintype="application", subtype="octet-stream", filename=name)
    return mail.as_bytes()


def put(folder: Path, mail: bytes) -> Path:
    """Deliver it into the maildir, as a mail server does, and return where it lies until it is read."""
    return folder / "new" / mailbox.Maildir(folder, create=False).add(mail)


def address_of(box: MailBox) -> str:
    """Where its customers write to: the address of its queue, unless an administrator's own has that."""
    return box.queue.addresses.values_list("address", flat=True).first() or "mail@shop.example"


def load_demo_mail(box: MailBox, *, agent: User, now: datetime) -> None:
    """One that was worked on yesterday; the others lie in the maildir, and arrive as soon as the portal reads it."""
    if box.kind != MailBox.BoxKind.MAILDIR:
        return  # an administrator has it read from a server
    address, at = address_of(box), now - timedelta(days=1, hours=3)
    subject, text = DONE
    raw = written(SENDERS[0], to=address, subject=subject, text=text, at=at)
    keep(box, Unread("", raw, is_whole=True), now=at)
    apply_delivery(InboundDelivery.objects.filter(mail_box=box).latest("pk").pk)
    done = Conversation.objects.filter(queue=box.queue).latest("received_at")
    lifecycle.accept(done.pk, by=agent, now=at + timedelta(minutes=6))
    lifecycle.end(done.pk, by=agent, ended_by=Conversation.Party.AGENT, now=at + timedelta(minutes=8))
    lifecycle.handle(done.pk, by=agent, now=at + timedelta(minutes=9))
    for sender, (subject, text, html) in zip(SENDERS[1:], WAITING, strict=True):
        put(Path(box.folder), written(sender, to=address, subject=subject, text=text, html=html, at=now))
