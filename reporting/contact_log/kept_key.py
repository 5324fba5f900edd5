"""A kept key in SQL: its value as people read it, and the reason where it has none."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db.models import Case, Func, Q, TextField, Value, When
from django.db.models.expressions import Expression
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from channels_cfg.key_names import check_key_name, is_listed
from channels_cfg.text_search import Composed
from conversations.attached_data.kept_condition import KeptCondition, Operator
from conversations.attached_data.reasons import REASONS
from conversations.models import POSTABLE_STATES
from reporting.models import ContactLogEntry
from reporting.models.contact_log import ContactLogQuerySet

VALUE = "value:"
REASON = "reason:"


def value_of(key: str) -> Expression:
    """The key's value as a reader sees it: empty for an empty text and for null, null where the key has no value at
    all."""
    return Case(
        When(kept_data__has_key=key, then=Composed(Coalesce(KeyTextTransform(key, "kept_data"), Value("")))),
        output_field=TextField(),
    )


def missing_reason(key: str) -> Expression:
    """Why the key has no value, a code of ``REASONS``; null where it has one.

    Says in SQL what ``conversations.attached_data.missing_reason`` says of one conversation.
    """
    parts = key.split(".")
    key_and_parents = [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
    return Case(
        When(kept_data__has_key=key, then=None),
        When(~Q(state__in=POSTABLE_STATES), then=Value("abandoned")),
        When(dropped_keys__has_key=key, then=KeyTextTransform(key, "dropped_keys")),
        When(judged_keys__overlap=key_and_parents, then=Value("not_provided")),
        default=Value("not_kept"),
        output_field=TextField(),
    )


def missing_reason_of(entry: ContactLogEntry, key: str) -> str:
    """Why the entry has no value for the key: a code of ``REASONS``."""
    if entry.state not in POSTABLE_STATES:
        return "abandoned"
    if key in entry.dropped_keys:
        return str(entry.dropped_keys[key])
    return "not_provided" if is_listed(key, entry.judged_keys or []) else "not_kept"


def group_of(key: str) -> Expression:
    """What entries are grouped by: ``value:gold``, or ``reason:not_kept`` where the key has no value."""
    return Case(
        When(kept_data__has_key=key, then=_joined(VALUE, value_of(key))),
        default=_joined(REASON, missing_reason(key)),
        output_field=TextField(),
    )


def _joined(prefix: str, expression: Expression) -> Expression:
    return Func(Value(prefix), expression, function="concat", output_field=TextField())


@dataclass(frozen=True)
class Missing:
    """The condition that a key has no value, for this reason. Written ``customerType:not_kept``."""

    key: str
    reason: str

    @classmethod
    def parse(cls, written: str) -> Missing:
        """Read the condition, or raise ``ValidationError`` that says what is wrong."""
        key, _colon, reason = written.partition(":")
        if reason not in REASONS:
            raise ValidationError(
                _("Write the key, a colon and a reason. Reasons: %(reasons)s.") % {"reasons": ", ".join(REASONS)}
            )
        return cls(check_key_name(key), reason)

    def __str__(self) -> str:
        return f"{self.key}:{self.reason}"

    @property
    def in_words(self) -> str:
        reason = REASONS[self.reason]
        return _("%(key)s has no value (%(reason)s%(reason_2)s)") % {
            "key": self.key,
            "reason": reason[0].lower(),
            "reason_2": reason[1:],
        }


def matching(entries: ContactLogQuerySet, condition: KeptCondition | Missing) -> ContactLogQuerySet:
    """The entries that fulfil the condition. A text is compared with the value as it is shown and grouped."""
    if isinstance(condition, Missing):
        return entries.alias(_missing=missing_reason(condition.key)).filter(_missing=condition.reason)
    if condition.operator == Operator.EQUALS:
        return entries.alias(_value=value_of(condition.key)).filter(_value=Composed(Value(condition.text)))
    return entries.filter(condition.q)
