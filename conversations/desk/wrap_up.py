"""What the agent notes when a conversation has ended: disposition, note, and keys that the settings ask for."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from channels_cfg.keys.catalogue import known_keys
from channels_cfg.models import AttachedKey, User
from conversations import lifecycle
from conversations.attached_data.post import post_data
from conversations.lifecycle import TakenByAnother, WrongState
from conversations.models import Conversation, Event, State, tell_readers
from conversations.pairs import as_text


class Unfinished(Exception):
    """Wrap-up is not over before the rest is noted; the words say what."""


@dataclass(frozen=True)
class KeyToEnter:
    """A key of the kept data with its value so far."""

    name: str
    value: str
    known: AttachedKey | None
    is_required: bool


@dataclass(frozen=True)
class WrapUp:
    """What may be chosen, and what may be entered."""

    dispositions: list[str]
    keys: list[KeyToEnter]

    def missing_in(self, conversation: Conversation) -> list[str]:
        """What has to be noted before it is over."""
        keys = [key.known.label if key.known and key.known.label else key.name for key in self.keys if _is_missing(key)]
        return [*([_("disposition")] if self.dispositions and not conversation.disposition else []), *keys]


def _is_missing(key: KeyToEnter) -> bool:
    return key.is_required and not key.value


def wrap_up_of(conversation: Conversation) -> WrapUp:
    """As queue and channel ask for it; one query. Of a mail no keys are asked, since it keeps none."""

    def listed(name: str) -> list[str]:
        return getattr(conversation.queue, name, None) or getattr(conversation.channel, name)

    required = listed("required_keys")
    names = list(dict.fromkeys([*required, *listed("wrap_up_keys")])) if conversation.carries_attached_data else []
    known = known_keys(names) if names else {}
    kept = conversation.kept_data
    return WrapUp(
        dispositions=listed("dispositions"),
        keys=[KeyToEnter(name, as_text(kept.get(name, "")), known.get(name), name in required) for name in names],
    )


@transaction.atomic
def note(
    conversation_id: uuid.UUID, *, by: User, now: datetime, disposition: str, note: str, pairs: Mapping[str, str]
) -> Conversation:
    """Keep what the agent noted so far; of the pairs, those that the settings let the agent enter and that changed.
    Raises ``WrongState`` and ``RefusedPairs``."""
    conversation = lifecycle.locked(conversation_id)
    if conversation.agent_id != by.pk:
        raise TakenByAnother(conversation)
    if conversation.state != State.WRAP_UP:
        raise WrongState(conversation, State.WRAP_UP)
    wrap_up = wrap_up_of(conversation)
    if disposition not in wrap_up.dispositions:
        disposition = conversation.disposition
    if (disposition, note) != (conversation.disposition, conversation.note):
        conversation.disposition, conversation.note = disposition, note
        lifecycle.tell(conversation, Event.Kind.NOTED, at=now, by=by)
        lifecycle.save(conversation)
        tell_readers((conversation.pk, now))
    before = {key.name: key.value for key in wrap_up.keys}
    changed = {name: pairs[name] for name in before if pairs.get(name, "") not in ("", before[name])}
    if changed:
        post_data(conversation, changed, by=by, now=now)
    return Conversation.objects.locked(conversation_id)


@transaction.atomic
def finish(conversation_id: uuid.UUID, *, by: User, now: datetime) -> Conversation:
    """Wrap-up is over. Raises ``Unfinished`` and ``WrongState``."""
    conversation = lifecycle.locked(conversation_id)
    if conversation.agent_id not in (None, by.pk):
        raise TakenByAnother(conversation)
    missing = wrap_up_of(conversation).missing_in(conversation) if conversation.state == State.WRAP_UP else []
    if missing:
        raise Unfinished(_("Still to be noted: %(what)s.") % {"what": get_text_list(missing, _("and"))})
    return lifecycle.handle(conversation_id, by=by, now=now)
