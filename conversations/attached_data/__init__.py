"""The one place where attached data is attached, kept, destroyed and posted.

While a conversation is active its pairs are rows of live data. Its end moves the pairs that the settings keep to the
conversation itself and deletes the others; of those only key name and reason stay (rules 3, 5 and 12 of the domain).
Callers hold the conversation's row lock.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Subquery
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_cfg.key_names import is_listed
from channels_cfg.keys.effective_settings import EffectiveSettings, effective_settings
from channels_cfg.models import Channel, SettingsVersion, Source, SystemSettings, User
from conversations.attached_data.known_pairs import KnownPairs, Verdict, by_catalogue
from conversations.key_usage.observations import note_observations
from conversations.models import Conversation, Event, LiveDatum, ReportableChange, State
from conversations.pairs import Pairs, Value, check_pairs, check_size

POSTABLE_STATES = (State.WRAP_UP, State.HANDLED)
INVALID = "invalid"
KEPT_FIELDS = ("kept_data", "kept_sources", "kept_times", "kept_flags", "dropped_keys")
"""What ``attach_late`` sets."""


STORED = Verdict("stored")
UNCHANGED = Verdict("unchanged", gettext_lazy("This value is there already."))


def settings_of(conversation: Conversation) -> EffectiveSettings:
    """What counts for the conversation at this moment."""
    return effective_settings(channel=conversation.channel, queue=conversation.queue)


def settings_with_version(conversation: Conversation) -> tuple[EffectiveSettings, int | None]:
    """What counts for the conversation at this moment, and the number of exactly these settings.

    They are read in two statements, each with the newest number: versions are committed in the order of their numbers,
    so nothing changed in between where both say the same.
    """
    newest = Subquery(SettingsVersion.objects.order_by("-pk").values("pk")[:1])
    while True:
        held = Conversation.objects.select_related("channel", "queue").annotate(newest=newest).get(pk=conversation.pk)
        system = SystemSettings.objects.annotate(newest=newest).filter(pk=1).first()
        number = system.newest if system else SettingsVersion.current()
        if number == held.newest:
            return effective_settings(channel=held.channel, queue=held.queue, system=system or SystemSettings()), number


# While active


def attach(
    conversation: Conversation,
    data: Mapping[str, Any],
    *,
    source: Source,
    at: datetime,
    by: User | None = None,
    told_in: str = "",
) -> dict[str, Verdict]:
    """Attach pairs to an active conversation and say for each, by the name it was sent under, what became of it.

    ``at`` is when the source said so: within one source the latest wins, whichever came in first. ``told_in`` names
    the message that carried the pairs, for news that may come twice and in any order. Raises ``RefusedPairs``, having
    changed nothing, where a pair or the whole breaks the rules.
    """
    settings = settings_of(conversation)
    sent = check_pairs(data, settings=settings)
    known = by_catalogue(sent)
    pairs = known.pairs
    live = {datum.key: datum for datum in LiveDatum.objects.filter(conversation=conversation)}
    check_size({key: datum.value for key, datum in live.items()} | pairs, settings=settings, adding=sent)

    verdicts = {
        key: _verdict(value, source, at, held=live.get(key), precedence=settings.precedence.value)
        for key, value in pairs.items()
    }
    winners = [key for key, verdict in verdicts.items() if verdict is STORED]
    said_again = [key for key, verdict in verdicts.items() if verdict is UNCHANGED and at > live[key].attached_at]
    LiveDatum.objects.bulk_create(
        [
            LiveDatum(
                conversation=conversation,
                key=key,
                value=pairs[key],
                source=source,
                flag=known.flags.get(key, ""),
                attached_at=at,
            )
            for key in [*winners, *said_again]
        ],
        update_conflicts=True,
        unique_fields=["conversation", "key"],
        update_fields=["value", "source", "flag", "attached_at"],
    )
    if known.invalid:
        conversation.dropped_keys |= dict.fromkeys(known.invalid, INVALID)
        conversation.save(update_fields=["dropped_keys"])
    if told_in:
        own = [key for key in pairs if key in winners or live[key].source == source]
        tell_attached_in(told_in, conversation, own, source=source, at=at)
    elif winners:
        Event.objects.create(
            conversation=conversation,
            kind=Event.Kind.ATTACHED,
            at=at,
            actor=by,
            detail={"keys": sorted(winners), "source": source},
        )
    return known.told(verdicts)


def tell_attached_in(
    message: str, conversation: Conversation, keys: Iterable[str], *, source: Source, at: datetime
) -> None:
    """Tell on the timeline which keys a message carried.

    Unlike what became of them, that is the same in whatever order messages arrive.
    """
    if not keys:
        return
    event, is_new = Event.objects.get_or_create(
        conversation=conversation,
        external_id=f"attached:{message}",
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


def _verdict(value: Value, source: Source, at: datetime, *, held: LiveDatum | None, precedence: list[str]) -> Verdict:
    if held is None:
        return STORED
    rank, held_rank = precedence.index(source), precedence.index(held.source)
    if rank > held_rank:
        return Verdict(
            "superseded",
            _("The value from the %(source)s has precedence.") % {"source": Source(held.source).label.lower()},
        )
    if rank == held_rank:
        if (value, type(value)) == (held.value, type(held.value)):
            return UNCHANGED
        # The text breaks a tie, so that the order of arrival never decides.
        if (at, json.dumps(value)) < (held.attached_at, json.dumps(held.value)):
            return Verdict("superseded", _("A later value of the same source is there already."))
    return STORED


def live_pairs(conversation: Conversation) -> Pairs:
    """All live data of the conversation."""
    return dict(LiveDatum.objects.filter(conversation=conversation).values_list("key", "value"))


def keys_shown_to_agent(conversation: Conversation, *, system: SystemSettings | None = None) -> list[str] | None:
    """The keys an agent may see of the active conversation; None means every key (rule 6).

    ``system`` saves a query where the caller has it.
    """
    kind = conversation.channel.kind
    if kind == Channel.Kind.CHAT:
        return None
    settings = effective_settings(channel=conversation.channel, queue=conversation.queue, system=system)
    shown = settings.allocation_keys.value
    if kind == Channel.Kind.VOICE and conversation.state == State.ACCEPTED:
        shown = [*shown, *settings.connection_keys.value]
    return shown


def is_at_work_on(conversation: Conversation, user: User) -> bool:
    """Whether live data shows to this user, who may serve: to whom the conversation is allocated, and, while it waits,
    to whoever may take it."""
    if conversation.state in (State.RECEIVED, State.QUEUED):
        return True
    return conversation.agent_id == user.pk and conversation.state in (State.ALLOCATED, State.ACCEPTED, State.WRAP_UP)


def shown_to_agent(conversation: Conversation) -> list[LiveDatum]:
    """Live data as the conversation's agent may see it at this moment, by key."""
    return shown_to_agents([conversation])[conversation.pk]


