"""How the hosts that integrations ask are spared: a circuit breaker and a budget of retries for each."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F, Q
from django.db.models.functions import Least

from conversations.models import EndpointState

FAILURES_IN_A_ROW = 5
RESTS_FOR = timedelta(seconds=30)
MOST_RETRIES = 10.0
EARNED = 0.1
"""Of a retry, by each answer: no more than a tenth of the requests is repeated once the first ten are spent."""


def rests_until(name: str, *, now: datetime) -> tuple[datetime | None, bool]:
    """None where the host may be asked, and whether nothing is wrong with it. After its rest one request is let
    through, to see; the others go on waiting."""
    state = EndpointState.objects.filter(name=name).first()
    if state is None:
        return None, True
    rest = state.rests_until
    if rest is None:
        return None, not state.failures and state.retries_left >= MOST_RETRIES
    if rest > now:
        return rest, False
    due = EndpointState.objects.filter(name=name, rests_until=rest)
    return (None if due.update(rests_until=now + RESTS_FOR) else now + RESTS_FOR), False


def answered(name: str) -> None:
    """It works. Nothing is written where nothing was wrong."""
    unwell = EndpointState.objects.filter(name=name).filter(Q(failures__gt=0) | Q(retries_left__lt=MOST_RETRIES))
    unwell.update(failures=0, rests_until=None, retries_left=Least(F("retries_left") + EARNED, MOST_RETRIES))


def failed(name: str, *, now: datetime) -> None:
    """One failure more; after several in a row it is left alone for a while."""
    EndpointState.objects.get_or_create(name=name)
    EndpointState.objects.filter(name=name).update(failures=F("failures") + 1)
    EndpointState.objects.filter(name=name, failures__gte=FAILURES_IN_A_ROW).update(rests_until=now + RESTS_FOR)


def may_retry(name: str) -> bool:
    """Take a retry out of the budget."""
    EndpointState.objects.get_or_create(name=name)
    left = EndpointState.objects.filter(name=name, retries_left__gte=1)
    return bool(left.update(retries_left=F("retries_left") - 1))
