"""The columns of the Contact Log: which there are, which are shown in which order, and what they are called."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_cfg.key_names import is_invisible, shown_character
from channels_cfg.spreadsheets import harmless

COLUMNS = {
    "conversation_id": gettext_lazy("Conversation"),
    "received_at": gettext_lazy("Received"),
    "accepted_at": gettext_lazy("Accepted"),
    "ended_at": gettext_lazy("Ended"),
    "handled_at": gettext_lazy("Handled"),
    "channel": gettext_lazy("Channel"),
    "messaging_channel": gettext_lazy("Messaging channel"),
    "queue": gettext_lazy("Queue"),
    "agent": gettext_lazy("Agent"),
    "direction": gettext_lazy("Direction"),
    "state": gettext_lazy("State"),
    "waited_seconds": gettext_lazy("Waited (seconds)"),
    "handling_seconds": gettext_lazy("Handling time (seconds)"),
    "ivr_seconds": gettext_lazy("In the IVR (seconds)"),
    "hold_seconds": gettext_lazy("On hold (seconds)"),
    "within_service_level": gettext_lazy("Within service level"),
    "disposition": gettext_lazy("Disposition"),
}
"""Name for machines → heading for people. One column for each kept key follows, then why cells are empty."""

TIMES = ("received_at", "accepted_at", "ended_at", "handled_at")
EMPTY_BECAUSE = "empty_because"
FIELDS_OF_ROWS = {**COLUMNS, EMPTY_BECAUSE: gettext_lazy("Empty because")}
"""The columns that are no kept keys."""

FIELD = "field:"
"""Chosen columns are written as the key alone, or as ``field:queue``; no key has a colon."""
LONGEST_HEADING = 100


@dataclass(frozen=True)
class LogColumn:
    """A column: a kept key, or one of ``FIELDS_OF_ROWS``."""

    written: str
    """As an address writes it."""
    heading: str = ""
    """The user's own; none: its label."""

    @property
    def is_key(self) -> bool:
        return not self.written.startswith(FIELD)

    @property
    def name(self) -> str:
        """The key, or the name for machines."""
        return self.written.removeprefix(FIELD)

    def label(self, zone: ZoneInfo) -> str:
        """What people call it where they chose no heading: times name their zone."""
        if self.is_key:
            return self.name
        return f"{FIELDS_OF_ROWS[self.name]} ({zone})" if self.name in TIMES else str(FIELDS_OF_ROWS[self.name])


def keys_among(columns: Sequence[LogColumn]) -> list[str]:
    return [column.name for column in columns if column.is_key]


# As an address writes them


def has_fields(chosen: Sequence[str]) -> bool:
    """Whether the choice says which of ``FIELDS_OF_ROWS`` are shown; else all are."""
    return any(written.startswith(FIELD) for written in chosen)


def in_order(chosen: Sequence[str]) -> list[str]:
    """The columns that are shown: exactly those chosen, or around keys alone all others."""
    if has_fields(chosen):
        return [written for written in chosen if written != FIELD]
    return [*(f"{FIELD}{name}" for name in COLUMNS), *chosen, f"{FIELD}{EMPTY_BECAUSE}"]


def shortened(chosen: Sequence[str]) -> tuple[str, ...]:
    """The same choice in the fewest words."""
    shown = [written for written in chosen if written != FIELD]
    keys = [written for written in shown if not written.startswith(FIELD)]
    if not has_fields(chosen) or shown == in_order(keys):
        return tuple(keys)
    return tuple(shown if has_fields(shown) else [FIELD, *shown])


# Headings


def check_heading(heading: str) -> str:
    """Return the heading, or raise ``ValidationError`` that says what is wrong with it and the way out."""
    if not heading:
        raise ValidationError(_("Write the column, “=” and its heading, such as field:queue=Team."))
    for position, character in enumerate(heading, 1):
        if is_invisible(character):
            raise ValidationError(
                _("Character %(position)s of the heading is %(character)s. Leave it out.")
                % {"position": position, "character": shown_character(character)}
            )
    about = {"heading": heading, "most": LONGEST_HEADING, "count": len(heading)}
    if len(heading) > LONGEST_HEADING:
        raise ValidationError(_("A heading has at most %(most)s characters; this one has %(count)s.") % about)
    if harmless(heading) != heading:
        raise ValidationError(
            _("A spreadsheet may take “%(heading)s” for a formula. Begin the heading with a letter or a digit.") % about
        )
    return heading


def said_twice(columns: Sequence[LogColumn], *, zone: ZoneInfo) -> list[str]:
    """The headings of the user's own that another column has, too."""
    words = [column.heading or column.label(zone) for column in columns]
    return list(dict.fromkeys(column.heading for column in columns if words.count(column.heading) > 1))


def headings(columns: Sequence[LogColumn], *, zone: ZoneInfo) -> list[str]:
    """Headings for people: the user's own, else labels."""
    labels = [LogColumn(f"{FIELD}{name}").label(zone) for name in FIELDS_OF_ROWS]
    taken = {*labels, *(column.heading for column in columns)}
    return [column.heading or _told_apart(column, column.label(zone), taken) for column in columns]


def names(columns: Sequence[LogColumn]) -> list[str]:
    """Headings for machines, which no choice of words changes: the key itself for a kept key."""
    return [_told_apart(column, column.name, FIELDS_OF_ROWS) for column in columns]


def _told_apart(column: LogColumn, name: str, taken: Container[str]) -> str:
    # No key has a blank in it, so that this can be no other key.
    return _("%(key)s (attached data)") % {"key": name} if column.is_key and name in taken else name
