"""What is logged and how: one line of key=value words, or of JSON where ``LOG_FORMAT=json``.

A line carries ids, never what a customer said or sent: no bodies, query strings or SQL.
"""

import re
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

from config import environment


def first_line_only(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Drop what follows the first line of a message: databases quote rows there."""
    event["event"] = str(event["event"]).split("\n", 1)[0]
    return event


def without_questions(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Cut the query string off every address: it may hold a customer's name, or a value somebody searched for. Of the
    public address of a file nothing is left that would open it, nor the file's name."""
    words = re.sub(r"(/sms/richcontent/).*", r"\1", str(event["event"]))
    event["event"] = re.sub(r"(/\S*)\?\S*", r"\1", words)
    return event


def task_without_its_values(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Celery words a failed task with the exception's message; its name and number are enough to find it."""
    task = getattr(event.get("_record"), "data", None)
    if isinstance(task, dict) and "exc" in task:
        event["event"] = f"Task {task.get('name')} {task.get('id')} failed"
    return event


def place_of_failure(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Name an exception's kind and where it was raised, not its message, which may quote a value."""
    failure = event.pop("exc_info", None)
    if isinstance(failure, tuple) and failure[0] is not None:
        event["failure"] = failure[0].__name__
        event["raised_at"] = raised_at(failure[2])
    return event


def raised_at(traceback: Any) -> str:
    """``file:line`` of each frame, outermost first."""
    frames = []
    while traceback is not None:
        frames.append(f"{traceback.tb_frame.f_globals.get('__name__')}:{traceback.tb_lineno}")
        traceback = traceback.tb_next
    return " ".join(frames)


LINE = (
    structlog.processors.JSONRenderer()
    if environment.text("LOG_FORMAT") == "json"
    else structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "logger", "event"])
)

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": [
                structlog.contextvars.merge_contextvars,
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                task_without_its_values,
                first_line_only,
                without_questions,
            ],
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                place_of_failure,
                LINE,
            ],
        }
    },
    "handlers": {"line": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["line"], "level": environment.text("LOG_LEVEL", "INFO")},
    "loggers": {
        "django": {"handlers": [], "propagate": True},
        "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
        # These quote statements, arguments or addresses with their query strings below this level.
        "django.db.backends": {"level": "WARNING"},
        "celery": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        "fido2": {"level": "WARNING"},
        "azure": {"level": "WARNING"},
        "botocore": {"level": "WARNING"},
        "google": {"level": "WARNING"},
        "urllib3": {"level": "WARNING"},
        # What it would say of each failure is what a delivery says.
        "paramiko": {"level": "CRITICAL"},
        # What it would say of each failure is a sign-in event.
        "axes": {"level": "ERROR"},
        # Its own handler writes whole exceptions, with the values they quote.
        "gunicorn.error": {"handlers": ["line"], "level": "WARNING", "propagate": False},
    },
}
