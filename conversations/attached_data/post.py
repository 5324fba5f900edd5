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
from conversations.pairs import Pairs, check_pairs, check_size


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
    # Two statements: joined to the lock, the places would be those from before the wait for it.
    Conversation.objects.select_for_update(no_key=True).only("pk").get(pk=conversation.pk)
    held = Conversation.objects.with_places().get(pk=conversation.pk)
    if held.state not in POSTABLE_STATES:
        raise NotPostable(held.state)
    if only_if is not None and not only_if(held.kept_data):
        raise ChangedMeanwhile
    settings = settings_of(held)
    sent = check_pairs(data, settings=settings)
    known = by_catalogue(sent)
    pairs = known.pairs
    merged = held.kept_data | pairs
    check_size(merged, settings=settings, adding=sent)

    changed = {
        key: value
        for key, value in pairs.items()
        if key not in held.kept_data or (held.kept_data[key], type(held.kept_data[key])) != (value, type(value))
    }
    results = {key: STORED if key in changed else UNCHANGED for key in pairs}
    invalid = dict.fromkeys(set(known.invalid) - merged.keys(), INVALID)
    if (changed or invalid.items() - held.dropped_keys.items()) and not dry_run:
        with connection.cursor() as cursor:
            cursor.execute(
                _MERGE,
                {
                    "id": held.pk,
                    "pairs": json.dumps(changed),
                    "sources": json.dumps(dict.fromkeys(changed, Source.API)),
                    "keys": list(changed),
                    "flags": json.dumps({key: rule for key, rule in known.flags.items() if key in changed}),
                    "invalid": json.dumps(invalid),
                },
            )
            merged = json.loads(cursor.fetchone()[0])  # as it is stored: 1e30 comes back with all its digits
        if changed:
            Event.objects.create(
                conversation=held, kind=Event.Kind.POSTED, at=now, actor=by, detail={"keys": sorted(changed)}
            )
        tell_readers((held.pk, now))
    return merged, known.as_sent(results)
