"""Keys pasted by an administrator: separated by commas or lines, as JSON, or as CSV with a column for each list."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from channels_cfg.key_names import BadKeyName, check_key_list, check_key_name, pasted_rows, split_key_list

NO = ("", "0", "no", "false", "-")


def read_paste(text: str, lists: Mapping[str, str], into: str) -> dict[str, list[str]]:
    """Keys by the name of their list. ``lists`` holds each list's name and its label, ``into`` the name of the list for
    keys that are not in a table. ``ValidationError`` names item or line, character and position."""
    rows = pasted_rows(text)
    heading = rows[0] if rows else []
    if len(heading) > 1 and heading[0].casefold() == "key":
        return _from_table(rows[1:], _named(heading[1:], lists))
    if into not in lists:
        raise ValidationError(_("Choose the list into which the keys go."))
    if not (names := split_key_list(text)):
        raise ValidationError(_("There is no key to tick. Paste one or more first. Example: orderId, customerType"))
    return {into: check_key_list(names)}


def _named(heading: list[str], lists: Mapping[str, str]) -> list[str]:
    """The lists that the columns are about; they may be called by name or label, in upper or lower case."""
    called = {called.casefold(): name for name, label in lists.items() for called in (name, label)}
    for label in heading:
        if label.casefold() not in called:
            raise ValidationError(
                _("Line 1: no list here is called “%(name)s”. Choose of: %(lists)s.")
                % {"name": label, "lists": ", ".join(lists.values())}
            )
    return [called[label.casefold()] for label in heading]


def _from_table(rows: list[list[str]], names: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {name: [] for name in names}
    complaints: list[str] = []
    for line, row in enumerate(rows, start=2):
        if not any(row):
            continue
        try:
            key = check_key_name(row[0])
        except BadKeyName as bad:
            complaints.append(
                _("Line %(line)d, “%(name)s”: %(reason)s") % {"line": line, "name": row[0], "reason": bad.messages[0]}
            )
            continue
        for name, cell in zip(names, row[1:], strict=False):
            if cell.casefold() not in NO:
                found[name].append(key)
    if complaints:
        raise ValidationError(complaints)
    return found
