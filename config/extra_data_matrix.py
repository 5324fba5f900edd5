"""The extra-data matrix: keys × lists of one channel or queue, and the overview of all of them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from channels_cfg.admin.carried import unpack
from channels_cfg.admin.typed_confirmation import Danger, ask_to_confirm
from channels_cfg.configured_keys import list_name
from channels_cfg.effective_settings import EXTRA_DATA_LISTS, LISTS_OF_KIND
from channels_cfg.key_names import check_key_list, split_key_list
from channels_cfg.models import AttachedKey, AttachedKeyAlias, Channel, ExtraDataLists, Queue, SystemSettings, User
from channels_cfg.why import LONGEST_WHY, why_is_required
from config.extra_data_changes import (
    Above,
    Impact,
    ListChange,
    Place,
    SomethingElseNow,
    above,
    impact_of,
    in_bulk,
    in_one_list,
    own_list_counts,
    save_changes,
)

FOUND_AT_MOST = 20
CHANNELS_PER_PAGE = 25
MOST_PLACES = 2_000
LEVELS: dict[str, type[Channel] | type[Queue]] = {"channel": Channel, "queue": Queue}


@dataclass(frozen=True)
class Column:
    """One list of the place. ``above`` is what counts while it is empty."""

    name: str
    label: str
    own: list[str]
    above: Above

    @property
    def follows(self) -> bool:
        return not self.own


@dataclass(frozen=True)
class Conflict:
    """A list that somebody else changed meanwhile."""

    name: str
    label: str
    was: list[str]
    theirs: list[str]
    yours: list[str]


def signed_in(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # admin_view lets nobody else in
    return request.user


def check_may(request: HttpRequest, deed: str, *levels: str) -> None:
    if not all(request.user.has_perm(f"channels_cfg.{deed}_{level}") for level in levels):
        raise PermissionDenied


def may_change(request: HttpRequest, level: str) -> bool:
    return request.user.has_perm(f"channels_cfg.change_{level}")


def find_place(level: str, pk: int) -> Place:
    if level == "queue":
        return get_object_or_404(Queue.objects.select_related("channel"), pk=pk)
    return get_object_or_404(Channel, pk=pk)


def kind_of(place: Place) -> str:
    return place.channel.kind if isinstance(place, Queue) else place.kind


def address_of(place: Place) -> str:
    return reverse("extra_data_place", args=[place._meta.model_name, place.pk])


# The overview


def overview(request: HttpRequest) -> HttpResponse:
    """Channels × lists with counts, and how many queues override each; a search finds queues too."""
    check_may(request, "view", "channel", "queue")
    search = request.GET.get("q", "").strip()[:100]
    channels = Channel.objects.filter(name__icontains=search) if search else Channel.objects.all()
    page = Paginator(channels, CHANNELS_PER_PAGE).get_page(request.GET.get("page"))
    counts, system = own_list_counts(), SystemSettings.load()
    rows = [(channel, counts.get(channel.pk, {}).get("queues", 0), _cells(channel, counts, system)) for channel in page]
    overriding = Queue.objects.select_related("channel").exclude(**{name: [] for name in EXTRA_DATA_LISTS})
    queues = Queue.objects.select_related("channel").filter(name__icontains=search) if search else overriding
    context = {
        **admin.site.each_context(request),
        "title": _("Extra data"),
        "search": search,
        "page": page,
        "lists": [list_name(name) for name in EXTRA_DATA_LISTS],
        "rows": rows,
        "queues": [(queue, address_of(queue)) for queue in queues[:FOUND_AT_MOST]],
        "most_queues": FOUND_AT_MOST,
    }
    return TemplateResponse(request, "admin/extra_data/overview.html", context)


def _cells(channel: Channel, counts: dict[int, dict[str, int]], system: SystemSettings) -> list[dict[str, Any]]:
    return [
        {
            "applies": name in LISTS_OF_KIND[channel.kind],
            "own": len(getattr(channel, name)),
            "inherited": len(getattr(system, name)),
            "overriding": counts.get(channel.pk, {}).get(name, 0),
        }
        for name in EXTRA_DATA_LISTS
    ]


# One place


def place_page(request: HttpRequest, level: str, pk: int) -> HttpResponse:
    """The matrix of one channel or queue; saved as one settings version."""
    check_may(request, "view", level)
    unpack(request)
    place = find_place(level, pk)
    if request.method != "POST":
        return _matrix(request, place)
    check_may(request, "change", level)
    try:
        changes = _typed_changes(request.POST, place)
        if "paste" in request.POST:
            return _matrix(request, place, _with_pasted(request.POST, place, changes))
    except ValidationError as wrong:
        return _matrix(request, place, _typed_lists(request.POST, place), problems=wrong.messages, status=422)
    return _save(request, place, changes)


def _save(request: HttpRequest, place: Place, changes: list[ListChange]) -> HttpResponse:
    typed = {change.name: change.will_count for change in changes}
    conflicts = _conflicts(request.POST, place, changes)
    if conflicts and not all(request.POST.get(f"choice_{conflict.name}") for conflict in conflicts):
        return _matrix(request, place, typed, conflicts=conflicts, status=409)
    theirs = {change.name for change in changes if request.POST.get(f"choice_{change.name}") == "theirs"}
    impact = impact_of(change for change in changes if change.name not in theirs)
    why = request.POST.get("why", "").strip()
    if not impact.changes:
        messages.info(request, _("There is nothing to save: the lists are as you want them."))
        return HttpResponseRedirect(address_of(place))
    if not why and why_is_required():
        return _matrix(request, place, typed, problems=[_("Say why: nothing is saved without a reason.")], status=422)
    if asked := ask_about_sensitive(request, impact):
        return asked
    try:
        save_changes(impact.changes, by=signed_in(request), why=why)
    except SomethingElseNow:
        return _matrix(request, find_place(str(place._meta.model_name), place.pk), typed, status=409)
    messages.success(request, _("Saved: %(change)s") % {"change": counts_in_words(impact)})
    for warning in impact.warnings:
        messages.warning(request, warning)
    return HttpResponseRedirect(address_of(place))


def ask_about_sensitive(request: HttpRequest, impact: Impact) -> HttpResponse | None:
    """The page that asks before a sensitive key is listed in a new place; None where none is, or it was confirmed."""
    if not impact.sensitive:
        return None
    keys = ", ".join(impact.sensitive)
    words = impact.sensitive[0] if len(impact.sensitive) == 1 else _("list sensitive keys")
    leads_to = [_("The key catalogue marks as sensitive: %(keys)s.") % {"keys": keys}, counts_in_words(impact)]
    return ask_to_confirm(request, admin.site, Danger(_("List sensitive data?"), leads_to, words, _("Save")))


def counts_in_words(impact: Impact) -> str:
    """``adds 1, removes 2; affects 4 queues, 3 of which follow their channel; 2 saved reports lose a column.``"""
    queues = _("1 queue") if impact.queues == 1 else _("%(number)d queues") % {"number": impact.queues}
    words = _("adds %(added)d, removes %(removed)d; affects %(queues)s") % {
        "added": impact.added,
        "removed": impact.removed,
        "queues": queues,
    }
    if impact.following:
        words += _(" (%(number)d by following the channel)") % {"number": impact.following}
    if impact.reports:
        number = len(impact.reports)
        words += (
            _("; 1 saved report loses a key") if number == 1 else _("; %(n)d saved reports lose a key") % {"n": number}
        )
    return f"{words}."


def columns_of(place: Place) -> list[Column]:
    system, kind = SystemSettings.load(), kind_of(place)
    names = [name for name in ("statistics_keys", *EXTRA_DATA_LISTS[:3]) if name in LISTS_OF_KIND[kind]]
    return [
        Column(name, list_name(name, kind=kind), list(getattr(place, name)), above(place, name, system))
        for name in names
    ]


def _matrix(
    request: HttpRequest,
    place: Place,
    typed: dict[str, list[str]] | None = None,
    *,
    problems: Sequence[str] = (),
    conflicts: Sequence[Conflict] = (),
    status: int = 200,
) -> HttpResponse:
    """The page, with what was typed in place of what is stored."""
    columns = columns_of(place)
    shown = {column.name: column.own or column.above.keys for column in columns} | (typed or {})
    asked = check_key_list_or_nothing([*request.GET.getlist("key"), *request.POST.getlist("row")])
    keys = list(dict.fromkeys([key for column in columns for key in [*shown[column.name], *column.own]] + asked))
    level = str(place._meta.model_name)
    known = {key.name: key for key in AttachedKey.objects.filter(name__in=keys)}
    context = {
        **admin.site.each_context(request),
        "title": _("Extra data of %(place)s") % {"place": place},
        "place": place,
        "level": level,
        "columns": columns,
        "rows": [(key, known.get(key), [(column, key in shown[column.name]) for column in columns]) for key in keys],
        "loaded": json.dumps(_state(columns)),
        "form_address": reverse(f"admin:channels_cfg_{level}_change", args=[place.pk]),
        "pending": typed is not None,
        "problems": problems,
        "conflicts": conflicts,
        "pasted": request.POST.get("pasted", "") if problems else "",
        "may_change": may_change(request, level),
        "why": request.POST.get("why", ""),
        "why_required": why_is_required(),
        "longest_why": LONGEST_WHY,
    }
    return TemplateResponse(request, "admin/extra_data/matrix.html", context, status=status)


def check_key_list_or_nothing(names: list[str]) -> list[str]:
    try:
        return check_key_list(names)
    except ValidationError:
        return []


def _state(columns: Sequence[Column]) -> dict[str, list[list[str]]]:
    return {column.name: [column.own, column.above.keys] for column in columns}


def _loaded(posted: QueryDict, columns: Sequence[Column]) -> dict[str, list[list[str]]]:
    """What the page was filled with, by list: the list itself, and what it followed."""
    try:
        loaded = json.loads(posted.get("loaded", ""))
        return {column.name: [list(map(str, keys)) for keys in loaded[column.name]][:2] for column in columns}
    except (ValueError, TypeError, KeyError) as broken:
        raise ValidationError(_("The page is out of date. Open it again.")) from broken


def _typed_lists(posted: QueryDict, place: Place) -> dict[str, list[str]]:
    return {column.name: posted.getlist(column.name) for column in columns_of(place)}


def _typed_changes(posted: QueryDict, place: Place) -> list[ListChange]:
    """For each list what it shall hold: ticked keys in the order they had, new ones after them."""
    columns, system = columns_of(place), SystemSettings.load()
    loaded = _loaded(posted, columns)
    changes = []
    for column in columns:
        own, follows = loaded[column.name]
        ticked = list(dict.fromkeys(posted.getlist(column.name)))
        ordered = [key for key in own or follows if key in ticked]
        wanted = [*ordered, *(key for key in ticked if key not in ordered)]
        if not own and wanted == follows:
            wanted = []
        change = in_one_list(place, column.name, wanted, system)
        if wanted == own:  # left alone here, so whatever it is by now stays
            change = ListChange(place, column.name, change.was, change.was, change.above)
        changes.append(change)
    return changes


def _conflicts(posted: QueryDict, place: Place, changes: Sequence[ListChange]) -> list[Conflict]:
    """The lists that are changed here and were changed by somebody else since the page was opened."""
    columns = {column.name: column for column in columns_of(place)}
    loaded = _loaded(posted, list(columns.values()))
    conflicts = []
    for change in changes:
        was, now = loaded[change.name], [change.was, change.above.keys]
        stale = was[0] != now[0] or (not now[0] and was[1] != now[1])
        if stale and change.was != change.wanted:
            label = columns[change.name].label
            conflicts.append(Conflict(change.name, label, was[0] or was[1], change.counted, change.will_count))
    return conflicts


def _with_pasted(posted: QueryDict, place: Place, changes: Sequence[ListChange]) -> dict[str, list[str]]:
    """The lists with pasted keys added: to the chosen list, or, of a CSV with a heading, to those that it names."""
    typed = {change.name: list(change.will_count) for change in changes}
    for name, keys in read_paste(posted.get("pasted", ""), place, posted.get("paste_into", "")).items():
        typed[name] = list(dict.fromkeys([*typed[name], *keys]))
    return typed


def read_paste(text: str, place: Place, into: str) -> dict[str, list[str]]:
    """Keys by list, from commas, lines, JSON or CSV. ``ValidationError`` names item or line, character and position."""
    lists = {column.label: column.name for column in columns_of(place)}
    lists |= {name: name for name in lists.values()}
    rows = list(csv.reader(io.StringIO(text.strip().replace(";", ",")), skipinitialspace=True))
    heading = [cell.strip() for cell in rows[0]] if rows else []
    if heading[:1] == ["key"] and len(heading) > 1:
        return _from_table(rows, heading, lists)
    if into not in lists.values():
        raise ValidationError(_("Choose the list into which the keys go."))
    return {into: check_key_list(split_key_list(text))}


def _from_table(rows: list[list[str]], heading: list[str], lists: dict[str, str]) -> dict[str, list[str]]:
    if unknown := [name for name in heading[1:] if name not in lists]:
        raise ValidationError(
            _("Line 1: no list here is called “%(name)s”. Choose of: %(lists)s.")
            % {"name": unknown[0], "lists": ", ".join(lists)}
        )
    found: dict[str, list[str]] = {lists[name]: [] for name in heading[1:]}
    complaints: list[str] = []
    for line, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        try:
            key = check_key_list([row[0].strip()])[0]
        except ValidationError as bad:
            complaints += [f"Line {line}: {message.removeprefix('Item 1, ')}" for message in bad.messages]
            continue
        for name, cell in zip(heading[1:], row[1:], strict=False):
            if cell.strip().casefold() not in ("", "0", "no", "false", "-"):
                found[lists[name]].append(key)
    if complaints:
        raise ValidationError(complaints)
    return found


# What the page asks while one works


def impact_panel(request: HttpRequest, level: str, pk: int) -> HttpResponse:
    """What saving the ticks would do, as a part of the page."""
    check_may(request, "change", level)
    try:
        impact = impact_of(_typed_changes(request.POST, find_place(level, pk)), with_estimate=True)
    except ValidationError as wrong:
        return TemplateResponse(request, "admin/extra_data/_impact.html", {"problems": wrong.messages})
    context = {"impact": impact, "words": counts_in_words(impact)}
    return TemplateResponse(request, "admin/extra_data/_impact.html", context)


def find_keys(request: HttpRequest) -> JsonResponse:
    """Catalogue keys whose name, other name or label has the text, a few of them."""
    check_may(request, "view", "channel")
    text = request.GET.get("q", "").strip()[:128]
    named = AttachedKey.objects.filter(name__icontains=text) | AttachedKey.objects.filter(label__icontains=text)
    found = {key.name: key.label for key in named[:FOUND_AT_MOST]}
    aliases = AttachedKeyAlias.objects.select_related("key").filter(name__icontains=text)[:FOUND_AT_MOST]
    found |= {alias.key.name: _("also called %(name)s") % {"name": alias.name} for alias in aliases}
    return JsonResponse({"keys": [{"name": name, "note": note} for name, note in found.items()]})


def find_places(request: HttpRequest) -> JsonResponse:
    """Channels and queues whose name has the text, a few of each, with their addresses."""
    check_may(request, "view", "channel", "queue")
    text = request.GET.get("q", "").strip()[:100]
    found: list[Place] = [*Channel.objects.filter(name__icontains=text)[: FOUND_AT_MOST // 2]]
    found += Queue.objects.filter(name__icontains=text)[: FOUND_AT_MOST - len(found)]
    places = [{"name": str(place), "level": place._meta.model_name, "address": address_of(place)} for place in found]
    return JsonResponse({"places": places})


# Many places at once


def bulk(request: HttpRequest) -> HttpResponse:
    """Add keys to, or remove them from, one list in many places: chosen, previewed, saved as one settings version."""
    check_may(request, "change", "channel", "queue")
    unpack(request)
    if request.method != "POST" or "edit" in request.POST:
        return _bulk_page(request, request.POST or request.GET)
    try:
        changes, skipped = _bulk_changes(request.POST)
    except ValidationError as wrong:
        return _bulk_page(request, request.POST, problems=wrong.messages, status=422)
    impact = impact_of(changes, with_estimate=True)
    agreed = json.dumps([[_code(change.place), change.was, change.wanted] for change in impact.changes])
    why = request.POST.get("why", "").strip()
    if "save" not in request.POST or request.POST.get("agreed_to") != agreed or (not why and why_is_required()):
        context: dict[str, Any] = {
            "impact": impact,
            "words": counts_in_words(impact),
            "skipped": skipped,
            "agreed_to": agreed,
        }
        context |= {"is_changed": "agreed_to" in request.POST and request.POST["agreed_to"] != agreed}
        return _bulk_page(request, request.POST, **context)
    if asked := ask_about_sensitive(request, impact):
        return asked
    try:
        save_changes(impact.changes, by=signed_in(request), why=why)
    except SomethingElseNow as other:
        names = ", ".join(map(str, other.places[:5]))
        wrong_now = _("Somebody changed %(names)s meanwhile. Nothing was saved; preview again.") % {"names": names}
        return _bulk_page(request, request.POST, problems=[wrong_now], status=409)
    messages.success(request, _("Saved: %(change)s") % {"change": counts_in_words(impact)})
    return HttpResponseRedirect(reverse("extra_data"))


def _code(place: ExtraDataLists) -> str:
    return f"{place._meta.model_name}-{place.pk}"


def _bulk_changes(posted: QueryDict) -> tuple[list[ListChange], list[Place]]:
    name = posted.get("list", "")
    if name not in EXTRA_DATA_LISTS:
        raise ValidationError(_("Choose a list."))
    add, remove = split_key_list(posted.get("add", "")), split_key_list(posted.get("remove", ""))
    if not add and not remove:
        raise ValidationError(_("Type keys to add or to remove."))
    places = _chosen_places(posted)
    if not places:
        raise ValidationError(_("Choose channels or queues."))
    return in_bulk(places, name, add=add, remove=remove)


def _chosen_places(posted: QueryDict) -> list[Place]:
    codes = posted.getlist("place")
    chosen = {
        level: [int(code.removeprefix(f"{level}-")) for code in codes if code.removeprefix(f"{level}-").isdecimal()]
        for level in LEVELS
    }
    queues = Queue.objects.select_related("channel")
    wanted = queues.filter(pk__in=chosen["queue"])
    if "all_found" in posted:
        wanted = queues.filter(_found(posted))
    return [*Channel.objects.filter(pk__in=chosen["channel"]), *wanted[:MOST_PLACES]]


def _found(asked: QueryDict) -> Q:
    text = asked.get("q", "").strip()[:100]
    return Q(name__icontains=text) | Q(channel__name__icontains=text)


def _bulk_page(
    request: HttpRequest, asked: QueryDict, *, problems: Sequence[str] = (), status: int = 200, **context: Any
) -> HttpResponse:
    text = asked.get("q", "").strip()[:100]
    queues = Queue.objects.select_related("channel").filter(_found(asked))
    channels = Channel.objects.filter(name__icontains=text)
    page = Paginator(queues, 50).get_page(asked.get("page"))
    chosen = set(asked.getlist("place"))
    shown: list[Place] = [*channels[:FOUND_AT_MOST], *page]
    context = {
        **admin.site.each_context(request),
        "title": _("Change extra data in many places"),
        "asked": asked,
        "lists": [(name, list_name(name)) for name in EXTRA_DATA_LISTS],
        "chosen_list": asked.get("list", "statistics_keys"),
        "places": [(_code(place), place, _code(place) in chosen) for place in shown],
        "elsewhere": sorted(chosen - {_code(place) for place in shown}),
        "page": page,
        "problems": problems,
        "why_required": why_is_required(),
        "longest_why": LONGEST_WHY,
        **context,
    }
    return TemplateResponse(request, "admin/extra_data/bulk.html", context, status=status)
