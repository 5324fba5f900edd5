"""The portal, on the benchmark's database."""

import os

from config.settings.base import *  # noqa: F403
from config.settings.base import DATABASES

DATABASES["default"]["NAME"] = os.environ["BENCH_DATABASE"]
ALLOWED_HOSTS = ["*"]
CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL", "filesystem://localhost")
VISITOR_OPEN_CHATS = VISITOR_STARTS = 1000  # all of them sit at one address
