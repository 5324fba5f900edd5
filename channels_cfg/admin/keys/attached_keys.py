"""The key catalogue in the System Configurator: what each key means, and where it is used.

``conversations.admin`` registers the page, since it also tells how often keys come in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.contrib.filters.admin import ChoicesDropdownFilter, FieldTextFilter
from unfold.decorators import display
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import UnfoldAdminTextareaWidget

from channels_cfg.admin.configurator import ConfiguratorAdmin, ConfiguratorChangeList, ConfiguratorInline
from channels_cfg.admin.keys.choices import ChoicesField
from channels_cfg.admin.keys.key_list import problem_with
from channels_cfg.admin.keys.several_keys import ChangesSeveral, no_longer_sensitive
from channels_cfg.admin.safeguards.typed_confirmation import words_for
from channels_cfg.admin.uploads import ComesAsTable
from channels_cfg.configuration_file.tables import TABLES
from channels_cfg.history.change_set import Confirmation
from channels_cfg.key_names import look_alikes
from channels_cfg.keys.catalogue import NearName, near_names, rename_in_lists
from channels_cfg.keys.configured import LISTED_NAMES, KeyPlaces, list_name, places_of
from channels_cfg.models import AttachedKey, AttachedKeyAlias
from channels_cfg.value_rules import CONSTRAINTS, CONSTRAINTS_OF_KIND, rules_without_what_says_nothing

PLACES_NAMED = 8
SENSITIVE_EFFECTS = (
    gettext_lazy("It is marked on these pages, on the desk and in History."),
    gettext_lazy("Putting it on one more list asks for a typed confirmation; so does switching this off."),
    gettext_lazy("Its values are stored and shown like any other: put it on as few lists as possible."),
)


class AttachedKeyForm(forms.ModelForm):
    """Constraints that say nothing about the chosen type are not shown, and are emptied."""

    instance: AttachedKey

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "choices" in self.fields:
            self.fields["choices"].help_text = _("One a line. Example: gold, silver and bronze on three lines")
        if "sensitive" in self.fields:
            self.fields["sensitive"].help_text = " ".join(map(str, SENSITIVE_EFFECTS))

    def clean(self) -> dict[str, Any] | None:
        super().clean()
        self.cleaned_data = rules_without_what_says_nothing(self.cleaned_data)
        for name in CONSTRAINTS:
            if name in self.errors and name not in CONSTRAINTS_OF_KIND.get(self.cleaned_data.get("kind", ""), ()):
                del self.errors[name]  # its field is not shown, so nobody could mend it
                self.cleaned_data[name] = AttachedKey._meta.get_field(name).get_default()  # type: ignore[union-attr]  # no relation
        return self.cleaned_data


class AliasFormSet(PaginationInlineFormSet):
    """Other names differ from each other and from the key's own."""

    def clean(self) -> None:
        for form in self.forms:
            name = form.cleaned_data.get("name") if form.is_valid() else None
            if name and not form.cleaned_data.get("DELETE") and name == self.instance.name:
                form.add_error("name", _("This is the key's own name already. Remove the row."))
        super().clean()


class AliasInline(ConfiguratorInline):
    model = AttachedKeyAlias
    formset = AliasFormSet
    fields = ["name"]
    verbose_name_plural = gettext_lazy("Other names: accepted on input, and stored and shown under the key's own name")


class UsedFilter(admin.SimpleListFilter):
    """Whether any list names the key itself."""

    title = gettext_lazy("use")
    parameter_name = "used"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", _("On a list")), ("no", _("On no list"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AttachedKey]) -> QuerySet[AttachedKey]:
        listed = RawSQL(f"SELECT name FROM ({LISTED_NAMES}) AS listed", [])
        match self.value():
            case "yes":
                return queryset.filter(name__in=listed)
            case "no":
                return queryset.exclude(name__in=listed)
        return queryset


class KeyChangeList(ConfiguratorChangeList):
    """Looks up for a page of keys at once what their rows say."""

    model_admin: AttachedKeyAdmin

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        keys: list[AttachedKey] = list(self.result_list)
        self.result_list = keys
        self.model_admin.describe(keys)


