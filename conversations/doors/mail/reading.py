"""Reading the mail boxes: each mail is kept first, then marked as read, and applied later."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from channels_cfg import jobs
from channels_cfg.messaging import mail_boxes
from channels_cfg.models import MailBox
from conversations.doors import deliveries
from conversations.models import MAIL, InboundDelivery, MailReading

WHOLE, TOO_LARGE = "MAIL", "MAIL_TOO_LARGE"
"""Triggers: a mail, and one of which only the head was taken in."""


def work(job: MailReading) -> None:
    """Read the box of a job that the caller holds. Raises ``GiveUp`` with the reason where it cannot be read."""
    box = MailBox.objects.get(pk=job.box_id)
    try:
        taken_in = read_box(box) if box.enabled else 0
    except mail_boxes.BoxUnreadable as why:
        raise jobs.GiveUp(str(why)) from None
    jobs.finish(job, reason="", read_at=timezone.now(), taken_in=F("taken_in") + taken_in)


def read_box(box: MailBox) -> int:
    """Take in what is unread, and return how many mails that were. Raises ``mail_boxes.BoxUnreadable``."""
    taken_in = 0
    with mail_boxes.opened(box) as opened:
        for mail in opened.unread():
            taken_in += keep(box, mail, now=timezone.now())
            opened.mark_read(mail)
    return taken_in


@transaction.atomic
def keep(box: MailBox, mail: mail_boxes.Unread, *, now: datetime) -> bool:
    """Store the mail as a delivery, unless it was stored before; whether it was new."""
    digest = deliveries.keyed_digest(mail.raw)
    delivery = deliveries.keep(
        MAIL,
        None,
        nonce=f"{box.pk}:{digest.hex()}",
        body=mail.raw,
        digest=digest,
        trigger=WHOLE if mail.is_whole else TOO_LARGE,
        now=now,
        mail_box_id=box.pk,
    )
    if delivery is None:
        return False
    jobs.announce(InboundDelivery)
    return True
