"""The extra-data lists on the pages of system settings, channels and queues."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_cfg.admin.configurator import ConfiguratorAdmin
from channels_cfg.admin.keys.key_list import KeyListFormField, KeyListWidget
from channels_cfg.admin.keys.source_order import SourceOrderField, SourceOrderWidget
from channels_cfg.admin.safeguards.planning import CanBePlanned
from channels_cfg.admin.safeguards.typed_confirmation import words_for
from channels_cfg.admin.session_metadata.destination_list import DestinationListField
from channels_cfg.history.change_set import Confirmation
from channels_cfg.keys.catalogue import own_names, replaced_in_words
from channels_cfg.keys.configured import KeyPlace, list_name, look_alike_warnings
from channels_cfg.keys.effective_settings import EXTRA_DATA_LISTS, LISTS_OF_KIND, Effective, EffectiveSettings
from channels_cfg.keys.sensitive import newly_listed
from channels_cfg.models import Channel, ExtraDataLists, KeyListField
from channels_cfg.models.system_settings import PrecedenceField

WHEN_NOTHING_IS_NAMED = {
    "allocation_keys": gettext_lazy("Empty: the agent is shown nothing when it is offered."),
    "connection_keys": gettext_lazy("Empty: connecting shows nothing more."),
    "outbound_keys": gettext_lazy("Empty: nothing is passed on."),
    "statistics_keys": gettext_lazy("Empty: nothing is kept."),
}

APPLIES = {
    name: "typeof kind === 'undefined' || !kind || "
    + " || ".join(f"kind == '{kind}'" for kind, lists in LISTS_OF_KIND.items() if name in lists)
    for name in EXTRA_DATA_LISTS
}
"""For each list a condition in the browser: whether it says anything on a channel of the chosen kind."""


class ExtraDataForm(forms.ModelForm):
    """Shows under each list what counts; lists that say nothing on this kind of channel are emptied."""

    instance: ExtraDataLists

    metadata_destinations = DestinationListField()

    replaced: dict[str, str]
    """Other names of keys that were typed, each with the key's own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.replaced = {}
        inherited = self.inherited()
        for name in EXTRA_DATA_LISTS:
            if name in self.fields:
                field = self.fields[name]
                field.label = list_name(name, kind=self.known_kind())
                self._tell_what_counts(field.widget, name, getattr(inherited, name, None))
        if isinstance(destinations := self.fields.get("metadata_destinations"), DestinationListField):
            above = inherited.metadata_destinations if inherited else None
            destinations.tell_what_counts(above, self.level_name(above.origin) if above else "")

    def _tell_what_counts(self, widget: Any, name: str, inherited: Effective[list[str]] | None) -> None:
        widget.inherited = inherited
        widget.inherited_from = self.level_name(inherited.origin) if inherited else ""
        widget.when_empty = WHEN_NOTHING_IS_NAMED[name]
        widget.place = f"{self.instance._meta.model_name}.{self.instance.pk or ''}.{name}"

    def inherited(self) -> EffectiveSettings | None:
        """What would count if the record named nothing; None where there is no level above, or it is not known."""
        return None

    def inherited_before(self) -> EffectiveSettings | None:
        """What would have counted before what is typed."""
        return self.inherited()

    def level_name(self, origin: str) -> str:
        """``channel Customer chat`` for the level that is called ``channel``."""
        return _("the system settings")

    def known_kind(self) -> str | None:
        """The kind of channel the lists are for, None where any."""
        return None

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        kind = self.chosen_kind()
        for name in EXTRA_DATA_LISTS:
            if kind and name not in LISTS_OF_KIND[kind]:
                self.errors.pop(name, None)  # its field is not shown, so nobody could mend it
                self.cleaned_data[name] = []
                setattr(self.instance, name, [])
        self._name_keys_as_the_catalogue_does()
        return cleaned

    def _name_keys_as_the_catalogue_does(self) -> None:
        lists = [name for name in EXTRA_DATA_LISTS if self.cleaned_data.get(name)]
        _own, self.replaced = own_names(key for name in lists for key in self.cleaned_data[name])
        for name in lists:
            keys = [self.replaced.get(key, key) for key in self.cleaned_data[name]]
            self.cleaned_data[name] = list(dict.fromkeys(keys))

    def chosen_kind(self) -> str | None:
        return self.known_kind()


