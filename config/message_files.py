"""Messages as files, for one machine: kombu's filesystem transport, except that a message appears whole.

Kombu opens the file and then writes it; a worker that looks in between reads half a message and stops.
"""

import uuid
from pathlib import Path
from time import time_ns
from typing import Any

from kombu.transport import filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    def _put(self, queue: str, payload: dict[str, Any], **kwargs: Any) -> None:  # type: ignore[override]  # kombu's own differ
        name = f"{time_ns() // 1_000_000}_{uuid.uuid4()}.{queue}.msg"
        draft = Path(self.control_folder, f"{name}.draft")
        draft.write_text(dumps(payload))
        draft.rename(Path(self.data_folder_out, name))


class Transport(filesystem.Transport):
    Channel = Channel
