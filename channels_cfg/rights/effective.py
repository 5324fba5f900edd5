"""Who may do what where, and through which access rights: directly, by a group, on a queue group, or both.

The answers agree with ``Queue.objects.granting`` and ``Conversation.objects.granting``. Each costs three queries,
however many holders and scopes it is about.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

from django.contrib.auth.models import Group, Permission
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from channels_cfg.models import (
    FOLDER_RIGHTS,
    QUEUE_RIGHTS,
    AccessRight,
    Queue,
    QueueGroup,
    ReplyTemplateFolder,
    Right,
    User,
)


class Holder(NamedTuple):
    """A user or a group, written ``u12`` or ``g3``."""

    kind: str
    pk: int

    def __str__(self) -> str:
        return f"{self.kind}{self.pk}"


class Scope(NamedTuple):
    """A queue ``q5``, a queue group ``s7``, the direct conversations of a group ``d3``, or a reply-template folder
    ``t2``."""

    kind: str
    pk: int

    def __str__(self) -> str:
        return f"{self.kind}{self.pk}"


USER, GROUP = "u", "g"
QUEUE, QUEUE_GROUP, DIRECT, FOLDER = "q", "s", "d", "t"

HOLDER_MODELS = {USER: User, GROUP: Group}
SCOPE_MODELS = {QUEUE: Queue, QUEUE_GROUP: QueueGroup, DIRECT: Group, FOLDER: ReplyTemplateFolder}
HOLDER_FIELDS = {USER: "user_id", GROUP: "group_id"}
SCOPE_FIELDS = {
    QUEUE: "queue_id",
    QUEUE_GROUP: "queue_group_id",
    DIRECT: "direct_conversations_of_id",
    FOLDER: "reply_template_folder_id",
}


def rights_on(kind: str) -> tuple[Right, ...]:
    """The rights that can be held on a scope of this kind."""
    return FOLDER_RIGHTS if kind == FOLDER else QUEUE_RIGHTS


class Cell(NamedTuple):
    """What one access right grants, written ``u12-q5-serve``."""

    holder: Holder
    scope: Scope
    right: Right

    def __str__(self) -> str:
        return f"{self.holder}-{self.scope}-{self.right}"


class Origin(NamedTuple):
    """One access right through which somebody holds something: granted to this holder, on this scope."""

    holder: Holder
    scope: Scope


Effective = dict[Cell, list[Origin]]
"""What each holder holds on each scope, with every way in which it does; the direct one comes first."""


@dataclass(frozen=True)
class Memberships:
    """Which groups users are in, and which queue groups queues are in, as far as a question needs them."""

    members: Mapping[int, set[int]] = field(default_factory=dict)
    """Group to its users."""
    queues: Mapping[int, set[int]] = field(default_factory=dict)
    """Queue group to its queues."""

    def holders_through(self, holder: Holder) -> Iterable[Holder]:
        yield holder
        if holder.kind == GROUP:
            yield from (Holder(USER, user) for user in self.members.get(holder.pk, ()))

    def scopes_through(self, scope: Scope) -> Iterable[Scope]:
        yield scope
        if scope.kind == QUEUE_GROUP:
            yield from (Scope(QUEUE, queue) for queue in self.queues.get(scope.pk, ()))


def effective_rights(
    *, holders: Collection[Holder] | None = None, scopes: Collection[Scope] | None = None
) -> Effective:
    """Every right that these holders hold on these scopes; None stands for all of them."""
    memberships = memberships_of(holders, scopes)
    granted = applying(holders, scopes, memberships)
    return spread(granted, memberships, holders=holders, scopes=scopes)


def spread(
    granted: Iterable[Cell],
    memberships: Memberships,
    *,
    holders: Collection[Holder] | None = None,
    scopes: Collection[Scope] | None = None,
) -> Effective:
    """What follows from the access rights for these holders and scopes."""
    wanted_holders = None if holders is None else set(holders)
    wanted_scopes = None if scopes is None else set(scopes)
    found: Effective = defaultdict(list)
    for cell in granted:
        origin = Origin(cell.holder, cell.scope)
        reached = product(memberships.holders_through(cell.holder), memberships.scopes_through(cell.scope))
        for holder, scope in reached:
            if wanted_holders is not None and holder not in wanted_holders:
                continue
            if wanted_scopes is None or scope in wanted_scopes:
                found[Cell(holder, scope, cell.right)].append(origin)
    for cell, origins in found.items():
        origins.sort(key=lambda origin: (origin.holder != cell.holder, origin.scope != cell.scope, origin))
    return dict(found)


def granted_cells(rights: QuerySet[AccessRight]) -> list[Cell]:
    rows = rights.order_by().values_list("right", *HOLDER_FIELDS.values(), *SCOPE_FIELDS.values())
    return [
        Cell(
            Holder(USER, user) if user else Holder(GROUP, group),
            next(Scope(kind, pk) for kind, pk in zip(SCOPE_FIELDS, places, strict=True) if pk),
            Right(right),
        )
        for right, user, group, *places in rows
    ]


def memberships_of(holders: Collection[Holder] | None, scopes: Collection[Scope] | None) -> Memberships:
    """The groups that these users are in, and the queue groups that these queues are in."""
    members, queues = defaultdict(set), defaultdict(set)
    in_groups = User.groups.through.objects.all()
    in_queue_groups = Queue.groups.through.objects.all()
    if holders is not None:
        in_groups = in_groups.filter(user__in=_ids(holders, USER))
    if scopes is not None:
        in_queue_groups = in_queue_groups.filter(queue__in=_ids(scopes, QUEUE))
    for group, user in in_groups.values_list("group_id", "user_id"):
        members[group].add(user)
    for queue_group, queue in in_queue_groups.values_list("queuegroup_id", "queue_id"):
        queues[queue_group].add(queue)
    return Memberships(members, queues)


def applying(
    holders: Collection[Holder] | None, scopes: Collection[Scope] | None, memberships: Memberships
) -> list[Cell]:
    """The access rights through which these holders hold something on these scopes."""
    rights = AccessRight.objects.all()
    if holders is not None:
        groups = {*_ids(holders, GROUP), *memberships.members}
        rights = rights.filter(Q(user__in=_ids(holders, USER)) | Q(group__in=groups))
    if scopes is not None:
        queue_groups = {*_ids(scopes, QUEUE_GROUP), *memberships.queues}
        rights = rights.filter(
            Q(queue__in=_ids(scopes, QUEUE))
            | Q(queue_group__in=queue_groups)
            | Q(direct_conversations_of__in=_ids(scopes, DIRECT))
            | Q(reply_template_folder__in=_ids(scopes, FOLDER))
        )
    return granted_cells(rights)


def _ids(chosen: Iterable[Holder | Scope], kind: str) -> list[int]:
    return [item.pk for item in chosen if item.kind == kind]


def names_of(items: Iterable[Holder | Scope]) -> dict[Holder | Scope, str]:
    """How each is called; one query for each kind. What is gone is left out."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for item in items:
        wanted[item.kind].add(item.pk)
    names: dict[Holder | Scope, str] = {}
    for kind, ids in wanted.items():
        make = Holder if kind in HOLDER_MODELS else Scope
        model = HOLDER_MODELS.get(kind) or SCOPE_MODELS[kind]
        names |= {make(kind, pk): str(record) for pk, record in model._base_manager.in_bulk(ids).items()}
    return names


