"""How a messaging service's callbacks fare, on its page in the System Configurator."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_cfg.admin.messaging.messaging_services import MessagingServiceAdmin, News
from channels_cfg.models import MessagingService
from conversations.doors.conversation_api.callback import DOOR_NAME
from conversations.models import InboundDelivery, RefusedCallbacks

LATELY = timedelta(days=1)

admin.site.unregister(MessagingService)


@admin.register(MessagingService)
class MessagingServiceWithCallbacksAdmin(MessagingServiceAdmin):
    """With what became of the callbacks that came in."""

    def callback_news(self, service: MessagingService) -> Iterator[News]:
        yield from super().callback_news(service)
        failed = InboundDelivery.objects.filter(service=service, state=InboundDelivery.State.FAILED)
        last = failed.order_by("-id").values_list("received_at", "reason", "notes").first()
        if last:
            received_at, reason, notes = last
            reasons = " ".join(map(str, [reason, *notes])).strip() or _("it could not be applied")
            yield News(_("Last failure"), reasons, "bad", at=received_at)
        else:
            yield News(_("Last failure"), _("none in the delivery log"))
        for refused in RefusedCallbacks.objects.filter(door=DOOR_NAME, last_at__gt=timezone.now() - LATELY):
            words = _("%(reason)s. Whichever service it was meant for.") % {"reason": refused.get_reason_display()}
            yield News(_("Last refused"), words, "warn", at=refused.last_at)
