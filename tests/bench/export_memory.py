"""``python -m tests.bench.export_memory csv``: write a file of all rows, print the megabytes that the largest of the
processes took. ``dataset`` is the file of their day, delivered to a folder."""

import os
import re
import sys
import threading
from contextlib import suppress
from pathlib import Path

SECONDS_BETWEEN_LOOKS = 0.05


class Peaks(threading.Thread):
    """Looks at this process and its children. What the system says when one has ended counts who started it, too."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.largest = 0.0
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(SECONDS_BETWEEN_LOOKS):
            for children in Path("/proc/self/task").glob("*/children"):
                for pid in ("self", *children.read_text().split()):
                    self.largest = max(self.largest, megabytes(pid))


def megabytes(pid: str) -> float:
    """The most that the process had at a time; 0 where there is none any more."""
    with suppress(FileNotFoundError, ProcessLookupError):
        if most := re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text()):
            return int(most[1]) / 1024
    return 0


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.bench.portal_settings")
    import django

    django.setup()
    from channels_cfg.models import User
    from tests.bench.exports import everything, write, write_dataset

    peaks = Peaks()
    peaks.start()
    if sys.argv[1] == "dataset":
        write_dataset()
    else:
        write(everything(), sys.argv[1], User.objects.get(username="supervisor"))
    peaks.over.set()
    peaks.join()
    print(max(peaks.largest, megabytes("self")))


if __name__ == "__main__":
    main()
