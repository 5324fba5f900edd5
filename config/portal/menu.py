"""The menu of the System Configurator, in the order an administrator thinks."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

# A page: the model whose rights open it, title, icon, and the name of its address where it is not the model's list.
Title = str | Promise
Entry = tuple[str, Title, str] | tuple[str, Title, str, str]

SECTIONS: list[tuple[Title, list[Entry]]] = [
    (
        gettext_lazy("System Management"),
        [
            ("channels_cfg.systemsettings", gettext_lazy("System settings"), "tune"),
            ("channels_cfg.channel", gettext_lazy("Channels"), "forum"),
            ("channels_cfg.messagingservice", gettext_lazy("Messaging services"), "sms"),
            ("channels_cfg.messagingservice", gettext_lazy("Messaging channels"), "hub", "admin:messaging_channels"),
            ("channels_cfg.integration", gettext_lazy("Integrations"), "webhook"),
            ("channels_cfg.metadatadestination", gettext_lazy("Metadata destinations"), "cloud_upload"),
            ("channels_cfg.mailbox", gettext_lazy("Mail boxes"), "mail"),
            ("channels_cfg.replytemplate", gettext_lazy("Reply templates"), "quick_phrases"),
            ("channels_cfg.replytemplatefolder", gettext_lazy("Template folders"), "folder_open"),
            ("conversations.consent", gettext_lazy("Customer consents"), "how_to_reg"),
            ("channels_cfg.dataaction", gettext_lazy("Data actions"), "api"),
            ("channels_cfg.dataactiondraft", gettext_lazy("Drafts of data actions"), "edit_note"),
            ("channels_cfg.dataactionconnection", gettext_lazy("Connections of data actions"), "cable"),
            ("channels_cfg.settingsversion", gettext_lazy("Versions"), "history"),
            ("channels_cfg.settingsversion", gettext_lazy("Change log"), "manage_history", "admin:change_log"),
            ("channels_cfg.scheduledchange", gettext_lazy("Scheduled changes"), "event_upcoming"),
            (
                "channels_cfg.systemsettings",
                gettext_lazy("Configuration file"),
                "file_json",
                "admin:configuration_file",
            ),
        ],
    ),
    (
        gettext_lazy("Queues"),
        [
            ("channels_cfg.queue", gettext_lazy("Queues"), "inbox"),
            ("channels_cfg.queuegroup", gettext_lazy("Queue groups"), "stacks"),
            ("channels_cfg.ivrdefinition", gettext_lazy("IVR definitions"), "dialpad"),
            ("channels_cfg.openinghours", gettext_lazy("Opening hours"), "schedule"),
        ],
    ),
    (
        gettext_lazy("Attached data"),
        [
            ("channels_cfg.channel", gettext_lazy("Extra data"), "table_view", "extra_data"),
            ("channels_cfg.attachedkey", gettext_lazy("Keys"), "key"),
            ("conversations.seenkey", gettext_lazy("Unknown keys"), "move_to_inbox"),
        ],
    ),
    (
        gettext_lazy("People and rights"),
        [
            ("channels_cfg.user", gettext_lazy("Users"), "person"),
            ("auth.group", gettext_lazy("Groups"), "group"),
            ("channels_cfg.pausereason", gettext_lazy("Pause reasons"), "pause_circle"),
            ("channels_cfg.accessright", gettext_lazy("Rights matrix"), "grid_on", "admin:rights_matrix"),
            ("channels_cfg.accessright", gettext_lazy("Access rights"), "key_vertical"),
            ("channels_cfg.accessright", gettext_lazy("Why, or why not?"), "help", "why_rights"),
            ("channels_cfg.apiclient", gettext_lazy("API clients"), "smart_toy"),
            ("channels_cfg.apikey", gettext_lazy("API keys"), "vpn_key"),
            ("channels_cfg.signinevent", gettext_lazy("Sign-ins"), "login"),
        ],
    ),
]

# Everything that floors above the configuration register has its place here.
OPERATION = ("conversations", "reporting")
OPERATION_ICONS = {"inbounddelivery": "webhook"}
STATUS: Entry = ("channels_cfg.systemsettings", gettext_lazy("Status"), "monitor_heart", "status")
LAST: list[Entry] = [
    ("django_celery_beat.periodictask", gettext_lazy("Periodic tasks"), "schedule"),
]


def menu(request: HttpRequest) -> list[dict[str, Any]]:
    """The sections with those pages that the user may open."""
    index = reverse("admin:index")
    home = {"title": _("Home"), "icon": "home", "link": index, "active": request.path == index}
    shown: list[dict[str, Any]] = [
        {"title": title, "items": list(_items(request, pages))} for title, pages in _sections()
    ]
    mark_current(request, [item for section in shown for item in section["items"]])
    return [{"items": [home]}, *[section for section in shown if section["items"]]]


@cache
def names_of_pages() -> dict[str, Title]:
    """What the menu calls the page of each address, for everything that leads there."""
    return {
        _address(label, *address): title for _section, pages in _sections() for label, title, _icon, *address in pages
    }


def mark_current(request: HttpRequest, items: list[dict[str, Any]]) -> None:
    """The page that is open belongs to one entry: of two addresses that it begins with, to the longer."""
    begun = [item["link"] for item in items if request.path.startswith(item["link"])]
    current = max(begun, key=len, default="")
    for item in items:
        item["active"] = item["link"] == current


@cache
def _sections() -> list[tuple[Title, list[Entry]]]:
    return [*SECTIONS, (gettext_lazy("Operation"), [STATUS, *_operation(), *LAST])]


def _operation() -> Iterator[Entry]:
    placed = {label for _title, pages in SECTIONS for label, *_ in pages}
    for model in admin.site._registry:
        if model._meta.app_label in OPERATION and model._meta.label_lower not in placed:
            icon = OPERATION_ICONS.get(str(model._meta.model_name), "list_alt")
            yield model._meta.label_lower, capfirst(model._meta.verbose_name_plural or ""), icon


def _items(request: HttpRequest, pages: list[Entry]) -> Iterator[dict[str, Any]]:
    for label, title, icon, *address in pages:
        model = apps.get_model(label)
        if may_open(request, model):
            yield {"title": title, "icon": icon, "link": _address(label, *address)}


def _address(label: str, name: str = "") -> str:
    return _reversed(name) if name else page_of(apps.get_model(label))


def may_open(request: HttpRequest, model: type[Model]) -> bool:
    """Whether the model has a page that this user may look at."""
    return admin.site.is_registered(model) and admin.site._registry[model].has_view_or_change_permission(request)


def page_of(model: type[Model]) -> str:
    return _reversed(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


_reversed = cache(reverse)
"""Every page asks for these addresses, which stay the same."""
