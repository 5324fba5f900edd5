"""Asking for a date and time, in the form in which pages show them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from channels_cfg import moments


class MomentInput(forms.DateTimeInput):
    """``2026-11-28 19:07``, on the viewer's clock; ``portal/pickers.js`` puts the browser's calendar beside it."""

    def __init__(self) -> None:
        attrs = {"data-moment": "", "autocomplete": "off", "placeholder": "2026-11-28 19:00"}
        super().__init__(attrs, format=moments.TO_THE_MINUTE)


class MomentField(forms.DateTimeField):
    """A date and time on the viewer's clock, or with an offset; in Python in UTC. What lies beyond the years that a
    settings page can mean is refused: at the edges of time, another zone's clock cannot show it."""

    widget = MomentInput

    def to_python(self, value: Any) -> datetime | None:
        try:
            moment = super().to_python(value)
            moment = moment and moment.astimezone(UTC)
        except OverflowError:
            moment = datetime.min
        if moment and not 1970 <= moment.year < 3000:
            raise ValidationError(_("Choose a time between the years 1970 and 3000."))
        return moment
