"""Counts in lists of the System Configurator."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Manager, OuterRef, Subquery
from django.db.models.functions import Coalesce


def number_of(records: Manager[Any], pointing_by: str) -> Coalesce:
    """How many of the records point to the row that is listed.

    Counted for each row by itself: a count over joins would be made again for each row that a search joins.
    """
    counted = records.filter(**{pointing_by: OuterRef("pk")}).order_by().values(pointing_by).annotate(Count("pk"))
    return Coalesce(Subquery(counted.values("pk__count")), 0)
