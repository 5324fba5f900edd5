"""Asking for a date and time, in the form in which pages show them."""

from __future__ import annotations

from django import forms

from channels_cfg import moments


class MomentInput(forms.DateTimeInput):
    """``2026-11-28 19:07``, on the viewer's clock; ``portal/pickers.js`` puts the browser's calendar beside it."""

    def __init__(self) -> None:
        attrs = {"data-moment": "", "autocomplete": "off", "placeholder": "2026-11-28 19:00"}
        super().__init__(attrs, format=moments.TO_THE_MINUTE)
