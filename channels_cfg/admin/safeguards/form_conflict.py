"""A change form is saved only over what it was filled with: its fields and rows compared three ways, and merged."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib.admin.utils import flatten_fieldsets, unquote
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.dateparse import parse_datetime
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from channels_cfg.admin.safeguards.change_reason import AboutTheChange
from channels_cfg.admin.safeguards.conflict import CHOICE, MINE, SHOWN, THEIRS, Comparison, ask_whose
from channels_cfg.models.versioned import lock_settings

LOADED = "_loaded"

Sent = dict[str, list[str]]
"""What a browser sends of a field or of a row, by name without the prefix of the row."""

FormState = dict[str, Sent]
"""What a form is filled with, by name of the field, or ``prefix.pk`` of the row."""


class NothingOverwritten:
    """For a ``ModelAdmin`` that saves in a transaction: a change form is saved only over what it was filled with, and
    of two that add the same the second is checked once the first is there."""

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if request.method == "POST" and object_id is None and self.has_add_permission(request):  # type: ignore[attr-defined]
            lock_settings()
        elif request.method == "POST" and object_id is not None and LOADED in request.POST:
            record = self._held(request, unquote(object_id))
            if record is not None and (asked := self._changed_in_between(request, record)):
                return asked
        return super().changeform_view(request, object_id, form_url, extra_context)  # type: ignore[misc]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Put into the form what it is filled with; one that is shown again keeps what it was filled with at first."""
        if context.get("original") is not None:
            formsets = [inline.formset for inline in context["inline_admin_formsets"]]
            context["loaded"] = request.POST.get(LOADED) or _seal(_state(context["adminform"].form, formsets))
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]

    def _held(self: Any, request: HttpRequest, object_id: str) -> models.Model | None:
        """The record as it is, which nobody else changes until the transaction ends."""
        record = self.get_object(request, object_id)
        if record is None or not self.has_change_permission(request, record):
            return None
        lock_settings()
        list(self.model._base_manager.select_for_update().filter(pk=record.pk).values_list("pk"))
        return self.get_object(request, object_id)

    def _changed_in_between(self: Any, request: HttpRequest, record: models.Model) -> HttpResponse | None:
        """The page that asks; None where nothing changed, or where everything was chosen."""
        loaded_at, was = _unseal(request.POST[LOADED])
        form, formsets = self._as_stored(request, record, was)
        now = _state(form, formsets)
        if now == was:
            return None
        comparison = Comparison()
        for part in _parts(request.POST, was, now, form, formsets):
            comparison.compare(part.name, part.label, part.states, part.in_words, part.value)
        there = [(formset, row) for formset in formsets for row in formset.initial_forms]
        added = [f"{formset.row_name}: {row.instance}" for formset, row in there if _key(formset, row) not in was]
        comparison.added_by_them += added
        if not comparison.is_answered(request.POST, shows_now=_unseal(request.POST.get(SHOWN, ""))[1] == now):
            asked = {"history": self.changes_of(request, record), "since": loaded_at}
            return ask_whose(request, record, comparison, now=_seal(now), opts=self.opts, object=record, **asked)
        request.POST = _merged(request.POST, now, form, formsets)  # type: ignore[assignment]  # see unpack
        return None

    def _as_stored(self: Any, request: HttpRequest, record: models.Model, was: FormState) -> tuple[Any, list[Any]]:
        """The form and its rows as somebody would see them who opened the page now; of rows that come in pages, those
        that were on the page."""
        fields = flatten_fieldsets(self.get_fieldsets(request, record))
        form = self.get_form(request, record, change=True, fields=fields)(instance=record)
        formsets: list[Any] = []
        for formset_class, inline in self.get_formsets_with_inlines(request, record):
            same = sum(isinstance(other, formset_class) for other in formsets)
            prefix = formset_class.get_default_prefix()
            prefix = f"{prefix}-{same + 1}" if same else prefix
            rows = inline.get_queryset(request)
            if getattr(inline, "per_page", None):
                rows = rows.filter(pk__in=[key.rpartition(".")[2] for key in was if key.startswith(f"{prefix}.")])
            formset = formset_class(instance=record, prefix=prefix, queryset=rows)
            formset.row_name = capfirst(str(inline.verbose_name))
            formsets.append(formset)
        return form, formsets


# What a form is filled with


def _fields(form: Any) -> Iterator[Any]:
    """The fields of a form that are typed in and may be shown."""
    for bound in form:
        hidden = isinstance(bound.field.widget, forms.HiddenInput) or bound.field.disabled
        secret = isinstance(bound.field.widget, forms.PasswordInput)
        of_another_kind = isinstance(bound.field, (AboutTheChange, forms.models.InlineForeignKeyField))
        if not (hidden or secret or of_another_kind or bound.name == "DELETE"):
            yield bound


def _key(formset: Any, row: Any) -> str:
    return f"{formset.prefix}.{row.instance.pk}"


def _state(form: Any, formsets: Iterable[Any]) -> FormState:
    of_rows = {_key(formset, row): _sent(_fields(row)) for formset in formsets for row in formset.initial_forms}
    return {bound.name: _sent([bound]) for bound in _fields(form)} | of_rows


def _sent(fields: Iterable[Any]) -> Sent:
    """What a browser sends of fields that nobody touches."""
    sent: Sent = {}
    for bound in fields:
        widget, value = getattr(bound.field.widget, "widget", bound.field.widget), bound.value()
        if isinstance(widget, forms.CheckboxInput):
            sent[bound.name] = ["on"] if value else []
        else:
            shown = widget.format_value(value)
            sent[bound.name] = ["" if one is None else one for one in (shown if isinstance(shown, list) else [shown])]
    return sent


