"""What is counted of the Contact Log: each measure with its definition, which pages show and docs refer to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from django.db.models import Avg, Case, Count, FloatField, Q, Value, When
from django.db.models.expressions import Combinable
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from conversations.models import POSTABLE_STATES, State
from reporting.contact_log.asked import ANY
from reporting.models.contact_log import ANSWERED_ON_TIME


class Unit(Enum):
    """What a measure is a number of."""

    CONVERSATIONS = "conversations"
    SECONDS = "seconds"
    SHARE = "share"
    """From 0 to 1."""


@dataclass(frozen=True)
class Measure:
    """A number for a group of entries; None where nothing of the group has it. Each conversation counts once, however
    often it was transferred."""

    label: str | Promise
    definition: str | Promise
    expression: Combinable
    unit: Unit = Unit.CONVERSATIONS
    narrowed_to: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The parameters that ask for the entries it counts, besides those of the question."""


def _in_states(*states: State) -> tuple[Combinable, dict[str, tuple[str, ...]]]:
    codes = tuple(state.value for state in states)
    return Count("pk", filter=Q(state__in=codes)), {"state": codes}


def _counting(label: Promise, definition: Promise, *states: State) -> Measure:
    expression, narrowed_to = _in_states(*states)
    return Measure(label, definition, expression, narrowed_to=narrowed_to)


_ON_TIME = Avg(
    Case(When(within_service_level=True, then=Value(1.0)), When(within_service_level=False, then=Value(0.0))),
    output_field=FloatField(),
)

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
        _ON_TIME,
        Unit.SHARE,
    ),
    "average_wait": Measure(
        _("Average wait"),
        _("From queued, or received if direct, to first accepted or the end"),
        Avg("waited_seconds"),
        Unit.SECONDS,
    ),
    "average_ivr": Measure(
        _("Average in the IVR"),
        _("Time in IVRs, which is no waiting time; of conversations that were in one"),
        Avg("ivr_seconds", filter=Q(ivr_seconds__gt=0)),
        Unit.SECONDS,
    ),
    "average_handling": Measure(
        _("Average handling"),
        _("From first accepted to handled; handled conversations only"),
        Avg("handling_seconds"),
        Unit.SECONDS,
    ),
    "average_hold": Measure(
        _("Average on hold"),
        _("Time the customer was on hold, a part of handling; of conversations that were on hold"),
        Avg("hold_seconds", filter=Q(hold_seconds__gt=0)),
        Unit.SECONDS,
    ),
    "late": Measure(
        _("Changed late"),
        _("Kept data, disposition or handling changed, or data was anonymised, after the first report"),
        Count("pk", filter=~Q(late_changes=[])),
        narrowed_to={"late": (ANY,)},
    ),
}

IN_TABLES = ("conversations", "served", "abandoned", "false_attempts", "average_wait", "average_handling")
"""Measures that are columns where groups or intervals are rows."""
