"""API clients: made on one page with rights and a key, looked after on another: keys, rotation, rights, examples."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import AutocompleteSelectMultiple
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from channels_cfg.admin.configurator import ConfiguratorAdmin
from channels_cfg.admin.moment_input import MomentField
from channels_cfg.admin.rights.api_keys import made_page
from channels_cfg.admin.rights.effective import panel_of
from channels_cfg.models import (
    QUEUE_RIGHTS,
    AccessRight,
    ApiClient,
    ApiKey,
    Queue,
    QueueGroup,
    ReplyTemplateFolder,
    Right,
    User,
)
from channels_cfg.models.versioned import lock_settings
from channels_cfg.rights.roles import API_CLIENT

KEYS_SHOWN = 50
OLD_KEY_LASTS = [
    ("0", gettext_lazy("not at all: it is refused at once")),
    ("3600", gettext_lazy("one hour")),
    ("86400", gettext_lazy("one day")),
    ("604800", gettext_lazy("one week")),
    ("2592000", gettext_lazy("30 days")),
    ("", gettext_lazy("until a moment that I choose")),
]

PLACES = {"queues": "queue", "queue_groups": "queue_group", "direct_conversations_of": "direct_conversations_of"}
"""The fields that say where the ticked rights are held, and those of an access right."""


class NewClientForm(forms.ModelForm):
    """Everything an API client needs to begin with."""

    uses = forms.CharField(
        label=gettext_lazy("What it does"),
        max_length=100,
        help_text=gettext_lazy("Tells its key from others later. Example: CRM nightly sync"),
    )
    rights = forms.MultipleChoiceField(
        label=gettext_lazy("May do"),
        choices=[(right.value, right.label) for right in QUEUE_RIGHTS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "Manage contacts: read and post kept data (contactData). View history: ended conversations. "
            "Serve: drive conversations. View reports: the Contact Log. View consents: read and record opt-ins "
            "(customerConsents)."
        ),
    )
    queues = forms.ModelMultipleChoiceField(
        Queue.objects.all(),
        label=gettext_lazy("On queues"),
        required=False,
        widget=AutocompleteSelectMultiple(AccessRight._meta.get_field("queue"), admin.site),
    )
    queue_groups = forms.ModelMultipleChoiceField(
        QueueGroup.objects.all(),
        label=gettext_lazy("On all queues of queue groups"),
        required=False,
        widget=AutocompleteSelectMultiple(AccessRight._meta.get_field("queue_group"), admin.site),
        help_text=gettext_lazy("Also on queues that join the group later."),
    )
    direct_conversations_of = forms.ModelMultipleChoiceField(
        Group.objects.all(),
        label=gettext_lazy("On direct conversations of groups"),
        required=False,
        widget=AutocompleteSelectMultiple(AccessRight._meta.get_field("direct_conversations_of"), admin.site),
        help_text=gettext_lazy("Conversations without a queue, served by members of these groups."),
    )
    reply_template_folders = forms.ModelMultipleChoiceField(
        ReplyTemplateFolder.objects.all(),
        label=gettext_lazy("May send reply templates of folders"),
        required=False,
        widget=AutocompleteSelectMultiple(AccessRight._meta.get_field("reply_template_folder"), admin.site),
    )

    class Meta:
        model = User
        fields = ["username"]
        labels = {"username": gettext_lazy("Name")}
        help_texts = {"username": gettext_lazy("It signs in with this name and its key. Example: crm")}

    field_order = ["username", "uses", "rights", *PLACES, "reply_template_folders"]

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        places = any(self.cleaned_data.get(name) for name in PLACES)
        if self.cleaned_data.get("rights") and not places and not PLACES.keys() & self.errors.keys():
            self.add_error("queues", _("Choose on which queues. Without them, clear the ticks and grant rights later."))
        if places and not self.cleaned_data.get("rights") and "rights" not in self.errors:
            self.add_error("rights", _("Choose what it may do on these queues."))
        return cleaned

    @transaction.atomic
    def make(self) -> tuple[ApiKey, str]:
        """The user, its rights and its first key, with the key's text."""
        client = self.save(commit=False)
        client.is_api_client = True
        client.set_unusable_password()
        client.save()
        client.groups.add(*Group.objects.filter(name=API_CLIENT))
        places = [{place: one} for name, place in PLACES.items() for one in self.cleaned_data[name]]
        granted = [(right, place) for right in self.cleaned_data["rights"] for place in places]
        folders = self.cleaned_data["reply_template_folders"]
        granted += [(Right.USE_TEMPLATES, {"reply_template_folder": folder}) for folder in folders]
        AccessRight.objects.bulk_create(AccessRight(user=client, right=right, **place) for right, place in granted)
        return ApiKey.objects.issue(user=client, name=self.cleaned_data["uses"])


