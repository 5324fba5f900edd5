"""Texts as PostgreSQL can store them."""

from __future__ import annotations


def storable(value: str) -> str:
    """The text without what PostgreSQL cannot store: NUL and halves of surrogate pairs become “�”."""
    return value.replace("\x00", "�").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
