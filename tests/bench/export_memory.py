"""``python -m tests.bench.export_memory csv``: write a file of all rows, print the megabytes that the largest of the
processes took."""

import os
import resource
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.bench.portal_settings")
    import django

    django.setup()
    from channels_cfg.models import User
    from tests.bench.exports import everything, write

    write(everything(), sys.argv[1], User.objects.get(username="supervisor"))
    used = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(max(used) / 1024)


if __name__ == "__main__":  # each process of its own imports this module
    main()
