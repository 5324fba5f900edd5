"""Mail boxes in the System Configurator."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display

from channels_cfg.admin.messaging.messaging_services import SecretField
from channels_cfg.admin.messaging.trying import TriesConnections, complaints_of, trying_at
from channels_cfg.messaging.finding import Finding
from channels_cfg.messaging.mail_boxes import try_box
from channels_cfg.models import MailBox

HOW_IT_IS_REACHED = ["kind", "host", "port", "security", "username", "password", "folder"]
WHERE_IT_GOES = ("host", "port", "security")
OF_A_SERVER = (*WHERE_IT_GOES, "username", "password")
"""A maildir has no use for them."""


class MailBoxForm(forms.ModelForm):
    password = SecretField(
        label=gettext_lazy("Password"),
        required=False,
        help_text=gettext_lazy("Stored encrypted, and not shown again. Empty: what is stored stays."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.password and "password" in self.fields:
            self.fields["password"].widget.attrs["placeholder"] = _("Stored. Not shown again.")

    def clean_password(self) -> str:
        """What was typed, else what is stored, which no other server is shown."""
        stored = self.instance.password if self.cleaned_data.get("kind") == MailBox.BoxKind.IMAP else ""
        if stored and not self.cleaned_data["password"] and set(WHERE_IT_GOES) & set(self.changed_data):
            raise forms.ValidationError(_("Enter it again: it would be shown to another server, or in another way."))
        return self.cleaned_data["password"] or stored


TriedForm = forms.modelform_factory(MailBox, form=MailBoxForm, fields=HOW_IT_IS_REACHED)
"""Of the form what trying the connection takes."""


@admin.register(MailBox)
class MailBoxAdmin(TriesConnections):
    form = MailBoxForm
    list_is_for = gettext_lazy(
        "A mail box of a mail server is read every half minute, and each mail in it becomes a conversation. Mail"
        " carries no attached data; e-mail tasks of other systems do."
    )
    list_display = ["name", "kind", "host", "username", "folder", "queue", "is_enabled"]
    list_filter = [("kind", ChoicesDropdownFilter), "enabled", ("queue", AutocompleteSelectFilter)]
    list_select_related = ["queue"]
    search_fields = ["name", "host", "username", "queue__name"]
    search_help_text = gettext_lazy("Name, host, user name or queue")
    ordering = ["name"]
    autocomplete_fields = ["queue"]
    change_form_before_template = "admin/channels_cfg/mailbox/_connection.html"
    conditional_fields: ClassVar[dict[str, str]] = dict.fromkeys(OF_A_SERVER, f"kind == '{MailBox.BoxKind.IMAP}'")
    tried_at = "try_mail_box"
    custom_urls = (trying_at("try-connection/", tried_at),)
    fieldsets = [
        (None, {"fields": ["name", "queue", "enabled"]}),
        (
            gettext_lazy("Where it is"),
            {
                "description": gettext_lazy(
                    "What was taken in is marked as read on an IMAP server, and moved from “new” to “cur” in a maildir."
                ),
                "fields": [*HOW_IT_IS_REACHED],
            },
        ),
    ]

    @display(description=gettext_lazy("Enabled"), ordering="enabled", boolean=True)
    def is_enabled(self, box: MailBox) -> bool:
        return box.enabled

    def findings(self, request: HttpRequest, box: MailBox | None) -> list[Finding]:
        """What the mail server, or the maildir, says."""
        if box is not None and "kind" not in request.POST:
            return try_box(box)
        form = TriedForm(request.POST, instance=box)
        if not form.is_valid():
            return list(complaints_of(form))
        if form.instance.kind == MailBox.BoxKind.IMAP and not form.instance.password:
            return [Finding("warn", _("Enter the password first."))]
        return try_box(form.instance)
