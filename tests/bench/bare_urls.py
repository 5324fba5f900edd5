"""The limits of the web measures: one SELECT by id, one row committed, and nothing around them."""

from __future__ import annotations

import uuid

from django.db import connection
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


urlpatterns = [path("read/<uuid:conversation_id>", read), path("store", store)]
