"""The rights matrix: who × where × what, ticked, previewed in words, and saved as one settings version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from channels_cfg.admin.rights.matrix_question import (
    BY_HOLDER,
    BY_PLACE,
    KIND_WORDS,
    KINDS,
    MOST_COLUMNS,
    ChooseColumns,
    Item,
    Question,
    cell_at,
    first_columns,
    found_rows,
    make_item,
)
from channels_cfg.admin.rights.rights_preview import may_change, preview_or_save
from channels_cfg.models import Queue, Right, User
from channels_cfg.rights.changes import RightChanges, preview_of, read_cells
from channels_cfg.rights.effective import (
    GROUP,
    QUEUE,
    Cell,
    Effective,
    Holder,
    Origin,
    effective_rights,
    names_of,
    origin_in_words,
    rights_on,
)

ROWS_PER_PAGE = 25


@dataclass(frozen=True)
class Box:
    """One cell of the matrix: a box to tick, or a right that comes from elsewhere."""

    code: str
    label: str
    column: str
    is_first: bool
    """Whether it is the first of its column's."""
    ticked: bool
    ways: Sequence[tuple[str, str]]
    """Where it comes from besides, in words, each with the address where that is granted."""

    @property
    def is_inherited(self) -> bool:
        return bool(self.ways) and not self.ticked


@dataclass(frozen=True)
class MatrixRow:
    code: str
    name: str
    note: str
    address: str
    boxes: Sequence[Box]


@dataclass(frozen=True)
class MatrixColumn:
    code: str
    kind: str
    name: str
    address: str
    """The matrix with this as the only column."""
    without: str
    rights: Sequence[tuple[str, str | Promise]]
    """What can be held there, each with its label."""


def matrix(request: HttpRequest) -> HttpResponse:
    """Show the matrix; preview what was ticked; save what was confirmed."""
    if not request.user.has_perm("channels_cfg.view_accessright"):
        raise PermissionDenied
    question = Question.read(request.GET)
    if request.method != "POST":
        return matrix_page(request, question)
    if not may_change(request):
        raise PermissionDenied
    try:
        if "grants" in request.POST:
            changes = RightChanges(read_cells(request.POST["grants"]), read_cells(request.POST.get("withdrawals", "")))
            if "edit" in request.POST:
                return matrix_page(request, question, changes)
        else:
            changes = bulk_changes(request.POST, question) if "bulk" in request.POST else ticked_changes(request.POST)
        return preview_or_save(request, partial(preview_of, changes), next_address=question.address)
    except ValidationError as wrong:
        messages.error(request, " ".join(wrong.messages))
        return matrix_page(request, question, _ticked_or_nothing(request.POST))


def ticked_changes(posted: QueryDict) -> RightChanges:
    return RightChanges.between(read_cells(posted.get("before", "")), read_cells(" ".join(posted.getlist("cell"))))


def _ticked_or_nothing(posted: QueryDict) -> RightChanges:
    try:
        return ticked_changes(posted)
    except ValidationError:
        return RightChanges()


def bulk_changes(posted: QueryDict, question: Question) -> RightChanges:
    """One right of one column, granted or withdrawn on every row that the search finds, also on other pages."""
    right, column = posted.get("right", ""), posted.get("bulk_column", "")
    chosen = [item for item in question.columns if str(item) == column]
    if not chosen:
        raise ValidationError(_("Choose for whom or where.") if question.columns else _("Choose a column first."))
    if right not in _rights_in(chosen[0], question):
        raise ValidationError(_("Choose the right to grant or withdraw."))
    rows = [make_item(question.rows, pk) for pk in found_rows(question).values_list("pk", flat=True)]
    cells = [cell_at(row, chosen[0], Right(right)) for row in rows]
    return RightChanges(cells) if posted.get("bulk") == "grant" else RightChanges((), cells)


def matrix_page(request: HttpRequest, question: Question, pending: RightChanges | None = None) -> HttpResponse:
    """The matrix, with what was ticked already and is not saved yet."""
    if not question.columns:
        question = replace(question, columns=tuple(first_columns(question.by)))
    names = names_of(question.columns)
    question = replace(question, columns=tuple(column for column in question.columns if column in names))
    page = Paginator(found_rows(question), ROWS_PER_PAGE).get_page(question.page)
    question = replace(question, page=str(page.number))
    records = {make_item(question.rows, record.pk): record for record in page}
    rows, before = boxes(question, records, names, pending or RightChanges())
    context = {
        **admin.site.each_context(request),
        "title": _("Rights matrix"),
        "question": question,
        "columns": [_column(column, question, names) for column in question.columns],
        "rights": [
            (right.value, right.label)
            for right in Right
            if any(right in _rights_in(column, question) for column in question.columns)
        ],
        "rows": rows,
        "before": " ".join(before),
        "page": page,
        "pages": _pages(page, question),
        "views": [
            (_("Who holds what"), question.with_(by=BY_HOLDER, columns=(), rows=QUEUE), question.by == BY_HOLDER),
            (_("Who may do what here"), question.with_(by=BY_PLACE, columns=(), rows=GROUP), question.by == BY_PLACE),
        ],
        "kinds": [
            (kind, label, question.with_(rows=kind), kind == question.rows)
            for kind, label in KINDS[question.by].items()
        ],
        "chooser": ChooseColumns(question.by),
        "full": len(question.columns) >= MOST_COLUMNS,
        "may_change": may_change(request),
        "rows_in_words": KINDS[question.by][question.rows].lower(),
    }
    return TemplateResponse(request, "admin/channels_cfg/accessright/matrix.html", context)


