"""A page with a button that tries a connection as it is typed, before anything of it is saved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from channels_cfg.admin.configurator import ConfiguratorAdmin
from channels_cfg.messaging.finding import Finding


def complaints_of(form: forms.ModelForm) -> Iterator[Finding]:
    """What is wrong with what was typed, by the labels of the fields."""
    for name, texts in form.errors.items():
        label = f"{form[name].label}: " if name in form.fields else ""
        yield from (Finding("warn", f"{label}{text}") for text in texts)


Address = tuple[str, str, Any]


def trying_at(path: str, name: str) -> Address:
    """The address, among ``custom_urls``, at which a ``TriesConnections`` is asked."""
    return path, name, require_POST(lambda request, model_admin: model_admin.try_connection(request))


class TriesConnections(ConfiguratorAdmin):
    """``tried_at`` is the name of the address. The page says what is tried, and includes
    ``admin/connection/_button.html``."""

    tried_at: str
    try_words: str | Promise = gettext_lazy("Try the connection")
    try_stored_words: str | Promise = gettext_lazy("Try the connection as it is saved")
    change_form_outer_after_template = "admin/connection/_try_stored.html"

    def findings(self, request: HttpRequest, record: Any) -> Sequence[Finding]:
        """What is found with what was typed; for a secret that was not, and without a form, with what is stored."""
        raise NotImplementedError

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        words = {"try_words": self.try_words, "try_stored_words": self.try_stored_words}
        context |= {"tried_at": f"admin:{self.tried_at}", **words}
        return super().render_change_form(request, context, *args, **kwargs)

    def try_connection(self, request: HttpRequest) -> HttpResponse:
        record = self.get_object(request, request.POST.get("tried", ""))
        allowed = self.has_change_permission(request, record) if record else self.has_add_permission(request)
        if not allowed:
            raise PermissionDenied
        context: dict[str, Any] = {"findings": self.findings(request, record), "original": record, "opts": self.opts}
        if request.headers.get("HX-Request"):
            return TemplateResponse(request, "admin/connection/_findings.html", context)
        context |= {**self.admin_site.each_context(request), "title": _("Connection")}
        return TemplateResponse(request, "admin/connection/page.html", context)
