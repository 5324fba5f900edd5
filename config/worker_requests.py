"""How a worker notices that it lost its broker while it did a task."""

from __future__ import annotations

from typing import Any

from celery.worker import request


class WorkersRequest(request.Request):
    """Connects anew where a message could not be acknowledged.

    Celery logs that and goes on. The message then counts as one that the worker still has, and as a worker has one at
    a time, it would never take another, while it goes on to look alive.
    """

    def acknowledge(self) -> None:
        super().acknowledge()
        self._be_settled()

    def reject(self, requeue: bool = False) -> None:
        super().reject(requeue)
        self._be_settled()

    def _be_settled(self) -> None:
        """Raises what has Celery connect anew, unless the broker knows that the message is done with."""
        message: Any = self.message
        if not message.acknowledged:
            raise ConnectionResetError("The broker went away during a task.")
