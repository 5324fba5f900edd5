"""What the end of an active conversation will do to its attached data, key by key, before it is done."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass

from django.utils.translation import gettext as _

from channels_cfg.keys.effective_settings import Effective, effective_settings
from channels_cfg.models import Channel, ExtraDataLists, Queue, Right, SystemSettings, User
from conversations.attached_data.visible import is_at_work_on, shown_to_agent
from conversations.key_usage.observations import Observation, observe, parents_of
from conversations.models import Conversation, LiveDatum
from conversations.pairs import as_text

LEVELS = ("queue", "channel", "system")


@dataclass(frozen=True)
class PreviewedKey:
    """One key now, and after the end. ``text`` is None where the viewer may not see the value.

    ``listed_as`` is the item of the list that keeps it, the key itself or a parent; empty: it is destroyed.
    ``proposed_as`` says the same for a list that is not saved yet.
    """

    key: str
    text: str | None
    observation: Observation
    source: str
    listed_as: str
    proposed_as: str = ""


@dataclass(frozen=True)
class Proposal:
    """A statistics list that might be saved on one of the levels, and the one that would count then."""

    keys: list[str]
    level: str
    effective: Effective[list[str]]

    @property
    def counts(self) -> bool:
        """Whether the list would be the one that judges; another level's may come first."""
        return self.effective.origin == self.level and bool(self.keys)


def preview_retention(
    conversation: Conversation, *, viewer: User, judged_by: Sequence[str], proposal: Proposal | None = None
) -> list[PreviewedKey]:
    """The live data of the conversation by key. Values are those that the viewer sees at work (rule 6)."""
    visible = values_shown_to(viewer, conversation)
    return [
        PreviewedKey(
            datum.key,
            as_text(datum.value) if datum.key in visible else None,
            observe(datum.key, datum.value, source=datum.source),
            datum.source,
            listed_as(datum.key, judged_by),
            listed_as(datum.key, proposal.effective.value) if proposal else "",
        )
        for datum in LiveDatum.objects.filter(conversation=conversation).order_by("key")
    ]


def values_shown_to(viewer: User, conversation: Conversation) -> set[str]:
    """The keys whose live values the viewer may see."""
    serves = Conversation.objects.granting(Right.SERVE, to=viewer).filter(pk=conversation.pk).exists()
    if not serves or not is_at_work_on(conversation, viewer):
        return set()
    return {datum.key for datum in shown_to_agent(conversation)}


def listed_as(key: str, listed: Sequence[str]) -> str:
    """The name under which a list keeps the key, or nothing."""
    return next((name for name in (key, *reversed(parents_of(key))) if name in listed), "")


def propose(conversation: Conversation, keys: list[str], *, level: str) -> Proposal:
    """What would count for the conversation if the list were saved on this level; nothing is saved."""
    system = copy(SystemSettings.load())
    channel, queue = copy(conversation.channel), copy(conversation.queue)
    levels: dict[str, ExtraDataLists | None] = {"queue": queue, "channel": channel, "system": system}
    changed = levels[level]
    if changed is not None:
        changed.statistics_keys = keys
    counted = effective_settings(channel=channel, queue=queue, system=system)
    return Proposal(keys, level, counted.statistics_keys)


def level_in_words(origin: str, *, channel: Channel, queue: Queue | None) -> str:
    """``queue Chat sales``"""
    return {
        "queue": _("queue %(queue)s") % {"queue": queue},
        "channel": _("channel %(channel)s") % {"channel": channel},
    }.get(origin, _("the system settings"))
