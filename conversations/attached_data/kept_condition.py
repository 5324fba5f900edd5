"""What a search may ask of a kept key: that it is set, equals a text, or contains one.

Written ``customerType``, ``customerType=gold`` and ``customerType~go``. No key contains ``=`` or ``~``, so that any key
can be named, dots included, and the text may be anything.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, TextChoices
from django.db.models.fields.json import KeyTextTransform
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_cfg.key_names import check_key_name
from channels_cfg.text_search import Finds
from conversations.pairs import Value, as_text

LONGEST_TEXT = 4096


class Operator(TextChoices):
    """How the kept value is compared."""

    IS_SET = "", gettext_lazy("is set")
    EQUALS = "=", gettext_lazy("equals")
    CONTAINS = "~", gettext_lazy("contains")


@dataclass(frozen=True)
class KeptCondition:
    """One condition on the kept data of a conversation."""

    key: str
    operator: Operator
    text: str = ""

    @classmethod
    def parse(cls, written: str) -> KeptCondition:
        """Read ``customerType=gold``, or raise ``ValidationError`` that says what is wrong and the way out."""
        key, sign, text = re.fullmatch(r"([^=~]*)([=~]?)(.*)", written, re.DOTALL).groups()  # type: ignore[union-attr]
        if "\x00" in text:
            raise ValidationError(_("Values contain no NUL character. Remove it."))
        if len(text) > LONGEST_TEXT:
            raise ValidationError(
                _("A value has at most %(most)s characters. Search for fewer.") % {"most": LONGEST_TEXT}
            )
        if sign == Operator.CONTAINS and not text:
            raise ValidationError(
                _("Say what the value of %(key)s should contain, such as %(key)s~gold.") % {"key": key.strip()}
            )
        return cls(check_key_name(key.strip()), Operator(sign), text)

    def __str__(self) -> str:
        return f"{self.key}{self.operator.value}{self.text}"

    @property
    def in_words(self) -> str:
        """``customerType equals gold``"""
        sentence = {
            Operator.IS_SET: _("%(key)s is set"),
            Operator.EQUALS: _("%(key)s equals %(text)s"),
            Operator.CONTAINS: _("%(key)s contains %(text)s"),
        }[self.operator]
        return sentence % {"key": self.key, "text": self.text}

    @property
    def q(self) -> Q:
        """Conversations whose kept data fulfil it."""
        match self.operator:
            case Operator.IS_SET:
                return Q(kept_data__has_key=self.key)
            case Operator.CONTAINS:
                return Q(Finds(KeyTextTransform(self.key, "kept_data"), self.text))
            case Operator.EQUALS:
                alike = Q()
                for value in values_shown_as(self.text):
                    alike |= Q(kept_data__contains={self.key: value})
                return alike


def values_shown_as(text: str) -> list[Value]:
    """The values that a reader sees as this text: ``5`` is shown for the text and for the number, and an accent looks
    alike composed and decomposed."""
    values: list[Value] = [*{text, unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)}]
    if text == "":
        values.append(None)
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        return values
    if isinstance(value, float) and not math.isfinite(value):
        return values
    if isinstance(value, bool | int | float) and as_text(value) == text:
        values.append(value)
    return values
