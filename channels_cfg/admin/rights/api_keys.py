"""API keys in the System Configurator: made, shown once, revoked; never edited."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from channels_cfg import moments
from channels_cfg.admin.configurator import ConfiguratorAdmin
from channels_cfg.models import ApiKey, User


def made_page(request: HttpRequest, key: ApiKey, context: dict[str, Any]) -> HttpResponse:
    """The one page that shows the key: an answer of its own, since a redirect would have to store it. The same form,
    sent twice, leads to the key that it made."""
    page = TemplateResponse(request, "admin/channels_cfg/apikey/made.html", context)
    page.made_at = reverse("admin:channels_cfg_apikey_change", args=[key.pk])  # type: ignore[attr-defined]
    return page


class InUse(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("valid", _("Valid")), ("revoked", _("Revoked")), ("expired", _("Expired"))]

    def queryset(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> QuerySet[ApiKey]:
        match self.value():
            case "valid":
                return keys.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()), revoked_at=None)
            case "revoked":
                return keys.filter(revoked_at__isnull=False)
            case "expired":
                return keys.filter(expires_at__lte=timezone.now(), revoked_at=None)
        return keys


@admin.register(ApiKey)
class ApiKeyAdmin(ConfiguratorAdmin):
    list_is_for = gettext_lazy("A program signs in with an API key. It is shown once, when it is made.")
    list_display = ["key", "user", "name", "state", "created_at", "last_used"]
    list_filter = [InUse, ("user", AutocompleteSelectFilter)]
    list_select_related = ["user"]
    search_fields = ["name", "hint", "user__username", "user__first_name", "user__last_name"]
    search_help_text = gettext_lazy("What uses it, user, or the last four characters")
    ordering = ["-created_at", "-id"]
    actions = ["revoke"]
    fields = ["user", "name"]

    def get_fieldsets(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        if obj:
            shown_once = _("A key is shown once. If nobody has it, revoke it and make another.")
            facts = ["key", "user", "name", "state_in_words", "created_at", "last_used", "expires_at", "revoked_at"]
            return [(None, {"description": shown_once, "fields": facts})]
        explanation = _("The key is shown once, on the next page. Only a digest of it is stored.")
        return [(None, {"description": explanation, "fields": ["user", "name"]})]

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> list[str]:
        return ["key", "state", "created_at", "last_used", "expires_at", "revoked_at"] if obj else []

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False  # a revoked key stays as a record of who could come in

    def has_view_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return super().has_view_permission(request, obj) or super().has_change_permission(request, obj)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("channels_cfg.change_apikey")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "user":
            kwargs["queryset"] = User.objects.filter(is_api_client=True, is_active=True)
            kwargs["help_text"] = _("The API client that will show the key. Its rights are the rights of the key.")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        issued, text = ApiKey.objects.issue(user=obj.user, name=obj.name)
        obj.pk, obj.hint, obj.text = issued.pk, issued.hint, text

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "title": _("API key"), "opts": self.opts, "key": obj}
        return made_page(request, obj, context)

    @admin.action(description=gettext_lazy("Revoke"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[ApiKey]) -> HttpResponse | None:
        """Ask first: what uses the keys is locked out at once."""
        if "confirmed" not in request.POST:
            context = {
                **self.admin_site.each_context(request),
                "title": _("Revoke API keys"),
                "opts": self.opts,
                "keys": chosen,
                "action_checkbox_name": helpers.ACTION_CHECKBOX_NAME,
            }
            return TemplateResponse(request, "admin/channels_cfg/apikey/revoke.html", context)
        for key in chosen:
            key.revoke(now=timezone.now())
            self.log_change(request, key, _("Revoked."))
        count = chosen.count()
        messages.success(
            request,
            ngettext("%(count)d API key opens nothing any more.", "%(count)d API keys open nothing any more.", count)
            % {"count": count},
        )
        return None

    @display(description=gettext_lazy("Key"), ordering="hint")
    def key(self, key: ApiKey) -> str:
        return f"…{key.hint}"

    @display(
        description=gettext_lazy("State"),
        label={"valid": "success", "revoked": "danger", "expired": "danger", "user_inactive": "warning"},
    )
    def state(self, key: ApiKey) -> tuple[str, str]:
        state = key.state(now=timezone.now())
        if state is ApiKey.State.VALID and key.expires_at:
            return state, _("Valid until %(moment)s") % {"moment": moments.in_words(key.expires_at)}
        return state, str(state.label)

    @display(description=gettext_lazy("State"))
    def state_in_words(self, key: ApiKey) -> str:
        return self.state(key)[1]

    @display(description=gettext_lazy("Last used"), ordering="last_used_at", empty_value=gettext_lazy("never"))
    def last_used(self, key: ApiKey) -> Any:
        return key.last_used_at
