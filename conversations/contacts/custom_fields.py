"""Custom fields of contacts: as the schema in the system settings says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from channels_cfg.contact_fields import schema_of
from channels_cfg.data_actions.contract import complaints_about
from channels_cfg.models import SystemSettings


def check_custom_fields(values: Any, *, before: Mapping[str, Any] | None = None) -> None:
    """Raises ``ValidationError`` by field, such as ``customFields.dni``; it repeats no value. What was so ``before``
    stays, whatever the schema says since."""
    if not isinstance(values, dict):
        raise ValidationError({"customFields": _("Custom fields are an object by name.")})
    before = before or {}
    changed = {name: value for name, value in values.items() if name not in before or before[name] != value}
    if not changed:
        return
    schema = schema_of(SystemSettings.load().contact_fields)
    properties = schema.get("properties", {})
    if unknown := sorted(set(changed) - set(properties)):
        known = ", ".join(properties) or _("none yet; an administrator names them in the system settings")
        words = _("There is no such custom field. Known are: %(known)s.") % {"known": known}
        raise ValidationError({f"customFields.{name[:80]}": words for name in unknown[:20]})
    stays = {name for name in values if name not in changed}
    complaints = [one for one in complaints_about(values, schema) if not stays & set(one.pointer.split("/")[1:2])]
    if complaints:
        raise ValidationError({f"customFields{one.pointer.replace('/', '.')}": str(one.rule) for one in complaints})


def typed(name: str, text: str) -> Any:
    """What the text means in the type that the schema gives the field; the text itself where it means nothing there."""
    rule = schema_of(SystemSettings.load().contact_fields).get("properties", {}).get(name, {})
    try:
        return _READ.get(rule.get("type", ""), str)(text)
    except (ValueError, KeyError):
        return text


_READ: dict[str, Callable[[str], Any]] = {
    "integer": int,
    "number": float,
    "boolean": lambda text: {"true": True, "false": False}[text.lower()],
}
