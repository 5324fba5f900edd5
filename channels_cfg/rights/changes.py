"""Granting and withdrawing many access rights at once: a change set, with what it would do in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import Count, Exists, OuterRef, Q
from django.utils.text import capfirst, get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from channels_cfg.history.change_set import Action, ChangeSet, Confirmation, RecordChange
from channels_cfg.history.record_writing import write_in_bulk
from channels_cfg.models import AccessRight, Queue, Right, User
from channels_cfg.rights.effective import (
    GROUP,
    HOLDER_FIELDS,
    HOLDER_MODELS,
    QUEUE,
    QUEUE_GROUP,
    SCOPE_FIELDS,
    SCOPE_MODELS,
    USER,
    Cell,
    Holder,
    Memberships,
    Scope,
    applying,
    memberships_of,
    names_of,
    origin_in_words,
    rights_on,
    spread,
)

MOST_AT_ONCE = 10_000
TYPED_FROM = 10
"""Withdrawing more rights than this has to be confirmed by typing."""
NAMED = 5
"""How many scopes a sentence names before it counts the rest."""
SENTENCES = 20
"""How many sentences of a kind a preview holds before it counts the rest."""
FOLLOWED_UP_TO = 20_000
"""People times scopes up to which a preview says of each person what becomes of them."""

COARSE = gettext_lazy("Everybody concerned loses these rights, except where they hold them otherwise.")

Names = dict[Holder | Scope, str]


@dataclass(frozen=True)
class RightChanges:
    """Access rights to grant and to withdraw. Granting what is there, or withdrawing what is gone, changes nothing."""

    grants: Sequence[Cell] = ()
    withdrawals: Sequence[Cell] = ()

    def __bool__(self) -> bool:
        return bool(self.grants or self.withdrawals)

    def __len__(self) -> int:
        return len(self.grants) + len(self.withdrawals)

    @classmethod
    def between(cls, before: Iterable[Cell], after: Iterable[Cell]) -> RightChanges:
        """What leads from the cells that were ticked to those that are."""
        before, after = dict.fromkeys(before), dict.fromkeys(after)
        return cls([cell for cell in after if cell not in before], [cell for cell in before if cell not in after])


@dataclass
class RightsPreview(ChangeSet):
    """What the changes would do now, in sentences."""

    changes: RightChanges
    """Those that change something."""
    ids: Mapping[Cell, int]
    """The access rights that are there, of the cells."""
    granted: list[str] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    losing: list[str] = field(default_factory=list)
    """Who can do less than before."""
    keeping: list[str] = field(default_factory=list)
    """Who still can, and through what."""
    left_alone: list[str] = field(default_factory=list)
    """Where nobody active would hold a right that somebody holds now."""
    done_already: int = 0

    def record_changes(self) -> Iterator[RecordChange]:
        for cell in self.changes.withdrawals:
            yield RecordChange(Action.REMOVE, AccessRight, self.ids[cell], name=str(cell))
        for cell in self.changes.grants:
            yield RecordChange(Action.ADD, AccessRight, new=columns_of(cell))

    def sentences(self) -> list[str]:
        return [*self.granted, *self.withdrawn, *self.losing, *self.keeping, *self.left_alone]

    @property
    def confirmation(self) -> Confirmation | None:
        """Where many rights are withdrawn, or the last holder of one would go."""
        count = len(self.changes.withdrawals)
        if count <= TYPED_FROM and not self.left_alone:
            return None
        return Confirmation(_("Many people lose something"), (), _("withdraw %(count)s") % {"count": count}, _("Save"))

    def write(self) -> None:
        write_in_bulk(self.record_changes())


def read_cells(text: str) -> list[Cell]:
    """Cells as they are written, separated by spaces; ``ValidationError`` for anything else."""
    return [read_cell(written) for written in dict.fromkeys(text.split())]


def read_cell(written: str) -> Cell:
    holder, _dash, rest = written.partition("-")
    scope, _dash, right = rest.partition("-")
    if right not in rights_on(scope[:1]):
        raise ValidationError(_("“%(written)s” is no access right.") % {"written": written[:60]})
    return Cell(read_holder(holder), read_scope(scope), Right(right))


def read_holder(written: str) -> Holder:
    kind, pk = written[:1], written[1:]
    if kind not in HOLDER_MODELS or not _is_id(pk):
        raise ValidationError(_("“%(written)s” is no user or group.") % {"written": written[:60]})
    return Holder(kind, int(pk))


def read_scope(written: str) -> Scope:
    kind, pk = written[:1], written[1:]
    if kind not in SCOPE_MODELS or not _is_id(pk):
        raise ValidationError(_("“%(written)s” is no queue, queue group, group or folder.") % {"written": written[:60]})
    return Scope(kind, int(pk))


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 18


def preview_of(changes: RightChanges) -> RightsPreview:
    """What the changes would do as things stand. Changes nothing; the number of queries does not depend on theirs."""
    if len(changes) > MOST_AT_ONCE:
        raise ValidationError(
            _(
                "These are %(count)s changes; at most %(most)s are saved at once. Choose fewer, "
                "or grant the right on a queue group."
            )
            % {"count": f"{len(changes):,}", "most": f"{MOST_AT_ONCE:,}"}
        )
    names = names_of({item for cell in _all(changes) for item in (cell.holder, cell.scope)})
    there = _rights_of(_all(changes))
    grants = [cell for cell in changes.grants if cell not in there and cell.holder in names and cell.scope in names]
    withdrawals = [cell for cell in changes.withdrawals if cell in there]
    real = RightChanges(grants, withdrawals)
    sizes = _sizes({cell.holder.pk for cell in _all(real) if cell.holder.kind == GROUP})
    losing, keeping = _people(real, names) if withdrawals else ([], [])
    return RightsPreview(
        changes=real,
        ids=there,
        granted=_shortened(_holders(grants, names, sizes, _("%(who)s may from now on: %(right)s on %(scopes)s."))),
        withdrawn=_shortened(
            _holders(withdrawals, names, sizes, _("%(who)s no longer holds: %(right)s on %(scopes)s."))
        ),
        losing=_shortened(losing),
        keeping=_shortened(keeping),
        left_alone=_shortened(_left_alone(real)) if withdrawals else [],
        done_already=len(changes) - len(real),
    )


def columns_of(cell: Cell) -> dict[str, Any]:
    """The columns of the cell's access right."""
    return {
        "right": cell.right,
        HOLDER_FIELDS[cell.holder.kind]: cell.holder.pk,
        SCOPE_FIELDS[cell.scope.kind]: cell.scope.pk,
    }


