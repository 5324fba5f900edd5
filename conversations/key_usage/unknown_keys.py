"""The inbox of unknown keys: what came in and is configured nowhere, what administrators say of it, and the reverse,
keys that are listed and do not come in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.db.models import BooleanField, Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL

from channels_cfg.keys.catalogue import rename_in_lists
from channels_cfg.keys.configured import list_name
from channels_cfg.keys.effective_settings import EXTRA_DATA_LISTS, effective_settings
from channels_cfg.models import (
    AttachedKey,
    AttachedKeyAlias,
    Channel,
    ExtraDataLists,
    KeyVerdict,
    Queue,
    SystemSettings,
    User,
)
from conversations.key_usage.near_names import LISTED_NAMES, nearest_configured, nearest_seen
from conversations.models import KeyUsage, SeenKey

Verdict = KeyVerdict.Verdict

RECENTLY = timedelta(days=30)
LATEST_SHAPES = 200
"""How many of the latest daily counts of a key tell where it is seen."""

# A name is settled by its own name or by a parent's: what names customer_data names customer_data.id.
_IS_SETTLED = f"""
    EXISTS (
        SELECT FROM unnest(conversations_seenkey.paths) AS path
         WHERE path IN ({LISTED_NAMES})
            OR path IN (SELECT name FROM channels_cfg_keyverdict
                         WHERE verdict = '{Verdict.NEVER}' OR verdict = '{Verdict.SNOOZED}' AND until > %s))
"""
_HAS_VALUES = "coalesce((conversations_seenkey.types ->> 'group')::bigint, 0) < conversations_seenkey.seen"


def unknown_keys(*, now: datetime) -> QuerySet[SeenKey]:
    """Keys that came in with values, and are on no list, not in the catalogue, and not set aside."""
    return SeenKey.objects.filter(
        RawSQL(_HAS_VALUES, [], output_field=BooleanField()),
        ~RawSQL(_IS_SETTLED, [now], output_field=BooleanField()),
        # As sets that are looked into; joined, a wrong guess at the number of rows compares each with each.
        ~Q(name__in=AttachedKey.objects.values("name")),
        ~Q(name__in=AttachedKeyAlias.objects.values("name")),
    )


def seen_on(keys: QuerySet[SeenKey], channel: Channel) -> QuerySet[SeenKey]:
    return keys.filter(Exists(KeyUsage.objects.filter(key=OuterRef("name"), channel=channel)))


# Where they come in


@dataclass(frozen=True)
class ListingOption:
    """A channel or a queue on which a key was seen, and what listing it there would do to the list."""

    record: Channel | Queue
    gets_own_list: bool
    """It follows the level above so far; it would have that list and the key."""

    @property
    def code(self) -> str:
        """``queue.5``"""
        return f"{self.record._meta.model_name}.{self.record.pk}"


_LATEST_PLACES = """
    SELECT name, channel_id, queue_id
      FROM unnest(%(names)s::text[]) AS asked (name)
      CROSS JOIN LATERAL (
        SELECT channel_id, queue_id, max(day) AS day
          FROM (SELECT channel_id, queue_id, day
                  FROM conversations_keyusage
                 WHERE key = asked.name
                 ORDER BY day DESC
                 LIMIT %(limit)s) AS latest
         GROUP BY channel_id, queue_id
      ) AS places
     ORDER BY day DESC, queue_id NULLS FIRST
