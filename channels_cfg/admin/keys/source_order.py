"""The order of sources in a form: a list to move up and down, plain text without JavaScript."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from channels_cfg.key_names import split_key_list
from channels_cfg.models import Source
from channels_cfg.models.system_settings import check_precedence


class SourceOrderWidget(forms.TextInput):
    template_name = "admin/widgets/source_order.html"

    inherited: list[str] | None = None
    """The order that counts while none is given here; None where one must be given."""

    class Media:
        css = {"all": ["configurator/lists.css"]}
        js = ["configurator/lists.js"]

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"] |= {
            "labels": {source.value: source.label for source in Source},
            "inherited": self.inherited,
            "inherited_labels": [Source(source).label for source in self.inherited or []],
        }
        return context

    def _render(self, template_name: str, context: dict[str, Any], renderer: Any = None) -> Any:
        return render_to_string(template_name, context)  # form renderers do not look into templates/


class SourceOrderField(forms.Field):
    """Sources separated by commas, each once, the strongest first; empty follows the level above."""

    widget = SourceOrderWidget

    def __init__(self, *, base_field: Any = None, max_length: int | None = None, **kwargs: Any) -> None:
        # The model's array field also names its base field, which is always a source; see KeyListFormField.
        super().__init__(**{**kwargs, "show_hidden_initial": False})

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        sources = value if isinstance(value, list) else [source.lower() for source in split_key_list(value or "")]
        if sources:
            check_precedence(sources)
        return sources

    def validate(self, value: Any) -> None:
        if self.required and not value:
            raise ValidationError(
                _("Name each source once: %(sources)s.") % {"sources": ", ".join(Source.values)}, code="required"
            )

    def has_changed(self, initial: Any, data: Any) -> bool:
        return list(initial or []) != split_key_list(data or "")
