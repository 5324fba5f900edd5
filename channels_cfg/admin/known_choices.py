"""Rows of autocomplete fields that know what they hold, so that a page of rows takes one query and not one a field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.forms import PaginationInlineFormSet

from channels_cfg.history.record_words import label_of


class KnownAutocomplete(AutocompleteSelect):
    """Looks up the names of chosen records only where it has not been told."""

    known: Mapping[str, str] = {}

    def optgroups(self, name: str, value: Sequence[str], attr: Any = None) -> Any:
        chosen = [str(pk) for pk in value if pk not in ("", None)]
        if not self.known.keys() >= set(chosen):
            return super().optgroups(name, value, attr)
        options: list[Any] = []
        if not self.is_required and not self.allow_multiple_selected:
            options.append(self.create_option(name, "", "", False, 0))
        options += [self.create_option(name, pk, self.known[pk], True, 1) for pk in chosen]
        return [(None, options, 0)]


class KnownChoicesFormSet(PaginationInlineFormSet):
    """Tells the fields of each row what the row holds."""

    def _construct_form(self, i: int, **kwargs: Any) -> Any:
        form = super()._construct_form(i, **kwargs)
        if form.instance.pk:
            for name, field in form.fields.items():
                widget = getattr(field.widget, "widget", field.widget)
                record = getattr(form.instance, name, None) if isinstance(widget, KnownAutocomplete) else None
                if record is not None:
                    widget.known = {str(record.pk): str(record)}
        return form


class KnowsItsChoices:
    """For an inline: its autocomplete fields, with the records they point to read along with the rows."""

    formset = KnownChoicesFormSet

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related(*self.autocomplete_fields)  # type: ignore[misc,attr-defined]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.autocomplete_fields:  # type: ignore[attr-defined]
            kwargs.setdefault("widget", KnownAutocomplete(db_field, self.admin_site))  # type: ignore[attr-defined]
            kwargs.setdefault("label", label_of(db_field))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]
