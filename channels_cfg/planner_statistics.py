"""Customer data leaves no trace in PostgreSQL's planner statistics.

ANALYZE copies values of a column, and of an index's expressions, to where they outlive their rows (rule 12). A model
names in ``customer_data`` its fields whose values are destroyed one day; after each migration those are without
statistics.
"""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db import connections

# Writing the type again, the same one, removes what was gathered before.
_STATEMENTS = """
    WITH declared AS (
        SELECT attrelid, attnum, attname, format_type(atttypid, atttypmod) AS type, attstattarget
          FROM pg_attribute
         WHERE attrelid = to_regclass(%(table)s) AND attname = ANY (%(columns)s)
    )
    SELECT format('ALTER TABLE %%s ALTER %%I TYPE %%s, ALTER %%2$I SET STATISTICS 0',
                  attrelid::regclass, attname, type)
      FROM declared
     WHERE attstattarget IS DISTINCT FROM 0
     UNION ALL
    SELECT DISTINCT format('ALTER INDEX %%s ALTER %%s SET STATISTICS 0', i.indexrelid::regclass, a.attnum)
      FROM declared
      JOIN pg_depend d ON d.refobjid = declared.attrelid AND d.refobjsubid = declared.attnum
      JOIN pg_index i ON i.indexrelid = d.objid AND d.classid = 'pg_class'::regclass
      JOIN pg_attribute a ON a.attrelid = i.indexrelid AND i.indkey[a.attnum - 1] = 0
     WHERE declared.attstattarget IS DISTINCT FROM 0 OR a.attstattarget IS DISTINCT FROM 0
"""


def gather_none_of_customer_data(sender: AppConfig, using: str = "default", **_: Any) -> None:
    """Switch statistics off for every field that a model of the application names in ``customer_data``."""
    with connections[using].cursor() as cursor:
        for model in sender.get_models():
            if fields := getattr(model, "customer_data", ()):
                columns = [field.column for field in model._meta.local_concrete_fields if field.name in fields]
                cursor.execute(_STATEMENTS, {"table": model._meta.db_table, "columns": columns})
                for (statement,) in cursor.fetchall():
                    cursor.execute(statement)