def _all(changes: RightChanges) -> list[Cell]:
    return [*changes.grants, *changes.withdrawals]


def _rights_of(cells: Collection[Cell]) -> dict[Cell, int]:
    """The access rights that exist for these very cells, with their ids."""
    holders = {cell.holder for cell in cells}
    scopes = {cell.scope for cell in cells}
    held, on = Q(pk__in=[]), Q(pk__in=[])
    for kind, name in HOLDER_FIELDS.items():
        held |= Q(**{f"{name}__in": [holder.pk for holder in holders if holder.kind == kind]})
    for kind, name in SCOPE_FIELDS.items():
        on |= Q(**{f"{name}__in": [scope.pk for scope in scopes if scope.kind == kind]})
    wanted = set(cells)
    found = {}
    for right in AccessRight.objects.filter(held, on).order_by():
        if (cell := cell_of(right)) in wanted:
            found[cell] = right.pk
    return found


def cell_of(right: AccessRight) -> Cell:
    holder = Holder(USER, right.user_id) if right.user_id else Holder(GROUP, right.group_id or 0)
    scopes = (Scope(kind, pk) for kind, name in SCOPE_FIELDS.items() if (pk := getattr(right, name)))
    return Cell(holder, next(scopes), Right(right.right))


def _sizes(groups: Collection[int]) -> dict[int, int]:
    counted = Group.objects.filter(pk__in=groups).annotate(members=Count("user"))
    return dict(counted.values_list("pk", "members"))


