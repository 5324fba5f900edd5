"""The Contact Log over the API: its rows as JSON page by page, or all of them as CSV."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict, StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from channels_cfg.api.bodies import refuse_unknown
from channels_cfg.api.problems import problems
from conversations.api.caller import caller
from conversations.attached_data.reasons import REASONS
from conversations.keyset import keyset_page
from conversations.models import POSTABLE_STATES
from reporting.contact_log.asked import FIELDS
from reporting.contact_log.columns import FIELD, FIELDS_OF_ROWS
from reporting.contact_log.files import csv_stream
from reporting.contact_log.intervals import INTERVALS
from reporting.contact_log.measures import ANY
from reporting.contact_log.missing import missing_reasons
from reporting.contact_log.query import MOST_KEYS, LogQuery, zone_of
from reporting.models import ContactLogEntry

TAGS = ["Contact Log"]
ORDER = ("received_at", "conversation_id")
DEFAULT_LIMIT = 100
LARGEST_LIMIT = 1000


class EntrySerializer(serializers.ModelSerializer[ContactLogEntry]):
    """One ended conversation."""

    id = serializers.UUIDField(source="conversation_id")
    channel = serializers.SlugRelatedField[Any]("name", read_only=True)
    queue = serializers.SlugRelatedField[Any](
        "name",
        read_only=True,
        allow_null=True,
        help_text="null: a direct conversation; or one that ended in the IVR",
    )
    agent = serializers.SlugRelatedField[Any]("username", read_only=True, allow_null=True, help_text="The user name")
    attached_data = serializers.DictField(source="kept_data", child=serializers.JSONField(allow_null=True))
    missing = serializers.SerializerMethodField(help_text="{key: reason} for the configured keys that have no value")

    class Meta:
        model = ContactLogEntry
        fields = [
            "id",
            "state",
            "ended_in_ivr",
            "channel",
            "messaging_channel",
            "queue",
            "direction",
            "agent",
            "received_at",
            "accepted_at",
            "ended_at",
            "handled_at",
            "waited_seconds",
            "handling_seconds",
            "ivr_seconds",
            "hold_seconds",
            "within_service_level",
            "disposition",
            "attached_data",
            "missing",
            "first_reported_at",
            "reported_at",
            "late_changes",
        ]

    def get_missing(self, entry: ContactLogEntry) -> dict[str, str]:
        return missing_reasons(
            is_served=entry.state in POSTABLE_STATES,
            kept=entry.kept_data,
            dropped=entry.dropped_keys,
            judged=entry.judged_keys,
        )


class PageSerializer(serializers.Serializer[Any]):
    """Rows, newest first."""

    next = serializers.URLField(allow_null=True, help_text="Where the older rows are")
    results = EntrySerializer(many=True)


class LimitSerializer(serializers.Serializer[Any]):
    limit = serializers.IntegerField(default=DEFAULT_LIMIT, min_value=1, max_value=LARGEST_LIMIT)


def _parameter(name: str, description: str, *, many: bool = False, **more: Any) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.STR, many=many, description=description, **more)


NAMED = {
    "channel": ", by name or id",
    "queue": ", by name or id, or “direct”, or “ivr” for calls that ended in the IVR",
    "agent": ", by user name or id, or “none”",
    "queue_group": " of the queue, by name or id, or “none”",
    "disposition": " chosen in wrap-up, or “none”",
    "messaging_channel": " such as WHATSAPP, or “none”",
}
LATE = [ANY, *ContactLogEntry.LateChange.values]
FILTERS = [
    _parameter("period", "In words: today, last_7_days, last_month, …; without any period: last_7_days"),
    _parameter("received_after", "Received at this moment or later: 2026-11-21 or 2026-11-21T14:30+02:00"),
    _parameter("received_before", "Received before this moment"),
    _parameter("zone", "The time zone of the period, such as Europe/Helsinki; without it, the caller's own"),
    *[
        _parameter(name, f"{words}{NAMED.get(name, '')}; repeat it for any of several", many=True)
        for name, words in FIELDS.items()
    ],
    _parameter("kept", "customerType (is set), customerType=gold (equals), customerType~go (contains)", many=True),
    _parameter("missing", f"customerType:not_kept. Reasons: {', '.join(REASONS)}", many=True),
    _parameter("late", "What changed after the first report; repeat it for any of several", many=True, enum=LATE),
    _parameter("interval", "The interval that “at” starts", enum=["", *INTERVALS]),
    _parameter("at", "Only what was received in the interval that starts at this moment"),
]
PAGE = [
    OpenApiParameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT, "default": DEFAULT_LIMIT},
        description="Rows a page",
    ),
    _parameter("after", "The place in the list, as “next” gives it"),
]
CSV_COLUMNS = _parameter(
    "column",
    f"A kept key that is a column; without any: all that occur, where they are at most {MOST_KEYS}. All other columns "
    f"are there, too, unless some are named, such as {FIELD}queue: then the columns are exactly those named, in this "
    f"order. There are: {', '.join(FIELDS_OF_ROWS)}",
    many=True,
)


def _query(request: Request, *more: OpenApiParameter) -> tuple[QueryDict, LogQuery]:
    params = request.query_params
    refuse_unknown(params, known=[parameter.name for parameter in (*FILTERS, *more)])
    return params, LogQuery.parse(params, zone=zone_of(caller(request)), now=timezone.now())


class ContactLogView(APIView):
    """Rows of the Contact Log."""

    @extend_schema(
        summary="Rows of the Contact Log",
        description="Ended conversations of the queues on which the caller holds *View reports*, with their kept data, "
        "the newest first. A conversation is there once the reporting job has run after it ended or changed.",
        tags=TAGS,
        parameters=[*FILTERS, *PAGE],
        responses={200: PageSerializer, **problems(400, 401)},
    )
    def get(self, request: Request) -> Response:
        params, query = _query(request, *PAGE)
        asked = LimitSerializer(data=params.dict())
        asked.is_valid(raise_exception=True)
        entries = query.entries(caller(request)).select_related("channel", "queue", "agent")
        page = keyset_page(entries, size=asked.validated_data["limit"], after=params.get("after"), order=ORDER)
        return Response(
            {"next": _link(request, page.next_cursor), "results": EntrySerializer(page.items, many=True).data}
        )


def _link(request: Request, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    params = request.query_params.copy()
    params["after"] = cursor
    return request.build_absolute_uri(f"{request.path}?{params.urlencode()}")


class ContactLogCsvView(APIView):
    """The Contact Log as CSV."""

    @extend_schema(
        summary="The Contact Log as CSV",
        description="All rows of the same question, in one stream of UTF-8. One column for each kept key, named by it; "
        "`empty_because` says why keys have no value. Times carry their offset. A text that a spreadsheet would take "
        "for a formula has an apostrophe before it.",
        tags=TAGS,
        parameters=[*FILTERS, CSV_COLUMNS],
        responses={(200, "text/csv"): OpenApiTypes.STR, **problems(400, 401)},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        _params, query = _query(request, CSV_COLUMNS)
        return StreamingHttpResponse(
            csv_stream(query, to=caller(request)),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="contact-log.csv"'},
        )
