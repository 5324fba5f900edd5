"""The pages of contacts: a searchable list, one contact, its form, notes, merging and deleting."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from conversations.contact_pages.form import ContactForm, groups_of
from conversations.contacts import notes, records
from conversations.contacts.earlier import earlier_conversations
from conversations.contacts.holding import contact_of
from conversations.contacts.merging import merge
from conversations.contacts.rights import may_manage_contacts
from conversations.contacts.searching import matching
from conversations.keyset import keyset_page
from conversations.models import ContactNote, ExternalContact
from conversations.signed_in import page_for_people, viewer

PAGE_SIZE = 50
MOST_FOUND = 20
MOST_CONVERSATIONS = 20


@page_for_people
@require_safe
def contact_list(request: HttpRequest) -> HttpResponse:
    """Those that match, the last changed first; for who manages no contacts there are none."""
    may_manage = may_manage_contacts(viewer(request))
    asked = request.GET.get("q", "").strip()
    found = matching(asked) if may_manage else ExternalContact.objects.none()
    place = {name: request.GET.get(name) for name in ("after", "before")}
    try:
        page = keyset_page(found.prefetch_related("identifiers"), size=PAGE_SIZE, order=("modified_at", "id"), **place)
    except ValidationError:
        return redirect(_address(q=asked))
    links = {
        "older": page.next_cursor and _address(q=asked, after=page.next_cursor),
        "newer": page.previous_cursor and _address(q=asked, before=page.previous_cursor),
    }
    context = {"page": page, "asked": asked, "links": links, "may_manage": may_manage}
    return render(request, "contacts/contact_list.html", context)


def _address(**asked: str) -> str:
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{reverse('contacts:index')}{'?' if query else ''}{query}"


@page_for_people
def new(request: HttpRequest) -> HttpResponse:
    if not may_manage_contacts(viewer(request)):
        raise Http404
    form = ContactForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            contact = records.create(form.details(), now=timezone.now())
        except (ValidationError, records.IdentifierTaken) as failure:
            form.refuse(failure)
        else:
            messages.success(request, _("%(contact)s is a contact now.") % {"contact": contact})
            return redirect("contacts:detail", pk=contact.pk)
    return render(request, "contacts/contact_form.html", {"form": form, "groups": groups_of(form)})


@page_for_people
@require_safe
def detail(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """One contact, with those of its conversations that the viewer may see."""
    contact = _contact(request, pk)
    if contact.pk != pk:  # it was merged into this one
        return redirect("contacts:detail", pk=contact.pk)
    context = {
        "contact": contact,
        "notes": contact.notes.select_related("author"),
        "merged": contact.merged_from.order_by("-merged_at"),
        "conversations": earlier_conversations(viewer(request), contact, most=MOST_CONVERSATIONS),
    }
    return render(request, "contacts/contact_detail.html", context)


def _contact(request: HttpRequest, pk: uuid.UUID) -> ExternalContact:
    if not may_manage_contacts(viewer(request)):
        raise Http404
    try:
        return contact_of(pk)
    except ExternalContact.DoesNotExist:
        raise Http404 from None


@page_for_people
def edit(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    contact = _contact(request, pk)
    form = ContactForm(request.POST or None, contact=contact)
    if request.method == "POST" and form.is_valid():
        try:
            records.change(contact.pk, form.details(), now=timezone.now())
        except (ValidationError, records.IdentifierTaken) as failure:
            form.refuse(failure)
        else:
            messages.success(request, _("The contact is saved."))
            return redirect("contacts:detail", pk=contact.pk)
    context = {"form": form, "groups": groups_of(form), "contact": contact}
    return render(request, "contacts/contact_form.html", context)


@page_for_people
@require_POST
def add_note(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    contact = _contact(request, pk)
    try:
        notes.add(contact.pk, request.POST.get("text", ""), by=viewer(request), now=timezone.now())
    except ValidationError as failure:
        messages.error(request, " ".join(failure.messages))
    return redirect("contacts:detail", pk=contact.pk)


@page_for_people
@require_POST
def delete_note(request: HttpRequest, pk: uuid.UUID, note: uuid.UUID) -> HttpResponse:
    contact = _contact(request, pk)
    get_object_or_404(ContactNote, pk=note, contact=contact).delete()
    messages.success(request, _("The note is deleted."))
    return redirect("contacts:detail", pk=contact.pk)


@page_for_people
def merge_contact(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Choose who is the same customer; then the two are one, under this one's id."""
    contact = _contact(request, pk)
    if request.method == "POST":
        return _merged(request, contact)
    asked = request.GET.get("q", "").strip() or contact.name
    found = matching(asked).exclude(pk=contact.pk).by_name().prefetch_related("identifiers")[:MOST_FOUND]
    return render(request, "contacts/merge.html", {"contact": contact, "asked": asked, "found": found})


def _merged(request: HttpRequest, contact: ExternalContact) -> HttpResponse:
    try:
        other = uuid.UUID(request.POST.get("other", ""))
        merge([contact.pk, other], now=timezone.now())
    except (ValueError, ExternalContact.DoesNotExist):
        messages.error(request, _("This contact is not there any more. Search again."))
        return redirect("contacts:merge", pk=contact.pk)
    except ValidationError as failure:
        messages.error(request, " ".join(failure.messages))
        return redirect("contacts:merge", pk=contact.pk)
    messages.success(request, _("The two are one contact now. The id of the other leads here."))
    return redirect("contacts:detail", pk=contact.pk)


@page_for_people
@transaction.atomic
def delete(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Asks for the name to be typed: nothing brings the contact back."""
    contact = _contact(request, pk)
    typed = " ".join(request.POST.get("name", "").split())
    if request.method == "POST" and typed == " ".join(contact.name.split()):
        records.delete(contact.pk, now=timezone.now())
        messages.success(request, _("The contact is deleted. Its conversations stay, without it."))
        return redirect("contacts:index")
    context: dict[str, Any] = {"contact": contact, "typed": typed, "is_wrong": request.method == "POST"}
    return render(request, "contacts/delete.html", context)
