"""Integrations with what they did: which answer an event and why others do not, and debug windows."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from channels_cfg.admin.integrations.integrations import IntegrationAdmin
from channels_cfg.models import Channel, Integration, Queue
from conversations.integrations import debugging
from conversations.integrations.matching import Occasion, verdicts
from conversations.models import Conversation
from conversations.signed_in import viewer

admin.site.unregister(Integration)


@admin.register(Integration)
class IntegrationWithRunsAdmin(IntegrationAdmin):
    """With the question which of them answer, and the debug window of each."""

    change_form_outer_after_template = "admin/channels_cfg/integration/_debug_window.html"
    list_before_template = "admin/channels_cfg/integration/_which_answer_link.html"
    custom_urls = (
        ("which-answer/", "which_integrations_answer", lambda request, model_admin: model_admin.which(request)),
        (
            "<int:pk>/debug-window/",
            "integration_debug_window",
            require_POST(lambda request, model_admin, pk: model_admin.debug_window(request, pk)),
        ),
    )

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        original = context.get("original")
        context["window"] = debugging.window_of(original, now=timezone.now()) if original else None
        context["may_debug"] = bool(original) and self.has_change_permission(request, original)
        return super().render_change_form(request, context, *args, **kwargs)

    def which(self, request: HttpRequest) -> HttpResponse:
        """For an event of a conversation of some kind, direction and queue: which are asked, and why not the others."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        queue = Queue.objects.select_related("channel").filter(pk=_number(request.GET.get("queue"))).first()
        occasion = Occasion(
            event=_one_of(request.GET.get("event"), Integration.AnsweredEvent.values),
            kind=queue.channel.kind if queue else _one_of(request.GET.get("kind"), Channel.Kind.values),
            direction=_one_of(request.GET.get("direction"), Conversation.Direction.values),
            queue_id=queue.pk if queue else None,
        )
        rows = Integration.objects.prefetch_related("queues")
        context = {
            **self.admin_site.each_context(request),
            "title": _("Which integrations answer?"),
            "opts": self.opts,
            "occasion": occasion,
            "events": Integration.AnsweredEvent.choices,
            "kinds": Channel.Kind.choices,
            "directions": Conversation.Direction.choices,
            "queues": Queue.objects.order_by("name"),
            "verdicts": verdicts(rows, occasion),
        }
        return TemplateResponse(request, "admin/channels_cfg/integration/which_answer.html", context)

    def debug_window(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Open it for a while, or close it."""
        integration = Integration.objects.filter(pk=pk).first()
        if integration is None:
            raise Http404
        if not self.has_change_permission(request, integration):
            raise PermissionDenied
        if "close" in request.POST:
            debugging.close_window(integration, now=timezone.now())
            messages.success(request, _("The debug window is closed; what outlived its conversation is erased."))
        else:
            debugging.open_window(integration, by=viewer(request), now=timezone.now())
            messages.success(request, _("The debug window is open."))
        return redirect(reverse("admin:channels_cfg_integration_change", args=[pk]))


def _one_of(asked: str | None, known: list[str]) -> str:
    return asked if asked in known else known[0]


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 19 else 0
