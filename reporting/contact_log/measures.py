"""What is counted of the Contact Log: each measure with its definition, which pages show and docs refer to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from django.db.models import Count, FloatField, Q, Sum, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, NullIf
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from conversations.models import POSTABLE_STATES, State
from reporting.models.contact_log import ANSWERED_ON_TIME

ANY = "any"
"""Instead of a late change: whichever."""


class Unit(Enum):
    """What a measure is a number of."""

    CONVERSATIONS = "conversations"
    SECONDS = "seconds"
    SHARE = "share"
    """From 0 to 1."""


@dataclass(frozen=True)
class Measure:
    """A number for a group of entries; None where nothing of the group has it. Each conversation counts once, however
    often it was transferred.

    Of groups that are folded together it is right, too: what it sums and what it divides by are added up first.
    """

    label: str | Promise
    definition: str | Promise
    sums: Combinable
    per: Combinable | None = None
    """How many entries it is an average of; None where it is a sum."""
    unit: Unit = Unit.CONVERSATIONS
    narrowed_to: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The parameters that ask for the entries it counts, besides those of the question."""
    empty_because: str | Promise = ""
    """Why an average has no number where there are conversations."""

    @property
    def expression(self) -> Combinable:
        return self.sums if self.per is None else Cast(self.sums, FloatField()) / NullIf(self.per, Value(0))


def _counting(label: Promise, definition: Promise, *states: State) -> Measure:
    codes = tuple(state.value for state in states)
    return Measure(label, definition, Count("pk", filter=Q(state__in=codes)), narrowed_to={"state": codes})


def _average(label: Promise, definition: Promise, seconds: str, has: Q, empty_because: Promise) -> Measure:
    sums, per = Sum(seconds, filter=has), Count("pk", filter=has)
    return Measure(label, definition, sums, per, Unit.SECONDS, empty_because=empty_because)


MEASURES: dict[str, Measure] = {
    "conversations": Measure(_("Conversations"), _("Every one that ended, each once, abandoned ones too"), Count("pk")),
    "served": _counting(_("Served"), _("Accepted by an agent before they ended"), *POSTABLE_STATES),
    "abandoned": _counting(_("Abandoned"), _("Ended before an agent accepted"), State.ABANDONED),
    "false_attempts": _counting(
        _("False attempts"), _("Ended unaccepted within the channel’s limit"), State.FALSE_ATTEMPT
    ),
    "service_level": Measure(
        _("Service level"),
        format_lazy(
            _(
                "Accepted within {seconds} seconds, as a share of inbound conversations of queues; abandoned ones "
                "count as not, false attempts do not count"
            ),
            seconds=ANSWERED_ON_TIME,
        ),
        Count("pk", filter=Q(within_service_level=True)),
        Count("within_service_level"),
        Unit.SHARE,
        empty_because=_("service level counts none of them"),
    ),
    "average_wait": Measure(
        _("Average wait"),
        _("From queued, or received if direct, to first accepted or the end"),
        Sum("waited_seconds"),
        Count("waited_seconds"),
        Unit.SECONDS,
    ),
    "average_ivr": _average(
        _("Average in the IVR"),
        _("Time in IVRs, which is no waiting time; of conversations that were in one"),
        "ivr_seconds",
        Q(ivr_seconds__gt=0),
        _("none was in an IVR"),
    ),
    "average_handling": Measure(
        _("Average handling"),
        _("From first accepted to handled; handled conversations only"),
        Sum("handling_seconds"),
        Count("handling_seconds"),
        Unit.SECONDS,
        empty_because=_("none was handled"),
    ),
    "average_hold": _average(
        _("Average on hold"),
        _("Time the customer was on hold, a part of handling; of conversations that were on hold"),
        "hold_seconds",
        Q(hold_seconds__gt=0),
        _("none was on hold"),
    ),
    "late": Measure(
        _("Changed late"),
        _("Kept data, disposition or handling changed, or data was anonymised, after the first report"),
        Count("pk", filter=~Q(late_changes=[])),
        narrowed_to={"late": (ANY,)},
    ),
}

IN_TABLES = ("conversations", "served", "abandoned", "false_attempts", "average_wait", "average_handling")
"""Measures that are columns where none are asked for."""
