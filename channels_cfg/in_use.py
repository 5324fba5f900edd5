"""What keeps a record from being deleted."""

from __future__ import annotations

from django.db import models


def used_by(record: models.Model) -> list[str]:
    """Kinds of rows that protect the record, in the plural: ``["conversations", "messaging services"]``.

    Says that there are some, never which or how many: the reader may have no right to see them.
    """
    if record.pk is None:
        return []
    return [
        str(relation.related_model._meta.verbose_name_plural)
        for relation in record._meta.related_objects
        if getattr(relation, "on_delete", None) is models.PROTECT
        and relation.related_model._base_manager.filter(**{relation.field.name: record.pk}).exists()
    ]
