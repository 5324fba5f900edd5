"""What news are about, as the database and those who wait for them call it: ``agent:7``, ``queue:3``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

CHANNEL = "desk"
"""On which the database tells of them (``conversations/models/told.py``)."""

WAITS_FOR = "X-Waits-For"
"""The header in which an answer that says nothing is new names what would be."""


def topics(**ids: Iterable[Any]) -> str:
    """``topics(queue=[3, 4])`` as ``queue:3 queue:4``."""
    return " ".join(f"{name}:{pk}" for name, pks in ids.items() for pk in pks)
