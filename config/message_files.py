"""Messages as files, for one machine: kombu's filesystem transport, except for two things.

A message, and the list of queues that messages go to, appear whole: kombu opens the file and then writes it, and a
worker that looks in between, or after the writer was killed, reads half of it and stops. And a worker that waits for
messages looks up often, so that it ends soon after it is told to.
"""

import uuid
from pathlib import Path
from time import time_ns
from typing import Any

from kombu.transport import filesystem
from kombu.utils.json import dumps

from config.heartbeats import main_thread

LONGEST_WAIT = 0.2  # seconds; Celery's own two pass twice before its worker ends


class FileChannel(filesystem.Channel):
    def _put(self, queue: str, payload: dict[str, Any], **kwargs: Any) -> None:  # type: ignore[override]  # kombu's own differ
        name = f"{time_ns() // 1_000_000}_{uuid.uuid4()}.{queue}.msg"
        self._write(Path(self.data_folder_out, name), payload)

    def _queue_bind(self, exchange: str, *binding: str | None) -> None:
        bound = filesystem.exchange_queue_t(*(part or "" for part in binding))
        known = self.get_table(exchange)
        if bound not in known:
            self.control_folder.mkdir(exist_ok=True)
            self._write(Path(self.control_folder, f"{exchange}.exchange"), [bound, *known])

    def _write(self, file: Path, content: Any) -> None:
        draft = Path(self.control_folder, f"{file.name}.{uuid.uuid4()}.draft")
        draft.write_text(dumps(content))
        draft.rename(file)


class Transport(filesystem.Transport):
    Channel = FileChannel

    def drain_events(self, connection: Any, timeout: float | None = None, **kwargs: Any) -> None:
        """Wait for one message, at most ``LONGEST_WAIT``; Celery asks again, unless it is to end."""
        main_thread.look()
        super().drain_events(connection, timeout=min(timeout or LONGEST_WAIT, LONGEST_WAIT), **kwargs)
