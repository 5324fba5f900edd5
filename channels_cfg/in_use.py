"""What keeps a record from being deleted."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from channels_cfg.models import Channel, DataAction, IvrDefinition, IvrStep, MetadataDestination, Queue, SystemSettings

NAMED = 3
"""So many IVRs are named."""


def used_by(record: models.Model) -> list[str]:
    """Kinds of rows that protect the record, in the plural: ``["conversations", "messaging services"]``.

    Says that there are some, never which or how many: the reader may have no right to see them. IVRs are settings as
    the record is, and named.
    """
    if record.pk is None:
        return []
    return (
        _integrations(record)
        + _lists(record)
        + [
            ivrs_in_words(rows)
            if relation.related_model is IvrStep
            else str(relation.related_model._meta.verbose_name_plural)
            for relation in record._meta.related_objects
            if getattr(relation, "on_delete", None) is models.PROTECT
            and (rows := relation.related_model._base_manager.filter(**{relation.field.name: record.pk})).exists()
        ]
    )


def _integrations(record: models.Model) -> list[str]:
    names = record.called_by() if isinstance(record, DataAction) else []
    return [_("the integration “%(name)s”") % {"name": name} for name in names[:NAMED]]


def _lists(record: models.Model) -> list[str]:
    """Who lists a destination: these are settings as it is, and named."""
    if not isinstance(record, MetadataDestination):
        return []
    listing = [
        (model, model._default_manager.filter(metadata_destinations__contains=[record.name])[: NAMED + 1])
        for model in (SystemSettings, Channel, Queue)
    ]
    return [
        str(place) if model is SystemSettings else f"{model._meta.verbose_name} “{place}”"
        for model, places in listing
        for place in places[:NAMED]
    ]


def ivrs_in_words(steps: models.QuerySet[Any]) -> str:
    """``the IVR “Service number”``, by the steps that use the record."""
    names = IvrDefinition.objects.filter(pk__in=steps.order_by().values("definition")).values_list("name", flat=True)
    quoted = [f"“{name}”" for name in names[:NAMED]] + (["…"] if len(names) > NAMED else [])
    told = get_text_list(quoted, _("and"))
    return _("the IVR %(name)s") % {"name": told} if len(names) == 1 else _("the IVRs %(names)s") % {"names": told}
