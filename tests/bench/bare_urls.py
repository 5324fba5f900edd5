"""The limits of the web measures: one SELECT by id, one row committed, or both, and nothing around them."""

from __future__ import annotations

import uuid

from django.db import connection
from django.db.models import F
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from conversations.models import Conversation


def read(request: HttpRequest, conversation_id: uuid.UUID) -> JsonResponse:
    kept = Conversation.objects.values_list("kept_data", flat=True).get(pk=conversation_id)
    return JsonResponse({"attached_data": kept})


@csrf_exempt
def store(request: HttpRequest) -> JsonResponse:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO bench_body (body) VALUES (%s)", [request.body])
    return JsonResponse({})


@csrf_exempt
def step(request: HttpRequest, conversation_id: uuid.UUID) -> JsonResponse:
    state = Conversation.objects.values_list("state", flat=True).get(pk=conversation_id)
    Conversation.objects.filter(pk=conversation_id).update(version=F("version") + 1)
    return JsonResponse({"state": state})


urlpatterns = [
    path("read/<uuid:conversation_id>", read),
    path("store", store),
    path("step/<uuid:conversation_id>", step),
]
