"""The menu at the top: the places of work that the rights of the viewer open."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from channels_cfg.models import AccessRight, Right, User
from config.portal.menu import names_of_pages

register = template.Library()

CONFIGURATOR = "admin:index"
RIGHT_THAT_OPENS = {
    "desk:index": Right.SERVE,
    "history:index": Right.VIEW_HISTORY,
    "contacts:index": Right.MANAGE_CONTACTS,
    "reports:index": Right.VIEW_REPORTS,
}


@dataclass(frozen=True)
class NavigationEntry:
    """One entry of the menu."""

    label: str
    url: str
    is_current: bool


@register.simple_tag
def places_of_work(request: HttpRequest) -> list[NavigationEntry]:
    """The entries for the signed-in user; one query."""
    assert isinstance(request.user, User)  # the template asks who is signed in
    labels = {
        "desk:index": _("Desk"),
        "history:index": _("History"),
        "contacts:index": _("Contacts"),
        "reports:index": _("Reports"),
        CONFIGURATOR: _("System Configurator"),
    }
    return [
        NavigationEntry(labels[name], url, request.path.startswith(url))
        for name in names_open_to(request.user)
        if (url := address(name))
    ]


@register.simple_tag(takes_context=True)
def called_as_in_menu(context: template.Context, parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Where a page of the configurator stands: each part that has an entry in its menu is called as there."""
    names, page = names_of_pages(), context["request"].path
    *above, last = [{**part, "title": names.get(str(part.get("link")), part["title"])} for part in parts]
    if page in names and not hasattr(last["title"], "pk"):
        last = {"title": names[page], "link": page}
    return [*above, last]


def names_open_to(user: User) -> list[str]:
    """Names of the pages that the user's rights open, in the order of the menu."""
    held = set(AccessRight.objects.held_by(user).order_by().values_list("right", flat=True).distinct())
    names = [name for name, right in RIGHT_THAT_OPENS.items() if right in held]
    return [*names, CONFIGURATOR] if user.is_staff else names


def address(name: str) -> str:
    """The page's address, or nothing where it is not installed."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
