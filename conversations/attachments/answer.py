"""Sending a file as the answer to a request: whole, a part of it (RFC 9110, 14), or what would be sent."""

from __future__ import annotations

import re
from http import HTTPStatus
from io import BytesIO
from typing import IO

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase

from conversations.models import Attachment

SHOWN_IN_PAGES = {
    "image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp",
    "audio/mp4", "audio/ogg", "audio/mpeg", "audio/aac", "audio/wav", "audio/flac",
    "video/mp4", "video/webm", "video/ogg", "video/3gpp", "video/quicktime",
}  # fmt: skip
"""What a browser shows, and runs nothing of. All else is saved."""

POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"

_ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


class _FilePart:
    """A file as if it ended after so many bytes."""

    def __init__(self, file: IO[bytes], length: int) -> None:
        self._file, self._left = file, length

    def read(self, size: int = -1) -> bytes:
        read = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(read)
        return read

    def close(self) -> None:
        self._file.close()


def send(request: HttpRequest, attachment: Attachment) -> HttpResponseBase:
    """The file under its exact type. What browsers do not show safely is saved.

    Several ranges, and what is no range, are answered with the whole, as is allowed (RFC 9110, 14.2). Raises
    ``Http404`` where the storage has lost it.
    """
    size = attachment.size
    start, end = _range_asked(request, size) or (0, size)
    if start >= end > 0:
        unsatisfied = HttpResponse(status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
        unsatisfied.headers["Content-Range"] = f"bytes */{size}"
        return _secured(unsatisfied)
    response = FileResponse(
        _opened(attachment, start, end) if request.method == "GET" else BytesIO(),
        as_attachment=attachment.media_type not in SHOWN_IN_PAGES,
        filename=attachment.name,
        content_type=attachment.media_type + ("; charset=utf-8" if attachment.kind == "text" else ""),
    )
    response.headers["Content-Length"] = str(end - start)
    if _range_asked(request, size):
        response.status_code = HTTPStatus.PARTIAL_CONTENT
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return _secured(response)


def _range_asked(request: HttpRequest, size: int) -> tuple[int, int] | None:
    """The first byte, and the one after the last: of ``5-9``, ``5-`` and ``-5``, the last five."""
    asked = _ONE_RANGE.fullmatch(request.headers.get("Range", ""))
    if not asked or not any(asked.groups()) or "If-Range" in request.headers:
        return None
    first, last = asked.groups()
    if not first:
        return max(size - int(last), 0), size
    return int(first), min(int(last) + 1, size) if last else size


def _opened(attachment: Attachment, start: int, end: int) -> _FilePart:
    try:
        file = attachment.file.open()
    except FileNotFoundError:
        raise Http404 from None
    file.seek(start)
    return _FilePart(file, end - start)


def _secured(response: HttpResponseBase) -> HttpResponseBase:
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