class ExtraDataAdmin(CanBePlanned, ConfiguratorAdmin):
    """A page with extra-data lists; look-alikes of other keys draw a warning once saved."""

    formfield_overrides = {
        KeyListField: {"form_class": KeyListFormField, "widget": KeyListWidget},
        PrecedenceField: {"form_class": SourceOrderField, "widget": SourceOrderWidget},
    }

    def page_of_lists(self, record: Any) -> str:
        """The address of a page on which the record's lists stand side by side; a floor above has one."""
        return ""

    def about_lists(self, sentences: str, record: ExtraDataLists | None) -> str:
        """What stands above the lists in the form, with the way to that page."""
        address = self.page_of_lists(record) if record else ""
        if not address:
            return format_html("{}", sentences)
        link = _("Decide in the extra-data matrix")
        says = _("side by side, with what saving would do")
        return format_html('{} <a class="text-link" href="{}">{}</a>: {}.', sentences, address, link, says)

    def save_model(self, request: HttpRequest, obj: ExtraDataLists, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        for sentence in replaced_in_words(form.replaced):
            messages.info(request, sentence)

    def confirmation_of_saving(
        self, request: HttpRequest, form: Any, formsets: Any, change: bool
    ) -> Confirmation | None:
        """Keeping or showing a sensitive key where it was not is confirmed with typed words; so is a new key that looks
        like another one."""
        found = list(_sensitive_keys_shown_anew(form))
        alike = _new_look_alikes(form)
        if not found and not alike:
            return super().confirmation_of_saving(request, form, formsets, change)
        keys = sorted({key for key, _list in found})
        one = ", ".join(keys or alike)
        many = _("%(number)d sensitive keys") % {"number": len(keys)} if keys else _("two keys")
        newly = _("“%(key)s” is sensitive, and is newly on “%(list)s”.")
        return Confirmation(
            title=_("Sensitive: %(keys)s") % {"keys": one} if keys else _("Two names that look alike?"),
            consequences=[*(newly % {"key": key, "list": name} for key, name in found), *alike.values()],
            words=words_for(one, otherwise=many),
            button=_("Save it all the same"),
        )


def _sensitive_keys_shown_anew(form: ExtraDataForm) -> Iterator[tuple[str, str]]:
    """Each sensitive key with a list that counts from now on and did not have it; inherited lists included."""
    if not {"channel", *EXTRA_DATA_LISTS} & set(form.changed_data):
        return
    was, will_be = form.inherited_before(), form.inherited()
    for name in EXTRA_DATA_LISTS:
        if name not in form.fields:
            continue
        before = form.initial.get(name) or (getattr(was, name).value if was else [])
        after = form.cleaned_data[name] or (getattr(will_be, name).value if will_be else [])
        for key in newly_listed(before=before, after=after):
            yield key, str(form.fields[name].label)


def _new_look_alikes(form: ExtraDataForm) -> dict[str, str]:
    """New keys of the lists that a person takes for another one, each with a sentence that says so."""
    lists = [name for name in EXTRA_DATA_LISTS if name in form.changed_data and name in form.cleaned_data]
    stored = dict.fromkeys(key for name in EXTRA_DATA_LISTS for key in form.initial.get(name) or ())
    new = dict.fromkeys(key for name in lists for key in form.cleaned_data[name] if key not in stored)
    own = [KeyPlace(form.instance, name, None) for name in EXTRA_DATA_LISTS]
    warnings = look_alike_warnings([*stored, *new], besides=own) if new else {}
    return {name: says for name, says in warnings.items() if any(f"“{key}”" in says for key in new)}


def kept_in_words(effective: Effective[list[str]], *, here: str) -> str:
    """``customerType (follows channel)`` as a cell of a list; ``here`` is the level the list is about."""
    if not effective.value:
        return _("nothing")
    keys = format_html_join(", ", '<span class="key-name">{}</span>', ((key,) for key in effective.value))
    words = "{keys}" if effective.origin == here else _("{keys} (from {origin})")
    return format_html(f"<span>{words}</span>", keys=keys, origin=effective.origin)


def kind_of(channel: Channel | None) -> str | None:
    return channel.kind if channel else None
