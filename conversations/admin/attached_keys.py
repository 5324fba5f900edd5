"""The key catalogue, with how often each key comes in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.postgres.lookups import TrigramSimilar
from django.contrib.postgres.search import TrigramSimilarity
from django.db.models import Sum, Value
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from channels_cfg import moments
from channels_cfg.admin.keys.attached_keys import AttachedKeyAdmin
from channels_cfg.keys.catalogue import NAMED_AT_MOST, NEAR, NearName, known_keys
from channels_cfg.models import AttachedKey
from conversations.models import KeyUsage, SeenKey

RECENTLY = timedelta(days=30)


@admin.register(AttachedKey)
class SeenAttachedKeyAdmin(AttachedKeyAdmin):
    list_display = [*AttachedKeyAdmin.list_display, "times_seen", "last_seen"]

    def describe(self, keys: Sequence[AttachedKey]) -> None:
        super().describe(keys)
        names = [key.name for key in keys]
        since = (timezone.now() - RECENTLY).astimezone(UTC).date()
        recent = KeyUsage.objects.filter(key__in=names, day__gte=since).values_list("key").annotate(Sum("seen"))
        seen = dict(recent)
        last: dict[str, Any] = dict(SeenKey.objects.filter(name__in=names).values_list("name", "last_seen_at"))
        for key in keys:
            key.seen = seen.get(key.name, 0)  # type: ignore[attr-defined]
            key.last_seen_at = last.get(key.name)  # type: ignore[attr-defined]

    @display(description=gettext_lazy("Seen in 30 days"))
    def times_seen(self, key: Any) -> str:
        return f"{key.seen:,}".replace(",", " ") if key.seen else "—"

    @display(description=gettext_lazy("Last seen"))
    def last_seen(self, key: Any) -> str:
        if key.last_seen_at is None:
            return _("Never")
        return moments.in_words(key.last_seen_at)

    def near(self, name: str, key: int | None) -> Iterable[NearName]:
        configured = list(super().near(name, key))
        return [*configured, *near_seen(name, besides={near.name for near in configured})][:NAMED_AT_MOST]


def near_seen(name: str, *, besides: Collection[str]) -> list[NearName]:
    """Names near this one that come in with conversations and are not in the catalogue, the nearest first."""
    alike = (
        SeenKey.objects.filter(TrigramSimilar(Lower("name"), Lower(Value(name))))
        .annotate(share=TrigramSimilarity("name", name))
        .filter(share__gte=NEAR)
        .exclude(name__in=[name, *besides])
        .order_by("-share", "name")
        .values_list("name", "share")[: 2 * NAMED_AT_MOST]
    )
    shares = dict(alike)
    known = known_keys(shares)
    return [NearName(found, None, "seen", "", share) for found, share in shares.items() if found not in known]
