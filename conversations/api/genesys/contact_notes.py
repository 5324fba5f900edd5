"""Notes about contacts over the API."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.api.caller import caller
from conversations.api.genesys.base import CONTACTS, ContactsView, as_uuid, object_of, page_of, refuse, text_of, wrong
from conversations.api.genesys.contact_shapes import note_json
from conversations.api.genesys.contacts import id_of
from conversations.contacts import notes
from conversations.contacts.holding import contact_of
from conversations.models import ContactNote


def _text(request: Request) -> str:
    return text_of(object_of(request.data), "noteText", required=True)


def _note(contact_id: str, note_id: str) -> ContactNote:
    contact = contact_of(id_of(contact_id))
    pk = as_uuid(note_id)
    note = contact.notes.select_related("author").filter(pk=pk).first() if pk else None
    if note is None:
        refuse(HTTPStatus.NOT_FOUND, "note.not.found", "The contact has no note with this id.")
    return note


class NoteListView(ContactsView):
    def get(self, request: Request, contact_id: str) -> Response:
        contact = contact_of(id_of(contact_id))
        found = contact.notes.select_related("author")
        rows, around = page_of(found, request.query_params, f"{CONTACTS}/{contact.pk}/notes", most=None)
        return Response({"entities": [note_json(note) for note in rows], **around})

    def post(self, request: Request, contact_id: str) -> Response:
        return _told(lambda: notes.add(id_of(contact_id), _text(request), by=caller(request), now=timezone.now()))


class NoteView(ContactsView):
    def get(self, request: Request, contact_id: str, note_id: str) -> Response:
        return Response(note_json(_note(contact_id, note_id)))

    def put(self, request: Request, contact_id: str, note_id: str) -> Response:
        note = _note(contact_id, note_id)
        return _told(lambda: notes.change(note, _text(request), now=timezone.now()))

    def delete(self, request: Request, contact_id: str, note_id: str) -> Response:
        _note(contact_id, note_id).delete()
        return Response({})


def _told(write: Any) -> Response:
    try:
        return Response(note_json(write()))
    except ValidationError as failure:
        wrong("noteText", failure.messages[0])
