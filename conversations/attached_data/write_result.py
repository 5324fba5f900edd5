"""What became of a pair that somebody wrote."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy


@dataclass(frozen=True)
class WriteResult:
    """What became of one pair: ``stored``, ``unchanged``, ``superseded`` or ``dropped``, and why.

    ``key`` is the name it goes by; empty where the catalogue left the pair out.
    """

    outcome: str
    reason: str | Promise = ""
    key: str = ""

    def as_json(self) -> dict[str, str]:
        return {"verdict": self.outcome, "reason": str(self.reason)}


STORED = WriteResult("stored")
UNCHANGED = WriteResult("unchanged", gettext_lazy("This value is there already."))
