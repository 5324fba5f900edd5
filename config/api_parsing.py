"""Reading JSON that strangers send."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
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


def _with_each_name_once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object, unless one of its values would silently take the place of another."""
    read = dict(members)
    if len(read) < len(members):
        times = Counter(name for name, _value in members)
        twice = next(name for name in read if times[name] > 1)
        raise ParseError(f"The name “{twice}” is there twice in one object. Send it once.")
    return read
