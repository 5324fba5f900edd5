"""An agent says who the customer is: finds the contact, makes one, confirms it, takes it off again."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from channels_cfg.models import Right, User
from conversations import lifecycle
from conversations.contacts import records
from conversations.contacts.associating import associate, dissociate
from conversations.contacts.recognising import candidates, identifiers_of
from conversations.contacts.searching import matching
from conversations.desk.contact_card import may_change_contact
from conversations.models import Association, Conversation, ExternalContact
from conversations.signed_in import page_for_people, viewer

MOST_FOUND = 20
AGENT = Association.How.AGENT


@page_for_people
@require_safe
def find(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Candidates and, once something is asked for, what is found; and a form for somebody new."""
    return _page(request, _mine(request, pk))


def _page(request: HttpRequest, conversation: Conversation, **more: Any) -> HttpResponse:
    asked = request.GET.get("q", "").strip()
    found = list(matching(asked).by_name().prefetch_related("identifiers")[: MOST_FOUND + 1]) if asked else []
    first, _space, last = conversation.customer_name.rpartition(" ")
    context = {
        "conversation": conversation,
        "asked": asked,
        "found": found[:MOST_FOUND],
        "is_more": len(found) > MOST_FOUND,
        "candidates": [] if asked else candidates(conversation),
        "first_name": first,
        "last_name": last,
        "identifiers": identifiers_of(conversation),
    }
    return render(request, "desk/contact.html", context | more)


@page_for_people
@require_POST
def confirm(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """It is this contact."""
    conversation = _mine(request, pk)
    try:
        contact_id = uuid.UUID(request.POST.get("contact", ""))
        made = _act(conversation, lambda agent: _associate(conversation, contact_id, agent), request)
    except (ValueError, ExternalContact.DoesNotExist):
        messages.error(request, _("This contact is not there any more. Search again."))
        return redirect("desk:find_contact", pk=pk)
    if made:
        messages.success(request, _("The customer is %(contact)s.") % {"contact": made.contact})
    return redirect("desk:conversation", pk=pk)


@page_for_people
@require_POST
def take_off(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """It is somebody else; nobody knows who."""
    conversation = _mine(request, pk)

    def act(agent: User) -> bool:
        dissociate(conversation.pk, how=AGENT, by=agent, now=timezone.now())
        return True

    if _act(conversation, act, request):
        messages.success(request, _("The conversation is associated with no contact any more."))
    return redirect("desk:conversation", pk=pk)


@page_for_people
@require_POST
def create(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Somebody new, who has the number or address that the conversation comes from."""
    conversation = _mine(request, pk)
    names = {name: request.POST.get(name, "").strip() for name in ("first_name", "last_name")}
    own = identifiers_of(conversation)

    @transaction.atomic
    def act(agent: User) -> Association:
        contact = records.create(records.Details(names, own), now=timezone.now())
        return _associate(conversation, contact.pk, agent)

    try:
        made = _act(conversation, act, request)
    except (ValidationError, records.IdentifierTaken) as failure:
        said = failure.messages if isinstance(failure, ValidationError) else [str(failure)]
        messages.error(request, " ".join(said))
        return _page(request, conversation, **names)
    if made:
        messages.success(request, _("%(contact)s is a contact now, and this customer.") % {"contact": made.contact})
    return redirect("desk:conversation", pk=pk)


def _associate(conversation: Conversation, contact_id: uuid.UUID, agent: User) -> Association:
    return associate(conversation.pk, contact_id, how=AGENT, by=agent, now=timezone.now())


def _act(conversation: Conversation, act: Callable[[User], Any], request: HttpRequest) -> Any:
    """What the act gives; None, with a word to the agent, where the conversation has gone on meanwhile."""
    try:
        return act(viewer(request))
    except lifecycle.WrongState as conflict:
        messages.warning(request, str(conflict))
        return None


def _mine(request: HttpRequest, pk: uuid.UUID) -> Conversation:
    served = Conversation.objects.granting(Right.SERVE, to=viewer(request)).with_places().select_related("reference")
    conversation: Conversation = get_object_or_404(served, pk=pk)
    if not may_change_contact(viewer(request), conversation):
        raise Http404
    return conversation
