"""What integrations fetch for the open conversation, as its agent reads it: no address, no reason with a host."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from channels_cfg.jobs import announce
from conversations.models import Conversation, IntegrationRun

MOST_SHOWN = 10
LOADING = "loading"
WORDS = {
    LOADING: _("Loading …"),
    IntegrationRun.Outcome.SAVED: _("Fetched"),
    IntegrationRun.Outcome.NOTHING: _("Nothing found"),
    IntegrationRun.Outcome.TIMED_OUT: _("Did not answer in time"),
    IntegrationRun.Outcome.FAILED: _("Could not be fetched"),
}


@dataclass(frozen=True)
class Fetch:
    """The latest run of one integration. ``state`` is loading, saved, nothing, timed_out or failed."""

    name: str
    state: str

    @property
    def words(self) -> str:
        return str(WORDS[self.state])

    @property
    def may_be_tried_again(self) -> bool:
        return self.state not in (LOADING, IntegrationRun.Outcome.SAVED)


def fetches_of(conversation: Conversation) -> list[Fetch]:
    """Of an active conversation; what only tells others is left out."""
    if not conversation.is_active:
        return []
    shown = [
        Fetch(run.integration_name, run.outcome if run.finished_at else LOADING)
        for run in _latest(conversation)
        if run.outcome != IntegrationRun.Outcome.SENT
    ]
    return sorted((fetch for fetch in shown if fetch.state in WORDS), key=lambda fetch: fetch.name)[:MOST_SHOWN]


def _latest(conversation: Conversation) -> QuerySet[IntegrationRun]:
    runs = IntegrationRun.objects.filter(conversation=conversation).defer("exchange")
    return runs.order_by("integration_name", "-pk").distinct("integration_name")


def fetch_again(conversation: Conversation) -> int:
    """Have what failed, or found nothing, asked again; how many."""
    pks = [run.pk for run in _latest(conversation)]
    count = IntegrationRun.objects.filter(pk__in=pks).try_again() if conversation.is_active else 0
    announce(IntegrationRun)
    return count
