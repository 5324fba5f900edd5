"""Spark on this machine, in an environment of its own: it is large, and needs Java."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.engines.questions import Dialect

DIALECT = Dialect(length="size", moment="TIMESTAMP", seconds="unix_timestamp({moment})")
SCRIPT = Path(__file__).with_name("spark_script.py")


def answers(python: str, dataset: Path, statements: Sequence[str], *, zone: str) -> list[list[tuple[Any, ...]]]:
    """The rows of each statement about ``contact_log``, on the zone's clock. ``python`` has pyspark."""
    asked = json.dumps({"dataset": str(dataset), "zone": zone, "statements": list(statements)})
    done = subprocess.run([python, str(SCRIPT)], input=asked, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"Spark failed: {done.stderr}")
    return [[tuple(row) for row in rows] for rows in json.loads(done.stdout)]
