"""Messages as files, for one machine: kombu's filesystem transport, except for two things.

A message appears whole: kombu opens the file and then writes it, and a worker that looks in between reads half a
message and stops. And a worker that waits for messages looks up often, so that it ends soon after it is told to.
"""

import uuid
from pathlib import Path
from time import time_ns
from typing import Any

from kombu.transport import filesystem
from kombu.utils.json import dumps

LONGEST_WAIT = 0.2  # seconds; Celery's own two pass twice before its worker ends


class Channel(filesystem.Channel):
    def _put(self, queue: str, payload: dict[str, Any], **kwargs: Any) -> None:  # type: ignore[override]  # kombu's own differ
        name = f"{time_ns() // 1_000_000}_{uuid.uuid4()}.{queue}.msg"
        draft = Path(self.control_folder, f"{name}.draft")
        draft.write_text(dumps(payload))
        draft.rename(Path(self.data_folder_out, name))


class Transport(filesystem.Transport):
    Channel = Channel

    def drain_events(self, connection: Any, timeout: float | None = None, **kwargs: Any) -> None:
        """Wait for one message, at most ``LONGEST_WAIT``; Celery asks again, unless it is to end."""
        super().drain_events(connection, timeout=min(timeout or LONGEST_WAIT, LONGEST_WAIT), **kwargs)
