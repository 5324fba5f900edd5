"""What the rights matrix shows, as its address asks for it: columns that were chosen, and a page of rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_cfg.models import AccessRight, Queue, QueueGroup, ReplyTemplateFolder, Right, User
from channels_cfg.rights.changes import read_holder, read_scope
from channels_cfg.rights.effective import (
    DIRECT,
    FOLDER,
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
    Scope,
    covers,
    direct_groups_of,
    folders_of,
    holders_on,
    queues_of,
    reaches,
)

MOST_COLUMNS = 5
COLUMNS_AT_FIRST = 2
BY_HOLDER, BY_PLACE = "holder", "place"
KINDS = {
    BY_HOLDER: {
        QUEUE: gettext_lazy("Queues"),
        QUEUE_GROUP: gettext_lazy("Queue groups"),
        DIRECT: gettext_lazy("Direct conversations"),
        FOLDER: gettext_lazy("Reply-template folders"),
    },
    BY_PLACE: {GROUP: gettext_lazy("Groups"), USER: gettext_lazy("Users")},
}
KIND_WORDS: dict[str, str | Promise] = {
    USER: gettext_lazy("User"),
    GROUP: gettext_lazy("Group"),
    QUEUE: gettext_lazy("Queue"),
    QUEUE_GROUP: gettext_lazy("All queues of"),
    DIRECT: gettext_lazy("Direct conversations of"),
    FOLDER: gettext_lazy("Templates in"),
}
CHOOSE = {
    USER: gettext_lazy("user"),
    GROUP: gettext_lazy("group"),
    QUEUE: gettext_lazy("queue"),
    QUEUE_GROUP: gettext_lazy("queue group"),
    DIRECT: gettext_lazy("direct, group"),
    FOLDER: gettext_lazy("template folder"),
}
MODELS: dict[str, type[Model]] = {**HOLDER_MODELS, **SCOPE_MODELS}
FIELDS = {kind: name.removesuffix("_id") for kind, name in {**HOLDER_FIELDS, **SCOPE_FIELDS}.items()}

Item = Holder | Scope


@dataclass(frozen=True)
class Question:
    """What the matrix shows: the columns that were chosen, and a page of rows."""

    by: str = BY_HOLDER
    columns: tuple[Item, ...] = ()
    rows: str = QUEUE
    search: str = ""
    only_granted: bool = False
    page: str = "1"

    @classmethod
    def read(cls, query: QueryDict) -> Question:
        """As asked in the address. What is not understood there is left out."""
        by = query.get("by", "")
        by = by if by in KINDS else BY_HOLDER
        rows = query.get("rows", "")
        rows = rows if rows in KINDS[by] else next(iter(KINDS[by]))
        written = [*query.getlist("column"), *(f"{kind}{pk}" for kind in FIELDS for pk in query.getlist(f"add_{kind}"))]
        return cls(
            by=by,
            columns=tuple(_understood(written, read_holder if by == BY_HOLDER else read_scope))[:MOST_COLUMNS],
            rows=rows,
            search=query.get("q", "").strip()[:100],
            only_granted=query.get("granted") == "1",
            page=query.get("page", "1"),
        )

    @property
    def address(self) -> str:
        query = [
            ("by", self.by),
            *(("column", str(column)) for column in self.columns),
            ("rows", self.rows),
            *([("q", self.search)] if self.search else []),
            *([("granted", "1")] if self.only_granted else []),
            *([("page", self.page)] if self.page != "1" else []),
        ]
        return f"{reverse('admin:rights_matrix')}?{urlencode(query)}"

    def with_(self, **changes: Any) -> str:
        """The address of the same question with something else in it, from its first page."""
        return replace(self, **{"page": "1", **changes}).address


def _understood(written: Iterable[str], read: Any) -> list[Item]:
    found: dict[Item, None] = {}
    for text in written:
        try:
            found[read(text)] = None
        except ValidationError:
            continue
    return list(found)


class ChooseColumns(forms.Form):
    """Finds a holder or a scope as one types."""

    def __init__(self, by: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [USER, GROUP] if by == BY_HOLDER else list(SCOPE_MODELS)
        for kind in kinds:
            source = AccessRight._meta.get_field(FIELDS[kind])
            self.fields[f"add_{kind}"] = forms.ModelChoiceField(
                MODELS[kind]._default_manager.none(),
                required=False,
                label=CHOOSE[kind],
                widget=AutocompleteSelect(source, admin.site, attrs={"data-placeholder": _("Search …")}),
            )


def first_columns(by: str) -> list[Item]:
    """Something to look at before anybody has chosen: groups that hold rights, or scopes on which they are held."""
    if by == BY_HOLDER:
        groups = Group.objects.order_by("name").values_list("pk", flat=True)
        holding = groups.filter(pk__in=AccessRight.objects.filter(group__isnull=False).values("group"))
        return [Holder(GROUP, pk) for pk in holding[:COLUMNS_AT_FIRST] or groups[:COLUMNS_AT_FIRST]]
    on_groups = QueueGroup.objects.filter(
        pk__in=AccessRight.objects.filter(queue_group__isnull=False).values("queue_group")
    )
    scopes = [Scope(QUEUE_GROUP, pk) for pk in on_groups.values_list("pk", flat=True)[:COLUMNS_AT_FIRST]]
    queues = Queue.objects.values_list("pk", flat=True)[: COLUMNS_AT_FIRST - len(scopes)]
    return [*scopes, *(Scope(QUEUE, pk) for pk in queues)]


def found_rows(question: Question) -> QuerySet[Any]:
    """What the rows are about, by name."""
    rows: QuerySet[Any]
    match question.rows:
        case "q":
            rows = Queue.objects.select_related("channel").order_by("name")
            names = ["name", "channel__name"]
        case "s":
            rows, names = QueueGroup.objects.order_by("name"), ["name"]
        case "t":
            rows, names = ReplyTemplateFolder.objects.order_by("name"), ["name"]
        case "u":
            rows = User.objects.order_by("username")
            names = ["username", "first_name", "last_name"]
        case _:
            rows, names = Group.objects.order_by("name"), ["name"]
    for word in question.search.split():
        matches = Q()
        for name in names:
            matches |= Q(**{f"{name}__finds": word})
        rows = rows.filter(matches)
    if question.only_granted and question.columns:
        granted = Q()
        for column in question.columns:
            granted |= Q(pk__in=related_rows(column, question.rows).values("pk"))
        rows = rows.filter(granted)
    return rows


def related_rows(column: Item, rows: str) -> QuerySet[Any]:
    """The rows of which something is granted in the column, inherited or not."""
    if isinstance(column, Holder):
        if rows == QUEUE:
            return queues_of(column)
        if rows == DIRECT:
            return direct_groups_of(column)
        if rows == FOLDER:
            return folders_of(column)
        return QueueGroup.objects.filter(pk__in=AccessRight.objects.filter(reaches(column)).values("queue_group"))
    if rows == USER:
        return holders_on(column)
    return Group.objects.filter(pk__in=AccessRight.objects.filter(covers(column)).values("group"))


def make_item(kind: str, pk: int) -> Item:
    return Holder(kind, pk) if kind in (USER, GROUP) else Scope(kind, pk)


def cell_at(row: Item, column: Item, right: Right) -> Cell:
    holder, scope = (row, column) if isinstance(row, Holder) else (column, row)
    assert isinstance(holder, Holder) and isinstance(scope, Scope)
    return Cell(holder, scope, right)


def matrix_of(*items: Item, rows: str | None = None) -> str:
    """The address of the matrix with these holders, or these scopes, as columns."""
    by = BY_HOLDER if isinstance(items[0], Holder) else BY_PLACE
    return Question(by=by, columns=tuple(items), rows=rows or next(iter(KINDS[by]))).address
