"""A role or a user like another: the same access rights, the same pages, never more than who copies may give."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from channels_cfg.history.change_set import Action, RecordChange
from channels_cfg.history.record_writing import write_in_bulk
from channels_cfg.models import AccessRight, User
from channels_cfg.rights.changes import RightChanges, RightsPreview, columns_of, preview_of
from channels_cfg.rights.effective import GROUP, HOLDER_FIELDS, USER, Cell, Holder, granted_cells


def own_cells(holder: Holder) -> list[Cell]:
    """What is granted to the user or the group itself."""
    return granted_cells(AccessRight.objects.filter(**{HOLDER_FIELDS[holder.kind]: holder.pk}))


def pages_to_copy(group: Group, *, by: User) -> tuple[list[Permission], list[Permission]]:
    """The page permissions that the copy gets, and those that it does not, since who copies does not hold them."""
    pages = group.permissions.select_related("content_type")
    if by.is_superuser:
        return list(pages), []
    held = by.get_all_permissions()
    names = {page: f"{page.content_type.app_label}.{page.codename}" for page in pages}
    return [page for page in names if names[page] in held], [page for page in names if names[page] not in held]


@transaction.atomic
def copy_group(group: Group, *, name: str, by: User) -> Group:
    """A new group with the same access rights and pages, without members."""
    copy = Group.objects.create(name=name)
    copy.permissions.set(pages_to_copy(group, by=by)[0])
    holder = Holder(GROUP, copy.pk)
    AccessRight.objects.bulk_create(
        [AccessRight(**columns_of(cell._replace(holder=holder))) for cell in own_cells(Holder(GROUP, group.pk))],
        batch_size=1000,
    )
    return copy


def rights_to_copy(source: User, target: User) -> RightChanges:
    """What the target needs to be granted directly to hold all that is granted to the source directly."""
    held = {(cell.scope, cell.right) for cell in own_cells(Holder(USER, target.pk))}
    holder = Holder(USER, target.pk)
    return RightChanges(
        [
            cell._replace(holder=holder)
            for cell in own_cells(Holder(USER, source.pk))
            if (cell.scope, cell.right) not in held
        ]
    )


def groups_to_join(source: User, target: User, *, by: User) -> QuerySet[Group]:
    """The groups of the source that the target is not in, except those with pages that who copies may not open."""
    groups = source.groups.exclude(pk__in=target.groups.values("pk"))
    if not by.is_superuser:
        beyond = [group.pk for group in groups if pages_to_copy(group, by=by)[1]]
        groups = groups.exclude(pk__in=beyond)
    return groups.order_by("name")


@dataclass
class CopiedRights(RightsPreview):
    """What one user would be granted to hold what another holds, and the groups to join."""

    target: User | None = None
    joins: Sequence[Group] = ()

    @property
    def notes(self) -> list[str]:
        names = ", ".join(group.name for group in self.joins)
        return [_("%(target)s joins %(groups)s.") % {"target": self.target, "groups": names}] if names else []

    def record_changes(self) -> Iterator[RecordChange]:
        yield from super().record_changes()
        if self.target and self.joins:
            groups = [group.pk for group in self.joins]
            yield RecordChange(Action.CHANGE, User, self.target.pk, new={"groups": groups})

    def write(self) -> None:
        write_in_bulk(super().record_changes())
        if self.target:
            self.target.groups.add(*self.joins)


def copied_rights(source: User, target: User, *, by: User, with_groups: bool) -> CopiedRights:
    """The change set that lets the target hold what the source holds, as far as who copies may give it."""
    joins = list(groups_to_join(source, target, by=by)) if with_groups else []
    return CopiedRights(**vars(preview_of(rights_to_copy(source, target))), target=target, joins=joins)
