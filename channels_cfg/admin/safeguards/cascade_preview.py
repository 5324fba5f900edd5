"""What is deleted along with records, as a page can show it: the number of each kind, and a few by name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.utils import NestedObjects, quote
from django.db import models, router
from django.db.models import prefetch_related_objects
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import ngettext

FEW = 20
"""So many of one kind are named under each record."""


class CascadePreview(NestedObjects):
    """As the admin collects it, of which a few are named; what their names are made of is read with them."""

    model_objs: defaultdict[type[models.Model], set[models.Model]]  # type: ignore[assignment]  # as it really is
    edges: dict[Any, list[Any]]

    def few(self) -> None:
        """Name only a few, and have the rest counted."""
        self.edges = {record: list(_few_of_each(found)) for record, found in self.edges.items()}
        named: dict[type[models.Model], list[models.Model]] = defaultdict(list)
        for record in (record for found in self.edges.values() for record in found):
            if isinstance(record, models.Model):
                named[type(record)].append(record)
        for kind, records in named.items():
            points_to = [field.name for field in kind._meta.concrete_fields if field.is_relation]
            prefetch_related_objects(records, *points_to)


class _More:
    """Stands for those that are not named."""

    def __init__(self, kind: type[models.Model], number: int) -> None:
        self.kind, self.number = kind, number

    def __str__(self) -> str:
        kind = self.kind._meta.verbose_name if self.number == 1 else self.kind._meta.verbose_name_plural
        return ngettext("and %(number)d more %(kind)s", "and %(number)d more %(kind)s", self.number) % {
            "number": self.number,
            "kind": kind,
        }


def _few_of_each(records: Iterable[models.Model]) -> Iterable[models.Model | _More]:
    of_kind: dict[type[models.Model], list[models.Model]] = defaultdict(list)
    for record in records:
        of_kind[type(record)].append(record)
    for kind, found in of_kind.items():
        yield from found[:FEW]
        if len(found) > FEW:
            yield _More(kind, len(found) - FEW)


def cascade_preview(
    records: Sequence[models.Model], *, request: HttpRequest, site: AdminSite
) -> tuple[list[Any], dict[Any, int], set[Any], list[str]]:
    """As ``ModelAdmin.get_deleted_objects`` answers: names, numbers, kinds that may not be deleted, what stands in the
    way. The number of queries does not depend on how much goes along."""
    if not records:
        return [], {}, set(), []
    collector = CascadePreview(using=router.db_for_write(type(records[0])), origin=records)
    collector.collect(records)
    forbidden = {
        kind._meta.verbose_name
        for kind, found in collector.model_objs.items()
        if site.is_registered(kind)
        and not all(map(partial(site.get_model_admin(kind).has_delete_permission, request), found))
    }
    numbers = {kind._meta.verbose_name_plural: len(found) for kind, found in collector.model_objs.items()}
    collector.few()
    in_the_way = [_named(record, site) for record in _few_of_each(collector.protected)]
    return collector.nested(lambda record: _named(record, site)), numbers, forbidden, in_the_way


def _named(record: models.Model | _More, site: AdminSite) -> str:
    """Its kind and name, with a link where it has a page."""
    if isinstance(record, _More):
        return str(record)
    kind, options = capfirst(record._meta.verbose_name), record._meta
    try:
        page = reverse(f"{site.name}:{options.app_label}_{options.model_name}_change", args=[quote(record.pk)])
    except NoReverseMatch:
        return f"{kind}: {record}"
    return format_html('{}: <a href="{}">{}</a>', kind, page, record)
