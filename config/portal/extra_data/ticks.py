"""What was ticked on the page of one channel or queue, against what the page was filled with and what is stored now."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _

from channels_cfg.admin.safeguards.conflict import Comparison
from channels_cfg.key_names import BadKeyName, check_key_name
from channels_cfg.keys.catalogue import own_names
from channels_cfg.keys.configured import list_name
from channels_cfg.models import SystemSettings
from config.portal.extra_data.changes import Above, ListChange, above, in_one_list
from config.portal.extra_data.places import Place, kind_of, lists_of

LONGEST_ROW = 200


@dataclass(frozen=True)
class ListColumn:
    """One list of the place. ``above`` is what counts while it is empty."""

    name: str
    label: str
    own: list[str]
    above: Above

    @property
    def follows(self) -> bool:
        return not self.own

    @property
    def counted(self) -> list[str]:
        return self.own or self.above.keys

    @property
    def state(self) -> list[list[str]]:
        return [self.own, self.above.keys]


def columns_of(place: Place) -> list[ListColumn]:
    system, kind = SystemSettings.load(), kind_of(place)
    return [
        ListColumn(name, list_name(name, kind=kind), list(getattr(place, name)), above(place, name, system))
        for name in lists_of(place)
    ]


@dataclass(frozen=True)
class Ticks:
    """``ticked`` are the keys of each list in the order of the page, ``rows`` what has a row, ticked or not.

    ``loaded`` is what each list held and what it followed when the page was opened; None where that cannot be read.
    """

    place: Place
    columns: list[ListColumn]
    ticked: dict[str, list[str]]
    rows: list[str]
    loaded: dict[str, list[list[str]]] | None

    @classmethod
    def of(cls, posted: QueryDict, place: Place) -> Ticks:
        columns = columns_of(place)
        ticked = {column.name: _each_once(posted.getlist(column.name)) for column in columns}
        return cls(place, columns, ticked, _each_once(posted.getlist("row")), _read(posted.get("loaded", ""), columns))

    def with_keys(self, keys: Mapping[str, list[str]]) -> Ticks:
        """With these keys ticked as well, by list."""
        more = {name: _each_once([*self.ticked[name], *names]) for name, names in keys.items()}
        return replace(self, ticked=self.ticked | more)

    def with_row(self, key: str) -> Ticks:
        """With a row for the key, under its own name in the catalogue."""
        (own,), _replaced = own_names([check_key_name(key)])
        return replace(self, rows=_each_once([*self.rows, own]))

    def changes(self) -> list[ListChange]:
        """For each list what it shall hold: ticked keys in the order they had, new ones after them.

        ``ValidationError`` says which names cannot be keys, or that the page is out of date.
        """
        if self.loaded is None:
            raise ValidationError(_("The page is out of date. Your ticks are below; look at them, and save again."))
        self._check_names()
        system = SystemSettings.load()
        return [self._change(column, self.loaded[column.name], system) for column in self.columns]

    def _check_names(self) -> None:
        complaints = []
        for name in _each_once([*self.rows, *(key for keys in self.ticked.values() for key in keys)]):
            try:
                check_key_name(name)
            except BadKeyName as bad:
                complaints.append(_("“%(name)s”: %(reason)s") % {"name": name, "reason": bad.messages[0]})
        if complaints:
            raise ValidationError(complaints)

    def _change(self, column: ListColumn, loaded: list[list[str]], system: SystemSettings) -> ListChange:
        own, followed = loaded
        ticked = self.ticked[column.name]
        had, chosen = set(own or followed), set(ticked)
        wanted = [key for key in own or followed if key in chosen] + [key for key in ticked if key not in had]
        if not own and wanted == followed:
            wanted = []
        change = in_one_list(self.place, column.name, wanted, system)
        if wanted == own:  # left alone here, so whatever it is by now stays
            return replace(change, wanted=change.was)
        return change

    def comparison(self) -> Comparison:
        """The lists that are changed here: those that somebody else changed since the page was opened, and the rest."""
        found, changes = Comparison(), self.changes()
        assert self.loaded is not None  # or there would be no changes
        for column, change in zip(self.columns, changes, strict=True):
            own, followed = self.loaded[column.name]
            states = (own or followed, change.counted, change.will_count)
            found.compare(column.name, column.label, states, in_words=", ".join)
        return found

    def cleared_in_vain(self) -> list[ListColumn]:
        """The lists of which every inherited key was cleared: an empty list follows, so they count all the same."""
        return [
            column for column in self.columns if column.follows and column.above.keys and not self.ticked[column.name]
        ]


def sealed(columns: Iterable[ListColumn]) -> str:
    """What the lists hold and follow now, as the page carries it."""
    return json.dumps({column.name: column.state for column in columns})


def _read(text: str, columns: Iterable[ListColumn]) -> dict[str, list[list[str]]] | None:
    try:
        loaded = json.loads(text)
        read = {column.name: [list(map(str, keys)) for keys in loaded[column.name]] for column in columns}
    except (ValueError, TypeError, KeyError):
        return None
    return read if all(len(state) == 2 for state in read.values()) else None


def _each_once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name[:LONGEST_ROW] for name in names))
