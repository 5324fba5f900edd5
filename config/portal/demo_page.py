"""The page that removes the demonstration."""

from __future__ import annotations

from http import HTTPStatus

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from channels_cfg.admin.safeguards.typed_confirmation import ask_to_confirm
from channels_cfg.history.change_set import Confirmation
from channels_cfg.models import User
from config.demo_data import Obstructed, Removal, is_loaded, removal, remove_demo_data

NEEDED = [
    f"channels_cfg.delete_{model}"
    for model in ("channel", "queue", "queuegroup", "messagingservice", "attachedkey", "accessright", "user")
]


def may_remove_demo(request: HttpRequest) -> bool:
    return request.user.has_perms(NEEDED)


def demo_page(request: HttpRequest) -> HttpResponse:
    """What removing takes away and what stands in the way; a post removes it, once it is confirmed."""
    if not may_remove_demo(request):
        raise PermissionDenied
    assert isinstance(request.user, User)  # admin_view lets nobody else in
    found = removal(by=request.user) if is_loaded() else None
    if request.method != "POST" or found is None or found.obstacles:
        context = {**admin.site.each_context(request), "title": _("Demonstration data"), "found": found}
        status = HTTPStatus.CONFLICT if request.method == "POST" else HTTPStatus.OK
        return TemplateResponse(request, "admin/demo_data.html", context, status=status)
    if asked := ask_to_confirm(request, admin.site, _confirmation(found)):
        return asked
    try:
        remove_demo_data(by=request.user, why=_("The demonstration is over"))
    except Obstructed:  # by what came in between
        return redirect("demo_data")
    messages.success(request, _("The demonstration is removed. What you made is as it was."))
    return redirect("admin:index")


def _confirmation(found: Removal) -> Confirmation:
    return Confirmation(
        _("Remove the demonstration?"),
        [*found.takes, *found.takes_of_yours, _("This cannot be undone.")],
        _("remove demonstration"),
        _("Remove it"),
    )
