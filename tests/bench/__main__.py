"""``make bench``: every measure beside its limit, one line each, and the same in ``VAR_DIR/bench.jsonl``.

Environment: ``BENCH_ROWS`` (default 200,000) conversations; ``MEASURE`` runs one measure by name, or several with
commas between. Exit status 1 when one is short of its bar.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

BENCH_DATABASE = os.environ.setdefault("BENCH_DATABASE", "keepsake_bench")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.bench.portal_settings")
os.environ.setdefault("VAR_DIR", "var")

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402

from tests.bench import databases, measures  # noqa: E402

DEFAULT_ROWS = 200_000


def main() -> int:
    rows = int(os.environ.get("BENCH_ROWS") or DEFAULT_ROWS)
    chosen = [name for name in os.environ.get("MEASURE", "").split(",") if name] or [*measures.MEASURES]
    if unknown := ", ".join(name for name in chosen if name not in measures.MEASURES):
        print(f"There is no measure {unknown}. Choose of: {', '.join(measures.MEASURES)}", file=sys.stderr)
        return 2
    results = []
    with databases.filled(BENCH_DATABASE, rows) as dataset:
        for name in chosen:
            result = measures.MEASURES[name](dataset, rows)
            results.append(result)
            print(result.line(name), flush=True)
    written = [
        json.dumps({"name": name, **vars(result), "ratio": result.ratio, "ok": result.ok})
        for name, result in zip(chosen, results, strict=True)
    ]
    Path(settings.VAR_DIR, "bench.jsonl").write_text("\n".join(written) + "\n")
    return 0 if all(result.ok for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
