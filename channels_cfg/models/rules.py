"""What the rules of models have in common.

A rule stands in one of three places, and everybody who writes asks all three by ``full_clean``: about one value, as
validator of its field; about one record and what it points to, in ``clean``, without a query where these are at hand;
about other rows too, in ``validate_constraints``, beside the constraints of the database.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ObjectDoesNotExist, ValidationError
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _


def related(record: models.Model, name: str) -> Any:
    """What the foreign key points to, None where it is not set or points to nothing."""
    try:
        return getattr(record, name)
    except ObjectDoesNotExist:
        return None


PART_OF = "part_of"
"""The attribute of a model that names its foreign key to what it is checked with."""

_LATER = "_is_checked_with_its_parts_later"


def checked_with_its_parts(record: models.Model) -> bool:
    """Whether a record that makes sense only together with others is checked with them now."""
    return not getattr(record, _LATER, False)


def check_with_its_parts_later(record: models.Model) -> None:
    """Whoever writes several of them at once says so of each, and checks the whole when all are there."""
    setattr(record, _LATER, True)


def refuse(complaints: Mapping[str, Any], *, exclude: Collection[str] | None = None) -> None:
    """Raise ``ValidationError`` with the complaints, by field; those about excluded fields are none."""
    if named := {name: complaint for name, complaint in complaints.items() if name not in (exclude or ())}:
        raise ValidationError(named)


def in_words(refused: ValidationError, model: type[models.Model]) -> str:
    """``Time to accept (seconds): At least 5 seconds.`` for a refusal by field; each field by its label."""
    if not hasattr(refused, "error_dict"):
        return " ".join(refused.messages)
    return " ".join(
        message
        if name == NON_FIELD_ERRORS
        else _("%(field)s: %(message)s") % {"field": _label(model, name), "message": message}
        for name, messages in refused.message_dict.items()
        for message in messages
    )


def _label(model: type[models.Model], name: str) -> str:
    return capfirst(str(model._meta.get_field(name).verbose_name))  # type: ignore[union-attr]  # no reverse relation
