"""The extra-data matrix of one channel or queue: keys × lists, what saving would do, and saving."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels_cfg.admin.safeguards.confirming import Confirming
from channels_cfg.admin.safeguards.conflict import CHOICE, SHOWN, THEIRS, ask_whose
from channels_cfg.history.change_log import ChangeHistory
from channels_cfg.history.planned_changes import planned_for
from channels_cfg.models import AttachedKey
from config.portal.extra_data.changes import Impact, impact_of
from config.portal.extra_data.paste import read_paste
from config.portal.extra_data.places import Place, address_of, check_may, find_place, level_of, may
from config.portal.extra_data.ticks import ListColumn, Ticks, columns_of, sealed
from conversations.admin.what_if import in_a_page


def place_page(request: HttpRequest, level: str, pk: int) -> HttpResponse:
    """The matrix; saved as one settings version. What was typed is shown again whatever is wrong with it."""
    check_may(request, "view", level)
    place = find_place(level, pk)
    if request.method != "POST":
        return _page(request, place)
    check_may(request, "change", level)
    ticks = Ticks.of(request.POST, place)
    try:
        if "paste" in request.POST:
            return _paste(request, ticks)
        if "add" in request.POST or request.POST.get("key", "").strip():
            return _add_row(request, ticks)
        return _save(request, ticks)
    except ValidationError as wrong:
        return _page(request, place, ticks, problems=wrong.messages, status=422)


def impact_panel(request: HttpRequest, level: str, pk: int) -> HttpResponse:
    """What saving the ticks would do, as a part of the page."""
    check_may(request, "change", level)
    ticks = Ticks.of(request.POST, find_place(level, pk))
    try:
        context: dict[str, Any] = told(impact_of(ticks.changes(), with_estimate=True)) | {
            "in_vain": ticks.cleared_in_vain()
        }
    except ValidationError as wrong:
        context = {"problems": wrong.messages}
    return TemplateResponse(request, "admin/extra_data/_impact.html", context)


def told(impact: Impact) -> dict[str, Any]:
    """What the template needs that tells the impact."""
    return {"impact": impact, **(in_a_page(impact.estimate) if impact.estimate else {})}


# What the buttons do


def _paste(request: HttpRequest, ticks: Ticks) -> HttpResponse:
    lists = {column.name: column.label for column in ticks.columns}
    pasted = read_paste(request.POST.get("pasted", ""), lists, request.POST.get("paste_into", ""))
    number = len({key for keys in pasted.values() for key in keys})
    messages.info(
        request,
        ngettext(
            "%(number)d key is ticked. Nothing is saved yet: look at it, then save.",
            "%(number)d keys are ticked. Nothing is saved yet: look at them, then save.",
            number,
        )
        % {"number": number},
    )
    return _page(request, ticks.place, ticks.with_keys(pasted))


def _add_row(request: HttpRequest, ticks: Ticks) -> HttpResponse:
    ticks = ticks.with_row(request.POST.get("key", "").strip())
    messages.info(
        request, _("%(key)s is a row now. Tick its lists, then save. Nothing is saved yet.") % {"key": ticks.rows[-1]}
    )
    return _page(request, ticks.place, ticks)


def _save(request: HttpRequest, ticks: Ticks) -> HttpResponse:
    """What was ticked, but for the lists that are left as somebody else made them."""
    level, pk = level_of(ticks.place), ticks.place.pk

    def propose() -> Impact:
        changes = Ticks.of(request.POST, find_place(level, pk)).changes()
        return impact_of(change for change in changes if request.POST.get(f"{CHOICE}{change.name}") != THEIRS)

    if asked := _ask_whose(request, ticks):
        return asked
    confirming = Confirming(request, propose, was_previewed=False)
    if confirming.change_set.is_empty:
        messages.info(request, _("There is nothing to save: the lists are as you want them."))
        return HttpResponseRedirect(address_of(ticks.place))
    if not confirming.is_ready():
        return _page(request, ticks.place, ticks, why_errors=confirming.why_errors, status=422)
    if asked := confirming.ask():
        return asked
    if confirming.applied():
        return confirming.done(_("Saved: %(change)s") % {"change": confirming.change_set}, address_of(ticks.place))
    ticks = Ticks.of(request.POST, find_place(level, pk))  # somebody was quicker: asked as if that had been earlier
    return _ask_whose(request, ticks) or _page(request, ticks.place, ticks, problems=[confirming.refusal], status=409)


def _ask_whose(request: HttpRequest, ticks: Ticks) -> HttpResponse | None:
    """The page that asks whose lists count, where somebody else saved meanwhile; None where that was answered."""
    comparison, now = ticks.comparison(), sealed(ticks.columns)
    if comparison.is_answered(request.POST, shows_now=request.POST.get(SHOWN) == now):
        return None
    return ask_whose(request, ticks.place, comparison, now=now, history=ChangeHistory.of(ticks.place))


# The page


class TickBox(NamedTuple):
    """One box. ``marks`` are attributes: ``checked``, ``data-differs`` from what is stored, ``disabled``."""

    name: str
    label: str
    marks: str
    inherited: bool


MARKS = {
    (False, False): "",
    (True, True): "checked",
    (False, True): "data-differs",
    (True, False): "checked data-differs",
}
"""By whether it is ticked, and whether it counts as stored."""


def _page(
    request: HttpRequest,
    place: Place,
    ticks: Ticks | None = None,
    *,
    problems: Sequence[str] = (),
    why_errors: Sequence[Any] = (),
    status: int = 200,
) -> HttpResponse:
    """The page, with what was ticked in place of what is stored. It carries what it was filled with at first, so that
    nobody's change is overwritten."""
    columns = ticks.columns if ticks else columns_of(place)
    level = level_of(place)
    changeable = may(request, "change", level)
    keeps_loaded = ticks is not None and ticks.loaded is not None
    context = {
        **admin.site.each_context(request),
        "title": _("Extra data of %(place)s") % {"place": place},
        "place": place,
        "level": level,
        "columns": columns,
        "follows": any(column.follows for column in columns),
        "owns": not all(column.follows for column in columns),
        "rows": list(_rows(request, columns, ticks, fixed=not changeable)),
        "loaded": request.POST["loaded"] if keeps_loaded else sealed(columns),
        "form_address": reverse(f"admin:channels_cfg_{level}_change", args=[place.pk]),
        "planned_changes": list(planned_for(place)),
        "pending": ticks is not None,
        "problems": problems,
        "typed_key": request.POST.get("key", "") if problems else "",
        "pasted": request.POST.get("pasted", "") if problems else "",
        "paste_into": request.POST.get("paste_into", ""),
        "may_change": changeable,
        "why_errors": why_errors,
    }
    return TemplateResponse(request, "admin/extra_data/matrix.html", context, status=status)


