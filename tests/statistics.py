"""What PostgreSQL gathers about tables."""

from django.db import connection


def gather_statistics() -> None:
    """Have it look at every table of this database.

    Without names it looks at those that all databases share as well, and keeps every other run that does waiting until
    the transaction ends.
    """
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        cursor.execute("ANALYZE " + ", ".join(f'"{table}"' for table in tables))
