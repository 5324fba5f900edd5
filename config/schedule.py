"""What beat asks for without being asked. Editing an entry in the admin lasts until the next release changes it."""

from datetime import timedelta
from typing import Any


def every(interval: timedelta, task: str) -> dict[str, Any]:
    """An entry that is worthless once the next one is due, so a worker that was away finds no backlog."""
    return {"task": task, "schedule": interval, "options": {"expires": interval.total_seconds()}}


SCHEDULE = {
    "apply waiting deliveries": every(timedelta(seconds=10), "conversations.tasks.apply_waiting_deliveries"),
    "forget old keys": every(timedelta(hours=1), "conversations.tasks.forget_old_keys"),
    "run the reporting job": every(timedelta(seconds=60), "reporting.tasks.run_reporting_job"),
    "write waiting files": every(timedelta(seconds=30), "reporting.tasks.write_waiting_files"),
}
