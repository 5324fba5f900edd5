"""Posting to the kept data of a conversation that has ended (specification 000, contactData)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from channels_cfg.models import Source, User
from conversations.attached_data.known_pairs import by_catalogue
from conversations.attached_data.reasons import INVALID
from conversations.attached_data.settings import settings_of
from conversations.attached_data.write_result import STORED, UNCHANGED, WriteResult
from conversations.models import POSTABLE_STATES, Conversation, Event, State, tell_readers
from conversations.pairs import Pairs, Value, check_pairs, check_size, refuse_all


class NotPostable(Exception):
    """Kept data can be posted in wrap-up and handled only (specification 000)."""

    def __init__(self, state: str) -> None:
        self.state = State(state)
        super().__init__(
            _("The conversation is %(state)s. Data can be posted once it is in wrap-up or handled.")
            % {"state": self.state.label.lower()}
        )


class ChangedMeanwhile(Exception):
    """The kept data is not what the caller has read. Read it again."""


_MERGE = """
    UPDATE conversations_conversation
       SET kept_data = kept_data || %(pairs)s::jsonb,
           kept_sources = kept_sources || %(sources)s::jsonb,
           kept_times = kept_times - %(keys)s::text[],
           kept_flags = kept_flags - %(keys)s::text[] || %(flags)s::jsonb,
           dropped_keys = dropped_keys - %(keys)s::text[] || %(invalid)s::jsonb,
           version = version + 1
     WHERE id = %(id)s
 RETURNING kept_data
"""


@transaction.atomic
def post_data(
    conversation: Conversation,
    data: Mapping[str, Any],
    *,
    by: User,
    now: datetime,
    only_if: Callable[[Pairs], bool] | None = None,
    dry_run: bool = False,
) -> tuple[Pairs, dict[str, WriteResult]]:
    """Merge pairs into the kept data of an ended conversation; return the kept data and a result per pair sent.

    The row lock makes parallel writers of different keys wait for each other, so that all survive. ``only_if`` looks
    at the kept data under that lock. Raises ``NotPostable``, ``ChangedMeanwhile`` or ``RefusedPairs``, having changed
    nothing; ``dry_run`` answers the same and writes nothing.
    """
    held = Conversation.objects.locked(conversation.pk, no_key=True)
    if held.state not in POSTABLE_STATES:
        raise NotPostable(held.state)
    if only_if is not None and not only_if(held.kept_data):
        raise ChangedMeanwhile
    if not held.carries_attached_data:
        raise refuse_all(data)
    settings = settings_of(held)
    sent = check_pairs(data, settings=settings)
    known = by_catalogue(sent)
    merged = held.kept_data | known.pairs
    check_size(known.pairs, to=held.kept_data, settings=settings, sent=sent)

    changed = {key: value for key, value in known.pairs.items() if not _is_there(held, key, value)}
    results = {key: STORED if key in changed else UNCHANGED for key in known.pairs}
    invalid = dict.fromkeys(set(known.invalid) - merged.keys(), INVALID)
    if (changed or invalid.items() - held.dropped_keys.items()) and not dry_run:
        merged = _merge(held, changed, flags=known.flags, invalid=invalid)
        if changed:
            detail = {"keys": sorted(changed)}
            Event.objects.create(conversation=held, kind=Event.Kind.POSTED, at=now, actor=by, detail=detail)
        tell_readers((held.pk, now))
    return merged, known.as_sent(results)


def _is_there(held: Conversation, key: str, value: Value) -> bool:
    there = held.kept_data.get(key)
    return key in held.kept_data and (there, type(there)) == (value, type(value))


def _merge(held: Conversation, changed: Pairs, *, flags: Mapping[str, str], invalid: Mapping[str, str]) -> Pairs:
    """The kept data as it is stored then: 1e30 comes back with all its digits."""
    written = {
        "pairs": changed,
        "sources": dict.fromkeys(changed, Source.API),
        "flags": {key: rule for key, rule in flags.items() if key in changed},
        "invalid": invalid,
    }
    with connection.cursor() as cursor:
        as_json: dict[str, Any] = {name: json.dumps(value) for name, value in written.items()}
        cursor.execute(_MERGE, as_json | {"id": held.pk, "keys": list(changed)})
        merged: Pairs = json.loads(cursor.fetchone()[0])
    return merged
