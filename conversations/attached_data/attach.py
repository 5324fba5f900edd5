"""Attaching pairs while a conversation is active. Callers hold the conversation's row lock."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from channels_cfg.models import Source, User
from conversations.attached_data.known_pairs import by_catalogue
from conversations.attached_data.reasons import INVALID
from conversations.attached_data.settings import settings_of
from conversations.attached_data.write_result import STORED, UNCHANGED, WriteResult
from conversations.models import Conversation, Event, LiveDatum
from conversations.pairs import Value, check_pairs, check_size, refuse_all


def attach_data(
    conversation: Conversation,
    data: Mapping[str, Any],
    *,
    source: Source,
    at: datetime,
    by: User | None = None,
    message_id: str = "",
    overwrites: bool = True,
) -> dict[str, WriteResult]:
    """Attach pairs to an active conversation and say for each, by the name it was sent under, what became of it.

    Within one source the latest ``at`` wins. ``message_id`` names the message that carried the pairs, for news that may
    come twice and in any order. Without ``overwrites`` keys that have a value keep it. Raises ``RefusedPairs``, having
    changed nothing, where a pair or the whole (of a message, its own pairs) breaks the rules.
    """
    if not conversation.carries_attached_data:
        raise refuse_all(data)
    settings = settings_of(conversation)
    pairs = (known := by_catalogue(sent := check_pairs(data, settings=settings))).pairs
    live = {datum.key: datum for datum in LiveDatum.objects.filter(conversation=conversation)}
    held = {} if message_id else {key: datum.value for key, datum in live.items()}
    check_size(pairs, to=held, settings=settings, sent=sent)

    def result_of(key: str, value: Value) -> WriteResult:
        result = result_beside(value, source, at, held=live.get(key), precedence=settings.precedence.value)
        return result if overwrites or key not in live else _left_alone(result)

    results = {key: result_of(key, value) for key, value in pairs.items()}
    winners = [key for key, result in results.items() if result is STORED]
    same = [key for key, result in results.items() if result is UNCHANGED and overwrites]
    written = [*winners, *(key for key in same if at > live[key].attached_at)]
    _write(conversation, {key: pairs[key] for key in written}, known.flags, source=source, at=at)
    _note_invalid(conversation, known.invalid)
    if message_id:
        own = [key for key in pairs if key in winners or live[key].source == source]
        record_attached_by(message_id, conversation, own, source=source, at=at)
    elif winners:
        _tell_on_timeline(conversation, winners, source=source, at=at, by=by)
    return known.as_sent(results)


def _tell_on_timeline(
    conversation: Conversation, keys: Iterable[str], *, source: Source, at: datetime, by: User | None
) -> None:
    detail = {"keys": sorted(keys), "source": source}
    Event.objects.create(conversation=conversation, kind=Event.Kind.ATTACHED, at=at, actor=by, detail=detail)


def _left_alone(result: WriteResult) -> WriteResult:
    if result is UNCHANGED:
        return result
    return WriteResult("superseded", _("This key has a value already, and this overwrites none."))


def _note_invalid(conversation: Conversation, keys: Iterable[str]) -> None:
    if noted := dict.fromkeys(keys, INVALID):
        conversation.dropped_keys |= noted
        conversation.save(update_fields=["dropped_keys"])


def _write(
    conversation: Conversation, pairs: Mapping[str, Value], flags: Mapping[str, str], *, source: Source, at: datetime
) -> None:
    live = [
        LiveDatum(
            conversation=conversation, key=key, value=value, source=source, flag=flags.get(key, ""), attached_at=at
        )
        for key, value in pairs.items()
    ]
    LiveDatum.objects.bulk_create(
        live,
        update_conflicts=True,
        unique_fields=["conversation", "key"],
        update_fields=["value", "source", "flag", "attached_at"],
    )


def record_attached_by(
    message_id: str, conversation: Conversation, keys: Iterable[str], *, source: Source, at: datetime
) -> None:
    """Tell on the timeline which keys a message carried.

    Unlike what became of them, that is the same in whatever order messages arrive.
    """
    if not keys:
        return
    event, is_new = Event.objects.get_or_create(
        conversation=conversation,
        external_id=f"attached:{message_id}",
        defaults={
            "kind": Event.Kind.ATTACHED,
            "at": at,
            "detail": {"keys": sorted(keys), "source": source},
        },
    )
    if not is_new:
        event.at = min(event.at, at)
        event.detail["keys"] = sorted({*event.detail["keys"], *keys})
        event.save(update_fields=["at", "detail"])


def result_beside(
    value: Value, source: Source, at: datetime, *, held: LiveDatum | None, precedence: list[str]
) -> WriteResult:
    """What becomes of a value beside the one that is there: precedence between sources, the latest within one (rule 3).

    ``precedence`` names the sources, the strongest first.
    """
    if held is None:
        return STORED
    rank, held_rank = precedence.index(source), precedence.index(held.source)
    if rank > held_rank:
        return WriteResult(
            "superseded",
            _("The value from the %(source)s has precedence.") % {"source": Source(held.source).label.lower()},
        )
    if rank == held_rank:
        if (value, type(value)) == (held.value, type(held.value)):
            return UNCHANGED
        # The text breaks a tie, so that the order of arrival never decides.
        if (at, json.dumps(value)) < (held.attached_at, json.dumps(held.value)):
            return WriteResult("superseded", _("A later value of the same source is there already."))
    return STORED
