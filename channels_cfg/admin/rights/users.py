"""Users in the System Configurator: people and API clients."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.contrib.filters.admin import AutocompleteSelectMultipleFilter
from unfold.decorators import action, display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminSelect2Widget

from channels_cfg.admin.configurator import ConfiguratorAdmin
from channels_cfg.admin.rights.access_rights import HeldRightsInline
from channels_cfg.admin.rights.copied_roles import copy_rights_page
from channels_cfg.admin.rights.effective import ShowsEffectiveRights
from channels_cfg.admin.uploads import ComesAsTable
from channels_cfg.configuration_file.tables import TABLES
from channels_cfg.models import ApiKey, User
from channels_cfg.sign_in.second_factor import factors_of, reset
from channels_cfg.time_zones import time_zones


class _InATimeZone(forms.ModelForm):
    """Time zones are searched as one types."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "time_zone" in self.fields:
            self.fields["time_zone"].widget = UnfoldAdminSelect2Widget(
                choices=[(name, name.replace("_", " ")) for name in sorted(time_zones())]
            )
        if "username" in self.fields:
            self.fields["username"].help_text = _("Signs in with this name. Example: aino.virtanen")
        if "is_staff" in self.fields:
            self.fields["is_staff"].label = _("May open the System Configurator")
            self.fields["is_staff"].help_text = _("What may be done there comes with the group System Configurator.")
        if "is_active" in self.fields:
            self.fields["is_active"].help_text = _(
                "Off: cannot sign in, and API keys open nothing. Better than deleting."
            )
        if "groups" in self.fields:
            self.fields["groups"].help_text = _("Every right of the group is a right of the user. Example: Agent")


class PersonForm(_InATimeZone, UserChangeForm):
    pass


class NewUserForm(_InATimeZone, UserCreationForm):
    """A new person with a password, or a new API client without."""

    usable_password = None  # follows from what the user is

    def clean(self) -> dict[str, Any] | None:
        if self.cleaned_data.get("is_api_client"):
            self.cleaned_data["usable_password"] = "false"
        return super().clean()


class UserRightsInline(HeldRightsInline):
    fk_name = "user"
    verbose_name_plural = gettext_lazy("Rights this user holds directly; those of the groups come in addition")


@admin.register(User)
class UserAdmin(ShowsEffectiveRights, ComesAsTable, DjangoUserAdmin, ConfiguratorAdmin):  # type: ignore[misc]
    table = TABLES["users"]
    form = PersonForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm
    list_is_for = gettext_lazy("A user is somebody, or a program, that signs in.")
    list_display = ["person", "role", "group_names", "time_zone", "is_active", "last_login"]
    list_filter = ["is_api_client", "is_active", "is_staff", ("groups", AutocompleteSelectMultipleFilter)]
    search_fields = ["username", "first_name", "last_name", "email"]
    search_help_text = gettext_lazy("Username, name or e-mail address")
    ordering = ["username"]
    filter_horizontal = []
    autocomplete_fields = ["groups"]
    inlines = [UserRightsInline]
    history_parts = [(User.groups.through, "user"), (ApiKey, "user")]
    actions_detail = ["copy_rights", "reset_second_factor"]
    conditional_fields = dict.fromkeys(
        ["password1", "password2", "is_staff"], "typeof is_api_client === 'undefined' || !is_api_client"
    )
    readonly_fields = ["last_login", "date_joined", "api_keys", "second_factor"]
    instead_of_deleting = gettext_lazy(
        "Switch “Active” off instead: the user can do nothing any more, and the history stays readable."
    )
    add_fieldsets = [
        (
            None,
            {
                "description": gettext_lazy(
                    "A person signs in with a password. An API client is a program: it gets no password, "
                    "and an API key on the page API keys."
                ),
                "fields": ["username", "is_api_client", "password1", "password2", "time_zone"],
            },
        )
    ]

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return self.add_fieldsets
        superuser = ["is_superuser"] if request.user.is_superuser else []
        sign_in = ["api_keys"] if obj.is_api_client else ["password", "second_factor"]
        return [
            (None, {"fields": ["username", *sign_in, ("first_name", "last_name"), "email", "time_zone"]}),
            (_("Role"), {"fields": ["groups", "is_active", "is_api_client", "is_staff", *superuser]}),
            (_("Since"), {"classes": ["collapse"], "fields": [("date_joined", "last_login")]}),
        ]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """A superuser is changed by superusers only; others could otherwise set that password and become one."""
        raised = obj is not None and obj.is_superuser and not request.user.is_superuser
        return super().has_change_permission(request, obj) and not raised

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        raised = obj is not None and obj.is_superuser and not request.user.is_superuser
        return super().has_delete_permission(request, obj) and not raised

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups")

    def has_copy_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """A method, since naming the permission would ask the database before it has tables."""
        return request.user.has_perm("channels_cfg.change_user")

    @action(description=gettext_lazy("Copy these rights"), url_path="copy-rights", permissions=["copy"])
    def copy_rights(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return copy_rights_page(request, self.get_object(request, unquote(object_id)))

    def has_reset_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Whether there is something to reset, of somebody whom one may change."""
        user = self.get_object(request, unquote(str(object_id)))
        return bool(user and self.has_change_permission(request, user) and user.second_factors.exists())

    @action(description=gettext_lazy("Reset the second factor"), url_path="reset-second-factor", permissions=["reset"])
    def reset_second_factor(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """For somebody whose phone is lost. Asks first."""
        user = get_object_or_404(User, pk=unquote(object_id))
        if request.method != "POST":
            context = {**self.admin_site.each_context(request), "title": _("Reset the second factor"), "person": user}
            return TemplateResponse(request, "admin/channels_cfg/user/reset_second_factor.html", context)
        reset(user, by=request.user.get_username(), request=request)
        messages.success(request, _("%(user)s signs in with the password alone.") % {"user": user})
        return redirect("admin:channels_cfg_user_change", user.pk)

    @display(description=gettext_lazy("Second factor"), empty_value=gettext_lazy("None"))
    def second_factor(self, user: User) -> str:
        return ", ".join(str(factor.get_kind_display()) for factor in factors_of(user))

    @display(description=gettext_lazy("User"), ordering="username", header=True)
    def person(self, user: User) -> tuple[str, str]:
        return str(user), user.username if user.get_full_name() else user.email

    @display(description=gettext_lazy("Signs in with"), label={"key": "info", "password": "success"})
    def role(self, user: User) -> tuple[str, str]:
        return ("key", _("API key")) if user.is_api_client else ("password", _("Password"))

    @display(description=gettext_lazy("Groups"))
    def group_names(self, user: User) -> str:
        return ", ".join(group.name for group in user.groups.all()) or "—"

    @admin.display(description=gettext_lazy("API keys"))
    def api_keys(self, user: User) -> str:
        listed = reverse("admin:channels_cfg_apikey_changelist")
        new = reverse("admin:channels_cfg_apikey_add")
        in_use = user.api_keys.filter(revoked_at=None).count()
        return format_html(
            '{} · <a class="text-link" href="{}?user__id__exact={}">{}</a> · '
            '<a class="text-link" href="{}?user={}">{}</a>',
            ngettext("%(count)d in use", "%(count)d in use", in_use) % {"count": in_use},
            listed,
            user.pk,
            _("list"),
            new,
            user.pk,
            _("make a new key"),
        )
