"""Models whose every change is recorded by database triggers: what changed, and as which settings version."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import pghistory
import pgtrigger
from django.db import models

M = TypeVar("M", bound=type[models.Model])

_MAKE_VERSION = """
    INSERT INTO channels_cfg_settingsversion (transaction, made_at)
    VALUES (pg_current_xact_id()::text::bigint, now())
    ON CONFLICT (transaction, made_at) DO NOTHING;
    RETURN NULL;
"""


def versioned(*, exclude: Sequence[str] = (), model_name: str | None = None) -> Callable[[M], M]:
    """Record inserts, updates and deletes of the model. ``exclude`` names fields that are no settings or are secret:
    they are neither recorded nor make a version."""

    def decorate(model: M) -> M:
        pgtrigger.register(
            pgtrigger.Trigger(
                name="settings_version_by_insert_delete",
                operation=pgtrigger.Insert | pgtrigger.Delete,
                when=pgtrigger.After,
                func=_MAKE_VERSION,
            ),
            pgtrigger.Trigger(
                name="settings_version_by_update",
                operation=pgtrigger.Update,
                when=pgtrigger.After,
                condition=pgtrigger.AnyChange(exclude=list(exclude)),
                func=_MAKE_VERSION,
            ),
        )(model)
        return pghistory.track(
            pghistory.InsertEvent(),
            pghistory.UpdateEvent(),
            pghistory.DeleteEvent(),
            exclude=list(exclude) or None,
            model_name=model_name,
        )(model)

    return decorate
