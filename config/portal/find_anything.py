"""Finding anything from any page: a page, a record, a setting, a saved report, a contact, a conversation by its id.

Asked anew with each letter, so what was just made is found and what was just deleted is not. What somebody may not open
is not found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.apps import apps
from django.contrib import admin
from django.db.models import Case, F, IntegerField, Model, QuerySet, Value, When
from django.db.models.lookups import Exact, StartsWith
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from channels_cfg.models import Queue, Right
from channels_cfg.text_search import SearchText, search_text
from config.portal.menu import may_open, menu, page_of
from config.templatetags.navigation import places_of_work
from conversations.contacts.rights import may_manage_contacts
from conversations.contacts.searching import matching
from conversations.conversation_id import conversation_id
from conversations.desk.on_desk import on_desk_of
from conversations.models import Conversation
from conversations.signed_in import page_for_people, viewer
from conversations.templatetags.conversation_words import identifier_words
from reporting.pages.saved_reports import address_of
from reporting.saved_reports import reports_of

MOST_OF_A_KIND = 8
LONGEST_SEARCH = 100
FEWEST_OF_CONTACTS = 3
"""Fewer characters are in half of all contacts, and no index knows them."""

RECORDS = {
    "channels_cfg.channel": "name",
    "channels_cfg.queue": "name",
    "channels_cfg.queuegroup": "name",
    "channels_cfg.ivrdefinition": "name",
    "channels_cfg.attachedkey": "name",
    "channels_cfg.messagingservice": "name",
    "channels_cfg.metadatadestination": "name",
    "channels_cfg.replytemplate": "name",
    "channels_cfg.replytemplatefolder": "name",
    "channels_cfg.mailbox": "name",
    "channels_cfg.integration": "name",
    "channels_cfg.dataaction": "name",
    "channels_cfg.dataactionconnection": "name",
    "channels_cfg.user": "username",
    "channels_cfg.apiclient": "username",
    "auth.group": "name",
}
"""What is found by its words, and the field that is its name."""

SETTINGS = (
    "channels_cfg.systemsettings",
    "channels_cfg.channel",
    "channels_cfg.queue",
    "channels_cfg.ivrdefinition",
    "channels_cfg.messagingservice",
    "channels_cfg.metadatadestination",
    "channels_cfg.replytemplate",
    "channels_cfg.mailbox",
    "channels_cfg.integration",
    "channels_cfg.dataaction",
    "channels_cfg.dataactionconnection",
    "channels_cfg.attachedkey",
    "channels_cfg.user",
)
"""Whose fields are found by their labels."""


@dataclass(frozen=True)
class Found:
    """One line: what it is called, what it is, where it opens."""

    title: str
    kind: str
    link: str

    def closeness(self, words: str) -> int:
        """0 is called so, 1 begins so, 2 has a word that begins so, 3 is found in another way."""
        title, words = search_text(self.title), search_text(words)
        return 0 if title == words else 1 if title.startswith(words) else 2 if f" {words}" in title else 3


@page_for_people
def find_anything(request: HttpRequest) -> HttpResponse:
    """What the words may mean, the closest first."""
    words = request.GET.get("s", "").replace("\0", "").strip()[:LONGEST_SEARCH]
    if not words:
        return HttpResponse()
    found = [*_conversation(request, words), *_places(request, words), *_reports(request, words)]
    found += [*_history_of_queues(request, words), *_contacts(request, words)]
    if viewer(request).is_staff:
        found += [*_pages(request, words), *_records(request, words), *_settings(request, words)]
    found.sort(key=lambda one: one.closeness(words))
    return render(request, "components/_found.html", {"found": found})


def _conversation(request: HttpRequest, words: str) -> Iterator[Found]:
    """The conversation of that id, for whoever may view or serve it."""
    try:
        pk = conversation_id(words)
    except ValueError:
        return
    granted = Conversation.objects.granting(Right.VIEW_HISTORY, to=viewer(request))
    for found, page in ((granted, "history:detail"), (on_desk_of(viewer(request)), "desk:conversation")):
        if conversation := found.filter(pk=pk).first():
            yield Found(conversation.hex_id, _("Conversation"), reverse(page, args=[pk]))
            return


def _places(request: HttpRequest, words: str) -> Iterator[Found]:
    for place in places_of_work(request):
        if search_text(words) in search_text(place.label):
            yield Found(place.label, _("Page"), place.url)


def _reports(request: HttpRequest, words: str) -> Iterator[Found]:
    for report in reports_of(viewer(request)).filter(name__finds=words)[:MOST_OF_A_KIND]:
        yield Found(report.name, _("Saved report"), address_of(report))


def _history_of_queues(request: HttpRequest, words: str) -> Iterator[Found]:
    granted = Queue.objects.granting(Right.VIEW_HISTORY, to=viewer(request)).filter(name__finds=words)
    for queue in granted.order_by("name")[:MOST_OF_A_KIND]:
        yield Found(queue.name, _("Conversations in History"), f"{reverse('history:index')}?queue={queue.pk}")


def _contacts(request: HttpRequest, words: str) -> Iterator[Found]:
    """By name, number in any spelling, or e-mail address, the last changed first, for whoever manages contacts."""
    if len(words) < FEWEST_OF_CONTACTS or not may_manage_contacts(viewer(request)):
        return
    newest = matching(words).order_by(F("modified_at").desc(), F("id").desc()).prefetch_related("identifiers")
    found = list(newest[: MOST_OF_A_KIND + 1])
    for contact in found[:MOST_OF_A_KIND]:
        told = [identifier_words(identifier) for identifier in contact.identifiers.all()[:1]]
        kind = " · ".join([_("Contact"), *told])
        yield Found(contact.name, kind, reverse("contacts:detail", args=[contact.pk]))
    if len(found) > MOST_OF_A_KIND:
        title = _("All that match “%(words)s”") % {"words": words}
        yield Found(title, _("Contacts"), f"{reverse('contacts:index')}?{urlencode({'q': words})}")


def _pages(request: HttpRequest, words: str) -> Iterator[Found]:
    for section in menu(request):
        for item in section["items"]:
            if search_text(words) in search_text(str(item["title"])):
                yield Found(str(item["title"]), _("Page"), item["link"])


def _records(request: HttpRequest, words: str) -> Iterator[Found]:
    for label, name in RECORDS.items():
        model = apps.get_model(label)
        if not may_open(request, model):
            continue
        kind = capfirst(str(model._meta.verbose_name))
        found = list(_named(request, model, words, name)[: MOST_OF_A_KIND + 1])
        for record in found[:MOST_OF_A_KIND]:
            link = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[record.pk])
            yield Found(str(record), kind, link)
        if len(found) > MOST_OF_A_KIND:
            kinds = capfirst(str(model._meta.verbose_name_plural))
            title = _("All that match “%(words)s”") % {"words": words}
            yield Found(title, kinds, f"{page_of(model)}?{urlencode({'q': words})}")


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


def _settings(request: HttpRequest, words: str) -> Iterator[Found]:
    for label in SETTINGS:
        model = apps.get_model(label)
        if not may_open(request, model):
            continue
        for field in model._meta.concrete_fields:
            title = capfirst(str(field.verbose_name))
            if field.editable and not field.primary_key and search_text(words) in search_text(title):
                where = _("Setting of: %(record)s") % {"record": model._meta.verbose_name}
                yield Found(title, where, f"{page_of(model)}#id_{field.name}")
