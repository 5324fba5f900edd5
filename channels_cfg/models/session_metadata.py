"""What session metadata files hold and where they go, which system, channel and queue say alike."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import pgtrigger
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection, models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_cfg.models.rules import checked_with_its_parts, refuse
from channels_cfg.models.tidied import TidiedArrayField
from channels_cfg.near_names import did_you_mean

LONGEST_DESTINATION_NAME = 100

LISTED_AND_GONE = "a_listed_destination_is_there"

_LEVELS = ("channels_cfg_systemsettings", "channels_cfg_channel", "channels_cfg_queue")

_IS_GONE = "NOT EXISTS (SELECT FROM channels_cfg_metadatadestination AS destination WHERE destination.name = {name})"
_REFUSED = f"""
        RAISE EXCEPTION 'a list names a metadata destination that is not there'
              USING ERRCODE = 'foreign_key_violation', CONSTRAINT = '{LISTED_AND_GONE}';
    END IF;
    RETURN NULL;
"""


def _listed_are_there(operation: Any, condition: str, func: str) -> pgtrigger.Trigger:
    """Looked at when the transaction ends: whoever writes both lists and destinations may begin with either."""
    return pgtrigger.Trigger(
        name=LISTED_AND_GONE,
        level=pgtrigger.Row,
        operation=operation,
        when=pgtrigger.After,
        timing=pgtrigger.Deferred,
        condition=pgtrigger.Condition(condition),
        func=pgtrigger.Func(func + _REFUSED),  # type: ignore[no-untyped-call]
    )


WHERE_LISTED = _listed_are_there(
    pgtrigger.Insert | pgtrigger.UpdateOf("metadata_destinations"),  # type: ignore[no-untyped-call]
    "cardinality(NEW.metadata_destinations) > 0",
    f"""
    IF EXISTS (SELECT FROM {{meta.db_table}} AS place, unnest(place.metadata_destinations) AS listed (name)
                WHERE place.id = NEW.id AND {_IS_GONE.format(name="listed.name")}) THEN""",
)
"""A trigger of system, channels and queues."""

IS_LISTED_NO_MORE = _listed_are_there(
    pgtrigger.Delete | pgtrigger.UpdateOf("name"),  # type: ignore[no-untyped-call]
    "OLD.name IS NOT NULL",
    f"""
    IF {_IS_GONE.format(name="OLD.name")} AND ({
        " OR ".join(f"EXISTS (SELECT FROM {table} WHERE metadata_destinations @> ARRAY[OLD.name])" for table in _LEVELS)
    }) THEN""",
)
"""A trigger of destinations."""

RENAMED_IN_LISTS = pgtrigger.Trigger(
    name="lists_call_it_by_its_name",
    operation=pgtrigger.UpdateOf("name"),  # type: ignore[no-untyped-call]
    when=pgtrigger.After,
    condition=pgtrigger.Condition("OLD.name IS DISTINCT FROM NEW.name"),
    func="\n".join(
        f"UPDATE {table} SET metadata_destinations = array_replace(metadata_destinations, OLD.name, NEW.name) "
        "WHERE metadata_destinations @> ARRAY[OLD.name];"
        for table in _LEVELS
    )
    + "\nRETURN NULL;",
)
"""A trigger of destinations."""

_WITHOUT_DESTINATION = f"""
    SELECT min(name) FROM ({
    " UNION ".join(f"SELECT unnest(metadata_destinations) AS name FROM {table}" for table in _LEVELS)
}) AS listed WHERE {_IS_GONE.format(name="listed.name")}
"""


def check_listed_destinations() -> None:
    """Raise ``ValidationError`` where any list names a destination that is not there."""
    with connection.cursor() as cursor:
        cursor.execute(_WITHOUT_DESTINATION)
        [name] = cursor.fetchone()
    if name is not None:
        words = gettext("A list names the metadata destination “%(name)s”, which would not be there.")
        raise ValidationError(words % {"name": name})


def _each_once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name.strip() for name in names))


class SessionMetadataSettings(models.Model):
    """Says something on voice and chat. Empty follows the level above; on the system it leaves out."""

    class KeptData(models.TextChoices):
        INCLUDED = "included", _("Included")
        LEFT_OUT = "left_out", _("Left out")

    kept_data_in_session_metadata = models.CharField(
        _("kept data in session metadata files"),
        max_length=8,
        choices=KeptData.choices,
        blank=True,
        default="",
        db_default="",
        help_text=_(
            "Whether the files of voice and chat sessions hold the attached data that was kept. Empty: as the level "
            "above says; where none says it, it is left out. Example: included"
        ),
    )
    metadata_destinations = TidiedArrayField(
        models.CharField(max_length=LONGEST_DESTINATION_NAME),
        verbose_name=_("metadata destinations"),
        default=list,
        db_default=[],
        blank=True,
        tidy=_each_once,
        help_text=_(
            "Where the files of voice and chat sessions are delivered to. Empty: as the level above says; where none "
            "says it, nowhere. Example: Archive bucket"
        ),
    )

    class Meta:
        abstract = True

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """Lists name destinations that are there; one that is written with others is checked with them at the end."""
        if self.metadata_destinations and checked_with_its_parts(self):
            destinations = apps.get_model("channels_cfg.MetadataDestination")._base_manager
            known = set(destinations.values_list("name", flat=True))
            if unknown := [name for name in self.metadata_destinations if name not in known]:
                words = [no_such_destination(name, known) for name in unknown]
                refuse({"metadata_destinations": words}, exclude=exclude)
        super().validate_constraints(exclude=exclude)


def no_such_destination(name: str, known: Collection[str]) -> str:
    told = {"name": name[:100], "near": did_you_mean(name, known)}
    return gettext("There is no metadata destination “%(name)s”.%(near)s") % told
