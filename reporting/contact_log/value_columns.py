"""Which type a kept key's column has in a typed file: that of the catalogue, where every value in the rows fits it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.backends.utils import CursorWrapper
from django.db.models import BooleanField, Func
from django.db.models.fields.json import KeyTransform

from channels_cfg.models import AttachedKey
from reporting.contact_log.table import all_of
from reporting.models.contact_log import ContactLogQuerySet

Kind = AttachedKey.Kind

_IS_DAY = r"""
    WHEN v #>> '{}' !~ '^(?!0000)\d{4}-(0[1-9]|1[0-2])-\d\d' THEN false
    WHEN to_char((left(v #>> '{}', 8) || '01')::date + substr(v #>> '{}', 9, 2)::int - 1, 'YYYY-MM-DD')
         <> left(v #>> '{}', 10) THEN false
"""
_FITS = {
    Kind.INTEGER: """
        CASE WHEN jsonb_typeof(v) <> 'number' THEN false
             ELSE scale(v::numeric) = 0 AND abs(v::numeric) < 9223372036854775807 END
    """,
    Kind.DECIMAL: """
        CASE WHEN jsonb_typeof(v) <> 'number' THEN false
             WHEN v::numeric <> 0 AND abs(v::numeric) NOT BETWEEN 1e-307 AND 1e308 THEN false
             ELSE v::float8::numeric = v::numeric END
    """,
    Kind.BOOLEAN: "jsonb_typeof(v) = 'boolean'",
    Kind.DATE: f"CASE {_IS_DAY} ELSE length(v #>> '{{}}') = 10 END",
    Kind.DATETIME: rf"""
        CASE {_IS_DAY}
             ELSE substr(v #>> '{{}}', 11) ~ '^T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{{1,6}})?Z$' END
    """,
}
"""Whether a JSON value ``v`` can stand in a column of the type as it is."""
_OF_VALUE = "FROM (SELECT NULLIF(%(expressions)s, 'null') AS v) AS cell"


@dataclass(frozen=True)
class ValueColumn:
    """A kept key as a column. ``kind`` is the type of its cells; ``known`` is what the catalogue says of the key."""

    key: str
    kind: str
    known: AttachedKey | None

    @property
    def facts(self) -> dict[str, str]:
        """What there is to say of the key, by name; what is not known is left out."""
        facts = {"key": self.key, "type": str(self.kind)}
        if self.known:
            facts |= {
                "catalogue_type": self.known.kind,
                "label": self.known.label,
                "group": self.known.group,
                "purpose": self.known.purpose,
                "sensitive": "yes" if self.known.sensitive else "",
            }
        return {name: fact for name, fact in facts.items() if fact}


def value_columns(cursor: CursorWrapper, entries: ContactLogQuerySet, keys: Sequence[str]) -> list[ValueColumn]:
    """A column for each key. One that is typed in the catalogue is text all the same where a value in the rows does not
    fit, since values may be kept with a flag: nothing of it is lost."""
    catalogue = {key.name: key for key in AttachedKey.objects.filter(name__in=keys)}
    typed = {name: known.kind for name, known in catalogue.items() if known.kind in _FITS}
    unfit = _unfit(cursor, entries, typed) if typed else set()
    return [
        ValueColumn(key, Kind.TEXT if key in unfit else typed.get(key, Kind.TEXT), catalogue.get(key)) for key in keys
    ]


def _unfit(cursor: CursorWrapper, entries: ContactLogQuerySet, typed: Mapping[str, str]) -> set[str]:
    """Those of the keys that have a value which does not fit their type."""
    all_fit = [
        Func(
            KeyTransform(key, "kept_data"),
            template=f"bool_and((SELECT {_FITS[Kind(kind)]} {_OF_VALUE}))",
            output_field=BooleanField(),
        )
        for key, kind in typed.items()
    ]
    (found,) = all_of(cursor, entries.order_by().values_list(*all_fit))
    return {key for key, fits in zip(typed, found, strict=True) if fits is False}
