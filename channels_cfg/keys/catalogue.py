"""The key catalogue at work: which key a name means, which names are near, and lists that name a key otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils.translation import gettext as _

from channels_cfg.keys.configured import LEVELS, LISTED_NAMES, naming_any_of
from channels_cfg.keys.effective_settings import EXTRA_DATA_LISTS
from channels_cfg.models import AttachedKey, AttachedKeyAlias, ExtraDataLists
from channels_cfg.models.versioned import lock_settings
from channels_cfg.prepared import Row, rows

_COLUMNS = [field.attname for field in AttachedKey._meta.concrete_fields]

# A name finds its row by index in either table; an OR over a join would read the catalogue whole. Whatever brings data
# asks this, and Django needs several times as long to word it as PostgreSQL to answer it.
KNOWN_KEYS = f"""
    SELECT sent.name, {", ".join(f'known."{name}"' for name in _COLUMNS)}
      FROM (SELECT name, id FROM channels_cfg_attachedkey WHERE name = ANY(%(names)s)
            UNION ALL
            SELECT name, key_id FROM channels_cfg_attachedkeyalias WHERE name = ANY(%(names)s)) AS sent (name, key)
      JOIN channels_cfg_attachedkey AS known ON known.id = sent.key
"""


def known_keys(names: Iterable[str]) -> dict[str, AttachedKey]:
    """The catalogued key that each of the names means, by its own or another name; one query. Unknown names are left
    out."""
    return read_known_keys(rows(KNOWN_KEYS, {"names": list(names)}))


def read_known_keys(found: Iterable[Row]) -> dict[str, AttachedKey]:
    """The keys in the rows that answer ``KNOWN_KEYS``."""
    return {name: AttachedKey.from_db(connection.alias, _COLUMNS, values) for name, *values in found}


# Lists name a key as the catalogue does


def own_names(names: Iterable[str]) -> tuple[list[str], dict[str, str]]:
    """The names in their order, each once, with another name of a key replaced by its own; and what was replaced."""
    names = list(names)
    aliases = AttachedKeyAlias.objects.filter(name__in=names) if names else AttachedKeyAlias.objects.none()
    replaced = dict(aliases.values_list("name", "key__name"))
    return list(dict.fromkeys(replaced.get(name, name) for name in names)), replaced


def replaced_in_words(replaced: Mapping[str, str]) -> list[str]:
    """A sentence for each name that a list said otherwise."""
    return [
        _("“%(name)s” is another name of %(own)s; the list names %(own)s now.") % {"name": name, "own": own}
        for name, own in replaced.items()
    ]


@transaction.atomic
def rename_in_lists(names: Mapping[str, str]) -> list[ExtraDataLists]:
    """Let every list that has one of the names have the new one instead; returns the records that changed."""
    changed: list[ExtraDataLists] = []
    if not names:
        return changed
    lock_settings()
    for model in LEVELS:
        for record in model._default_manager.filter(naming_any_of(names)).select_for_update():
            for field in EXTRA_DATA_LISTS:
                listed = [names.get(name, name) for name in getattr(record, field)]
                setattr(record, field, list(dict.fromkeys(listed)))
            record.save(update_fields=list(EXTRA_DATA_LISTS))
            changed.append(record)
    return changed


# Names near another

NEAR = 0.52
"""Trigrams that two names share, of all they have: customerType and custmerType share 0.67, customerType and customerId
0.50."""

NAMED_AT_MOST = 5

# The operator % finds candidates by index, at PostgreSQL's own lower limit of 0.3.
_NEAR_NAMES = """
    WITH asked (name) AS (VALUES (lower(%(name)s))),
    near (name, key, place) AS (
        SELECT key.name, key.id, 'catalogue'
          FROM channels_cfg_attachedkey AS key, asked
         WHERE lower(key.name) %% asked.name AND key.id IS DISTINCT FROM %(besides)s
         UNION ALL
        SELECT alias.name, alias.key_id, 'alias'
          FROM channels_cfg_attachedkeyalias AS alias, asked
         WHERE lower(alias.name) %% asked.name AND alias.key_id IS DISTINCT FROM %(besides)s
         UNION ALL
        SELECT listed.name, NULL::bigint, 'list'
          FROM ({listed}) AS listed, asked
         WHERE lower(listed.name) %% asked.name AND listed.name <> %(name)s
           AND NOT EXISTS (SELECT FROM channels_cfg_attachedkey AS key WHERE key.name = listed.name))
    SELECT near.name, near.key, near.place, owner.name, similarity(lower(near.name), asked.name) AS share
      FROM asked, near LEFT JOIN channels_cfg_attachedkey AS owner ON owner.id = near.key
     WHERE similarity(lower(near.name), asked.name) >= %(least)s
     ORDER BY share DESC, near.place, near.name
     LIMIT %(limit)s
"""


@dataclass(frozen=True)
class NearName:
    """A name that a person may take for the one asked about. ``key`` is the number of the catalogued key it leads to;
    ``place`` says where it is: ``catalogue``, ``alias`` of ``owner``, or ``list``."""

    name: str
    key: int | None
    place: str
    owner: str
    share: float

    def is_the_same_but_for_case(self, name: str) -> bool:
        return self.name != name and self.name.casefold() == name.casefold()


def near_names(name: str, *, besides: int | None = None) -> list[NearName]:
    """Names in the catalogue, or else on lists, that are near this one or the same, the nearest first; each name once.

    ``besides`` is the key that is being edited: its own names do not count.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _NEAR_NAMES.format(listed=LISTED_NAMES),
            {"name": name, "besides": besides, "least": NEAR, "limit": 4 * NAMED_AT_MOST},
        )
        found = [NearName(*row) for row in cursor.fetchall()]
    nearest: dict[str, NearName] = {}
    for near in found:
        nearest.setdefault(near.name, near)
    return list(nearest.values())[:NAMED_AT_MOST]
