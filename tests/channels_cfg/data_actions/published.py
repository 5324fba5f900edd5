"""The published data actions, where they are at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

PUBLISHED = Path(__file__).resolve().parents[4] / "shared" / "data" / "data_actions"
FILES = sorted(PUBLISHED.glob("*.json"))

with_published_files = pytest.mark.skipif(not FILES, reason="the published data actions are not beside the repository")


def published(name: str) -> Path:
    """The file whose name ends so."""
    return next(file for file in FILES if file.name.endswith(name))
