"""The choices of a key in a form: one a line."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextareaWidget


class ChoicesField(forms.Field):
    """One choice a line; a single line is split at its commas."""

    widget = UnfoldAdminTextareaWidget

    def __init__(self, *, base_field: Any = None, max_length: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)  # the model's array field also names its base field, which is always text

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> list[str]:
        if isinstance(value, list):
            return value
        lines = [line.strip() for line in (value or "").splitlines() if line.strip()]
        if len(lines) == 1:
            lines = [part.strip() for part in lines[0].split(",") if part.strip()]
        return lines

    def has_changed(self, initial: Any, data: Any) -> bool:
        return list(initial or []) != self.to_python(data)
