"""Why somebody may do something somewhere, or why not: by name of right, through what, and what would change it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels_cfg.models import FOLDER_RIGHTS, QUEUE_RIGHTS, Right, User
from channels_cfg.rights.changes import scope_in_words
from channels_cfg.rights.effective import (
    DIRECT,
    FOLDER,
    GROUP,
    QUEUE,
    QUEUE_GROUP,
    USER,
    Cell,
    Holder,
    Origin,
    Scope,
    applying,
    effective_rights,
    memberships_of,
    names_of,
    origin_in_words,
)

NAMED = 5


@dataclass(frozen=True)
class Way:
    """Something that gives the right, or would: ``origin`` is the access right that is granted, or would have to be."""

    words: str
    origin: Origin


@dataclass(frozen=True)
class RightAnswer:
    """Whether the user holds the right on the scope, in a sentence, and how that comes or could come about."""

    right: Right
    is_held: bool
    sentence: str
    through: Sequence[Way] = ()
    could: Sequence[Way] = ()
    holders: str = ""
    """Groups that hold it already, to one of which the user could be added."""


def explain(user: User, rights: Collection[Right], scopes: Sequence[Scope]) -> list[RightAnswer]:
    """One answer for each right, about scopes of which one is enough. A constant number of queries."""
    holder = Holder(USER, user.pk)
    effective = effective_rights(holders=[holder], scopes=scopes)
    memberships = memberships_of([holder], scopes)
    granted = applying(None, scopes, memberships)
    groups = [Holder(GROUP, pk) for pk in memberships.members]
    wider = [Scope(QUEUE_GROUP, pk) for pk in memberships.queues]
    items: set[Holder | Scope] = {holder, *groups, *wider, *scopes}
    items |= {item for cell in granted for item in (cell.holder, cell.scope) if cell.holder.kind == GROUP}
    names = names_of(items)
    where = get_text_list([scope_in_words(scope, names) for scope in scopes], _("or"))

    answers = []
    for right in rights:
        told = {"user": user, "right": right.label, "where": where}
        through = [
            Way(_with_scope(origin_in_words(cell, origin, names), cell.scope, scopes, names), origin)
            for cell in (Cell(holder, scope, right) for scope in scopes)
            for origin in effective.get(cell, ())
        ]
        if through:
            answers.append(RightAnswer(right, True, _("%(user)s holds %(right)s on %(where)s.") % told, through))
            continue
        having = {cell.holder for cell in granted if cell.right == right and cell.holder.kind == GROUP}
        could = [
            *(_grant(_("to %(holder)s on %(scope)s"), holder, scope, names) for scope in [*scopes, *wider][:NAMED]),
            *(
                _grant(_("to the group %(holder)s on %(scope)s"), group, scope, names)
                for group in groups[:NAMED]
                for scope in scopes[:1]
            ),
        ]
        holders = get_text_list(sorted(names[group] for group in having if group in names)[:NAMED], _("or"))
        sentence = _("%(user)s does not hold %(right)s on %(where)s.") % told
        answers.append(RightAnswer(right, False, sentence, could=could, holders=holders))
    return answers


def _grant(sentence: str, holder: Holder, scope: Scope, names: dict[Holder | Scope, str]) -> Way:
    """How the right could be granted, in words."""
    return Way(sentence % {"holder": names[holder], "scope": scope_in_words(scope, names)}, Origin(holder, scope))


def _with_scope(words: str, scope: Scope, scopes: Sequence[Scope], names: dict[Holder | Scope, str]) -> str:
    if len(scopes) == 1:
        return words
    return _("%(way)s, on %(scope)s") % {"way": words, "scope": scope_in_words(scope, names)}


@dataclass(frozen=True)
class Extent:
    """On how much the user holds a right, wherever that is."""

    right: Right
    queues: int
    direct: int
    folders: int = 0

    @property
    def sentence(self) -> str:
        if self.right in FOLDER_RIGHTS and not self.folders:
            return _("%(right)s: in no folder") % {"right": self.right.label}
        if self.right in QUEUE_RIGHTS and not self.queues and not self.direct:
            return _("%(right)s: on no queue") % {"right": self.right.label}
        parts = []
        if self.folders:
            words = ngettext("in %(count)s folder", "in %(count)s folders", self.folders)
            parts.append(words % {"count": f"{self.folders:,}"})
        if self.queues:
            words = ngettext("on %(count)s queue", "on %(count)s queues", self.queues)
            parts.append(words % {"count": f"{self.queues:,}"})
        if self.direct:
            words = ngettext(
                "on direct conversations of %(count)s group", "on direct conversations of %(count)s groups", self.direct
            )
            parts.append(words % {"count": f"{self.direct:,}"})
        where = get_text_list(parts, _("and"))
        return f"{self.right.label}: {where}"


def extents(user: User) -> list[Extent]:
    """How far each right of the user reaches."""
    counted: dict[Right, Counter[str]] = {right: Counter() for right in Right}
    for cell in effective_rights(holders=[Holder(USER, user.pk)]):
        counted[cell.right][cell.scope.kind] += 1
    return [Extent(right, kinds[QUEUE], kinds[DIRECT], kinds[FOLDER]) for right, kinds in counted.items()]


def direct_scopes_of(agent: User) -> list[Scope]:
    """Where rights on the direct conversations of an agent are held: the groups of the agent."""
    groups: QuerySet[Group] = agent.groups.order_by("name")
    return [Scope(DIRECT, pk) for pk in groups.values_list("pk", flat=True)]
