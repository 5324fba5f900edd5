"""What follows from access rights, on the pages of users, groups, queues and folders: who may do what, through what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.utils import unquote
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_cfg.admin.rights.matrix import origin_address
from channels_cfg.admin.rights.matrix_question import Question, matrix_of
from channels_cfg.models import Queue, ReplyTemplateFolder, Right, User
from channels_cfg.rights.effective import (
    DIRECT,
    FOLDER,
    GROUP,
    QUEUE,
    USER,
    Cell,
    Effective,
    Holder,
    Scope,
    direct_groups_of,
    effective_rights,
    folders_of,
    holders_on,
    names_of,
    origin_in_words,
    queues_of,
    rights_on,
)

SHOWN = 15
IN_WORDS = {
    DIRECT: gettext_lazy("Direct conversations of %(group)s"),
    FOLDER: gettext_lazy("Templates in %(group)s"),
}


@dataclass(frozen=True)
class Held:
    """A scope or a person, and for each right the ways in which it is held, each with its address."""

    name: str
    address: str
    ways: Sequence[Sequence[tuple[str, str]]]


@dataclass(frozen=True)
class Panel:
    title: str
    first_heading: str
    rows: Sequence[Held]
    empty: str
    more: str
    """The address where the whole can be seen."""
    more_text: str
    why: str = ""
    rights: Sequence[str | Promise] = tuple(Right.labels)


def panel_of(record: User | Group | Queue | ReplyTemplateFolder) -> Panel:
    match record:
        case Queue():
            return panel_on(Scope(QUEUE, record.pk), why=f"{reverse('why_rights')}?{urlencode({'queue': record.pk})}")
        case ReplyTemplateFolder():
            return panel_on(Scope(FOLDER, record.pk), why=f"{reverse('why_rights')}?{urlencode({'folder': record.pk})}")
    return panel_of_holder(record)


def panel_of_holder(record: User | Group) -> Panel:
    """Where the user, or each member of the group, may do what. The same number of queries for any number of rights."""
    holder = Holder(USER if isinstance(record, User) else GROUP, record.pk)
    queues = [Scope(QUEUE, pk) for pk in queues_of(holder).order_by("name").values_list("pk", flat=True)[:SHOWN]]
    direct = direct_groups_of(holder).order_by("name").values_list("pk", flat=True)[:SHOWN]
    folders = folders_of(holder).order_by("name").values_list("pk", flat=True)[:SHOWN]
    scopes = [*queues, *(Scope(DIRECT, pk) for pk in direct), *(Scope(FOLDER, pk) for pk in folders)]
    shown = scopes[:SHOWN]
    return Panel(
        title=_("Effective rights: all ways taken together"),
        first_heading=_("Where"),
        rows=_rows([(scope, holder, scope) for scope in shown], tuple(Right)),
        empty=_("Nothing is granted, neither directly nor through a group."),
        more=Question(columns=(holder,), only_granted=True).address,
        more_text=_("All of it in the matrix")
        if len(shown) < len(scopes) or len(queues) == SHOWN
        else _("In the matrix"),
        why=f"{reverse('why_rights')}?{urlencode({'user': record.pk})}" if isinstance(record, User) else "",
    )


def panel_on(scope: Scope, *, why: str) -> Panel:
    """Who may do what on a queue or with the templates of a folder."""
    rights = rights_on(scope.kind)
    people = holders_on(scope).order_by("username").values_list("pk", flat=True)[:SHOWN]
    return Panel(
        title=_("Effective rights: who may do what here"),
        first_heading=_("Who"),
        rows=_rows([(Holder(USER, pk), Holder(USER, pk), scope) for pk in people], rights),
        empty=_("Nobody may do anything here: no right is granted on it."),
        more=Question(by="place", columns=(scope,), rows=USER, only_granted=True).address,
        more_text=_("All of them in the matrix") if len(people) == SHOWN else _("In the matrix"),
        why=why,
        rights=[right.label for right in rights],
    )


def _rows(wanted: Sequence[tuple[Holder | Scope, Holder, Scope]], rights: Sequence[Right]) -> list[Held]:
    """A row for each item: what the holder holds on the scope."""
    effective = effective_rights(holders={holder for _, holder, _ in wanted}, scopes={scope for *_, scope in wanted})
    items = {item for origins in effective.values() for origin in origins for item in origin}
    names = names_of({*items, *(item for wish in wanted for item in wish)})
    return [
        Held(
            name=IN_WORDS[item.kind] % {"group": names[item]} if item.kind in IN_WORDS else names[item],
            address=matrix_of(item),
            ways=[_ways(Cell(holder, scope, right), effective, names) for right in rights],
        )
        for item, holder, scope in wanted
    ]


def _ways(cell: Cell, effective: Effective, names: Mapping[Holder | Scope, str]) -> list[tuple[str, str]]:
    return [(origin_in_words(cell, origin, names), origin_address(origin)) for origin in effective.get(cell, ())]


class ShowsEffectiveRights:
    """For a ``ModelAdmin`` of users, groups, queues or folders: the panel below the form."""

    change_form_outer_after_template = "admin/channels_cfg/_effective_rights.html"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        record = self.get_object(request, unquote(object_id))  # type: ignore[attr-defined]
        shown = {}
        if record is not None and request.user.has_perm("channels_cfg.view_accessright"):
            shown["effective"] = panel_of(record)
        return super().change_view(request, object_id, form_url, {**shown, **(extra_context or {})})  # type: ignore[misc]