def shown_to_agents(conversations: Collection[Conversation]) -> dict[uuid.UUID, list[LiveDatum]]:
    """Live data of each as its agent may see it at this moment, by key; two queries however many there are."""
    shown: dict[uuid.UUID, list[LiveDatum]] = {conversation.pk: [] for conversation in conversations}
    if not shown:
        return shown
    system = SystemSettings.load()
    listed = {row.pk: keys_shown_to_agent(row, system=system) for row in conversations}
    for datum in LiveDatum.objects.filter(conversation__in=shown).order_by("key"):
        keys = listed[datum.conversation_id]
        if keys is None or is_listed(datum.key, keys):
            shown[datum.conversation_id].append(datum)
    return shown


# At the end


def keep_what_the_settings_keep(conversation: Conversation, *, now: datetime) -> None:
    """Judge the live data of a conversation that ends accepted: keep the listed pairs, destroy the others.

    Sets the conversation's fields; the caller saves them.
    """
    settings, conversation.settings_version = settings_with_version(conversation)
    conversation.judged_keys = settings.statistics_keys.value
    data = list(LiveDatum.objects.filter(conversation=conversation))
    _judge(conversation, data)
    note_observations(conversation, data, keepable=True)
    if not settings.live_data_until_handled:
        destroy_live_data(conversation)
    Event.objects.create(
        conversation=conversation,
        kind=Event.Kind.KEPT,
        at=now,
        detail={
            "kept": sorted(conversation.kept_data),
            "destroyed": sorted({datum.key for datum in data} - conversation.kept_data.keys()),
        },
    )


def _judge(conversation: Conversation, data: Iterable[LiveDatum]) -> None:
    for datum in data:
        if is_listed(datum.key, conversation.judged_keys or []):
            conversation.kept_data[datum.key] = datum.value
            conversation.kept_sources[datum.key] = datum.source
            conversation.kept_times[datum.key] = datum.attached_at.isoformat()
            if datum.flag:
                conversation.kept_flags[datum.key] = datum.flag
            conversation.dropped_keys.pop(datum.key, None)  # of another value, which was invalid
        else:
            conversation.dropped_keys[datum.key] = "not_kept"


def destroy_all(conversation: Conversation) -> None:
    """Destroy the live data of a conversation that ends unaccepted; the caller saves the conversation."""
    settings, conversation.settings_version = settings_with_version(conversation)
    conversation.judged_keys = settings.statistics_keys.value
    data = list(LiveDatum.objects.filter(conversation=conversation))
    keys = [*conversation.dropped_keys, *(datum.key for datum in data)]
    conversation.dropped_keys = dict.fromkeys(keys, "abandoned")
    note_observations(conversation, data, keepable=False)
    destroy_live_data(conversation)


