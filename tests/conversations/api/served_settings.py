"""The portal that tests ask over HTTP: on the database that the test fills."""

import os

from config.settings.test import *  # noqa: F403
from config.settings.test import DATABASES

DATABASES["default"]["NAME"] = os.environ["BENCH_DATABASE"]
