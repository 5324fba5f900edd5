"""The Celery application: ``celery -A config worker`` and ``celery -A config beat``."""

import os
import warnings
from typing import Any

from celery import Celery, Task
from celery.platforms import SecurityWarning  # type: ignore[attr-defined]  # missing from its stubs
from celery.signals import setup_logging
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")
# Running as root, as a demonstration in a container does, is dangerous with pickled messages; ours are JSON.
warnings.filterwarnings("ignore", category=SecurityWarning)

TRANSPORT_ALIASES["filesystem"] = "config.message_files:Transport"


class WorkersTask(Task):
    """A task as our workers do it."""

    Request = "config.worker_requests:WorkersRequest"


app = Celery("keepsake", task_cls=WorkersTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_our_own_logging(**_: Any) -> None:
    """Celery leaves logging alone when somebody answers this signal; Django's LOGGING already set it up."""
