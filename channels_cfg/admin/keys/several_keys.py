"""Changing several keys of the catalogue at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django import forms
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import action

from channels_cfg.admin.safeguards.change_reason import WhyField
from channels_cfg.admin.safeguards.confirming import Confirming
from channels_cfg.history.change_reason import why_is_required
from channels_cfg.history.change_set import Action, ChangeSet, Confirmation, RecordChange
from channels_cfg.history.record_writing import write_in_bulk
from channels_cfg.keys.sensitive import lists_that_lose_the_mark
from channels_cfg.models import AttachedKey


class SeveralKeysForm(forms.Form):
    """What is to be the same for several keys; what is left empty stays as it is for each."""

    STAYS = ("", gettext_lazy("Leave as it is"))

    group = forms.CharField(max_length=80, required=False, help_text=gettext_lazy("Example: Customer"))
    owner = forms.CharField(max_length=120, required=False, help_text=gettext_lazy("Example: CRM team"))
    on_violation = forms.ChoiceField(
        label=gettext_lazy("A value that breaks the rules"),
        choices=[STAYS, *AttachedKey.OnViolation.choices],
        required=False,
    )
    sensitive = forms.ChoiceField(
        choices=[STAYS, ("yes", gettext_lazy("Sensitive")), ("no", gettext_lazy("Not sensitive"))], required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["why"] = WhyField(required=why_is_required())

    def values(self) -> dict[str, Any]:
        """The fields to set."""
        chosen = {name: value for name, value in self.cleaned_data.items() if value and name != "why"}
        if "sensitive" in chosen:
            chosen["sensitive"] = chosen["sensitive"] == "yes"
        return chosen

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if not self.errors and not self.values():
            raise forms.ValidationError(_("Nothing would change. Fill in at least one of the fields."))
        return cleaned


SENSITIVE_NAMED = 20


def no_longer_sensitive(names: Sequence[str]) -> list[str]:
    """What it leads to that these keys are marked no more."""
    number = len(names)
    unasked = ngettext(
        "It can be put on any list without being asked.", "They can be put on any list without being asked.", number
    )
    unmarked = ngettext(
        "Nothing marks it any more where it is configured and shown.",
        "Nothing marks them any more where they are configured and shown.",
        number,
    )
    return [unasked, unmarked, *list(lists_that_lose_the_mark(names).values())[:SENSITIVE_NAMED]]


@dataclass
class SeveralKeys(ChangeSet):
    """The same values for several keys."""

    keys: list[AttachedKey]
    values: Mapping[str, Any]

    @classmethod
    def of(cls, chosen: QuerySet[AttachedKey], values: Mapping[str, Any]) -> SeveralKeys:
        return cls(list(chosen.order_by("name")), values)

    def record_changes(self) -> list[RecordChange]:
        return [
            RecordChange(
                Action.CHANGE, AttachedKey, key.pk, {name: getattr(key, name) for name in self.values}, self.values
            )
            for key in self.keys
        ]

    @property
    def confirmation(self) -> Confirmation | None:
        """Where keys are no longer marked sensitive."""
        names = [key.name for key in self.keys if key.sensitive]
        number = len(names)
        if self.values.get("sensitive") is not False or not number:
            return None
        title = ngettext("%(n)d key is no longer sensitive?", "%(n)d keys are no longer sensitive?", number)
        return Confirmation(
            title=title % {"n": number},
            consequences=no_longer_sensitive(names),
            words=_("not sensitive"),
            button=_("Change the keys"),
        )

    def write(self) -> None:
        write_in_bulk(self.record_changes())


class ChangesSeveral:
    """For the ``ModelAdmin`` of the catalogue: an action that changes the selected keys."""

    actions = ["change_several"]

    @action(description=gettext_lazy("Change group, owner and more of the selected keys"), permissions=["change"])
    def change_several(self: Any, request: HttpRequest, chosen: QuerySet[AttachedKey]) -> HttpResponse | None:
        """One change set; the change log has one entry for each key."""
        form = SeveralKeysForm(request.POST if "_change" in request.POST else None)
        if not form.is_valid():
            return self._ask_what_to_change(request, chosen, form)
        confirming = Confirming(request, partial(SeveralKeys.of, chosen, form.values()), was_previewed=False)
        if asked := confirming.ask(opts=self.opts):
            return asked
        if not confirming.apply():
            form.add_error(None, confirming.refusal)
            return self._ask_what_to_change(request, chosen, form)
        count = len(confirming.change_set.keys)
        said = ngettext("%(n)d key has changed.", "%(n)d keys have changed.", count) % {"n": count}
        return confirming.done(said, request.get_full_path())

    def _ask_what_to_change(
        self: Any, request: HttpRequest, chosen: QuerySet[AttachedKey], form: SeveralKeysForm
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Change several keys"),
            "opts": self.opts,
            "form": form,
            "number": chosen.count(),
            "names": list(chosen.order_by("name").values_list("name", flat=True)[:20]),
            "carried": [
                (name, value)
                for name in (ACTION_CHECKBOX_NAME, "action", "select_across")
                for value in request.POST.getlist(name)
            ],
        }
        return TemplateResponse(request, "admin/channels_cfg/attachedkey/change_several.html", context)
