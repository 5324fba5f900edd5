"""Texts as searches compare them: whatever the case, and however an accent or a wide letter is encoded."""

from __future__ import annotations

import unicodedata
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import CharField, Func, Lookup, TextField, Value
from django.db.models.lookups import Contains


class SearchText(Func):
    """The text as searches compare it. PostgreSQL makes it of what is stored and of what was typed, so that a name is
    found by itself: upper case first, since a sigma has two lower ones, and ``ß`` by hand, which has no upper one.
    ASCII, which has as many bytes as letters, needs none of that, and is most of what there is.
    """

    template = (
        "CASE WHEN octet_length((%(expressions)s)::text) = length((%(expressions)s)::text)"
        " THEN lower((%(expressions)s)::text)"
        " ELSE replace(lower(upper(normalize((%(expressions)s)::text, NFKC))), 'ß', 'ss') END"
    )
    output_field = TextField()

    def as_sql(self, *args: Any, **kwargs: Any) -> Any:
        sql, params = super().as_sql(*args, **kwargs)
        return sql, [*params] * self.template.count("%(expressions)s")


class Composed(Func):
    """The text with its accents in the one form that readers cannot tell from the others."""

    template = "normalize((%(expressions)s)::text, NFC)"
    output_field = TextField()


@CharField.register_lookup
@TextField.register_lookup
@ArrayField.register_lookup
class Finds(Lookup):
    """``name__finds="märta"``: contains the text, as searches compare."""

    lookup_name = "finds"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return Contains(SearchText(self.lhs), SearchText(Value(str(self.rhs)))).as_sql(compiler, connection)


def search_text(text: str) -> str:
    """The same of a text that no database knows."""
    return unicodedata.normalize("NFKC", text).upper().casefold()