def _seal(state: FormState) -> str:
    return signing.dumps([timezone.now().isoformat(), state], salt=LOADED, compress=True)


def _unseal(sealed: str) -> tuple[datetime | None, FormState]:
    """When the form was filled and with what. Of what cannot be read, nothing is known: everything is asked."""
    try:
        at, state = signing.loads(sealed, salt=LOADED)
    except signing.BadSignature:
        return None, {}
    return parse_datetime(at), state


# What was typed, against it


@dataclass(frozen=True)
class _Part:
    """What is chosen about as one, a field of the record or a row: as it was, as it is by now, and as typed. A row that
    is deleted is None."""

    name: str
    label: str
    fields: Sequence[Any]
    states: tuple[Sent | None, Sent | None, Sent | None]

    def value(self, sent: Sent | None) -> Any:
        """What the fields make of it, whichever way it is written."""
        return None if sent is None else [_value(bound.field, raw) for bound, raw in self._raw(sent)]

    def in_words(self, sent: Sent | None) -> str:
        if sent is None:
            return _("deleted")
        return ", ".join(filter(None, (_in_words(bound.field, raw) for bound, raw in self._raw(sent))))

    def _raw(self, sent: Sent) -> Iterator[tuple[Any, Any]]:
        data = MultiValueDict(sent)
        return ((bound, bound.field.widget.value_from_datadict(data, {}, bound.name)) for bound in self.fields)


def _parts(typed: QueryDict, was: FormState, now: FormState, form: Any, formsets: Iterable[Any]) -> Iterator[_Part]:
    """The fields, and the rows that were there when the form was opened."""
    sent = dict(typed.lists())
    for bound in _fields(form):
        yield _Part(bound.name, capfirst(bound.label), [bound], (was.get(bound.name, {}), now[bound.name], sent))
    for formset in formsets:
        fields = list(_fields(formset.empty_form))
        for key, row in _typed_rows(typed, formset):
            if key in was:
                mine = None if row.get("DELETE") else row
                yield _Part(key, formset.row_name, fields, (was[key], now.get(key), mine))


def _typed_rows(typed: QueryDict, formset: Any) -> list[tuple[str, Sent]]:
    """Each row as it was sent, with its key in a state; ``prefix.`` of a new one."""
    rows: dict[int, Sent] = defaultdict(dict)
    for name, values in typed.lists():
        if found := re.fullmatch(rf"{re.escape(formset.prefix)}-(\d+)-(.+)", name):
            rows[int(found[1])][found[2]] = values
    pk = formset.model._meta.pk.name
    return [(f"{formset.prefix}.{(rows[number].get(pk) or [''])[-1]}", rows[number]) for number in sorted(rows)]


def _merged(typed: QueryDict, now: FormState, form: Any, formsets: Iterable[Any]) -> QueryDict:
    """What is saved: as typed, with theirs where that was chosen."""
    merged = typed.copy()
    for bound in _fields(form):
        if typed.get(f"{CHOICE}{bound.name}") == THEIRS:
            merged.setlist(bound.name, now[bound.name][bound.name])
    for formset in formsets:
        if f"{formset.prefix}-TOTAL_FORMS" in typed:
            _write_rows(merged, formset, list(_rows_to_save(typed, now, formset)))
    for name in [name for name in merged if name.startswith(CHOICE) or name == SHOWN]:
        del merged[name]
    merged[LOADED] = _seal(now)
    return merged


def _rows_to_save(typed: QueryDict, now: FormState, formset: Any) -> Iterator[tuple[str, Sent]]:
    """Without rows where theirs was chosen: left out, they stay as stored, or deleted where nobody misses them."""
    for key, row in _typed_rows(typed, formset):
        answer = typed.get(f"{CHOICE}{key}")
        if key in now or key == f"{formset.prefix}.":
            if answer != THEIRS:
                yield key, row
        elif answer == MINE:
            yield f"{formset.prefix}.", row | {formset.model._meta.pk.name: [""]}


def _write_rows(typed: QueryDict, formset: Any, rows: list[tuple[str, Sent]]) -> None:
    """Number the rows anew, those that are stored first, as a formset expects them."""
    prefix = formset.prefix
    for name in [name for name in typed if re.match(rf"{re.escape(prefix)}-\d+-", name)]:
        del typed[name]
    rows.sort(key=lambda row: row[0] == f"{prefix}.")
    for number, (_new, row) in enumerate(rows):
        for name, values in row.items():
            typed.setlist(f"{prefix}-{number}-{name}", values)
    typed[f"{prefix}-TOTAL_FORMS"] = str(len(rows))
    typed[f"{prefix}-INITIAL_FORMS"] = str(sum(key != f"{prefix}." for key, _row in rows))


def _value(field: Any, raw: Any) -> Any:
    """What is compared of a field."""
    if isinstance(field, forms.ModelChoiceField):
        return sorted(raw) if isinstance(raw, list) else str(raw or "")
    try:
        return field.to_python(raw.replace("\r\n", "\n") if isinstance(raw, str) else raw)
    except ValidationError:
        return raw


def _in_words(field: Any, raw: Any) -> str:
    """What a person calls what was sent of a field."""
    if isinstance(field, forms.ModelChoiceField) and field.queryset is not None:
        keys = [key for key in (raw if isinstance(raw, list) else [raw]) if str(key).isdecimal()]
        return ", ".join(map(field.label_from_instance, field.queryset.filter(pk__in=keys))) if keys else ""
    if isinstance(field, forms.BooleanField):
        return _("yes") if raw else _("no")
    if isinstance(field, forms.ChoiceField):
        return str(dict(field.choices).get(raw, raw or ""))  # type: ignore[arg-type]
    return ", ".join(raw) if isinstance(raw, list) else str(raw or "")
