"""Where conversations are in their life, and how long customers waited in it."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    """Where a conversation is in its life."""

    RECEIVED = "received", _("Received")
    QUEUED = "queued", _("Queued")
    ALLOCATED = "allocated", _("Offered")
    ACCEPTED = "accepted", _("Accepted")
    WRAP_UP = "wrap_up", _("Wrap-up")
    HANDLED = "handled", _("Handled")
    ABANDONED = "abandoned", _("Abandoned")
    FALSE_ATTEMPT = "false_attempt", _("False attempt")


BUSY_STATES = (State.ALLOCATED, State.ACCEPTED, State.WRAP_UP)
"""Its agent has it: on offer, served, or being wrapped up."""
ACTIVE_STATES = (State.RECEIVED, State.QUEUED, State.ALLOCATED, State.ACCEPTED)
POSTABLE_STATES = (State.WRAP_UP, State.HANDLED)
"""Ended after somebody served it: it has kept data, and more can be posted (specification 000)."""
ENDED_STATES = (State.WRAP_UP, State.HANDLED, State.ABANDONED, State.FALSE_ATTEMPT)
UNACCEPTED_ENDS = (State.ABANDONED, State.FALSE_ATTEMPT)

UNTIL_SERVED = Coalesce("accepted_at", "ended_at")
WAITED = Case(
    When(accepted_at=None, ended_at=None, then=None),
    When(queued_at__lte=UNTIL_SERVED, then=UNTIL_SERVED - F("queued_at")),
    default=Greatest(UNTIL_SERVED - F("received_at") - F("time_in_ivr"), Value(timedelta())),
    output_field=models.DurationField(),
)
"""How long the customer waited: from queued to first accepted or, where nobody accepted, to the end. What was accepted
or ended without a queue waited from received, less its time in the IVR."""


ENDED_IN_IVR = Q(queue=None, allocated_at=None, state__in=UNACCEPTED_ENDS)
"""It ended before it came to a queue or an agent."""
