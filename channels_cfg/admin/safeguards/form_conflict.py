"""A change form is saved only over what it was filled with: its fields and rows compared three ways, and merged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib.admin.utils import flatten_fieldsets, unquote
from django.core import signing
from django.db import models, transaction
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from channels_cfg.admin.safeguards.change_reason import AboutTheChange
from channels_cfg.admin.safeguards.conflict import CHOICE, MINE, SHOWN, THEIRS, Comparison, FieldConflict, ask_whose
from channels_cfg.admin.safeguards.resubmission import unpack
from channels_cfg.models.versioned import lock_settings

LOADED = "_loaded"

Values = dict[str, Any]
FormState = dict[str, dict[str, Values]]
"""{prefix of the rows, "" for the record itself: {primary key: {field: value as JSON holds it}}}"""


class NothingOverwritten:
    """For a ``ModelAdmin``: a change form is saved only over what it was filled with."""

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        unpack(request)
        if request.method != "POST" or object_id is None or LOADED not in request.POST:
            return super().changeform_view(request, object_id, form_url, extra_context)  # type: ignore[misc]
        with transaction.atomic():
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
        merge = _Merge(request.POST, was, now, form, formsets)
        if not merge.is_answered():
            return ask_whose(
                request,
                record,
                merge.comparison,
                now=_seal(now),
                history=self.changes_of(request, record),
                since=loaded_at,
                opts=self.opts,
                object=record,
            )
        request.POST = merge.typed_with_choices(_seal(now))  # type: ignore[assignment]
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
                rows = rows.filter(pk__in=was.get(prefix, {}))
            formset = formset_class(instance=record, prefix=prefix, queryset=rows)
            formset.row_name = capfirst(str(inline.verbose_name))
            formsets.append(formset)
        return form, formsets


class _Merge:
    """Compares three states of a form, and applies what was chosen to what was typed."""

    def __init__(self, typed: QueryDict, was: FormState, now: FormState, form: Any, formsets: list[Any]) -> None:
        self.typed, self.was, self.now = typed, was, now
        self.form = form
        self.formsets: dict[str, BaseInlineFormSet] = {formset.prefix: formset for formset in formsets}
        self.rows = {prefix: _typed_rows(typed, formset) for prefix, formset in self.formsets.items()}
        self.comparison = Comparison()
        self._compare_record()
        for prefix in self.formsets:
            self._compare_rows(prefix)

    def is_answered(self) -> bool:
        shows_now = _unseal(self.typed.get(SHOWN, ""))[1] == self.now
        return self.comparison.is_answered(self.typed, shows_now=shows_now)

    def typed_with_choices(self, loaded: str) -> QueryDict:
        """What is saved: as typed, with theirs where that was chosen."""
        merged = self.typed.copy()
        for bound in _fields(self.form):
            if self._answer("", "", bound.name) == THEIRS:
                _write(merged, bound, self._value(self.now, "", "", bound.name))
        for prefix, formset in self.formsets.items():
            _write_rows(merged, formset, list(self._merged_rows(prefix, formset)))
        for name in [name for name in merged if name.startswith(CHOICE) or name == SHOWN]:
            del merged[name]
        merged[LOADED] = loaded
        return merged

    def _answer(self, prefix: str, pk: str, name: str) -> str:
        """Who was chosen; where only they changed something and nothing had to be asked, they are."""
        return self.typed.get(_choice(prefix, pk, name), "")

    def _value(self, state: FormState, prefix: str, pk: str, name: str) -> Any:
        return state.get(prefix, {}).get(pk, {}).get(name)

    def _compare_record(self) -> None:
        for bound in _fields(self.form):
            raw = bound.field.widget.value_from_datadict(self.typed, {}, bound.html_name)
            self._compare_value("", "", bound, raw, capfirst(str(bound.label)))

    def _compare_value(self, prefix: str, pk: str, bound: Any, raw: Any, label: str) -> None:
        was, now = (self._value(state, prefix, pk, bound.name) for state in (self.was, self.now))
        they_changed, i_changed = was != now, bound.field.has_changed(was, raw)
        if not (they_changed or i_changed) or not bound.field.has_changed(now, raw):
            return
        difference = FieldConflict(
            choice=_choice(prefix, pk, bound.name),
            label=label,
            was=_in_words(bound.field, was),
            theirs=_in_words(bound.field, now),
            mine=_in_words(bound.field, raw),
            both_changed=they_changed and i_changed,
        )
        (self.comparison.differences if they_changed else self.comparison.only_mine).append(difference)

    def _compare_rows(self, prefix: str) -> None:
        """Rows that were there when the form was opened, one by one; then those that somebody added since."""
        formset = self.formsets[prefix]
        stored = {str(form.instance.pk): form for form in formset.initial_forms}
        was = self.was.get(prefix, {})
        kind = formset.row_name  # type: ignore[attr-defined]  # see _as_stored
        for row in self.rows[prefix]:
            if row.pk not in was:
                continue
            form, values = stored.get(row.pk), was[row.pk]
            if form is not None and not row.is_deleted:
                for bound in _fields(form):
                    self._compare_value(
                        prefix, row.pk, bound, row.typed(bound), f"{kind} “{form.instance}”: {bound.label}"
                    )
            elif self._is_in_dispute(formset, row, values):
                self._compare_whole(formset, row, values, kind)
        added = [form for pk, form in stored.items() if pk not in was]
        self.comparison.added_by_them += [f"{kind}: {form.instance}" for form in added]

    def _is_in_dispute(self, formset: Any, row: _Row, was: Values) -> bool:
        """Whether one side deleted a row that the other one changed."""
        if (theirs := self.now[formset.prefix].get(row.pk)) is not None:
            return row.is_deleted and theirs != was
        fields = _fields(formset.empty_form)
        return not row.is_deleted and any(
            bound.field.has_changed(was.get(bound.name), row.typed(bound)) for bound in fields
        )

    def _compare_whole(self, formset: Any, row: _Row, was: Values, kind: str) -> None:
        theirs = self.now[formset.prefix].get(row.pk)
        self.comparison.differences.append(
            FieldConflict(
                choice=_choice(formset.prefix, row.pk, ""),
                label=kind,
                was=_row_in_words(formset, lambda bound: was.get(bound.name)),
                theirs=_("deleted") if theirs is None else _row_in_words(formset, lambda bound: theirs.get(bound.name)),
                mine=_("deleted") if row.is_deleted else _row_in_words(formset, row.typed),
                both_changed=True,
            )
        )

    def _merged_rows(self, prefix: str, formset: Any) -> Iterator[_Row]:
        stored = {str(form.instance.pk): form for form in formset.initial_forms}
        for row in self.rows[prefix]:
            if row.pk and row.pk in stored:
                if self._answer(prefix, row.pk, "") == THEIRS:
                    continue  # left out, so it stays as it is stored
                for bound in _fields(stored[row.pk]):
                    if self._answer(prefix, row.pk, bound.name) == THEIRS:
                        _write(row.values, bound, self._value(self.now, prefix, row.pk, bound.name), bound.name)
            elif row.pk:
                if self._answer(prefix, row.pk, "") != MINE:
                    continue  # deleted, and nobody misses it
                row.values.setlist(formset.model._meta.pk.name, [""])
                row = _Row("", row.values)
            yield row


@dataclass(frozen=True)
class _Row:
    """One row as it was sent, its names without the prefix; ``pk`` is empty for a new one."""

    pk: str
    values: QueryDict

    @property
    def is_deleted(self) -> bool:
        return bool(self.values.get("DELETE"))

    def typed(self, bound: Any) -> Any:
        """What was typed in a field, as it was sent."""
        return bound.field.widget.value_from_datadict(self.values, {}, bound.name)


def _typed_rows(typed: QueryDict, formset: Any) -> list[_Row]:
    rows: dict[int, QueryDict] = {}
    for name, values in typed.lists():
        number, _dash, suffix = name.removeprefix(f"{formset.prefix}-").partition("-")
        if name.startswith(f"{formset.prefix}-") and number.isdecimal() and suffix:
            rows.setdefault(int(number), QueryDict(mutable=True)).setlist(suffix, values)
    key = formset.model._meta.pk.name
    return [_Row(rows[number].get(key, ""), rows[number]) for number in sorted(rows)]


def _write_rows(typed: QueryDict, formset: Any, rows: list[_Row]) -> None:
    """Number the rows anew, those that are stored first, as a formset expects them."""
    prefix = formset.prefix
    if f"{prefix}-TOTAL_FORMS" not in typed:
        return
    for name in [name for name in typed if name.removeprefix(f"{prefix}-").partition("-")[0].isdecimal()]:
        if name.startswith(f"{prefix}-"):
            del typed[name]
    rows = sorted(rows, key=lambda row: not row.pk)
    for number, row in enumerate(rows):
        for suffix, values in row.values.lists():
            typed.setlist(f"{prefix}-{number}-{suffix}", values)
    typed[f"{prefix}-TOTAL_FORMS"] = str(len(rows))
    typed[f"{prefix}-INITIAL_FORMS"] = str(sum(bool(row.pk) for row in rows))


def _choice(prefix: str, pk: str, name: str) -> str:
    return f"{CHOICE}{prefix}.{pk}.{name}"


def _fields(form: Any) -> Iterator[Any]:
    """The fields of a form that are typed in and may be shown."""
    for bound in form:
        hidden = isinstance(bound.field.widget, forms.HiddenInput) or bound.field.disabled
        secret = isinstance(bound.field.widget, forms.PasswordInput)
        of_another_kind = isinstance(bound.field, (AboutTheChange, forms.models.InlineForeignKeyField))
        if not (hidden or secret or of_another_kind or bound.name == "DELETE"):
            yield bound


def _state(form: Any, formsets: list[Any]) -> FormState:
    state: FormState = {"": {"": _values(form)}}
    for formset in formsets:
        state[formset.prefix] = {str(row.instance.pk): _values(row) for row in formset.initial_forms}
    return state


def _values(form: Any) -> Values:
    return {
        bound.name: _plain(bound.field, form.get_initial_for_field(bound.field, bound.name)) for bound in _fields(form)
    }


def _plain(field: Any, value: Any) -> Any:
    """A field's value as JSON holds it, in the type in which fields compare it with what was typed."""
    if isinstance(field, forms.ModelChoiceField):
        value = field.prepare_value(value)
        return [str(item) for item in value] if isinstance(value, (list, tuple)) else value and str(value)
    if isinstance(value, (list, tuple)):
        return [_plain(None, item) for item in value]
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def _seal(state: FormState) -> str:
    return signing.dumps([timezone.now().isoformat(), state], salt=LOADED, compress=True)