def origin_in_words(cell: Cell, origin: Origin, names: Mapping[Holder | Scope, str]) -> str:
    """``directly``, ``through group Agent``, ``on queue group Nordic sales``, or the last two joined."""
    ways = []
    if origin.holder != cell.holder:
        ways.append(_("through group %(group)s") % {"group": names.get(origin.holder, "?")})
    if origin.scope != cell.scope:
        ways.append(_("on queue group %(group)s") % {"group": names.get(origin.scope, "?")})
    return ", ".join(ways) or _("directly")


def holders_on(scope: Scope) -> QuerySet[User]:
    """The users who hold any right on the scope."""
    return AccessRight.objects.filter(covers(scope)).holders()


def queues_of(holder: Holder) -> QuerySet[Queue]:
    """The queues on which the user or group holds any right."""
    held = AccessRight.objects.filter(reaches(holder))
    return Queue.objects.filter(
        Q(pk__in=held.filter(queue__isnull=False).values("queue"))
        | Q(pk__in=held.filter(queue_group__isnull=False).values("queue_group__queues"))
    )


def direct_groups_of(holder: Holder) -> QuerySet[Group]:
    """The groups on whose direct conversations the user or group holds any right."""
    held = AccessRight.objects.filter(reaches(holder), direct_conversations_of__isnull=False)
    return Group.objects.filter(pk__in=held.values("direct_conversations_of"))


def folders_of(holder: Holder) -> QuerySet[ReplyTemplateFolder]:
    """The reply-template folders on which the user or group holds any right."""
    held = AccessRight.objects.filter(reaches(holder), reply_template_folder__isnull=False)
    return ReplyTemplateFolder.objects.filter(pk__in=held.values("reply_template_folder"))


def covers(scope: Scope) -> Q:
    """Access rights that count on the scope."""
    on_it = Q(**{SCOPE_FIELDS[scope.kind]: scope.pk})
    if scope.kind != QUEUE:
        return on_it
    groups = Queue.groups.through.objects.filter(queue=scope.pk).values("queuegroup")
    return on_it | Q(queue_group__in=groups)


def reaches(holder: Holder) -> Q:
    """Access rights that count for the user or group."""
    to_it = Q(**{HOLDER_FIELDS[holder.kind]: holder.pk})
    if holder.kind != USER:
        return to_it
    return to_it | Q(group__in=User.groups.through.objects.filter(user=holder.pk).values("group"))


def who_can_grant() -> QuerySet[User]:
    """Active people who may grant access rights in the System Configurator, by name."""
    permission = Permission.objects.filter(codename="add_accessright", content_type__app_label="channels_cfg")
    through_group = User.groups.through.objects.filter(
        user=OuterRef("pk"), group__permissions__in=Subquery(permission.values("pk")[:1])
    )
    may = Q(is_superuser=True) | Exists(through_group) | Q(user_permissions__in=permission)
    people = User.objects.filter(may, is_active=True, is_staff=True, is_api_client=False)
    return people.distinct().order_by("first_name", "last_name", "username")


def who_can_grant_in_words() -> str:
    """``Ada Lindgren or another System Configurator``; one query."""
    first, *more = [str(person) for person in who_can_grant()[:2]] or [_("A System Configurator")]
    return _("%(first)s or another System Configurator") % {"first": first} if more else first
