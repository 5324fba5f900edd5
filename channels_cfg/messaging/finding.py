"""What trying a connection finds out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was found out. ``level`` is good, warn or bad."""

    level: str
    words: str
