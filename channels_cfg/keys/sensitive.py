"""Which sensitive keys a change of lists would keep, or show in more places; and which lists lose the mark of one."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels_cfg.key_names import is_listed
from channels_cfg.keys.configured import places_of
from channels_cfg.models import AttachedKey


def newly_listed(*, before: Iterable[str], after: Iterable[str]) -> list[str]:
    """Keys that the catalogue calls sensitive and that ``after`` names, itself or by a parent, where ``before`` does
    not; both are lists as they count, inherited ones included. No query where nothing is added."""
    before = list(before)
    added = [name for name in after if name not in before]
    if not added:
        return []
    named = Q(name__in=added)
    for name in added:
        named |= Q(name__startswith=f"{name}.")
    sensitive = AttachedKey.objects.filter(named, sensitive=True).order_by("name").values_list("name", flat=True)
    return [name for name in sensitive if not is_listed(name, before)]


LISTS_NAMED = 8


def lists_that_lose_the_mark(names: Iterable[str]) -> dict[str, str]:
    """Each of the keys that is on lists, with a sentence that names them; one query."""
    return {name: _sentence(name, [str(place) for place in places]) for name, places in places_of(names).items()}


def _sentence(name: str, lists: list[str]) -> str:
    named, more = "; ".join(lists[:LISTS_NAMED]), len(lists) - LISTS_NAMED
    if more > 0:
        named = ngettext("%(lists)s; and %(count)d more", "%(lists)s; and %(count)d more", more) % {
            "lists": named,
            "count": more,
        }
    return _("“%(key)s” stays on these lists, unmarked: %(lists)s.") % {"key": name, "lists": named}
