"""Migrations in half the time."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db.models import Field


@contextmanager
def copied_fields() -> Iterator[None]:
    """Models of past states get copies of their fields.

    Django takes each field apart and makes it anew from its arguments, for the 22,000 models that all migrations
    together go through.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Field, "clone", copy.deepcopy)
        yield
