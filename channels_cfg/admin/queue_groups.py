"""Queue groups in the System Configurator."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from channels_cfg.admin.configurator import ConfiguratorAdmin, ConfiguratorInline
from channels_cfg.admin.known_choices import KnowsItsChoices
from channels_cfg.admin.numbers import number_of
from channels_cfg.admin.rights.access_rights import QueueGroupRightsInline
from channels_cfg.models import Queue, QueueGroup


class QueuesInline(KnowsItsChoices, ConfiguratorInline):
    model = Queue.groups.through
    autocomplete_fields = ["queue"]
    verbose_name = _("queue")
    verbose_name_plural = _("Queues in this group")
    ordering = ["queue__name"]
    per_page = 20


@admin.register(QueueGroup)
class QueueGroupAdmin(ConfiguratorAdmin):
    list_is_for = _("A queue group is a set of queues on which a right is granted once.")
    list_display = ["name", "queue_count", "description"]
    search_fields = ["name", "description", "queues__name"]
    search_help_text = _("Name, description or a queue in it")
    ordering = ["name"]
    fields = ["name", "description"]
    inlines = [QueuesInline, QueueGroupRightsInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[QueueGroup]:
        return (
            super()
            .get_queryset(request)
            .annotate(number_of_queues=number_of(Queue.groups.through.objects, "queuegroup"))
        )

    @display(description=_("Queues"), ordering="number_of_queues")
    def queue_count(self, group: Any) -> int:
        return group.number_of_queues
