"""The form of a contact: its names, what identifies it, its custom fields."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib.admin.utils import label_for_field
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_cfg.contact_fields import schema_of
from channels_cfg.models import SystemSettings
from conversations.contacts.custom_fields import typed
from conversations.contacts.identifiers import Identifier, Kind, email, external_id, phone
from conversations.contacts.records import Details, IdentifierTaken
from conversations.models import EMAIL_SLOTS, PHONE_SLOTS, ContactIdentifier, ExternalContact
from conversations.models.external_contact import ADDRESS_PARTS, LONGEST_NAME
from conversations.telephone import shown_number

ADDRESS_LABELS = {
    "address1": gettext_lazy("Street"),
    "address2": gettext_lazy("More of the street"),
    "city": gettext_lazy("City"),
    "state": gettext_lazy("State"),
    "postalCode": gettext_lazy("Postal code"),
    "countryCode": gettext_lazy("Country"),
}
CUSTOM = "custom_"
PART = "address_"


class ContactForm(forms.Form):
    """Knows how fields are called on the page and what is typed into them; the rules are the work's."""

    def __init__(
        self,
        *args: Any,
        contact: ExternalContact | None = None,
        fields: dict[str, forms.Field] | None = None,
        **kwargs: Any,
    ) -> None:
        """``fields`` are those of another such form, where many are filled one after the other."""
        kwargs |= {"label_suffix": "", "initial": initial_of(contact) if contact else {}}
        super().__init__(*args, **kwargs)
        self.contact = contact
        if fields:
            self.fields = fields
        else:
            self._add_fields()

    def _add_fields(self) -> None:
        for name in ExternalContact.NAMES:
            self.fields[name] = _text(label_for_field(name, ExternalContact), LONGEST_NAME)
        for slot in (*PHONE_SLOTS, *EMAIL_SLOTS):
            self.fields[slot.value] = _text(slot.label, 320)
        for part, longest in ADDRESS_PARTS.items():
            self.fields[PART + part] = _text(ADDRESS_LABELS[part], longest)
        self.fields["external_system_url"] = _text(gettext_lazy("Page elsewhere"), 2048)
        self.fields["external_ids"] = forms.CharField(
            label=gettext_lazy("External ids"),
            required=False,
            widget=forms.Textarea(attrs={"rows": 2}),
            help_text=gettext_lazy("One in a line, its source first. Example: crm: 12582152"),
        )
        self.fields["survey_opt_out"] = forms.BooleanField(label=gettext_lazy("No surveys"), required=False)
        for name, rule in schema_of(SystemSettings.load().contact_fields).get("properties", {}).items():
            self.fields[CUSTOM + name] = _text(str(rule.get("title") or name), 4000, rule.get("description", ""))

    def clean(self) -> dict[str, Any]:
        self.identifiers: list[Identifier] = []
        for slots, make in ((PHONE_SLOTS, phone), (EMAIL_SLOTS, email)):
            for slot in slots:
                if written := self.cleaned_data.get(slot.value, ""):
                    self._add(slot.value, lambda make=make, written=written, slot=slot: make(written).in_slot(slot))
        for line in filter(None, map(str.strip, self.cleaned_data.get("external_ids", "").splitlines())):
            source, _colon, value = line.partition(":")
            if source.strip() and value.strip():
                self._add("external_ids", lambda source=source, value=value: external_id(source, value))
            else:
                self.add_error(
                    "external_ids", _("“%(line)s” is no source and id, such as crm: 12582152.") % {"line": line[:40]}
                )
        return self.cleaned_data

    def _add(self, field: str, make: Any) -> None:
        try:
            self.identifiers.append(make())
        except ValidationError as failure:
            self.add_error(field, failure.messages)

    def details(self) -> Details:
        cleaned = self.cleaned_data
        offered = {name.removeprefix(CUSTOM): cleaned[name] for name in self.fields if name.startswith(CUSTOM)}
        before = self.contact.custom_fields if self.contact else {}
        custom = {name: value for name, value in before.items() if name not in offered}
        custom |= {name: typed(name, text) for name, text in offered.items() if text}
        fields = {
            **{name: cleaned[name] for name in (*ExternalContact.NAMES, "external_system_url", "survey_opt_out")},
            "address": {part: cleaned[PART + part] for part in ADDRESS_PARTS},
            "custom_fields": custom,
        }
        return Details(fields, self.identifiers)

    def refuse(self, failure: ValidationError | IdentifierTaken) -> None:
        """Say at its field what the work found."""
        if isinstance(failure, IdentifierTaken):
            slot = failure.identifier.slot
            self.add_error(slot if slot in self.fields else "external_ids", self._with_way_out(failure))
            return
        for name, messages in failure.message_dict.items():
            field = name.replace("customFields.", CUSTOM).replace("address.", PART)
            self.add_error(field if field in self.fields else None, messages)

    def _with_way_out(self, failure: IdentifierTaken) -> str:
        """What is wrong, and a link to where the two are merged, or to the other while there is no second one."""
        words, address = _("Open it"), reverse("contacts:detail", args=[failure.contact_id])
        if self.contact:
            query = urlencode({"q": failure.identifier.value})
            words, address = _("Merge them"), f"{reverse('contacts:merge', args=[self.contact.pk])}?{query}"
        return format_html('{} <a href="{}">{}</a>', str(failure), address, words)


def _text(label: Any, longest: int, help_text: str = "") -> forms.CharField:
    return forms.CharField(label=capfirst(label), required=False, max_length=longest, help_text=help_text)


def initial_of(contact: ExternalContact) -> dict[str, Any]:
    identifiers = list(contact.identifiers.all())
    return {
        **{name: getattr(contact, name) for name in (*ExternalContact.NAMES, "external_system_url", "survey_opt_out")},
        **{PART + part: text for part, text in contact.address.items()},
        **{row.slot: _shown(row) for row in identifiers if row.slot},
        **{CUSTOM + name: _custom_text(value) for name, value in contact.custom_fields.items()},
        "external_ids": "\n".join(f"{row.source}: {row.value}" for row in identifiers if row.kind == Kind.EXTERNAL_ID),
    }


def _shown(row: ContactIdentifier) -> str:
    return shown_number(row.value) if row.kind == Kind.PHONE else row.value


def _custom_text(value: Any) -> str:
    return {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def groups_of(form: ContactForm) -> list[tuple[str, list[forms.BoundField]]]:
    """The fields as the page groups them."""
    custom = [name for name in form.fields if name.startswith(CUSTOM)]
    groups = [
        (_("Name"), list(ExternalContact.NAMES)),
        (_("Phone numbers and e-mail addresses"), [slot.value for slot in (*PHONE_SLOTS, *EMAIL_SLOTS)]),
        (_("Custom fields"), custom),
        (_("Address"), [PART + part for part in ADDRESS_PARTS]),
        (_("In other systems"), ["external_ids", "external_system_url", "survey_opt_out"]),
    ]
    return [(title, [form[name] for name in names]) for title, names in groups if names]