class AttachedKeyAdmin(ChangesSeveral, ComesAsTable, ConfiguratorAdmin):
    table = TABLES["keys"]
    form = AttachedKeyForm
    list_is_for = gettext_lazy(
        "A key in the catalogue has a label, a type and a purpose, and says what becomes of a value that does"
        " not fit. Keys work without it, too."
    )
    list_display = ["key_name", "type_name", "group", "owner", "sensitive_mark", "used_on"]
    list_filter = [
        ("kind", ChoicesDropdownFilter),
        ("group", FieldTextFilter),
        ("owner", FieldTextFilter),
        ("on_violation", ChoicesDropdownFilter),
        "sensitive",
        UsedFilter,
    ]
    search_fields = ["name", "label", "group", "owner", "aliases__name"]
    search_help_text = gettext_lazy("Name, label, group, owner or another name of the key")
    ordering = ["name"]
    inlines = [AliasInline]
    conditional_fields = {
        name: " || ".join(f"kind == '{kind}'" for kind, named in CONSTRAINTS_OF_KIND.items() if name in named)
        for name in CONSTRAINTS
    }
    change_form_template = "admin/channels_cfg/attachedkey/change_form.html"

    class Media:
        css = {"all": ["configurator/lists.css", "configurator/keys.css"]}
        js = ["configurator/lists.js", "configurator/key_names.js"]

    # The form

    def get_fieldsets(self, request: HttpRequest, obj: AttachedKey | None = None) -> Any:
        fixed = _(
            "The name is fixed, since conversations keep data under it; the label is free to change. To rename a key, "
            "make a new one and give it this name as another name."
        )
        return [
            (
                _("What it is"),
                {"description": fixed if obj else "", "fields": ["name", ("label", "group"), "help_text"]},
            ),
            (
                _("Its values"),
                {
                    "description": _(
                        "Checked wherever data comes in. Without constraints any value of the type is good; an empty "
                        "value always is."
                    ),
                    "fields": ["kind", "choices", ("minimum", "maximum"), "decimals", "longest", "pattern", "example",
                               "on_violation"],
                },
            ),
            (
                _("Governance"),
                {
                    "description": _("Who answers for it, and why it is processed."),
                    "fields": ["owner", "purpose", "sensitive"],
                },
            ),
        ]  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: AttachedKey | None = None) -> Sequence[str]:
        return ["name"] if obj else []

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "choices":
            kwargs |= {"form_class": ChoicesField, "widget": UnfoldAdminTextareaWidget(attrs={"rows": 4})}
            return db_field.formfield(**kwargs)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_formset_kwargs(self, request: HttpRequest, obj: Any, inline: Any, prefix: str) -> dict[str, Any]:
        """A name that an address proposes as another name of the key starts a row."""
        kwargs: dict[str, Any] = super().get_formset_kwargs(request, obj, inline, prefix)
        if request.method == "GET" and isinstance(inline, AliasInline) and (proposed := request.GET.get("alias")):
            kwargs["initial"] = [{"name": proposed}]
        return kwargs

    def get_formsets_with_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        for formset, inline in super().get_formsets_with_inlines(request, obj):
            if request.method == "GET" and isinstance(inline, AliasInline) and request.GET.get("alias"):
                formset.extra = 1
            yield formset, inline

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        key: AttachedKey | None = kwargs.get("obj")
        context["near_names"] = reverse("admin:near_names")
        if key:
            self.describe([key])
            places: KeyPlaces = key.places  # type: ignore[attr-defined]  # told by describe()
            context |= {"used_in_words": places_in_words(places), "more_places": places.total - len(places)}
        return super().render_change_form(request, context, *args, **kwargs)

    def confirmation_of_saving(
        self, request: HttpRequest, form: Any, formsets: Sequence[Any], change: bool
    ) -> Confirmation | None:
        key: AttachedKey = form.instance
        if change and "sensitive" in form.changed_data and not key.sensitive:
            return Confirmation(
                title=_("“%(key)s” is no longer sensitive?") % {"key": key},
                consequences=no_longer_sensitive([key.name]),
                words=words_for(key.name, otherwise=_("not sensitive")),
                button=_("Save as not sensitive"),
            )
        if twins := self._twins(form, formsets, change):
            return Confirmation(
                title=_("Two names that look alike?"),
                consequences=[_("%(says)s They are two different keys.") % {"says": says} for says in twins.values()],
                words=words_for(next(iter(twins)), otherwise=_("two keys")),
                button=_("Save it all the same"),
            )
        return super().confirmation_of_saving(request, form, formsets, change)

    def _twins(self, form: Any, formsets: Sequence[Any], change: bool) -> dict[str, str]:
        """New names of the key that a person takes for a name of another one, each with a sentence that says so."""
        aliases = [formset for formset in formsets if formset.model is AttachedKeyAlias]
        rows = [row for formset in aliases for row in formset.forms if row not in formset.deleted_forms]
        names = [row.instance.name for row in rows if row.has_changed()]
        new = names if change else [form.instance.name, *names]
        return {
            name: self.in_words(near, name)
            for name in new
            for near in near_names(name, besides=form.instance.pk)
            if look_alikes([name], known=[near.name])
        }

    def confirmation_of_deleting(self, records: Sequence[Any] | QuerySet[Any]) -> Confirmation | None:
        names = sorted(key.name for key in records if key.sensitive)
        if not names:
            return super().confirmation_of_deleting(records)
        return Confirmation(
            title=ngettext("Delete “%(names)s”, which is sensitive?", "Delete %(n)d sensitive keys?", len(names))
            % {"names": names[0], "n": len(names)},
            consequences=no_longer_sensitive(names),
            words=words_for(names[0] if len(names) == 1 else "", otherwise=_("not sensitive")),
            button=_("Delete"),
        )

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        key: AttachedKey = form.instance
        names = dict.fromkeys(key.aliases.values_list("name", flat=True), key.name)
        for record in rename_in_lists(names):
            messages.info(
                request,
                _("The lists of %(record)s name %(key)s now, instead of another of its names.")
                % {"record": record, "key": key},
            )

    # The check while a name is typed

    def get_urls(self) -> Any:
        return [
            path("near-names/", self.admin_site.admin_view(self.near_names_view), name="near_names"),
            *super().get_urls(),
        ]

    def near_names_view(self, request: HttpRequest) -> HttpResponse:
        """For ``?name=…&key=5`` what is wrong with the name, and which names it may be taken for.

        ``key`` is the number of the key that is edited.
        """
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        name, besides = request.GET.get("name", ""), request.GET.get("key", "")
        if problem := problem_with(name):
            return JsonResponse({"problem": problem.__dict__, "near": []})
        key = int(besides) if besides.isdecimal() and len(besides) < 19 else None
        return JsonResponse({"problem": None, "near": [self._said(near, name) for near in self.near(name, key)]})

    def near(self, name: str, key: int | None) -> Iterable[NearName]:
        return near_names(name, besides=key)

    def _said(self, near: NearName, name: str) -> dict[str, Any]:
        """The near name in a sentence, and what can be done about it."""
        page = reverse("admin:channels_cfg_attachedkey_change", args=[near.key]) if near.key else ""
        return {
            "name": near.name,
            "said": self.in_words(near, name),
            "owner": near.owner,
            "owner_page": page,
            "is_taken": near.name == name,
        }

    def in_words(self, near: NearName, name: str) -> str:
        if near.name == name:
            if near.place == "catalogue":
                return _("“%(name)s” is in the catalogue already.") % {"name": near.name}
            return _("“%(name)s” is another name of %(key)s already.") % {"name": near.name, "key": near.owner}
        found = {
            "catalogue": _("“%(name)s”, a key of the catalogue"),
            "alias": _("“%(name)s”, another name of %(key)s"),
            "list": _("“%(name)s”, which is on a list"),
            "seen": _("“%(name)s”, which comes in with conversations"),
        }[near.place]
        found = found % {"name": near.name, "key": near.owner}
        if near.is_the_same_but_for_case(name):
            return _("It differs from %(found)s, in upper and lower case alone.") % {"found": found}
        return _("It is near %(found)s.") % {"found": found}

    # The list

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return KeyChangeList

    def describe(self, keys: Sequence[AttachedKey]) -> None:
        """Tell each of the keys what its row says, with queries whose number does not depend on theirs."""
        places = places_of([key.name for key in keys], at_most=PLACES_NAMED)
        for key in keys:
            key.places = places.get(key.name, KeyPlaces())  # type: ignore[attr-defined]

    @display(description=gettext_lazy("Key"), ordering="name", header=True)
    def key_name(self, key: AttachedKey) -> tuple[str, str]:
        return key.name, key.label

    @display(description=gettext_lazy("Type"), ordering="kind")
    def type_name(self, key: AttachedKey) -> str:
        return str(AttachedKey.Kind(key.kind).label)  # Django would translate all of them to find one

    @display(description=gettext_lazy("Sensitive"), ordering="sensitive")
    def sensitive_mark(self, key: AttachedKey) -> str:
        if not key.sensitive:
            return "—"
        return format_html('<span class="key-sensitive">{}{}</span>', lock(), _("Sensitive"))

    @display(description=gettext_lazy("On lists"))
    def used_on(self, key: Any) -> SafeString | str:
        if not key.places:
            return _("None")
        more = key.places.total - len(key.places)
        # Not a template: a page has fifty of them, which took a quarter of its time.
        return format_html(
            '<details class="key-places"><summary>{}</summary><ul>{}{}</ul></details>',
            ngettext("%(n)d list", "%(n)d lists", key.places.total) % {"n": key.places.total},
            format_html_join(
                "",
                '<li><a class="text-link" href="{2}">{0}</a> {1}</li>',
                places_in_words(key.places),
            ),
            format_html("<li>{}</li>", _("and %(n)d more") % {"n": more}) if more else "",
        )


def lock() -> SafeString:
    return format_html('<span class="material-symbols-outlined" aria-hidden="true">{}</span>', "lock")


def places_in_words(places: KeyPlaces) -> list[tuple[str, str, str]]:
    """Of each place the record's name, the list, and the page where it is changed."""
    models = {type(place.record) for place in places}
    pages = {model: reverse(f"admin:channels_cfg_{model._meta.model_name}_change", args=[0]) for model in models}
    return [
        (
            str(place.record),
            list_name(place.list, kind=place.kind),
            pages[type(place.record)].replace("/0/", f"/{place.record.pk}/"),
        )
        for place in places
    ]