def _unseal(sealed: str) -> tuple[datetime | None, FormState]:
    """When the form was filled and with what. Of what cannot be read, nothing is known: everything is asked."""
    try:
        at, state = signing.loads(sealed, salt=LOADED)
    except signing.BadSignature:
        return None, {}
    return parse_datetime(at), state


def _write(typed: QueryDict, bound: Any, value: Any, name: str | None = None) -> None:
    """Put the value where a browser would have put it."""
    name, widget = name or bound.html_name, bound.field.widget
    if isinstance(widget, forms.MultiWidget):
        for number, part in enumerate(widget.decompress(value) or ()):
            typed[f"{name}_{number}"] = "" if part is None else str(part)
        return
    if isinstance(bound.field, forms.BooleanField):
        value = ["on"] if value else []
    elif not getattr(widget, "allow_multiple_selected", False):
        value = bound.field.prepare_value(value)
        value = ["" if value is None else str(value)]
    typed.setlist(name, [str(item) for item in value or []])


def _in_words(field: Any, value: Any) -> str:
    """What a person calls the value."""
    if isinstance(field, forms.ModelChoiceField):
        wanted = value if isinstance(value, (list, tuple)) else [value]
        known = {str(row.pk): field.label_from_instance(row) for row in _chosen(field, wanted)}
        return ", ".join(known.get(str(one), str(one)) for one in wanted if one not in (None, ""))
    if isinstance(field, forms.BooleanField):
        return _("yes") if field.to_python(value) else _("no")
    if isinstance(field, forms.ChoiceField):
        labels = {str(key): str(label) for key, label in list(field.choices)}  # type: ignore[arg-type]
        return labels.get(str(value), str(value or ""))
    if isinstance(value, (list, tuple)):
        return ", ".join(str(item) for item in value)
    return "" if value is None else str(value)


def _chosen(field: Any, keys: Any) -> Any:
    numbers = [key for key in keys if str(key).isdecimal()]
    return field.queryset.filter(pk__in=numbers) if numbers else []


def _row_in_words(formset: Any, value_of: Callable[[Any], Any]) -> str:
    words = (_in_words(bound.field, value_of(bound)) for bound in _fields(formset.empty_form))
    return ", ".join(word for word in words if word)
