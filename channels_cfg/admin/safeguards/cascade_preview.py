"""What is deleted along with records, as a page can show it: the number of each kind, and a few by name."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.utils import quote
from django.db import models
from django.db.models import Count, F, Window, prefetch_related_objects
from django.db.models.deletion import get_candidate_relations_to_delete
from django.db.models.functions import RowNumber
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import ngettext

FEW = 20
"""So many of one kind are named under each record."""


def cascade_preview(
    records: Sequence[models.Model], *, request: HttpRequest, site: AdminSite
) -> tuple[list[Any], dict[Any, int], set[Any], list[str]]:
    """As ``ModelAdmin.get_deleted_objects`` answers: names, numbers, kinds that may not be deleted, what stands in the
    way. The database counts; how much goes along decides neither what is read nor the number of queries."""
    preview = _CascadePreview(request, site)
    told: list[Any] = []
    kinds: dict[type[models.Model], None] = dict.fromkeys(type(record) for record in records)
    for kind in kinds:
        chosen = [record for record in records if type(record) is kind]
        rows = kind._base_manager.filter(pk__in=[record.pk for record in chosen])
        preview.count(kind, chosen, number=len(chosen))
        told += [part for parts in preview.told(kind, rows, chosen).values() for part in parts]
    numbers = {kind._meta.verbose_name_plural: number for kind, number in preview.numbers.items()}
    return told, numbers, preview.forbidden, preview.in_the_way


class _CascadePreview:
    def __init__(self, request: HttpRequest, site: AdminSite) -> None:
        self.request, self.site = request, site
        self.numbers: Counter[type[models.Model]] = Counter()
        self.forbidden: set[Any] = set()
        self.in_the_way: list[str] = []
        self._followed: list[Any] = []

    def count(self, kind: type[models.Model], named: Sequence[models.Model], *, number: int) -> None:
        """Records of a kind go, of which some are at hand."""
        self.numbers[kind] += number
        if self.site.is_registered(kind):
            may_delete = self.site.get_model_admin(kind).has_delete_permission
            if not all(may_delete(self.request, record) for record in named):
                self.forbidden.add(kind._meta.verbose_name)

    def told(
        self, kind: type[models.Model], rows: models.QuerySet[Any], named: Sequence[models.Model]
    ) -> dict[Any, list[Any]]:
        """Of each of the named rows its name, and below it what goes with it."""
        below: dict[Any, list[Any]] = defaultdict(list)
        for relation in get_candidate_relations_to_delete(kind._meta):
            if relation not in self._followed:
                self._followed.append(relation)
                self._follow(relation, rows, named, below)
                self._followed.pop()
        return {row.pk: [_named(row, self.site), *([below[row.pk]] if row.pk in below else [])] for row in named}

    def _follow(
        self, relation: Any, rows: models.QuerySet[Any], named: Sequence[models.Model], below: dict[Any, list[Any]]
    ) -> None:
        kind, field = relation.related_model, relation.field
        pointing = kind._base_manager.order_by().filter(**{f"{field.name}__in": rows.order_by().values("pk")})
        if relation.on_delete in (models.PROTECT, models.RESTRICT):
            self.in_the_way += [_named(row, self.site) for row in pointing.order_by("pk")[:FEW]]
        is_told = relation.on_delete is models.CASCADE and (not relation.hidden or kind._meta.auto_created)
        if not is_told or not (number := pointing.count()):
            return
        first = Window(RowNumber(), partition_by=F(field.attname), order_by="pk")
        total = Window(Count("pk"), partition_by=F(field.attname))
        of_named = kind._base_manager.filter(**{f"{field.name}__in": [row.pk for row in named]})
        few = list(of_named.annotate(nth_of_one=first, of_one=total).filter(nth_of_one__lte=FEW).order_by("pk"))
        prefetch_related_objects(few, *(own.name for own in kind._meta.concrete_fields if own.is_relation))
        self.count(kind, few, number=number)
        told = self.told(kind, pointing, few)
        totals = {getattr(row, field.attname): row.of_one for row in few}
        for row in few:
            below[getattr(row, field.attname)] += told[row.pk]
        for pk, total_of_one in totals.items():
            if total_of_one > FEW:
                below[pk].append(_more(kind, total_of_one - FEW))


def _more(kind: type[models.Model], number: int) -> str:
    """Stands for those that are not named."""
    name = kind._meta.verbose_name if number == 1 else kind._meta.verbose_name_plural
    return ngettext("and %(number)d more %(kind)s", "and %(number)d more %(kind)s", number) % {
        "number": number,
        "kind": name,
    }


def _named(record: models.Model, site: AdminSite) -> str:
    """Its kind and name, with a link where it has a page."""
    kind, options = capfirst(record._meta.verbose_name), record._meta
    try:
        page = reverse(f"{site.name}:{options.app_label}_{options.model_name}_change", args=[quote(record.pk)])
    except NoReverseMatch:
        return f"{kind}: {record}"
    return format_html('{}: <a href="{}">{}</a>', kind, page, record)
