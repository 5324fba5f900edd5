"""Finding anything in the System Configurator: a page, a setting, a record, a conversation by its id.

Asked anew with each letter, so what was just made is found and what was just deleted is not.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.apps import apps
from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Case, IntegerField, Model, QuerySet, Value, When
from django.db.models.lookups import Exact, StartsWith
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from unfold.dataclasses import SearchResult

from channels_cfg.models import Right, User
from channels_cfg.text_search import SearchText, search_text
from config.portal.menu import may_open, menu, page_of
from conversations.conversation_id import conversation_id
from conversations.models import Conversation

MOST_OF_A_KIND = 8
LONGEST_SEARCH = 100

RECORDS = {
    "channels_cfg.channel": ("forum", "name"),
    "channels_cfg.queue": ("inbox", "name"),
    "channels_cfg.queuegroup": ("stacks", "name"),
    "channels_cfg.attachedkey": ("key", "name"),
    "channels_cfg.messagingservice": ("sms", "name"),
    "channels_cfg.user": ("person", "username"),
    "channels_cfg.apiclient": ("smart_toy", "username"),
    "auth.group": ("group", "name"),
}
"""What is found by its words: its icon, and the field that is its name."""

SETTINGS = (
    "channels_cfg.systemsettings",
    "channels_cfg.channel",
    "channels_cfg.queue",
    "channels_cfg.messagingservice",
    "channels_cfg.attachedkey",
    "channels_cfg.user",
)
"""Whose fields are found by their labels."""


def find_anything(request: HttpRequest) -> HttpResponse:
    """What the words may mean, as the command palette shows it."""
    words = request.GET.get("s", "").strip()[:LONGEST_SEARCH]
    if not words:
        return HttpResponse()
    started = time.monotonic()
    found = [*_conversation(request, words), *_pages(request, words), *_records(request, words)]
    found += _settings(request, words)
    page = Paginator(found, max(len(found), 1)).page(1)
    context = {"results": page if found else [], "page_obj": page.paginator, "page_counter": 0}
    context["execution_time"] = time.monotonic() - started
    return TemplateResponse(request, "admin/found.html", context, headers={"HX-Trigger": "search"})


def _conversation(request: HttpRequest, words: str) -> Iterator[SearchResult]:
    """The conversation of that id, for whoever may view it."""
    assert isinstance(request.user, User)  # admin_view lets nobody else in
    try:
        granted = Conversation.objects.granting(Right.VIEW_HISTORY, to=request.user)
        conversation = granted.get(pk=conversation_id(words))
    except (ValueError, Conversation.DoesNotExist):
        return
    link = reverse("history:detail", args=[conversation.pk])
    yield SearchResult(conversation.hex_id, _("Conversation"), link, "chat")


def _pages(request: HttpRequest, words: str) -> Iterator[SearchResult]:
    for section in menu(request):
        for item in section["items"]:
            if search_text(words) in search_text(str(item["title"])):
                yield SearchResult(str(item["title"]), _("Page"), item["link"], item["icon"])


def _records(request: HttpRequest, words: str) -> Iterator[SearchResult]:
    for label, (icon, name) in RECORDS.items():
        model = apps.get_model(label)
        if not may_open(request, model):
            continue
        kind = capfirst(str(model._meta.verbose_name))
        found = list(_named(request, model, words, name)[: MOST_OF_A_KIND + 1])
        for record in found[:MOST_OF_A_KIND]:
            link = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[record.pk])
            yield SearchResult(str(record), kind, link, icon)
        if len(found) > MOST_OF_A_KIND:
            kinds = capfirst(str(model._meta.verbose_name_plural))
            title = _("All that match “%(words)s”") % {"words": words}
            yield SearchResult(title, kinds, f"{page_of(model)}?{urlencode({'q': words})}", icon)


def _named(request: HttpRequest, model: type[Model], words: str, name: str) -> QuerySet[Any]:
    """What the model's list finds; first what is called so, then what begins so."""
    model_admin = admin.site._registry[model]
    found, _is_joined = model_admin.get_search_results(request, model_admin.get_queryset(request), words)
    wanted = SearchText(Value(words))
    closeness = Case(
        When(Exact(SearchText(name), wanted), then=0),
        When(StartsWith(SearchText(name), wanted), then=1),
        default=2,
        output_field=IntegerField(),
    )
    return found.order_by(closeness, name)


def _settings(request: HttpRequest, words: str) -> Iterator[SearchResult]:
    for label in SETTINGS:
        model = apps.get_model(label)
        if not may_open(request, model):
            continue
        for field in model._meta.concrete_fields:
            title = capfirst(str(field.verbose_name))
            if field.editable and not field.primary_key and search_text(words) in search_text(title):
                where = _("Setting of: %(place)s") % {"place": model._meta.verbose_name}
                yield SearchResult(title, where, f"{page_of(model)}#id_{field.name}", "settings")
