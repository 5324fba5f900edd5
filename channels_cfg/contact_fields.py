"""Custom fields of external contacts, as a JSON Schema of draft 4 whose properties are flat."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from channels_cfg.data_actions.contract import UnreadableContract, read_schema

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,99}\Z")
_TYPES = ("string", "integer", "number", "boolean")
MOST_FIELDS = 100


def schema_of(text: str) -> dict[str, Any]:
    """The schema; of an empty text one without fields. Raises ``UnreadableContract`` with line and column."""
    if not text.strip():
        return {"type": "object", "properties": {}}
    return read_schema(text)


def check_contact_fields(text: str) -> None:
    """Raises ``ValidationError`` with where the fault is, and the way out."""
    try:
        schema = schema_of(text)
    except UnreadableContract as fault:
        where = f"{fault.at}: " if fault.at.line else ""
        raise ValidationError(f"{where}{fault.message}") from None
    properties = schema.get("properties", {})
    if schema.get("type", "object") != "object" or not isinstance(properties, dict):
        raise ValidationError(_('Write {"type": "object", "properties": {"customer_number": {"type": "string"}}}.'))
    if len(properties) > MOST_FIELDS:
        raise ValidationError(_("At most %(most)d fields.") % {"most": MOST_FIELDS})
    for name, rule in properties.items():
        if not _NAME.match(name):
            raise ValidationError(
                _("“%(name)s” is no name of a field. Begin with a letter; use letters, digits, - and _.")
                % {"name": name[:80]}
            )
        if not isinstance(rule, dict) or rule.get("type") not in _TYPES:
            raise ValidationError(
                _("Say of “%(name)s” that its type is one of %(types)s.") % {"name": name, "types": ", ".join(_TYPES)}
            )
