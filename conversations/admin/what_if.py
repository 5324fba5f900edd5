"""What a list would have kept, in words: a part of the pages on which lists are edited."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, ngettext_lazy
from django.views.decorators.http import require_http_methods

from channels_cfg.admin.keys.key_list import problem_with
from channels_cfg.key_names import split_key_list
from channels_cfg.models import Channel, Queue
from conversations.key_usage.near_names import nearest_seen
from conversations.key_usage.unknown_keys import RECENTLY
from conversations.key_usage.what_if import Estimate, KeyEstimate, estimate
from conversations.models import Hit, SeenKey

PART = "admin/conversations/seenkey/what_if.html"


@dataclass(frozen=True)
class EstimateRow:
    """One key of a list: what it would have kept, and a name that it may be meant for where it never came in."""

    estimate: KeyEstimate
    percent: str
    a_year: str
    hits: list[str]
    near: SeenKey | None = None


@require_http_methods(["GET", "POST"])
def what_if(request: HttpRequest) -> HttpResponse:
    """The answer for one statistics list, as a part of a page.

    ``scope`` is ``systemsettings.1``, ``channel.5`` or ``queue.7``; ``keys`` the list as text, as a form sends it. It
    tells how often, never what, so it is for everybody who may see the settings of channels.
    """
    if not request.user.has_perm("channels_cfg.view_channel"):
        raise PermissionDenied
    sent = request.POST if request.method == "POST" else request.GET
    channel, queue, is_there = scope_of(sent.get("scope", ""))
    keys = [name for name in split_key_list(sent.get("keys", "")) if problem_with(name) is None]
    told = estimate(channel=channel, queue=queue, keys=keys) if is_there else None
    return render(request, PART, in_a_page(told))


def in_a_page(told: Estimate | None) -> dict[str, Any]:
    """What the part of a page needs that tells the estimate."""
    if told is None:
        return {"told": None}
    a_year = bytes_in_words(told.bytes_a_year)
    return {"told": told, "rows": list(in_words(told)), "a_year": a_year, "hits": list(hits_in_words(told.hits))}


def scope_of(code: str) -> tuple[Channel | None, Queue | None, bool]:
    """``queue.7`` as its channel and itself; and whether it names a place that there is. ``queue.7.statistics_keys``
    says the same."""
    level, _dot, rest = code.partition(".")
    pk = number_in(rest.partition(".")[0])
    if level == "queue":
        queue = Queue.objects.select_related("channel").filter(pk=pk).first()
        return (queue.channel, queue, True) if queue else (None, None, False)
    if level == "channel":
        channel = Channel.objects.filter(pk=pk).first()
        return channel, None, channel is not None
    return None, None, level == "systemsettings"


def number_in(text: str | None) -> int:
    """0, which is no record's number, for what is none."""
    return int(text) if text and text.isdecimal() and len(text) < 10 else 0


def in_words(told: Estimate) -> Iterator[EstimateRow]:
    absent = [row.key for row in told.keys if not row.keepable]
    near = nearest_seen(absent, since=timezone.now() - RECENTLY) if absent else {}
    seen = SeenKey.objects.in_bulk(near.values())
    for row in told.keys:
        percent = "<1" if 0 < row.share < 0.005 else f"{100 * row.share:.0f}"
        a_year = bytes_in_words(row.bytes_a_year)
        yield EstimateRow(row, percent, a_year, list(hits_in_words(row.hits)), seen.get(near.get(row.key, "")))


_HITS = {
    Hit.CARD: ngettext_lazy("%(number)d looks like a card number", "%(number)d look like card numbers", "number"),
    Hit.IBAN: ngettext_lazy("%(number)d looks like an IBAN", "%(number)d look like IBANs", "number"),
    Hit.EMAIL: ngettext_lazy(
        "%(number)d looks like an e-mail address", "%(number)d look like e-mail addresses", "number"
    ),
    Hit.PHONE: ngettext_lazy("%(number)d looks like a phone number", "%(number)d look like phone numbers", "number"),
}


def hits_in_words(hits: Mapping[Any, int]) -> Iterator[str]:
    """``3 look like card numbers``"""
    for name, number in hits.items():
        yield str(_HITS[Hit(name)] % {"number": number})


def bytes_in_words(number: int) -> str:
    """``41 MB``: about, so without digits that mean nothing."""
    if number < 1000:
        return ngettext("%(number)d byte", "%(number)d bytes", number) % {"number": number}
    units = [_("%(amount)s kB"), _("%(amount)s MB"), _("%(amount)s GB"), _("%(amount)s TB")]
    amount = number / 1000
    while amount >= 1000 and len(units) > 1:
        del units[0]
        amount /= 1000
    return units[0] % {"amount": f"{amount:.0f}" if 10 <= amount < 1000 else f"{amount:.1f}"}