def _holders(cells: Iterable[Cell], names: Names, sizes: dict[int, int], sentence: str) -> Iterator[str]:
    """The sentence for each holder and right."""
    together: dict[tuple[Holder, Right], list[Scope]] = defaultdict(list)
    for cell in cells:
        together[cell.holder, cell.right].append(cell.scope)
    for (holder, right), scopes in sorted(together.items(), key=lambda item: (names[item[0][0]], item[0][1])):
        who = (
            f"“{names[holder]}”"
            if holder.kind == USER
            else _("Group “%(name)s” (%(members)s)") % {"name": names[holder], "members": _people_count(sizes, holder)}
        )
        yield sentence % {"who": who, "right": right.label, "scopes": scopes_in_words(scopes, names)}


def rights_in_words(cells: Iterable[Cell], names: Names) -> list[str]:
    """``Serve on all queues of Nordic sales`` and so on, one for each right, whoever holds them."""
    together: dict[Right, list[Scope]] = defaultdict(list)
    for cell in cells:
        together[cell.right].append(cell.scope)
    return [
        _("%(right)s on %(scopes)s") % {"right": right.label, "scopes": scopes_in_words(together[right], names)}
        for right in Right
        if right in together
    ]


def _people_count(sizes: dict[int, int], holder: Holder) -> str:
    count = sizes.get(holder.pk, 0)
    return ngettext("%(count)s member", "%(count)s members", count) % {"count": f"{count:,}"}


def scopes_in_words(scopes: Sequence[Scope], names: Names) -> str:
    """``Chat care, Chat sales and 3 more``."""
    told = sorted(scope_in_words(scope, names) for scope in scopes)
    if len(told) > NAMED + 1:
        told = [*told[:NAMED], _more(len(told) - NAMED)]
    return get_text_list(told, _("and"))


def _more(count: int) -> str:
    return ngettext("%(count)s more", "%(count)s more", count) % {"count": f"{count:,}"}


def scope_in_words(scope: Scope, names: Names) -> str:
    name = names.get(scope, "?")
    match scope.kind:
        case "s":
            return _("all queues of %(name)s") % {"name": name}
        case "d":
            return _("direct conversations of %(name)s") % {"name": name}
        case "t":
            return _("templates in %(name)s") % {"name": name}
    return name


def _shortened(sentences: Iterable[str]) -> list[str]:
    told = list(sentences)
    if len(told) <= SENTENCES:
        return told
    return [*told[:SENTENCES], _("… and %(count)s more of the kind.") % {"count": f"{len(told) - SENTENCES:,}"}]


def _people(changes: RightChanges, names: Names) -> tuple[list[str], list[str]]:
    """Who loses something, and who keeps it through something else, a sentence for each person and right."""
    people, scopes = _reach(changes.withdrawals)
    if len(people) * len(scopes) > FOLLOWED_UP_TO:
        return [str(COARSE)], []
    memberships = memberships_of(people, scopes)
    withdrawn = set(changes.withdrawals)
    left = [cell for cell in applying(people, scopes, memberships) if cell not in withdrawn]
    before = spread(changes.withdrawals, memberships, holders=people, scopes=scopes)
    after = spread([*left, *changes.grants], memberships, holders=people, scopes=scopes)
    told = {item for cell in before for item in (cell.holder, cell.scope)}
    told |= {item for cell in before for way in after.get(cell, ()) for item in way}
    names = {**names, **names_of(told - names.keys())}
    lost: dict[tuple[Holder, Right], list[Scope]] = defaultdict(list)
    kept: dict[tuple[Holder, Right, str], list[Scope]] = defaultdict(list)
    for cell in before:
        if cell in after:
            kept[cell.holder, cell.right, origin_in_words(cell, after[cell][0], names)].append(cell.scope)
        else:
            lost[cell.holder, cell.right].append(cell.scope)
    return (
        sorted(
            _("%(name)s loses %(right)s on %(scopes)s.")
            % {"name": names[holder], "right": right.label, "scopes": scopes_in_words(scopes, names)}
            for (holder, right), scopes in lost.items()
        ),
        sorted(
            _("%(name)s keeps %(right)s on %(scopes)s: %(way)s.")
            % {
                "name": names[holder],
                "right": right.label,
                "scopes": scopes_in_words(scopes, names),
                "way": way,
            }
            for (holder, right, way), scopes in kept.items()
        ),
    )


