"""Telling a load balancer or an operator whether the portal can work."""

from collections.abc import Callable

from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache

from config.celery import app

WELL = "ok"


@never_cache
def live(request: HttpRequest) -> JsonResponse:
    """This process answers."""
    return JsonResponse({"portal": WELL})


@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """What the portal stands on answers too; 503 and a word about the part that does not."""
    findings = {
        "database": finding(ask_database, "cannot be reached"),
        "broker": finding(ask_broker, "cannot be reached"),
    }
    well = all(words == WELL for words in findings.values())
    return JsonResponse(findings, status=200 if well else 503)


def finding(ask: Callable[[], None], complaint: str) -> str:
    try:
        ask()
    except Exception as failure:  # whatever went wrong there, the answer here is a sentence
        return f"{complaint} ({type(failure).__name__})"
    return WELL


def ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def ask_broker() -> None:
    with app.connection_for_write(connect_timeout=2) as broker:
        broker.ensure_connection(max_retries=1, interval_start=0)
