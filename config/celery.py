"""The Celery application: ``celery -A config worker`` and ``celery -A config beat``."""

import os
import warnings
from typing import Any

from celery import Celery
from celery.platforms import SecurityWarning  # type: ignore[attr-defined]  # missing from its stubs
from celery.signals import before_task_publish, setup_logging
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")
# Running as root, as a demonstration in a container does, is dangerous with pickled messages; ours are JSON.
warnings.filterwarnings("ignore", category=SecurityWarning)

TRANSPORT_ALIASES["filesystem"] = "config.message_files:Transport"

app = Celery("keepsake")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_our_own_logging(**_: Any) -> None:
    """Celery leaves logging alone when somebody answers this signal; Django's LOGGING already set it up."""


@before_task_publish.connect(sender="config.tasks.note_heartbeat")
def note_that_the_scheduler_runs(**_: Any) -> None:
    """Nobody but the scheduler sends this task. Noted before sending, so that a silent broker is told apart."""
    from django.utils import timezone  # applications load after this module

    from config.models import SCHEDULER, Heartbeat

    Heartbeat.objects.note(SCHEDULER, now=timezone.now())
