"""Whether agents take offers, now and over time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels_cfg.models import PauseReason
from channels_cfg.prepared import write
from conversations.models import told


class PresenceFacts(models.Model):
    """What an agent's presence is, since when and why."""

    class Status(models.TextChoices):
        READY = "ready", _("Ready")
        PAUSED = "paused", _("Paused")
        AWAY = "away", _("Away")

    class Cause(models.TextChoices):
        CHOSEN = "chosen", _("Chosen")
        MISSED_OFFER = "missed_offer", _("An offer was not accepted in time")
        NOT_SEEN = "not_seen", _("The desk was not open")
        SIGNED_OUT = "signed_out", _("Signed out")

    status = models.CharField(_("status"), max_length=6, choices=Status.choices, default=Status.AWAY)
    reason = models.ForeignKey(
        PauseReason, models.SET_NULL, verbose_name=_("pause reason"), null=True, blank=True, related_name="+"
    )
    cause = models.CharField(_("cause"), max_length=12, choices=Cause.choices, default=Cause.CHOSEN)
    since = models.DateTimeField(_("since"))

    class Meta:
        abstract = True

    @property
    def why(self) -> str:
        """In words; empty where the agent chose it and said no more."""
        if self.cause == self.Cause.CHOSEN:
            return str(self.reason or "")
        return str(self.get_cause_display())


class AgentPresenceQuerySet(models.QuerySet["AgentPresence"]):
    @transaction.atomic
    def change(
        self,
        agent_id: int,
        status: PresenceFacts.Status,
        *,
        now: datetime,
        reason: PauseReason | None = None,
        cause: PresenceFacts.Cause = PresenceFacts.Cause.CHOSEN,
    ) -> bool:
        """Whether that is news. Said again, it changes nothing: who is ready stays available as long as before."""
        facts: dict[str, Any] = {"status": status, "reason": reason, "cause": cause, "since": now}
        is_ready = status == PresenceFacts.Status.READY
        presence, is_first = self.select_for_update(no_key=True).get_or_create(
            agent_id=agent_id, defaults={**facts, "available_since": now if is_ready else None, "seen_at": now}
        )
        is_news = is_first or (presence.status, presence.reason) != (status, reason)
        if is_news and not is_first:
            self.filter(pk=presence.pk).update(**facts, available_since=now if is_ready else None)
        if is_news:
            PresenceChange.objects.create(agent_id=agent_id, **facts)
        return is_news

    def missed_an_offer(self, agent_id: int, *, now: datetime) -> None:
        """Pause the agent, who else would miss the next offer too; one who is not ready stays as is."""
        if self.filter(agent=agent_id, status=PresenceFacts.Status.READY).exists():
            self.change(agent_id, PresenceFacts.Status.PAUSED, now=now, cause=PresenceFacts.Cause.MISSED_OFFER)

    def available_since(self, agents: list[int], at: datetime) -> None:
        """These agents, where they are ready, have got or finished something: they are available anew from then."""
        write(_AVAILABLE_ANEW, [at, agents, at])

    def not_seen_since(self, at: datetime) -> AgentPresenceQuerySet:
        return self.exclude(status=PresenceFacts.Status.AWAY).filter(seen_at__lt=at)


_AVAILABLE_ANEW = """
    UPDATE conversations_agentpresence
       SET available_since = %s
     WHERE agent_id = ANY(%s) AND status = 'ready' AND available_since < %s
"""


class AgentPresence(PresenceFacts):
    """An agent's presence now. Who never said anything has none, and is offered nothing by routing."""

    agent = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("agent"), related_name="presence"
    )
    available_since = models.DateTimeField(
        _("available since"), null=True, blank=True, help_text=_("Ready, or the latest offer or end; who waits longest")
    )
    seen_at = models.DateTimeField(_("seen at"), help_text=_("When the desk was last seen, to some seconds"))

    objects = AgentPresenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("agent presence")
        verbose_name_plural = _("agent presences")
        ordering = ["agent"]
        triggers = [told.OF_PRESENCE]
        constraints = [
            models.CheckConstraint(
                condition=Q(status="ready", available_since__isnull=False)
                | (~Q(status="ready") & Q(available_since=None)),
                name="who_is_ready_is_available_since_a_time",
            ),
            models.CheckConstraint(condition=Q(reason=None) | Q(status="paused"), name="a_pause_alone_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.agent}: {self.get_status_display()}"


class PresenceChange(PresenceFacts):
    """The presence that an agent had from then on."""

    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("agent"), related_name="+", db_index=False
    )

    class Meta:
        verbose_name = _("presence change")
        verbose_name_plural = _("presence changes")
        ordering = ["id"]
        indexes = [models.Index(fields=["agent", "since"], name="presence_change_of_agent")]

    def __str__(self) -> str:
        return f"{self.agent}: {self.get_status_display()}"
