"""What every page of the System Configurator has: its history of changes, and reasons in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db import models
from django.forms.models import _get_foreign_key
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.text import capfirst, get_text_list
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.templatetags import unfold_list

from channels_cfg.admin.safeguards.cascade_preview import cascade_preview
from channels_cfg.admin.safeguards.change_reason import AsksWhy
from channels_cfg.admin.safeguards.form_conflict import NothingOverwritten
from channels_cfg.admin.safeguards.planning import TakesEffectAtOnce
from channels_cfg.admin.safeguards.typed_confirmation import AsksForConfirmation
from channels_cfg.admin.safeguards.undo import OffersUndo
from channels_cfg.history.change_log import Change, ChangeHistory, event_models
from channels_cfg.history.record_words import label_of
from channels_cfg.in_use import used_by

CHANGES_PER_PAGE = 50


_headings_of = unfold_list.result_headers


def headings_once(change_list: Any) -> list[dict[str, Any]]:
    """The headings of a list, which the theme would make anew for each of its rows."""
    if not hasattr(change_list, "headings"):
        change_list.headings = list(_headings_of(change_list))
    return change_list.headings


unfold_list.result_headers = headings_once


class ChosenOnPurpose:
    """A choice that must be made has no first answer that is taken by mistake; one that may be left open stays open."""

    def formfield_for_choice_field(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Any:
        may_stay_open = db_field.blank and db_field.has_default()
        nothing = _("Not set") if may_stay_open else _("Choose …")
        include_blank = may_stay_open or not db_field.has_default()
        choices = db_field.get_choices(include_blank=include_blank, blank_choice=[("", nothing)])
        kwargs.setdefault("choices", choices)
        return super().formfield_for_choice_field(db_field, request, **kwargs)  # type: ignore[misc]


class ConfiguratorChangeList(ChangeList):
    """A list whose links to records say by themselves what it was searched and filtered by: the theme would look up for
    each row where its link leads, through all addresses there are."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asked, self.preserved_filters = self.preserved_filters, ""

    def url_for_result(self, result: models.Model) -> str:
        url = super().url_for_result(result)
        return f"{url}?{self.asked}" if self.asked else url


class ConfiguratorAdmin(OffersUndo, AsksWhy, AsksForConfirmation, NothingOverwritten, ChosenOnPurpose, ModelAdmin):
    """A page of the System Configurator."""

    list_per_page = 50
    list_filter_submit = True
    warn_unsaved_form = True
    compressed_fields = False
    object_history_template = "admin/change_history.html"

    list_is_for: str | Promise = ""
    """What the list is for, in a sentence or two; shown while it is empty."""

    history_parts: Sequence[tuple[type[models.Model], str]] = ()
    """Rows that belong to the history besides the inline ones: their model, and its foreign key to the record."""

    instead_of_deleting: str | Promise = ""
    """What to do with a record that cannot be deleted; a sentence or two."""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ConfiguratorChangeList

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """Searched as people read, whatever the case and the encoding; ids exactly."""
        return [name if name.endswith("__exact") else f"{name}__finds" for name in super().get_search_fields(request)]

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        """As anywhere in the admin; but where rows of others are searched, the records are found first and then read:
        one that is found by a thousand rows is read once, not sorted out of a thousand."""
        found, is_joined = super().get_search_results(request, self.model._default_manager.order_by(), search_term)
        if not is_joined:
            return super().get_search_results(request, queryset, search_term)
        return queryset.filter(pk__in=found.values("pk")), False

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Every change of the record and its inline rows, however it was made, with old and new values."""
        if self.model not in event_models():
            return super().history_view(request, object_id, extra_context)
        record = self.get_object(request, unquote(object_id))
        if record is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_or_change_permission(request, record):
            raise PermissionDenied
        history = self.changes_of(request, record)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Changes of %(record)s") % {"record": record},
            "opts": self.opts,
            "object": record,
            "page": page_of_changes(history, request),
            **(extra_context or {}),
        }
        return TemplateResponse(request, self.object_history_template, context)

    def changes_of(self, request: HttpRequest, record: models.Model) -> ChangeHistory:
        """Changes of the record, its inline rows and its other parts, newest first; empty where none are recorded."""
        if self.model not in event_models():
            return ChangeHistory([])
        parts = [
            (inline.model, _get_foreign_key(self.model, inline.model, inline.fk_name).name)
            for inline in self.get_inline_instances(request, record)
        ]
        return ChangeHistory.of(record, parts=[*parts, *self.history_parts])

    def get_deleted_objects(
        self, objs: Iterable[models.Model], request: HttpRequest
    ) -> tuple[Any, Any, set[str], list[str]]:
        """What deleting would take along; or, where something still uses a record, that in words."""
        objs = list(objs)
        protected = [sentence for record in objs if (sentence := self.why_not_deleted(record))]
        if protected:
            return [], {}, set(), protected
        return cascade_preview(objs, request=request, site=self.admin_site)

    def why_not_deleted(self, record: models.Model) -> str:
        """Why the record stays, and what to do instead; empty where it can go."""
        users = used_by(record)
        if not users:
            return ""
        reason = _("%(kind)s “%(record)s” is used by %(users)s.") % {
            "kind": capfirst(self.opts.verbose_name),
            "record": record,
            "users": get_text_list(users, _("and")),
        }
        return f"{reason} {self.instead_of_deleting}".strip()


def page_of_changes(history: ChangeHistory, request: HttpRequest) -> Page[Change]:
    """The page of the history that the request asks for, or the nearest there is."""
    pages: Paginator[Change] = Paginator(history, CHANGES_PER_PAGE)  # type: ignore[arg-type]  # slices only
    return pages.get_page(request.GET.get("page"))


class ConfiguratorRows(ChosenOnPurpose):
    """Rows edited with the record they belong to."""

    extra = 0

    def get_formset(self, request: HttpRequest, obj: models.Model | None = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)  # type: ignore[misc]
        return type(formset.__name__, (TakesEffectAtOnce, formset), {})

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Any:
        """Without the buttons that add and change related records, for which a row has no room; and named, since the
        heading of its column is no label to a screen reader."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
        widget = getattr(field, "widget", None)
        if isinstance(widget, RelatedFieldWidgetWrapper):
            widget.can_add_related = widget.can_change_related = False
            widget.can_delete_related = widget.can_view_related = False
            widget = widget.widget
        if widget is not None:
            widget.attrs.setdefault("aria-label", label_of(db_field))
        return field


class ConfiguratorInline(ConfiguratorRows, TabularInline):
    """Rows of a table."""

    hide_title = True
