"""``manage.py read_mail``: read every mail box now, in this process."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand
from django.utils import timezone
from django.utils.translation import ngettext

from channels_cfg.messaging.mail_boxes import BoxUnreadable
from channels_cfg.models import MailBox
from conversations.doors.deliveries import apply_delivery
from conversations.doors.mail.reading import read_box
from conversations.models import InboundDelivery


class Command(BaseCommand):
    help = "Reads every mail box that is switched on, and makes conversations of what is there."

    def handle(self, *args: Any, **options: Any) -> None:
        for box in MailBox.objects.filter(enabled=True):
            try:
                count = read_box(box)
            except BoxUnreadable as why:
                self.stdout.write(f"{box}: {why}")
                continue
            words = ngettext("%(count)d mail taken in", "%(count)d mails taken in", count) % {"count": count}
            self.stdout.write(f"{box}: {words}")
            waiting = InboundDelivery.objects.waiting(now=timezone.now()).filter(mail_box=box).order_by("pk")
            for delivery_id in list(waiting.values_list("pk", flat=True)):
                apply_delivery(delivery_id)
