"""The field “Why?” for any form of the configurator."""

from __future__ import annotations

from typing import Any

from django import template

from channels_cfg.history.change_reason import LONGEST_WHY, why_is_required

register = template.Library()


@register.inclusion_tag("admin/_why.html", takes_context=True)
def why_field(context: dict[str, Any]) -> dict[str, Any]:
    """Asks why; what is typed is noted with the change. In a form of an admin page it is the form's own field."""
    adminform = context.get("adminform")
    form = getattr(adminform, "form", None)
    if form is not None and "why" in form.fields:
        bound = form["why"]
        return {
            "value": bound.value() or "",
            "errors": bound.errors,
            "required": bound.field.required,
            "longest": LONGEST_WHY,
        }
    request = context["request"]
    return {
        "value": context.get("why_typed", request.POST.get("why", "")),
        "errors": context.get("why_errors", []),
        "required": why_is_required(),
        "longest": LONGEST_WHY,
    }
