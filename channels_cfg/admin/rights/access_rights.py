"""Access rights: a page of their own, and rows on the pages of users, groups, queues, queue groups and
reply-template folders."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display

from channels_cfg.admin.configurator import ConfiguratorAdmin, ConfiguratorInline
from channels_cfg.admin.known_choices import KnownChoicesFormSet, KnowsItsChoices
from channels_cfg.admin.rights.matrix import matrix
from channels_cfg.models import FOLDER_RIGHTS, PLACES, QUEUE_RIGHTS, AccessRight, Right

HOLDERS = ["user", "group"]


class RightsFormSet(KnownChoicesFormSet):
    """Refuses a right that is granted twice; constraints that include the record itself are not checked by forms."""

    def clean(self) -> None:
        super().clean()
        granted = set()
        for form in self.forms:
            if not form.cleaned_data or form.cleaned_data.get("DELETE") or form.errors:
                continue
            right = tuple(form.cleaned_data.get(name) for name in [*HOLDERS, "right", *PLACES])
            if right in granted:
                raise ValidationError(_("The same right is granted twice. Remove one of the two rows."))
            granted.add(right)
            if form.has_changed():
                self._check_constraints(form)

    def _check_constraints(self, form: Any) -> None:
        """Somebody else may have granted the same right while this form was open."""
        try:
            form.instance.validate_constraints()
        except ValidationError as problem:
            form.add_error(None, problem.messages)


class RightsInline(KnowsItsChoices, ConfiguratorInline):
    model = AccessRight
    formset = RightsFormSet
    verbose_name = gettext_lazy("right")
    per_page = 20


class HeldRightsInline(RightsInline):
    """Rights that the user or group of this page holds."""

    fields = ["right", *PLACES]
    autocomplete_fields = PLACES


class QueueRightsInline(RightsInline):
    fields = [*HOLDERS, "right"]
    autocomplete_fields = HOLDERS
    verbose_name_plural = gettext_lazy("Rights: who may do what here")
    rights: tuple[Right, ...] = QUEUE_RIGHTS
    """Those that can be held there."""

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        choices = [("", _("Choose …")), *((right.value, right.label) for right in self.rights)]
        return super().formfield_for_choice_field(db_field, request, choices=choices, **kwargs)


class QueueGroupRightsInline(QueueRightsInline):
    verbose_name_plural = gettext_lazy("Rights: who may do what on all queues of this group")


class FolderRightsInline(QueueRightsInline):
    verbose_name_plural = gettext_lazy("Rights: who may use these templates")
    rights = FOLDER_RIGHTS


@admin.register(AccessRight)
class AccessRightAdmin(ConfiguratorAdmin):
    list_is_for = gettext_lazy(
        "A right lets a user or a group do one thing on a queue or a queue group, or use the templates "
        "of a folder. Without rights nobody sees a conversation."
    )
    list_display = ["holder", "right_label", "place"]
    list_display_links = ["holder", "place"]
    list_filter = [
        ("right", ChoicesDropdownFilter),
        ("user", AutocompleteSelectFilter),
        ("group", AutocompleteSelectFilter),
        ("queue", AutocompleteSelectFilter),
        ("queue_group", AutocompleteSelectFilter),
        ("reply_template_folder", AutocompleteSelectFilter),
    ]
    list_select_related = [*HOLDERS, *PLACES]
    search_fields = [
        "user__username",
        "user__first_name",
        "user__last_name",
        "group__name",
        "queue__name",
        "queue_group__name",
        "direct_conversations_of__name",
        "reply_template_folder__name",
    ]
    search_help_text = gettext_lazy("User, group, queue or folder")
    ordering = ["user__username", "group__name", "right", "id"]
    autocomplete_fields = [*HOLDERS, *PLACES]
    fieldsets = [
        (
            gettext_lazy("Who"),
            {"description": gettext_lazy("A user, or everybody in a group."), "fields": [tuple(HOLDERS)]},
        ),
        (gettext_lazy("May do what"), {"fields": ["right"]}),
        (
            gettext_lazy("Where"),
            {
                "description": gettext_lazy(
                    "One of the four: “Use templates” in a folder, every other right elsewhere."
                ),
                "fields": [PLACES],
            },
        ),
    ]

    def get_urls(self) -> list[Any]:
        own = [path("matrix/", self.admin_site.admin_view(matrix), name="rights_matrix")]
        return [*own, *super().get_urls()]

    @display(description=gettext_lazy("Who"), header=True)
    def holder(self, right: Any) -> tuple[str, str]:
        return (str(right.user), right.user.username) if right.user else (str(right.group), _("Group"))

    @display(description=gettext_lazy("May"), ordering="right", label=True)
    def right_label(self, right: AccessRight) -> str:
        return str(Right(right.right).label)

    @display(description=gettext_lazy("Where"))
    def place(self, right: AccessRight) -> str:
        if right.queue:
            return str(right.queue)
        if right.queue_group:
            return _("all queues of %(group)s") % {"group": right.queue_group}
        if right.reply_template_folder:
            return _("templates in %(folder)s") % {"folder": right.reply_template_folder}
        return _("direct conversations of %(group)s") % {"group": right.direct_conversations_of}
