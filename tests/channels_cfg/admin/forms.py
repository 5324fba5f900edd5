"""What a browser sends when it saves a page of the configurator."""

from typing import Any

from django.http import HttpResponse
from django.test import Client


def open_form(client: Client, address: str) -> dict[str, Any]:
    """The values that the form at the address starts with, those of its inline rows included."""
    context = client.get(address).context
    formsets = [inline.formset for inline in context["inline_admin_formsets"]]
    forms = [
        context["adminform"].form,
        *[form for formset in formsets for form in [formset.management_form, *formset.initial_forms]],
    ]
    sent = {}
    for form in forms:
        for bound in form:
            value = bound.field.prepare_value(bound.value()) if hasattr(bound.field, "prepare_value") else bound.value()
            if value is not None and value is not False:
                sent[bound.html_name] = value
    return sent


def save_form(client: Client, address: str, /, **changes: Any) -> HttpResponse:
    """Open the form, change these fields, save."""
    sent = {name: value for name, value in {**open_form(client, address), **changes}.items() if value is not None}
    return client.post(address, sent, follow=True)
