"""A list of words in one line of a form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget


def each_once(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(filter(None, words)))


class WordsField(forms.Field):
    """Words separated by commas, semicolons or spaces, as ``tidied`` leaves them."""

    widget = UnfoldAdminTextInputWidget

    def __init__(self, *, tidied: Callable[[list[str]], list[str]] = each_once, **options: Any) -> None:
        super().__init__(**options)
        self.tidied = tidied

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        return value if isinstance(value, list) else self.tidied(re.split(r"[,;\s]+", value or ""))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return list(initial or []) != self.to_python(data)
