"""The form of a metadata destination: the fields of its kind, and what its templates become."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextareaWidget

from channels_cfg.admin.messaging.messaging_services import NEVER_SHOWN
from channels_cfg.destination_templates import (
    EXAMPLE,
    OF_NAMES,
    SUBJECT,
    VARIABLES,
    SessionFacts,
    address,
    check_address_template,
    check_file_name,
    check_subject,
    file_name,
    subject,
)
from channels_cfg.models import Authentication, MetadataDestination
from channels_cfg.models.integration import MAY_HAVE as OF_AUTHENTICATION
from channels_cfg.models.metadata_destination import MAY_HAVE

Kind = MetadataDestination.Kind

AUTHENTICATED_BY = {
    "account": OF_AUTHENTICATION["username"],
    "secret": tuple(Authentication.Kind.values),
    "header": OF_AUTHENTICATION["header"],
    "token_address": OF_AUTHENTICATION["token_address"],
    "scope": OF_AUTHENTICATION["scope"],
}
"""Which authentications of a CRM have a use for a field."""


def is_used(name: str, *, kind: str, authentication: str) -> bool:
    """Whether a destination of the kind, a CRM asked with the authentication, has a use for the field."""
    if name not in MAY_HAVE:
        return True
    by = AUTHENTICATED_BY.get(name)
    return kind in MAY_HAVE[name] and (kind != Kind.CRM or by is None or authentication in by)


def _in_the_browser(name: str) -> str:
    """The same as a condition of the page's script."""
    by = " || ".join(f"authentication == '{one}'" for one in AUTHENTICATED_BY.get(name, ()))
    return " || ".join(
        f"(kind == '{kind}' && ({by}))" if kind == Kind.CRM and by else f"kind == '{kind}'" for kind in MAY_HAVE[name]
    )


CONDITIONS = {name: _in_the_browser(name) for name in MAY_HAVE}

OFFERED = {"method": "POST", "body_format": "multipart", "subject": SUBJECT}
"""What a new destination holds at first, where its kind has a use for it."""


@dataclass(frozen=True)
class Template:
    """A field with variables: how it is checked, and what it becomes."""

    check: Callable[[str], None]
    becomes: Callable[[str, SessionFacts], str]
    variables: tuple[str, ...]
    title: str | Promise


TEMPLATES: Mapping[str, Template] = {
    "file_name": Template(check_file_name, file_name, OF_NAMES, gettext_lazy("Becomes")),
    "address": Template(check_address_template, address, tuple(VARIABLES), gettext_lazy("Becomes")),
    "subject": Template(check_subject, subject, tuple(VARIABLES), gettext_lazy("Becomes")),
}


def shown(name: str, text: str) -> dict[str, Any]:
    """What the text of a field becomes for a conversation that is made up, or what is wrong with it."""
    template = TEMPLATES[name]
    try:
        template.check(text)
    except ValidationError as wrong:
        return {"problems": wrong.messages}
    return {"becomes": template.becomes(text, EXAMPLE), "title": template.title}


def _documented(name: str, help_text: str | Promise) -> SafeString:
    """The help of a field with its variables and a place for the example."""
    named = ((one, VARIABLES[one]) for one in TEMPLATES[name].variables)
    rows = format_html_join("", "<div><dt><code>{{{}}}</code></dt><dd>{}</dd></div>", named)
    return format_html(
        '{}<details class="variables"><summary>{}</summary><dl>{}</dl></details>'
        '<span class="template-example" id="example-of-{}" aria-live="polite"></span>',
        help_text, _("Variables"), rows, name,
    )  # fmt: skip


class SecretTextField(forms.CharField):
    """A secret that may have several lines, as keys do: typed and never shown; an empty field keeps what is stored."""

    def __init__(self, **kwargs: Any) -> None:
        widget = UnfoldAdminTextareaWidget(attrs=NEVER_SHOWN | {"rows": 3, "spellcheck": "false", "class": "font-mono"})
        super().__init__(strip=False, widget=widget, **kwargs)

    def prepare_value(self, value: Any) -> str:
        return ""

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(data)


class MetadataDestinationForm(forms.ModelForm):
    instance: MetadataDestination

    secret = SecretTextField(label=gettext_lazy("Secret"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            for name, offered in OFFERED.items():
                self.initial.setdefault(name, offered)
                self.initial[name] = self.initial[name] or offered
        if "secret" in self.fields:
            self._say_what_is_stored()
        for name in TEMPLATES.keys() & self.fields.keys():
            field = self.fields[name]
            field.help_text = _documented(name, field.help_text)
            field.widget.attrs |= {
                "hx-post": reverse("admin:metadata_destination_example", args=[name]),
                "hx-target": f"#example-of-{name}",
                "hx-trigger": "load, input changed delay:250ms",
                "hx-params": f"{name},kind,csrfmiddlewaretoken",
                "spellcheck": "false",
            }

    def _say_what_is_stored(self) -> None:
        field = self.fields["secret"]
        says = MetadataDestination._meta.get_field("secret").help_text
        field.help_text = says
        if self.instance.secret:
            field.help_text = " ".join([str(says), _("Empty: what is stored stays.")])
            field.widget.attrs["placeholder"] = _("Stored. Not shown again.")

    def clean_secret(self) -> str:
        """What was typed, else what is stored; the model says whom that may be shown to."""
        typed = str(self.cleaned_data["secret"])
        self.instance.secret_is_new = bool(typed)
        return typed or self.instance.secret

    def clean(self) -> dict[str, Any] | None:
        """Empties the fields for which the kind has no use: the page does not show them."""
        cleaned = super().clean()
        chosen = {name: self.cleaned_data.get(name) or "" for name in ("kind", "authentication")}
        for name in MAY_HAVE:
            if name in self.fields and not is_used(name, **chosen):
                self.errors.pop(name, None)
                self.cleaned_data[name] = getattr(MetadataDestination(), name)
        return cleaned
