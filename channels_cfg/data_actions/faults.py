"""What can be wrong with a data action: where it is, what is wrong, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from channels_cfg.positions import Position

NOWHERE = Position(0, 0)


class Severity(StrEnum):
    """How far a data action with this fault gets."""

    UNREADABLE = "unreadable"
    """It is not saved."""
    BLOCKS = "blocks"
    """It is saved as a draft and not published."""
    WARNING = "warning"
    """It is published; this is likely to go wrong when it runs."""


@dataclass(frozen=True)
class ActionFinding:
    """One fault. ``field`` is the field's name in the file, such as ``requestTemplate``; ``at`` is ``NOWHERE``
    where the fault is about the whole field."""

    severity: Severity
    field: str
    message: str
    remedy: str = ""
    at: Position = NOWHERE

    @property
    def place(self) -> str:
        """``requestTemplate, line 3, column 14``"""
        return f"{self.field}, {self.at}" if self.at.line else self.field

    @property
    def words(self) -> str:
        """What is wrong and what to do, without the place."""
        return f"{self.message} {self.remedy}".strip()

    def __str__(self) -> str:
        return f"{self.place}: {self.words}"


class ActionFault(Exception):
    """Something of a data action cannot be read, or cannot be done with this input."""

    def __init__(self, message: str, *, at: Position = NOWHERE) -> None:
        super().__init__(message)
        self.message, self.at = message, at
