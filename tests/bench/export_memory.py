"""``python -m tests.bench.export_memory csv``: write a file of all rows, print the megabytes this process took."""

import os
import resource
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.bench.portal_settings")

import django

django.setup()

from channels_cfg.models import User  # noqa: E402
from tests.bench.exports import everything, write  # noqa: E402

write(everything(), sys.argv[1], User.objects.get(username="supervisor"))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
