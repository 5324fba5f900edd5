"""The overview of extra data: channels × lists, the queues with lists of their own, and finding a place or a key."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from channels_cfg.key_names import MAX_KEY_LENGTH
from channels_cfg.keys.configured import list_name
from channels_cfg.models import AttachedKey, AttachedKeyAlias, Channel, Queue, SystemSettings
from config.portal.extra_data.changes import own_list_counts
from config.portal.extra_data.places import (
    CHANNEL,
    LISTS,
    LONGEST_SEARCH,
    QUEUE,
    Place,
    address_of,
    check_may,
    lists_of,
)

FOUND_AT_MOST = 20
CHANNELS_PER_PAGE = 25


def overview(request: HttpRequest) -> HttpResponse:
    """Channels × lists with counts, and how many queues override each; a search finds queues too."""
    check_may(request, "view", CHANNEL, QUEUE)
    search = _asked(request, LONGEST_SEARCH)
    page = Paginator(Channel.objects.filter(name__finds=search), CHANNELS_PER_PAGE).get_page(request.GET.get("page"))
    counts, system = own_list_counts(), SystemSettings.load()
    queues = Queue.objects.filter(name__finds=search)
    if not search:
        queues = queues.exclude(**{name: [] for name in LISTS})
    shown = queues.select_related("channel").defer(*LISTS)[:FOUND_AT_MOST]
    context = {
        **admin.site.each_context(request),
        "title": _("Extra data"),
        "search": search,
        "page": page,
        "query": urlencode({"q": search}) if search else "",
        "lists": [list_name(name) for name in LISTS],
        "rows": [(channel, *_counts_of(channel, counts.get(channel.pk, {}), system)) for channel in page],
        "queues": [(queue, address_of(queue)) for queue in shown],
        "number_of_queues": queues.count(),
    }
    return TemplateResponse(request, "admin/extra_data/overview.html", context)


def _counts_of(channel: Channel, counts: dict[str, int], system: SystemSettings) -> tuple[int, list[dict[str, Any]]]:
    cells = [
        {
            "applies": name in lists_of(channel),
            "own": len(getattr(channel, name)),
            "inherited": len(getattr(system, name)),
            "overriding": counts.get(name, 0),
        }
        for name in LISTS
    ]
    return counts.get("queues", 0), cells


def find_keys(request: HttpRequest) -> JsonResponse:
    """Keys of the catalogue whose name, other name or label has the text, a few of them; names that begin with it
    first. ``also`` is the other name by which a key was found."""
    check_may(request, "view", CHANNEL)
    text = _asked(request, MAX_KEY_LENGTH)
    found: dict[str, dict[str, str]] = {}
    for condition in (Q(name__istartswith=text), Q(name__finds=text) | Q(label__finds=text)):
        for key in AttachedKey.objects.filter(condition).only("name", "label")[:FOUND_AT_MOST]:
            found.setdefault(key.name, {"name": key.name, "note": key.label, "also": ""})
    aliases = AttachedKeyAlias.objects.select_related("key").filter(name__finds=text)
    for alias in aliases[:FOUND_AT_MOST]:
        note = _("also called %(name)s") % {"name": alias.name}
        found[alias.key.name] = {"name": alias.key.name, "note": note, "also": alias.name}
    return JsonResponse({"keys": list(found.values())[: 2 * FOUND_AT_MOST]})


def find_places(request: HttpRequest) -> JsonResponse:
    """Channels and queues whose name has the text, a few of each, with their addresses."""
    check_may(request, "view", CHANNEL, QUEUE)
    text = _asked(request, LONGEST_SEARCH)
    found: list[Place] = [*Channel.objects.filter(name__finds=text)[: FOUND_AT_MOST // 2]]
    found += Queue.objects.filter(name__finds=text)[: FOUND_AT_MOST - len(found)]
    places = [
        {"name": str(place), "kind": str(place._meta.verbose_name), "address": address_of(place)} for place in found
    ]
    return JsonResponse({"places": places})


def _asked(request: HttpRequest, at_most: int) -> str:
    return request.GET.get("q", "").replace("\x00", "").strip()[:at_most]