def boxes(
    question: Question, records: Mapping[Item, Any], names: dict[Any, str], pending: RightChanges
) -> tuple[list[MatrixRow], list[str]]:
    """The rows with their boxes, and the codes of those cells that are granted in the database."""
    by_holder = question.by == BY_HOLDER
    effective = effective_rights(
        holders=question.columns if by_holder else list(records),  # type: ignore[arg-type]
        scopes=list(records) if by_holder else question.columns,  # type: ignore[arg-type]
    )
    names = {**names, **{item: str(record) for item, record in records.items()}}
    elsewhere = {item for origins in effective.values() for origin in origins for item in origin}
    names |= names_of(elsewhere - names.keys())
    granting, withdrawing = set(pending.grants), set(pending.withdrawals)
    before, rows = [], []
    for item, record in records.items():
        row = []
        for column in question.columns:
            rights = _rights_in(column, question)
            for right in rights:
                cell = cell_at(item, column, right)
                own = any(origin == Origin(cell.holder, cell.scope) for origin in effective.get(cell, ()))
                if own:
                    before.append(str(cell))
                ticked = (own and cell not in withdrawing) or cell in granting
                row.append(_box(cell, column, right == rights[0], ticked, effective, names))
        rows.append(MatrixRow(str(item), names[item], _note(record), question.with_(**_turned(item, question)), row))
    return rows, before


def _rights_in(column: Item, question: Question) -> tuple[Right, ...]:
    """What can be held where this column meets the rows."""
    return rights_on(question.rows if isinstance(column, Holder) else column.kind)


def _turned(item: Item, question: Question) -> dict[str, Any]:
    """The other view, with this row as its column."""
    by = BY_PLACE if question.by == BY_HOLDER else BY_HOLDER
    return {"by": by, "columns": (item,), "rows": next(iter(KINDS[by])), "search": "", "only_granted": False}


def _box(cell: Cell, column: Item, is_first: bool, ticked: bool, effective: Effective, names: Mapping[Any, str]) -> Box:
    origins = [origin for origin in effective.get(cell, ()) if origin != Origin(cell.holder, cell.scope)]
    scope = _("%(kind)s %(name)s") % {"kind": str(KIND_WORDS[cell.scope.kind]).lower(), "name": names[cell.scope]}
    return Box(
        code=str(cell),
        label=_("%(right)s: %(holder)s on %(scope)s")
        % {"right": cell.right.label, "holder": names[cell.holder], "scope": scope},
        column=f"{column}-{cell.right}",
        is_first=is_first,
        ticked=ticked,
        ways=[(origin_in_words(cell, origin, names), origin_address(origin)) for origin in origins],
    )


def origin_address(origin: Origin) -> str:
    """The matrix where the access right itself is ticked."""
    return Question(by=BY_HOLDER, columns=(origin.holder,), rows=origin.scope.kind, only_granted=True).address


def _note(record: Any) -> str:
    match record:
        case Queue():
            return str(record.channel)
        case User():
            kind = _("API client") if record.is_api_client else record.username if record.get_full_name() else ""
            return ", ".join(filter(None, [kind, "" if record.is_active else _("inactive")]))
    return ""


def _column(column: Item, question: Question, names: Mapping[Any, str]) -> MatrixColumn:
    others = tuple(item for item in question.columns if item != column)
    return MatrixColumn(
        code=str(column),
        kind=str(KIND_WORDS[column.kind]),
        name=names[column],
        address=question.with_(columns=(column,), only_granted=True),
        without=question.with_(columns=others) if others else "",
        rights=[(right.value, right.label) for right in _rights_in(column, question)],
    )


def _pages(page: Page[Any], question: Question) -> dict[str, str]:
    links = {}
    if page.has_previous():
        links["previous"] = question.with_(page=str(page.previous_page_number()))
    if page.has_next():
        links["next"] = question.with_(page=str(page.next_page_number()))
    return links
