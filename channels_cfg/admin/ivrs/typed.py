"""An IVR definition as it is typed, before it is saved: its picture, and what would hinder saving it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS

from channels_cfg.admin.ivrs.picture import Picture, picture_of
from channels_cfg.admin.ivrs.steps import StepFormSet
from channels_cfg.ivr.call_flow import CallFlow
from channels_cfg.models import IvrDefinition


@dataclass(frozen=True)
class Complaint:
    """Of which step, empty where it is about the whole; about which field of it; and what is wrong, in words."""

    step: str
    field: str
    text: str


@dataclass(frozen=True)
class Typed:
    """A definition that calls can be tried through, as through one that is stored."""

    ivr: IvrDefinition
    call_flow: CallFlow
    complaints: Sequence[Complaint]

    @property
    def picture(self) -> Picture:
        return picture_of(self.call_flow)


def as_typed(form: Any, formsets: Sequence[Any]) -> Typed:
    """What the bound form and its rows say. Nothing is saved."""
    complaints = list(_complaints(form, "", of=IvrDefinition))
    steps = []
    for formset in formsets:
        formset.is_valid()
        complaints += [Complaint("", "", text) for text in formset.non_form_errors()]
        are_steps = isinstance(formset, StepFormSet)
        rows = [row for row in formset.forms if not are_steps or not formset.is_left_out(row)]
        steps += [row.instance for row in rows if are_steps]
        for row in rows:
            complaints += _complaints(row, row.instance.name if are_steps else "")
    return Typed(form.instance, form.instance.flow_of(steps), complaints)


def _complaints(form: Any, step: str, *, of: Any = None) -> Iterator[Complaint]:
    """Of the fields of a model, where it is named: what a page asks for besides is asked when it is saved."""
    asked = {field.name for field in of._meta.get_fields()} if of else set(form.fields)
    for name, texts in form.errors.items():
        if name in asked | {NON_FIELD_ERRORS}:
            label = form.fields[name].label if name in form.fields else ""
            yield from (Complaint(step, str(label), text) for text in texts)
