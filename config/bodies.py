"""Bodies whose length their sender did not say (``Transfer-Encoding: chunked``)."""

from __future__ import annotations

from tempfile import SpooledTemporaryFile
from typing import Any, NoReturn
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

LARGEST_BODY = 11 * 1024 * 1024
"""What the largest door takes, a page for files with settings. Smaller doors refuse by the length, as ever."""

IN_MEMORY = 1024 * 1024
AT_ONCE = 64 * 1024


def with_length(application: WSGIApplication) -> WSGIApplication:
    """The application, told the length of every body: Django and REST framework take one without for empty.

    Such a body is read to its end, or a byte beyond LARGEST_BODY, before the application starts.
    """

    def measured(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        if "HTTP_TRANSFER_ENCODING" in environ and not environ.get("CONTENT_LENGTH"):
            environ["wsgi.input"], length = _read(environ["wsgi.input"])
            environ["CONTENT_LENGTH"] = str(length)
        return application(environ, start_response)

    return measured


def _read(stream: Any) -> tuple[Any, int]:
    body = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # the request reads it, and drops it at its end
    length = 0
    try:
        while length <= LARGEST_BODY and (part := stream.read(min(AT_ONCE, LARGEST_BODY + 1 - length))):
            body.write(part)
            length += len(part)
    except OSError:
        return _BrokenOff(), 1
    body.seek(0)
    return body, length


class _BrokenOff:
    """The body of a sender who went away in the middle: whoever reads it learns that, as with a length."""

    def read(self, _size: int = -1) -> NoReturn:
        raise OSError("The body broke off.")

    readline = read
