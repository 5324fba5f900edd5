"""What running a data action led to: its steps, its outputs or why there are none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from channels_cfg import outgoing

MOST_SHOWN = 20_000


@dataclass(eq=False)
class ActionFailure(Exception):
    """Why it failed, as Genesys Cloud answers it. ``message`` holds nothing of an answer; ``remote_message`` is what
    the remote system said, and is the customers' data."""

    status: int
    code: str
    error_code: str
    message: str
    remote_message: str = ""
    remote_status: int = 0

    @property
    def is_timeout(self) -> bool:
        return self.error_code == "ACTION.TIMEOUT"

    def as_answer(self, context_id: str) -> dict[str, Any]:
        """The body of the error answer."""
        nested = (
            [{"message": self.remote_message, "status": self.remote_status, "contextId": context_id}]
            if self.remote_status
            else []
        )
        return {
            "message": self.message,
            "code": self.code,
            "status": self.status,
            "contextId": context_id,
            "details": [{"errorCode": self.error_code}],
            "errors": nested,
        }


@dataclass(frozen=True)
class ActionStep:
    """One step, with what came of it or why it failed; secrets are masked."""

    name: str
    success: bool
    result: Any = None
    error: str = ""


@dataclass(frozen=True)
class ActionResult:
    """``outputs`` as the success template made them; where it failed they are None, and ``failed`` says why, in words
    that hold nothing of an answer."""

    outputs: Any
    steps: list[ActionStep] = field(default_factory=list)
    failure: ActionFailure | None = None

    @property
    def failed(self) -> str | None:
        return self.failure.message if self.failure else None


def bad_request(message: str, *, code: str = "bad.request") -> ActionFailure:
    return ActionFailure(400, code, "ACTION.PROCESSING", message)


def remote_failure(message: str, *, remote_message: str = "", remote_status: int = 0) -> ActionFailure:
    return ActionFailure(500, "internal.server.error", "ACTION.REMOTE_ENDPOINT", message, remote_message, remote_status)


def not_in_time(message: str) -> ActionFailure:
    return ActionFailure(504, "gateway.timeout", "ACTION.TIMEOUT", message)


@contextmanager
def in_words_of_actions() -> Iterator[None]:
    """A call that the way out refuses, or that nobody answers, fails in the documented terms."""
    try:
        yield
    except outgoing.NotInTime as late:
        raise not_in_time(str(late)) from None
    except outgoing.Refused as refused:
        raise bad_request(str(refused)) from None
    except outgoing.NoAnswer as failure:
        raise remote_failure(str(failure)) from None