def _reach(cells: Iterable[Cell]) -> tuple[set[Holder], set[Scope]]:
    """The users and the queues or direct conversations that the access rights reach."""
    groups = {cell.holder.pk for cell in cells if cell.holder.kind == GROUP}
    queue_groups = {cell.scope.pk for cell in cells if cell.scope.kind == QUEUE_GROUP}
    people = {cell.holder for cell in cells if cell.holder.kind == USER}
    people |= {Holder(USER, pk) for pk in User.objects.filter(groups__in=groups).values_list("pk", flat=True)}
    scopes = {cell.scope for cell in cells if cell.scope.kind != QUEUE_GROUP}
    scopes |= {Scope(QUEUE, pk) for pk in Queue.objects.filter(groups__in=queue_groups).values_list("pk", flat=True)}
    return people, scopes


def _left_alone(changes: RightChanges) -> list[str]:
    """Queues and direct conversations on which nobody active would hold a right that somebody holds now."""
    scopes = _reach(changes.withdrawals)[1]
    memberships = memberships_of((), scopes)
    now = applying(None, scopes, memberships)
    withdrawn = set(changes.withdrawals)
    then = [*(cell for cell in now if cell not in withdrawn), *changes.grants]
    acting = _acting({cell.holder for cell in [*now, *changes.grants]})
    touched = {(cell.right, scope) for cell in withdrawn for scope in memberships.scopes_through(cell.scope)}
    without = (_held(now, acting, memberships) - _held(then, acting, memberships)) & touched
    names = names_of({scope for _right, scope in without})
    by_right: dict[Right, list[Scope]] = defaultdict(list)
    for right, scope in without:
        if scope.kind != QUEUE_GROUP:
            by_right[right].append(scope)
    return [
        _("Nobody will hold %(right)s on %(scopes)s.")
        % {"right": right.label, "scopes": scopes_in_words(scopes, names)}
        for right, scopes in sorted(by_right.items())
    ]


def _held(cells: Iterable[Cell], acting: set[Holder], memberships: Memberships) -> set[tuple[Right, Scope]]:
    return {
        (cell.right, scope)
        for cell in cells
        if cell.holder in acting
        for scope in memberships.scopes_through(cell.scope)
    }


def _acting(holders: Collection[Holder]) -> set[Holder]:
    """Those of the holders that are an active user, or a group with one."""
    users = User.objects.filter(pk__in=[holder.pk for holder in holders if holder.kind == USER], is_active=True)
    member = User.groups.through.objects.filter(group=OuterRef("pk"), user__is_active=True)
    groups = Group.objects.filter(Exists(member), pk__in=[holder.pk for holder in holders if holder.kind == GROUP])
    return {
        *(Holder(USER, pk) for pk in users.values_list("pk", flat=True)),
        *(Holder(GROUP, pk) for pk in groups.values_list("pk", flat=True)),
    }


def counts_in_words(changes: RightChanges) -> str:
    """``Grants 3, withdraws 1``."""
    counts = [
        (_("grants %(count)s"), len(changes.grants)),
        (_("withdraws %(count)s"), len(changes.withdrawals)),
    ]
    return capfirst(", ".join(words % {"count": f"{count:,}"} for words, count in counts if count)) or _(
        "Changes nothing"
    )
