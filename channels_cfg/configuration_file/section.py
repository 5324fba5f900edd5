"""What a section of the file is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.fields import NOT_PROVIDED
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_cfg.configuration_file.entries import (
    FieldEntry,
    FileEntry,
    LinkEntry,
    ListEntry,
    OrderedLinksEntry,
    Values,
    label_of,
)

Key = tuple[str, ...]
"""What tells a record from the others of its section: its name, or all that a right says."""


@dataclass(frozen=True)
class Section:
    """One kind of record: which of its settings the file holds, and what tells one record from another."""

    name: str
    model: type[models.Model]
    entries: tuple[FileEntry, ...]
    identity: tuple[str, ...] = ("name",)
    noun: str | Promise = ""
    """What one record is called: ``queue``."""
    any_noun: str | Promise = ""
    """Any record of the kind: ``a queue``."""
    title: Callable[[Values], str] | None = None
    not_in_file: frozenset[str] = frozenset({"id"})
    """Fields that are no settings, or not this section's."""

    @cached_property
    def by_name(self) -> dict[str, FileEntry]:
        return {entry.name: entry for entry in self.entries}

    @property
    def plural(self) -> str:
        return str(self.model._meta.verbose_name_plural)

    def permission(self, verb: str) -> str:
        """``channels_cfg.change_queue``"""
        return f"{self.model._meta.app_label}.{verb}_{self.model._meta.model_name}"

    @property
    def is_single(self) -> bool:
        return not self.identity

    def key(self, values: Values) -> Key:
        return tuple(str(values.get(name) or "") for name in self.identity)

    def called(self, values: Values) -> str:
        """``queue “Chat sales”``, as sentences name the record."""
        if self.is_single:
            return str(self.noun)
        if self.title:
            return self.title(values)
        return _("%(kind)s “%(name)s”") % {"kind": self.noun, "name": values.get(self.identity[0], "")}

    def defaults(self) -> Values:
        return {entry.name: _copied(entry.default) for entry in self.entries if not entry.is_secret}


def _copied(value: Any) -> Any:
    return list(value) if isinstance(value, list) else value


_LABELS = {"is_staff": gettext_lazy("May open the System Configurator")}
"""What the pages call a setting otherwise than its model."""


def entries_of(model: type[models.Model], *, without: Iterable[str] = (), links: dict[str, str] | None = None) -> Any:
    """An entry for each field of the model, in its order, lists last."""
    for field in sorted(model._meta.concrete_fields, key=lambda field: isinstance(field, ArrayField)):
        if field.primary_key or field.name in without:
            continue
        default = field.get_default() if field.default is not NOT_PROVIDED else None if field.null else ""
        facts: dict[str, Any] = {
            "name": field.name,
            "title": _LABELS.get(field.name) or label_of(field),
            "default": default,
            "hint": field.help_text,
            "field": field,
        }
        if isinstance(field, models.ForeignKey):
            yield LinkEntry(**facts | {"section": (links or {})[field.name], "default": ""})
        elif field.name in (links or {}):
            yield OrderedLinksEntry(**facts | {"section": (links or {})[field.name]})
        else:
            yield ListEntry(**facts) if isinstance(field, ArrayField) else FieldEntry(**facts)