class RotateForm(forms.Form):
    """How long the old key goes on working beside the new one."""

    lasts = forms.ChoiceField(
        label=gettext_lazy("The old key still works"), choices=OLD_KEY_LASTS, initial="86400", required=False
    )
    until = MomentField(
        label=gettext_lazy("Until"),
        required=False,
        help_text=gettext_lazy("On your clock. Only where a moment of its own is chosen above."),
    )

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if self.errors or self.cleaned_data["lasts"]:
            return cleaned
        until = self.cleaned_data["until"]
        if until is None:
            self.add_error("until", _("Choose the moment, or one of the times above."))
        elif until <= self.now:
            self.add_error("until", _("This moment is past. To end the old key now, choose “not at all”."))
        return cleaned

    @property
    def old_until(self) -> datetime:
        if lasts := self.cleaned_data["lasts"]:
            return self.now + timedelta(seconds=int(lasts))
        return self.cleaned_data["until"]


@admin.register(ApiClient)
class ApiClientAdmin(ConfiguratorAdmin):
    """Who may see users may see API clients; who may make users, rights and keys may make them."""

    list_is_for = gettext_lazy(
        "An API client is a program that reads or attaches data: with a name, rights and keys of its own."
    )
    list_display = ["client", "valid_keys", "last_used", "right_count", "is_active"]
    list_filter = ["is_active"]
    search_fields = ["username", "first_name", "last_name", "api_keys__name", "api_keys__hint"]
    search_help_text = gettext_lazy("Name, what it does, or the last four characters of a key")
    ordering = ["username"]
    actions = None

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perms(["channels_cfg.view_user", "channels_cfg.view_apikey"])

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perms([f"channels_cfg.add_{model}" for model in ("user", "accessright", "apikey")])

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # its facts are on the page of the user

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiClient]:
        in_time = Q(api_keys__expires_at=None) | Q(api_keys__expires_at__gt=timezone.now())
        valid = in_time & Q(api_keys__revoked_at=None)
        return (
            super()
            .get_queryset(request)
            .annotate(
                valid=Count("api_keys", filter=valid, distinct=True),
                used_at=Max("api_keys__last_used_at"),
                rights=Count("access_rights", distinct=True),
            )
        )

    def get_urls(self) -> list[Any]:
        def page(address: str, view: Any, name: str) -> Any:
            return path(address, self.admin_site.admin_view(view), name=name)

        return [
            page("<int:client_id>/new-key/", self.new_key, "api_client_new_key"),
            page("<int:client_id>/rotate/<int:key_id>/", self.rotate, "api_client_rotate"),
            *super().get_urls(),
        ]

    @method_decorator(transaction.atomic)
    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            lock_settings()  # of two with one name, the second is checked once the first is there
        form = NewClientForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            return self._made(request, *form.make())
        return self._page(request, "new.html", title=_("New API client"), form=form)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        client = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request):
            raise PermissionDenied
        if client is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        now = timezone.now()
        keys = client.api_keys.select_related("user").order_by("-created_at", "-pk")[: KEYS_SHOWN + 1]
        may_see_rights = request.user.has_perm("channels_cfg.view_accessright")
        return self._page(
            request,
            "page.html",
            title=str(client),
            client=client,
            keys=[(key, key.state(now=now), last_use(key, now=now)) for key in keys[:KEYS_SHOWN]],
            more_keys=len(keys) > KEYS_SHOWN,
            effective=panel_of(User.objects.get(pk=client.pk)) if may_see_rights else None,
            may_change=request.user.has_perms(["channels_cfg.add_apikey", "channels_cfg.change_apikey"]),
            base_address=request.build_absolute_uri("/").rstrip("/"),
        )

    def new_key(self, request: HttpRequest, client_id: int) -> HttpResponse:
        client = self._changed(request, client_id)
        if request.method != "POST":
            raise Http404
        return self._made(request, *ApiKey.objects.issue(user=client, name=request.POST.get("name", "").strip()[:100]))

    def rotate(self, request: HttpRequest, client_id: int, key_id: int) -> HttpResponse:
        """A new key is shown; the old one works until the chosen moment."""
        client = self._changed(request, client_id)
        now = timezone.now()
        old = client.api_keys.select_related("user").filter(pk=key_id).first()
        if old is None or old.state(now=now) != ApiKey.State.VALID:
            raise Http404
        form = RotateForm(request.POST or None, now=now)
        if request.method == "POST" and form.is_valid():
            key, text = ApiKey.objects.rotate(old, old_until=form.old_until)
            return self._made(request, key, text, old=old)
        return self._page(request, "rotate.html", title=_("Rotate an API key"), client=client, key=old, form=form)

    def _changed(self, request: HttpRequest, client_id: int) -> User:
        if not request.user.has_perms(["channels_cfg.add_apikey", "channels_cfg.change_apikey"]):
            raise PermissionDenied
        client = User.objects.filter(pk=client_id, is_api_client=True, is_active=True).first()
        if client is None:
            raise Http404
        return client

    def _made(self, request: HttpRequest, key: ApiKey, text: str, old: ApiKey | None = None) -> HttpResponse:
        key.text = text  # type: ignore[attr-defined]
        context = {
            **self.admin_site.each_context(request),
            "title": _("API key"),
            "opts": ApiKey._meta,
            "key": key,
            "old": old,
            "client_page": reverse("admin:channels_cfg_apiclient_change", args=[key.user_id]),
            "base_address": request.build_absolute_uri("/").rstrip("/"),
        }
        return made_page(request, key, context)

    def _page(self, request: HttpRequest, name: str, **context: Any) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "opts": self.opts, **context}
        return TemplateResponse(request, f"admin/channels_cfg/apiclient/{name}", context)

    @display(description=gettext_lazy("API client"), ordering="username", header=True)
    def client(self, client: ApiClient) -> tuple[str, str]:
        return str(client), client.username if client.get_full_name() else client.email

    @display(description=gettext_lazy("Valid keys"), ordering="valid")
    def valid_keys(self, client: Any) -> int:
        return client.valid

    @display(description=gettext_lazy("Last used"), ordering="used_at")
    def last_used(self, client: Any) -> str:
        return in_words(client.used_at, now=timezone.now())

    @display(description=gettext_lazy("Rights of its own"), ordering="rights")
    def right_count(self, client: Any) -> int:
        return client.rights


def last_use(key: ApiKey, *, now: datetime) -> str:
    return in_words(key.last_used_at, now=now)


def in_words(at: datetime | None, *, now: datetime) -> str:
    """``12 minutes ago``; noted once a minute, so anything shorter is just now."""
    if at is None:
        return _("never used")
    if now - at < timedelta(minutes=2):
        return _("just now")
    return _("%(time)s ago") % {"time": timesince(at, now, depth=1)}
