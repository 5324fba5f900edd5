"""Triggers are asked cheaply whether they are to be ignored.

The library's own question raises and catches an error in PostgreSQL for each row, unless something is ignored just
then: ten times what writing a conversation costs otherwise. Migrations that make triggers bring it back, so it is
replaced after each.
"""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db import connections

# Empty, rather than unset, after a transaction that ignored some.
_QUESTION = """
    CREATE OR REPLACE FUNCTION public._pgtrigger_should_ignore(trigger_name NAME) RETURNS BOOLEAN
    LANGUAGE sql STABLE
    RETURN coalesce(trigger_name = ANY (nullif(current_setting('pgtrigger.ignore', true), '')::text[]), false)
"""


def ask_cheaply(sender: AppConfig, using: str = "default", **_: Any) -> None:
    with connections[using].cursor() as cursor:
        cursor.execute(_QUESTION)
