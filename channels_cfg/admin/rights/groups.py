"""Groups in the System Configurator: roles and teams."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action, display

from channels_cfg.admin.configurator import ConfiguratorAdmin, ConfiguratorInline
from channels_cfg.admin.known_choices import KnowsItsChoices
from channels_cfg.admin.numbers import number_of
from channels_cfg.admin.rights.access_rights import HeldRightsInline
from channels_cfg.admin.rights.copied_roles import copy_group_page
from channels_cfg.admin.rights.effective import ShowsEffectiveRights
from channels_cfg.models import AccessRight, User
from channels_cfg.rights.roles import DEFAULT_ROLES

admin.site.unregister(Group)


class MembersInline(KnowsItsChoices, ConfiguratorInline):
    model = User.groups.through
    autocomplete_fields = ["user"]
    verbose_name = gettext_lazy("member")
    verbose_name_plural = gettext_lazy("Members")
    ordering = ["user__username"]
    per_page = 20


class GroupRightsInline(HeldRightsInline):
    fk_name = "group"
    verbose_name_plural = gettext_lazy("Rights that every member holds")


@admin.register(Group)
class GroupAdmin(ShowsEffectiveRights, ConfiguratorAdmin):
    list_is_for = gettext_lazy("A group grants the same rights to all its members.")
    list_display = ["name", "member_count", "right_count"]
    search_fields = ["name", "user__username"]
    search_help_text = gettext_lazy("Name or a member's username")
    ordering = ["name"]
    inlines = [MembersInline, GroupRightsInline]
    actions_detail = ["copy_role"]

    def get_fieldsets(self, request: HttpRequest, obj: Group | None = None) -> Any:
        """Which pages of the configurator a group opens is for superusers: it would let others raise themselves."""
        pages = (_("Pages of the System Configurator"), {"classes": ["collapse"], "fields": ["permissions"]})
        return [(None, {"fields": ["name"]}), *([pages] if request.user.is_superuser else [])]

    def get_readonly_fields(self, request: HttpRequest, obj: Group | None = None) -> list[str]:
        return ["name"] if obj and obj.name in DEFAULT_ROLES else []

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and obj.name in DEFAULT_ROLES)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        return (
            super()
            .get_queryset(request)
            .annotate(
                members=number_of(User.groups.through.objects, "group"),
                rights=number_of(AccessRight.objects, "group"),
            )
        )

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "permissions":
            with_pages = ContentType.objects.get_for_models(*admin.site._registry, for_concrete_models=False)
            permissions = db_field.remote_field.model.objects.select_related("content_type")
            kwargs["queryset"] = permissions.filter(content_type__in=with_pages.values())
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def has_copy_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """A method, since naming the permission would ask the database before it has tables."""
        return request.user.has_perm("auth.add_group")

    @action(description=gettext_lazy("Copy this role"), url_path="copy", permissions=["copy"])
    def copy_role(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return copy_group_page(request, self.get_object(request, unquote(object_id)))

    @display(description=gettext_lazy("Members"), ordering="members")
    def member_count(self, group: Any) -> int:
        return group.members

    @display(description=gettext_lazy("Rights"), ordering="rights")
    def right_count(self, group: Any) -> int:
        return group.rights
