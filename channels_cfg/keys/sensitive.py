"""Which sensitive keys a change of lists would keep, or show in more places."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q

from channels_cfg.key_names import is_listed
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
