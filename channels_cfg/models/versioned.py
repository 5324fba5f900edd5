"""Models whose every change is recorded by database triggers: what changed, and as which settings version."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import pghistory
import pghistory.models
import pgtrigger
from django.db import connection, models
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

M = TypeVar("M", bound=type[models.Model])

# Settings are changed by one transaction after the other. So versions are committed in the order of their numbers, and
# whoever sees version 6 sees exactly what versions 1 to 6 made. Waiting before the first row is locked, a transaction
# that changes many rows and one that changes one of them never wait for each other.
_TURN = "pg_advisory_xact_lock(hashtext('channels_cfg_settingsversion'))"
_TAKE_TURNS = f"PERFORM {_TURN}; RETURN NULL;"


def lock_settings() -> None:
    """Wait for it now, before a row is read or locked: nobody else changes settings until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_TURN}")


_JOIN_VERSION = """
    SELECT id INTO NEW.pgh_version_id FROM channels_cfg_settingsversion
     WHERE transaction = pg_current_xact_id()::text::bigint AND made_at = now();
    IF NOT FOUND THEN
        INSERT INTO channels_cfg_settingsversion (transaction, made_at, context_id)
        VALUES (pg_current_xact_id()::text::bigint, now(), NEW.pgh_context_id)
        RETURNING id INTO NEW.pgh_version_id;
    END IF;
    RETURN NEW;
"""


class RecordedEvent(pghistory.models.Event):
    """One row that was created, changed or deleted, as it was afterwards, or, deleted, before."""

    pgh_version = models.ForeignKey(
        "channels_cfg.SettingsVersion",
        models.DO_NOTHING,
        verbose_name=_("pgh version"),
        null=True,
        related_name="+",
        editable=False,
    )

    class Meta:
        abstract = True
        verbose_name = _("event")


def versioned(
    *, exclude: Sequence[str] = (), model_name: str | None = None, related_name: str | None = None
) -> Callable[[M], M]:
    """Record inserts, updates and deletes of the model. ``exclude`` names fields that are no settings or are secret:
    they are neither recorded nor make a version. ``related_name`` is how the record calls its changes, where it has
    ``events`` of another kind."""

    def decorate(model: M) -> M:
        columns = [field.column for field in model._meta.concrete_fields if field.name not in exclude]
        pgtrigger.register(
            pgtrigger.Trigger(
                name="settings_change_in_turns",
                level=pgtrigger.Statement,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf(*columns) | pgtrigger.Delete,  # type: ignore[no-untyped-call]
                when=pgtrigger.Before,
                func=_TAKE_TURNS,
            )
        )(model)
        return pghistory.track(
            pghistory.InsertEvent(),
            pghistory.UpdateEvent(),
            pghistory.DeleteEvent(),
            exclude=list(exclude) or None,
            base_model=RecordedEvent,
            obj_field=pghistory.ObjForeignKey(related_name=related_name or "events"),
            model_name=model_name or f"{model.__name__}Event",
            meta=_meta_of_changes(model),
        )(model)

    return decorate


def _meta_of_changes(model: type[models.Model]) -> dict[str, Any]:
    """How the model of its changes is called, found, and joined to settings versions."""
    names = model._meta
    return {
        "verbose_name": format_lazy("{change}: {kind}", change=_("change"), kind=names.verbose_name),
        "verbose_name_plural": format_lazy("{changes}: {kinds}", changes=_("changes"), kinds=names.verbose_name_plural),
        "indexes": [models.Index(fields=["pgh_obj", "-pgh_id"])],
        "triggers": [
            pgtrigger.Trigger(
                name="join_settings_version",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func=_JOIN_VERSION,
            )
        ],
    }