def destroy_live_data(conversation: Conversation) -> None:
    LiveDatum.objects.filter(conversation=conversation).delete()


def attach_late(
    conversation: Conversation, data: Mapping[str, Any], *, source: Source, at: datetime
) -> dict[str, Verdict]:
    """Judge pairs that were sent before the end and arrive after it, as the end would have judged them.

    Sets the conversation's fields; the caller saves them.
    """
    settings = settings_of(conversation)
    sent = check_pairs(data, settings=settings)
    known = by_catalogue(sent)
    pairs = known.pairs
    verdicts = {
        key: _late_verdict(conversation, key, value, source, at, precedence=settings.precedence.value)
        for key, value in pairs.items()
    }
    late = {key: value for key, value in pairs.items() if verdicts[key] is STORED}
    said_again = [
        key
        for key, verdict in verdicts.items()
        if verdict is UNCHANGED and at > datetime.fromisoformat(conversation.kept_times[key])
    ]
    check_size(conversation.kept_data | late, settings=settings, adding=sent)

    note_observations(
        conversation,
        [LiveDatum(key=key, value=value, source=source) for key, value in pairs.items()],
        keepable=conversation.state in POSTABLE_STATES,
        noted=conversation.kept_data.keys() | {key for key, why in conversation.dropped_keys.items() if why != INVALID},
    )
    conversation.kept_data |= late
    conversation.kept_sources |= dict.fromkeys(late, source)
    conversation.kept_times |= dict.fromkeys([*late, *said_again], at.isoformat())
    for key in [*late, *said_again]:
        conversation.kept_flags.pop(key, None)
        if key in known.flags:
            conversation.kept_flags[key] = known.flags[key]
    _drop_late(conversation, known)
    return known.told(verdicts)


def _drop_late(conversation: Conversation, known: KnownPairs) -> None:
    was_served = conversation.state in POSTABLE_STATES
    dropped = dict.fromkeys(known.invalid, INVALID if was_served else "abandoned") | conversation.dropped_keys
    dropped |= dict.fromkeys(known.pairs, "not_kept" if was_served else "abandoned")
    conversation.dropped_keys = {key: why for key, why in dropped.items() if key not in conversation.kept_data}


def _late_verdict(
    conversation: Conversation, key: str, value: Value, source: Source, at: datetime, *, precedence: list[str]
) -> Verdict:
    if conversation.state not in POSTABLE_STATES:
        return Verdict("dropped", _("The conversation was abandoned; nothing of it is kept."))
    if not is_listed(key, conversation.judged_keys or []):
        return Verdict("dropped", _("The settings do not keep this key."))
    if key not in conversation.kept_data:
        return STORED
    if key not in conversation.kept_times:
        return Verdict("superseded", _("A value was posted after the end."))
    kept = LiveDatum(
        key=key,
        value=conversation.kept_data[key],
        source=conversation.kept_sources[key],
        attached_at=datetime.fromisoformat(conversation.kept_times[key]),
    )
    return _verdict(value, source, at, held=kept, precedence=precedence)


# After the end


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
def post(
    conversation: Conversation,
    data: Mapping[str, Any],
    *,
    by: User,
    now: datetime,
    only_if: Callable[[Pairs], bool] | None = None,
    dry_run: bool = False,
) -> tuple[Pairs, dict[str, Verdict]]:
    """Merge pairs into the kept data of an ended conversation; return the kept data and a verdict per pair sent.

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
    verdicts = {key: STORED if key in changed else UNCHANGED for key in pairs}
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
        ReportableChange.objects.create(conversation=held, made_at=now)
    return merged, known.told(verdicts)


# Reasons

REASONS = {
    "not_provided": gettext_lazy("Not provided"),
    "not_kept": gettext_lazy("Not kept by the settings"),
    "abandoned": gettext_lazy("Abandoned: nothing is kept"),
    "still_active": gettext_lazy("Decided when the conversation ends"),
    INVALID: gettext_lazy("Invalid"),
    "superseded": gettext_lazy("Superseded"),
    "not_reported": gettext_lazy("Not yet reported"),
}


def missing_reason(conversation: Conversation, key: str) -> str:
    """Why the conversation has no kept value for the key: a code of ``REASONS`` (rule 14)."""
    if conversation.is_active:
        return "still_active"
    if conversation.state not in POSTABLE_STATES:
        return "abandoned"
    if key in conversation.dropped_keys:
        return str(conversation.dropped_keys[key])
    if not is_listed(key, conversation.judged_keys or []):
        return "not_kept"
    return "not_provided"
