"""What changes of rights would do, in words; confirmed, they are saved as one settings version."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from channels_cfg.admin.safeguards.confirming import Confirming
from channels_cfg.rights.changes import RightsPreview, counts_in_words


def may_change(request: HttpRequest) -> bool:
    return all(request.user.has_perm(f"channels_cfg.{action}_accessright") for action in ("add", "change", "delete"))


def preview_or_save(
    request: HttpRequest,
    propose: Callable[[], RightsPreview],
    *,
    next_address: str,
    said: str = "",
    **context: Any,
) -> HttpResponse:
    """The preview of what is proposed, or, where that was confirmed, the way on. ``said`` is what is true then."""
    confirming = Confirming(request, propose)
    preview = confirming.change_set
    is_sent = "save" in request.POST
    if preview.is_empty and not is_sent:
        messages.info(request, _("There is nothing to save: the rights are as you want them."))
        return HttpResponseRedirect(next_address)
    if is_sent and confirming.applied():
        saved = _("Saved: %(counts)s.") % {"counts": counts_in_words(preview.changes).lower()}
        return confirming.done(said or saved, next_address)
    preview = confirming.change_set
    context = {
        **admin.site.each_context(request),
        **confirming.context,
        "title": _("Check the changes of rights"),
        "preview": preview,
        "counts": counts_in_words(preview.changes),
        "grants": " ".join(map(str, preview.changes.grants)),
        "withdrawals": " ".join(map(str, preview.changes.withdrawals)),
        "may_edit": True,
        **context,
    }
    return TemplateResponse(request, "admin/channels_cfg/accessright/preview.html", context)
