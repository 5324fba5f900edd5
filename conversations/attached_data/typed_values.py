"""Values as people read them: by the type that the key catalogue gives their key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from channels_cfg.models import AttachedKey
from channels_cfg.value_rules import BrokenRule
from conversations.pairs import Value, as_text

Kind = AttachedKey.Kind


@dataclass(frozen=True)
class TypedValue:
    """A value and how it is shown: as ``text``, unless one of the others is set.

    ``address`` is an http or https address without a user's name; ``day`` and ``moment`` are shown on the viewer's
    clock; ``answer`` is yes or no.
    """

    text: str
    address: str = ""
    day: date | None = None
    moment: datetime | None = None
    answer: bool | None = None


def typed(value: Value, key: AttachedKey | None) -> TypedValue:
    """The value by its key's type. One that breaks the rules, or has none, is plain text."""
    text = as_text(value)
    if key is None or value is None:
        return TypedValue(text)
    try:
        parsed = key.parse(value)
    except BrokenRule:
        return TypedValue(text)
    match key.kind:
        case Kind.URL:
            return TypedValue(text, address=as_text(parsed))
        case Kind.DATE if isinstance(parsed, str):
            return TypedValue(text, day=date.fromisoformat(parsed))
        case Kind.DATETIME if isinstance(parsed, str):
            return TypedValue(text, moment=datetime.fromisoformat(parsed))
        case Kind.BOOLEAN if isinstance(parsed, bool):
            return TypedValue(text, answer=parsed)
    return TypedValue(text)
