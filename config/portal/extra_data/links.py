"""The forms of channels and queues lead to the page on which their extra data is decided."""

from __future__ import annotations

from django.contrib import admin

from channels_cfg.admin.channels import ChannelAdmin
from channels_cfg.admin.queues import QueueAdmin
from channels_cfg.models import Channel, Queue
from config.portal.extra_data.places import Place, address_of

admin.site.unregister([Channel, Queue])


class LeadsToTheMatrix:
    def page_of_lists(self, place: Place) -> str:
        return address_of(place)


@admin.register(Channel)
class ChannelWithMatrixAdmin(LeadsToTheMatrix, ChannelAdmin):
    pass


@admin.register(Queue)
class QueueWithMatrixAdmin(LeadsToTheMatrix, QueueAdmin):
    pass
