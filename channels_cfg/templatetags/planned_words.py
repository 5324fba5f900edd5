"""Planned changes in the words of pages."""

from __future__ import annotations

from django import template

from channels_cfg.history.planned_changes import FieldInWords, values_in_words
from channels_cfg.models import ScheduledChange

register = template.Library()


@register.filter
def fields_in_words(change: ScheduledChange) -> list[FieldInWords]:
    return values_in_words(change)
