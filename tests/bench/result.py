"""What a measure comes to, and how it is taken."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection

ROUNDS = 3


@dataclass(frozen=True)
class Result:
    """``ours`` against ``limit``. ``bar`` is the least ratio, or the greatest where less is better."""

    ours: float
    limit: float
    bar: float
    less_is_better: bool = False

    @property
    def ratio(self) -> float:
        return round(self.ours / self.limit, 3)

    @property
    def ok(self) -> bool:
        return self.ratio <= self.bar if self.less_is_better else self.ratio >= self.bar

    def line(self, name: str) -> str:
        verdict = "ok" if self.ok else "short"
        sign = "≤" if self.less_is_better else "≥"
        return f"{name:<22} {self.ours:>12,.2f} {self.limit:>12,.2f} {self.ratio:>7.3f} {sign}{self.bar:<5} {verdict}"


def seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
