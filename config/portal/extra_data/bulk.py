"""One list in many places at once: places are chosen, the change is previewed, then saved as one settings version."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from channels_cfg.admin.safeguards.confirming import Confirming
from channels_cfg.key_names import split_key_list
from channels_cfg.keys.configured import list_name
from config.portal.extra_data.changes import Impact, ListChange, impact_of, in_bulk
from config.portal.extra_data.matrix import told
from config.portal.extra_data.places import (
    CHANNEL,
    LISTS,
    LONGEST_SEARCH,
    QUEUE,
    Chosen,
    Place,
    PlaceSearch,
    check_may,
    code_of,
)

PLACES_PER_PAGE = 50


def bulk(request: HttpRequest) -> HttpResponse:
    """The page is one form, so that searching and turning its pages loses nothing that was typed or chosen."""
    check_may(request, "change", CHANNEL, QUEUE)
    chosen = _chosen(request.POST)
    if not _wants_preview(request.POST):
        return _page(request, chosen)
    try:
        _found, skipped = _changes(request.POST, chosen)
    except ValidationError as wrong:
        return _page(request, chosen, problems=wrong.messages, status=422)
    return _preview_or_save(request, chosen, skipped)


def _wants_preview(posted: QueryDict) -> bool:
    """Whether a button for that was pressed; or Enter, with keys typed and no other search."""
    if "enter" in posted:
        return posted.get("q") == posted.get("searched") and bool(posted.get("add") or posted.get("remove"))
    return "preview" in posted or "save" in posted


def _preview_or_save(request: HttpRequest, chosen: Chosen, skipped: list[Place]) -> HttpResponse:
    def propose() -> Impact:
        return impact_of(_changes(request.POST, chosen)[0], with_estimate="save" not in request.POST)

    confirming = Confirming(request, propose)
    if "save" in request.POST:
        if confirming.is_ready() and (asked := confirming.ask()):
            return asked
        if confirming.applied():
            return confirming.done(_("Saved: %(change)s") % {"change": confirming.change_set}, reverse("extra_data"))
    status = 422 if confirming.why_errors else 200
    told_of = told(confirming.change_set) | confirming.context
    return _page(request, chosen, status=status, skipped=skipped, **told_of)


def _changes(posted: QueryDict, chosen: Chosen) -> tuple[list[ListChange], list[Place]]:
    name = posted.get("list", "")
    if name not in LISTS:
        raise ValidationError(_("Choose a list."))
    add, remove = split_key_list(posted.get("add", "")), split_key_list(posted.get("remove", ""))
    if not add and not remove:
        raise ValidationError(_("Type keys to add or to remove."))
    if not (places := chosen.places()):
        raise ValidationError(_("Choose channels or queues."))
    return in_bulk(places, name, add=add, remove=remove)


def _chosen(posted: QueryDict) -> Chosen:
    """What was chosen before, with the boxes of this page, and what a button chose at once."""
    chosen = Chosen.read(posted.get("chosen", ""))
    chosen.replace(Chosen.read(posted.get("shown", "")), Chosen.read(*posted.getlist("place")))
    at_once, found = posted.get("choose"), PlaceSearch(_searched(posted, "searched"))
    if at_once == "nothing":
        return Chosen()
    if at_once == "channels":
        chosen.add(CHANNEL, found.channels.values_list("pk", flat=True))
    if at_once == "queues":
        chosen.add(QUEUE, found.queues.values_list("pk", flat=True))
    return chosen


def _searched(asked: QueryDict, name: str = "q") -> str:
    return asked.get(name, "").replace("\x00", "").strip()[:LONGEST_SEARCH]


def _page(
    request: HttpRequest, chosen: Chosen, *, problems: Sequence[str] = (), status: int = 200, **preview: Any
) -> HttpResponse:
    asked = request.POST if request.method == "POST" else request.GET
    searched = _searched(asked)
    found, same_search = PlaceSearch(searched), searched == _searched(asked, "searched")
    page = Paginator(found.rows(), PLACES_PER_PAGE).get_page(asked.get("page") if same_search else 1)
    codes = [code_of(row["level"], row["pk"]) for row in page]
    channels = found.channels.count()
    context = {
        **admin.site.each_context(request),
        "title": _("Change extra data in many places"),
        "asked": asked,
        "searched": searched,
        "lists": [(name, list_name(name)) for name in LISTS],
        "chosen_list": asked.get("list", "statistics_keys"),
        "places": [(code, row, code in chosen) for code, row in zip(codes, page, strict=True)],
        "shown": " ".join(codes),
        "chosen": chosen,
        "chosen_elsewhere": len(chosen) - sum(code in chosen for code in codes),
        "found_channels": channels,
        "found_queues": page.paginator.count - channels,
        "page": page,
        "problems": problems,
        **preview,
    }
    return TemplateResponse(request, "admin/extra_data/bulk.html", context, status=status)
