"""The attached data of a conversation as its agent sees it, and how long each pair will be there."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from channels_cfg.key_names import is_listed
from channels_cfg.keys.catalogue import known_keys
from channels_cfg.models import AttachedKey, Channel
from conversations.attached_data.reasons import INVALID
from conversations.attached_data.retention_preview import listed_as
from conversations.attached_data.settings import settings_of
from conversations.attached_data.typed_values import TypedValue, typed
from conversations.attached_data.visible import shown_to_agent
from conversations.models import XRI_BODY, Conversation, LiveDatum
from conversations.pairs import Value, as_text
from conversations.safe_html import Body, body_of


@dataclass(frozen=True)
class Shown:
    """One pair. ``is_kept`` says whether it outlives the conversation, as the settings stand; ``flag``, which rule the
    value breaks; ``known`` is the key in the catalogue."""

    key: str
    value: Value
    source: str
    is_kept: bool
    flag: str = ""
    known: AttachedKey | None = None

    @property
    def typed(self) -> TypedValue:
        return typed(self.value, self.known)


@dataclass(frozen=True)
class AttachedData:
    """What the agent sees at this moment; ``task_body`` is that of an e-mail task."""

    pairs: list[Shown]
    task_body: Body
    destroyed: list[str]


def attached_data_for_agent(conversation: Conversation) -> AttachedData:
    """Live data while active. Afterwards kept data, and live data as long as the channel lets agents see it."""
    kept = [
        Shown(
            key,
            value,
            conversation.kept_sources.get(key, ""),
            is_kept=True,
            flag=conversation.kept_flags.get(key, ""),
        )
        for key, value in sorted(conversation.kept_data.items())
    ]
    listed = conversation.judged_keys if conversation.ended_at else settings_of(conversation).statistics_keys.value
    live = [
        Shown(datum.key, datum.value, datum.source, is_kept=is_listed(datum.key, listed or []), flag=datum.flag)
        for datum in shown_to_agent(conversation)
        if datum.key not in conversation.kept_data
    ]
    known = known_keys(pair.key for pair in [*kept, *live])
    pairs = [replace(pair, known=known.get(pair.key)) for pair in [*kept, *live]]
    body = Body("")
    if conversation.channel.kind == Channel.Kind.EMAIL:
        body = body_of(next((as_text(pair.value) for pair in pairs if pair.key == XRI_BODY), ""))
        pairs = [pair for pair in pairs if pair.key != XRI_BODY]
    destroyed = sorted(key for key, reason in conversation.dropped_keys.items() if reason != INVALID)
    return AttachedData(pairs, body, destroyed=[] if live else destroyed)


@dataclass(frozen=True)
class Ending:
    """The names of the keys that the end of a conversation keeps and destroys; ``at_once``, or when wrap-up is over."""

    kept: list[str]
    destroyed: list[str]
    at_once: bool


def ending_of(conversation: Conversation) -> Ending:
    """What ending it now would do, as the settings stand."""
    settings = settings_of(conversation)
    ending = Ending([], [], at_once=not settings.live_data_until_handled)
    is_task = conversation.channel.kind == Channel.Kind.EMAIL
    for key in LiveDatum.objects.filter(conversation=conversation).order_by("key").values_list("key", flat=True):
        names = ending.kept if listed_as(key, settings.statistics_keys.value) else ending.destroyed
        names.append(_("text of the task") if is_task and key == XRI_BODY else key)
    return ending