def _rows(
    request: HttpRequest, columns: Sequence[ListColumn], ticks: Ticks | None, *, fixed: bool
) -> Iterator[tuple[str, AttachedKey | None, list[TickBox]]]:
    """Every key that is listed, ticked or asked for, what the catalogue says of it, and a box for each list."""
    ticked = ticks.ticked if ticks else {column.name: column.counted for column in columns}
    asked = ticks.rows if ticks else [key for key in request.GET.getlist("key") if key.strip()]
    listed = dict.fromkeys(key for column in columns for key in [*column.counted, *ticked[column.name]])
    keys = dict.fromkeys([*asked, *listed] if ticks else [*listed, *asked])
    known = {key.name: key for key in AttachedKey.objects.filter(name__in=keys).only("name", "label", "sensitive")}
    boxes = [_boxes(column, set(ticked[column.name]), fixed) for column in columns]
    for key in keys:
        yield key, known.get(key), [box(key) for box in boxes]


def _boxes(column: ListColumn, ticked: set[str], fixed: bool) -> Callable[[str], TickBox]:
    """What makes the boxes of one column."""
    counted = set(column.counted)
    inherited_from = _(", from %(origin)s") % {"origin": column.above.origin}

    def box(key: str) -> TickBox:
        inherited = column.follows and key in counted
        label = f"{key}, {column.label}{inherited_from if inherited else ''}"
        marks = MARKS[key in ticked, key in counted]
        return TickBox(column.name, label, f"{marks} disabled" if fixed else marks, inherited)

    return box