"""


def listing_options_of(names: Collection[str]) -> dict[str, list[ListingOption]]:
    """Where each key was seen lately: channels whose list counts there first, then queues; four queries."""
    with connection.cursor() as cursor:
        cursor.execute(_LATEST_PLACES, {"names": list(names), "limit": LATEST_SHAPES})
        rows = cursor.fetchall()
    channels = Channel.objects.in_bulk({channel for _, channel, _ in rows})
    queues = Queue.objects.in_bulk({queue for _, _, queue in rows if queue})
    found: dict[str, list[ListingOption]] = {name: [] for name in names}
    system_has_list = SystemSettings.objects.exclude(statistics_keys=[]).exists()
    for name, channel_id, queue_id in rows:
        channel, queue = channels[channel_id], queues.get(queue_id)
        if queue is None or not queue.statistics_keys:
            of_channel = ListingOption(channel, not channel.statistics_keys and system_has_list)
            if of_channel not in found[name]:
                found[name].append(of_channel)
        if queue is not None:
            follows = not queue.statistics_keys and (bool(channel.statistics_keys) or system_has_list)
            found[name].append(ListingOption(queue, follows))
    return {name: sorted(places, key=lambda place: isinstance(place.record, Queue)) for name, places in found.items()}


@dataclass(frozen=True)
class UnknownKey:
    """A key with what an administrator needs to decide about it. ``near`` is a configured name it may be meant for."""

    key: SeenKey
    places: list[ListingOption]
    near: str


def described(keys: Sequence[SeenKey]) -> list[UnknownKey]:
    """A page of keys; the number of queries does not depend on theirs."""
    names = [key.name for key in keys]
    places, near = listing_options_of(names), nearest_configured(names)
    return [UnknownKey(key, places[key.name], near.get(key.name, "")) for key in keys]


# What is said of them


@transaction.atomic
def keep(names: Iterable[str], *, on: Channel | Queue) -> list[str]:
    """Put the keys on the statistics list of a channel or queue, and return the list.

    One that followed the level above gets a list of its own, with what it kept so far.
    """
    record: Channel | Queue = type(on)._default_manager.select_for_update().get(pk=on.pk)
    channel, queue = (record.channel, record) if isinstance(record, Queue) else (record, None)
    kept_so_far = effective_settings(channel=channel, queue=queue).statistics_keys.value
    record.statistics_keys = list(dict.fromkeys([*kept_so_far, *names]))
    record.save(update_fields=["statistics_keys"])
    return record.statistics_keys


def set_aside(names: Iterable[str], *, by: User, now: datetime, until: datetime | None = None) -> int:
    """Show the keys, and those below them, no more: never again, or not before ``until``. Returns how many."""
    verdict = Verdict.SNOOZED if until else Verdict.NEVER
    said = KeyVerdict.objects.bulk_create(
        [KeyVerdict(name=name, verdict=verdict, until=until, said_by=by, said_at=now) for name in dict.fromkeys(names)],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["verdict", "until", "said_by", "said_at"],
    )
    return len(said)


def take_back(names: Iterable[str]) -> int:
    """Show the keys again."""
    return KeyVerdict.objects.filter(name__in=list(names)).delete()[0]


def are_set_aside(*, now: datetime) -> QuerySet[KeyVerdict]:
    """What was said and still counts, the latest first."""
    counts = Q(verdict=Verdict.NEVER) | Q(verdict=Verdict.SNOOZED, until__gt=now)
    return KeyVerdict.objects.filter(counts).select_related("said_by").order_by("-said_at", "name")


@transaction.atomic
def make_alias(name: str, *, of: str) -> AttachedKeyAlias:
    """From now on let what comes in under ``name`` be the key ``of``, which joins the catalogue where it is not in it;
    lists that named it otherwise name it so.

    Raises ``ValidationError`` where either cannot be.
    """
    key = AttachedKey.objects.filter(name=of).first()
    if key is None:
        key = AttachedKey(name=of)
        key.full_clean()
        key.save()
    alias = AttachedKeyAlias(key=key, name=name)
    alias.full_clean()
    alias.save()
    rename_in_lists({name: key.name})
    return alias


# Keys that are listed and do not come in

_NOT_SEEN = f"""
    SELECT name
      FROM ({LISTED_NAMES}) AS listed
     WHERE name ILIKE %(part)s
       AND NOT EXISTS (SELECT FROM conversations_seenkey AS key
                        WHERE key.name = listed.name AND key.last_seen_at >= %(since)s)
       AND NOT EXISTS (SELECT FROM conversations_keyobservation AS noted
                        WHERE noted.key = listed.name AND noted.day >= %(day)s)
     ORDER BY lower(name), name
"""


@dataclass(frozen=True)
class SilentKey:
    """A listed key that did not come in lately: where it is listed, and the nearest that did, with how often."""

    name: str
    places: list[tuple[ExtraDataLists, str]]
    last_seen_at: datetime | None
    near: str
    near_seen: int


def silent_names(*, now: datetime, part: str = "") -> list[str]:
    """Listed names that no conversation had for 30 days, neither themselves nor a key below them."""
    since = now - RECENTLY
    escaped = part.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    with connection.cursor() as cursor:
        cursor.execute(_NOT_SEEN, {"since": since, "day": since.astimezone(UTC).date(), "part": f"%{escaped}%"})
        return [name for (name,) in cursor.fetchall()]


def silent_keys(names: Sequence[str], *, now: datetime) -> list[SilentKey]:
    """A page of them; the number of queries does not depend on theirs."""
    near = nearest_seen(names, since=now - RECENTLY)
    seen = SeenKey.objects.in_bulk([*names, *near.values()])
    places = _listed_in(names)
    return [
        SilentKey(
            name,
            places[name],
            seen[name].last_seen_at if name in seen else None,
            near.get(name, ""),
            seen[near[name]].seen if name in near else 0,
        )
        for name in names
    ]


def _listed_in(names: Sequence[str]) -> dict[str, list[tuple[ExtraDataLists, str]]]:
    found: dict[str, list[tuple[ExtraDataLists, str]]] = {name: [] for name in names}
    named = Q()
    for field in EXTRA_DATA_LISTS:
        named |= Q(**{f"{field}__overlap": list(names)})
    levels: tuple[type[ExtraDataLists], ...] = (SystemSettings, Channel, Queue)
    for model in levels:
        for record in model._default_manager.filter(named) if names else ():
            for field in EXTRA_DATA_LISTS:
                for name in set(getattr(record, field)) & found.keys():
                    found[name].append((record, list_name(field)))
    return found
