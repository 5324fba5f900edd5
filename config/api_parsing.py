"""Reading JSON that strangers send, and answering whatever they say they accept."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import IO, Any

from rest_framework.exceptions import NotAcceptable, ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.utils.json import strict_constant


class BoundedJSONParser(JSONParser):
    """JSON of limited depth with each name once, in UTF-8 whatever the header says (RFC 8259, 8.1): other codecs may
    even inflate it.

    Its size is limited by ``DATA_UPLOAD_MAX_MEMORY_SIZE``.
    """

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            return json.loads(
                stream.read().decode(), parse_constant=strict_constant, object_pairs_hook=_with_each_name_once
            )
        except ValueError as error:
            raise ParseError(f"JSON parse error - {error}") from error
        except RecursionError:
            raise ParseError("The body is nested too deeply.") from None


class AnswersAnyway(DefaultContentNegotiation):
    """What an address has is sent also to a caller who would rather have something else, as RFC 9110 allows (12.5.1): a
    browser, curl or pandas that asks the CSV for ``text/csv`` gets it, and an error is a problem document."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderers = list(renderers)
        if len(renderers) == 1 and request.META.get("HTTP_ACCEPT", "*/*") == "*/*":  # as machines ask
            return renderers[0], renderers[0].media_type
        try:
            return super().select_renderer(request, renderers, format_suffix)
        except NotAcceptable:
            first = next(iter(renderers))
            return first, first.media_type


def _with_each_name_once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object, unless one of its values would silently take the place of another."""
    read = dict(members)
    if len(read) < len(members):
        times = Counter(name for name, _value in members)
        twice = next(name for name in read if times[name] > 1)
        raise ParseError(f"The name “{twice}” is there twice in one object. Send it once.")
    return read
