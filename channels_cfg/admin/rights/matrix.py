"""The rights matrix: who × where × the four rights, ticked, previewed in words, and saved as one settings version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelect
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Page, Paginator
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_cfg.admin.safeguards.typed_confirmation import Danger, confirmation, is_confirmed
from channels_cfg.history.change_reason import LONGEST_WHY, changing_settings, why_is_required
from channels_cfg.models import AccessRight, Queue, QueueGroup, Right, User
from channels_cfg.rights.changes import (
    Preview,
    RightChanges,
    StalePreview,
    counts_in_words,
    preview_of,
    read_cells,
    read_holder,
    read_place,
    save_right_changes,
)
from channels_cfg.rights.effective import (
    DIRECT,
    GROUP,
    QUEUE,
    QUEUE_GROUP,
    USER,
    Cell,
    Effective,
    Holder,
    Origin,
    Place,
    covers,
    direct_groups_of,
    effective_rights,
    holders_on,
    names_of,
    origin_in_words,
    queues_of,
    reaches,
)

ROWS_PER_PAGE = 25
MOST_COLUMNS = 5
COLUMNS_AT_FIRST = 2
BY_HOLDER, BY_PLACE = "holder", "place"
KINDS = {
    BY_HOLDER: {
        QUEUE: gettext_lazy("Queues"),
        QUEUE_GROUP: gettext_lazy("Queue groups"),
        DIRECT: gettext_lazy("Direct conversations"),
    },
    BY_PLACE: {GROUP: gettext_lazy("Groups"), USER: gettext_lazy("Users")},
}
KIND_WORDS: dict[str, str | Promise] = {
    USER: gettext_lazy("User"),
    GROUP: gettext_lazy("Group"),
    QUEUE: gettext_lazy("Queue"),
    QUEUE_GROUP: gettext_lazy("All queues of"),
    DIRECT: gettext_lazy("Direct conversations of"),
}
CHOOSE = {
    USER: gettext_lazy("user"),
    GROUP: gettext_lazy("group"),
    QUEUE: gettext_lazy("queue"),
    QUEUE_GROUP: gettext_lazy("queue group"),
    DIRECT: gettext_lazy("direct, group"),
}
MODELS: dict[str, type[Model]] = {USER: User, GROUP: Group, QUEUE: Queue, QUEUE_GROUP: QueueGroup, DIRECT: Group}
FIELDS = {
    USER: "user",
    GROUP: "group",
    QUEUE: "queue",
    QUEUE_GROUP: "queue_group",
    DIRECT: "direct_conversations_of",
}

Item = Holder | Place


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
            columns=tuple(_understood(written, read_holder if by == BY_HOLDER else read_place))[:MOST_COLUMNS],
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


@dataclass(frozen=True)
class Box:
    """One cell of the matrix: a box to tick, or a right that comes from elsewhere."""

    code: str
    label: str
    column: str
    ticked: bool
    ways: Sequence[tuple[str, str]]
    """Where it comes from besides, in words, each with the address where that is granted."""

    @property
    def is_inherited(self) -> bool:
        return bool(self.ways) and not self.ticked


@dataclass(frozen=True)
class Row:
    code: str
    name: str
    note: str
    address: str
    boxes: Sequence[Box]


@dataclass(frozen=True)
class Column:
    code: str
    kind: str
    name: str
    address: str
    """The matrix with this as the only column."""
    without: str


class ChooseColumns(forms.Form):
    """Finds a holder or a place as one types."""

    def __init__(self, by: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [USER, GROUP] if by == BY_HOLDER else [QUEUE, QUEUE_GROUP, DIRECT]
        for kind in kinds:
            source = AccessRight._meta.get_field(FIELDS[kind])
            self.fields[f"add_{kind}"] = forms.ModelChoiceField(
                MODELS[kind]._default_manager.none(),
                required=False,
                label=CHOOSE[kind],
                widget=AutocompleteSelect(source, admin.site, attrs={"data-placeholder": _("Search …")}),
            )


def may_change(request: HttpRequest) -> bool:
    return all(request.user.has_perm(f"channels_cfg.{deed}_accessright") for deed in ("add", "change", "delete"))


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
            return saved_or_asked_again(request, changes, next_address=question.address)
        changes = bulk_changes(request.POST, question) if "bulk" in request.POST else ticked_changes(request.POST)
        return preview_page(request, changes, next_address=question.address)
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
    if right not in Right:
        raise ValidationError(_("Choose the right to grant or withdraw."))
    chosen = [item for item in question.columns if str(item) == column]
    if not chosen:
        raise ValidationError(_("Choose for whom or where.") if question.columns else _("Choose a column first."))
    rows = [make_item(question.rows, pk) for pk in found_rows(question).values_list("pk", flat=True)]
    cells = [cell_at(row, chosen[0], Right(right)) for row in rows]
    return RightChanges(cells) if posted.get("bulk") == "grant" else RightChanges((), cells)


def preview_page(
    request: HttpRequest, changes: RightChanges, *, next_address: str, again: Preview | None = None, **context: Any
) -> HttpResponse:
    """What the changes would do, in words, and what to type where that is dangerous."""
    preview = again or preview_of(changes)
    if not preview.changes and not context.get("notes"):
        messages.info(request, _("There is nothing to save: the rights are as you want them."))
        return HttpResponseRedirect(next_address)
    danger = danger_of(preview)
    context = {
        **admin.site.each_context(request),
        **(confirmation(request, danger) if danger else {}),
        "title": _("Check the changes of rights"),
        "preview": preview,
        "counts": counts_in_words(preview.changes),
        "grants": " ".join(map(str, preview.changes.grants)),
        "withdrawals": " ".join(map(str, preview.changes.withdrawals)),
        "changed_meanwhile": again is not None and request.POST.get("agreed_to") not in (None, again.fingerprint),
        "may_edit": True,
        "why": request.POST.get("why", ""),
        "why_required": why_is_required(),
        "longest_why": LONGEST_WHY,
        **context,
    }
    return TemplateResponse(request, "admin/channels_cfg/accessright/preview.html", context)


def danger_of(preview: Preview) -> Danger | None:
    """What is typed where many rights are withdrawn, or the last holder of one would go."""
    if not preview.to_type:
        return None
    return Danger(_("Many people lose something"), (), preview.to_type, _("Save"))


def saved_or_asked_again(
    request: HttpRequest, changes: RightChanges, *, next_address: str, **context: Any
) -> HttpResponse:
    agreed = request.POST.get("agreed_to", "")
    preview = preview_of(changes)
    danger = danger_of(preview)
    if preview.fingerprint != agreed or not may_be_saved(request, danger):
        return preview_page(request, changes, next_address=next_address, again=preview, **context)
    try:
        with changing_settings(by=signed_in(request), why=request.POST.get("why", "").strip()):
            done = save_right_changes(changes, agreed_to=agreed)
    except StalePreview as other:
        return preview_page(request, changes, next_address=next_address, again=other.preview, **context)
    messages.success(request, _("Saved: %(counts)s.") % {"counts": counts_in_words(done.changes).lower()})
    return HttpResponseRedirect(next_address)


def may_be_saved(request: HttpRequest, danger: Danger | None) -> bool:
    """Whether everything was said that saving takes: the typed words, and why."""
    if danger and not is_confirmed(request, danger):
        return False
    if not request.POST.get("why", "").strip() and why_is_required():
        messages.error(request, _("Say why: this portal saves no settings without a reason."))
        return False
    return True


def signed_in(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # the pages of the configurator ask for it
    return request.user


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
        "rights": Right.choices,
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


def first_columns(by: str) -> list[Item]:
    """Something to look at before anybody has chosen: groups that hold rights, or places on which they are held."""
    if by == BY_HOLDER:
        groups = Group.objects.order_by("name").values_list("pk", flat=True)
        holding = groups.filter(pk__in=AccessRight.objects.filter(group__isnull=False).values("group"))
        return [Holder(GROUP, pk) for pk in holding[:COLUMNS_AT_FIRST] or groups[:COLUMNS_AT_FIRST]]
    on_groups = QueueGroup.objects.filter(
        pk__in=AccessRight.objects.filter(queue_group__isnull=False).values("queue_group")
    )
    places = [Place(QUEUE_GROUP, pk) for pk in on_groups.values_list("pk", flat=True)[:COLUMNS_AT_FIRST]]
    queues = Queue.objects.values_list("pk", flat=True)[: COLUMNS_AT_FIRST - len(places)]
    return [*places, *(Place(QUEUE, pk) for pk in queues)]


def found_rows(question: Question) -> QuerySet[Any]:
    """What the rows are about, by name."""
    rows: QuerySet[Any]
    match question.rows:
        case "q":
            rows = Queue.objects.select_related("channel").order_by("name")
            names = ["name", "channel__name"]
        case "s":
            rows, names = QueueGroup.objects.order_by("name"), ["name"]
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
        return QueueGroup.objects.filter(pk__in=AccessRight.objects.filter(reaches(column)).values("queue_group"))
    if rows == USER:
        return holders_on(column)
    return Group.objects.filter(pk__in=AccessRight.objects.filter(covers(column)).values("group"))


def make_item(kind: str, pk: int) -> Item:
    return Holder(kind, pk) if kind in (USER, GROUP) else Place(kind, pk)


def cell_at(row: Item, column: Item, right: Right) -> Cell:
    holder, place = (row, column) if isinstance(row, Holder) else (column, row)
    assert isinstance(holder, Holder) and isinstance(place, Place)
    return Cell(holder, place, right)


def boxes(
    question: Question, records: Mapping[Item, Any], names: dict[Any, str], pending: RightChanges
) -> tuple[list[Row], list[str]]:
    """The rows with their boxes, and the codes of those cells that are granted in the database."""
    by_holder = question.by == BY_HOLDER
    effective = effective_rights(
        holders=question.columns if by_holder else list(records),  # type: ignore[arg-type]
        places=list(records) if by_holder else question.columns,  # type: ignore[arg-type]
    )
    names = {**names, **{item: str(record) for item, record in records.items()}}
    elsewhere = {item for origins in effective.values() for origin in origins for item in origin}
    names |= names_of(elsewhere - names.keys())
    granting, withdrawing = set(pending.grants), set(pending.withdrawals)
    before, rows = [], []
    for item, record in records.items():
        row = []
        for column in question.columns:
            for right in Right:
                cell = cell_at(item, column, right)
                own = any(origin == Origin(cell.holder, cell.place) for origin in effective.get(cell, ()))
                if own:
                    before.append(str(cell))
                ticked = (own and cell not in withdrawing) or cell in granting
                row.append(_box(cell, column, ticked, effective, names))
        rows.append(Row(str(item), names[item], _note(record), question.with_(**_turned(item, question)), row))
    return rows, before


def _turned(item: Item, question: Question) -> dict[str, Any]:
    """The other view, with this row as its column."""
    by = BY_PLACE if question.by == BY_HOLDER else BY_HOLDER
    return {"by": by, "columns": (item,), "rows": next(iter(KINDS[by])), "search": "", "only_granted": False}


def _box(cell: Cell, column: Item, ticked: bool, effective: Effective, names: Mapping[Any, str]) -> Box:
    origins = [origin for origin in effective.get(cell, ()) if origin != Origin(cell.holder, cell.place)]
    place = _("%(kind)s %(name)s") % {"kind": str(KIND_WORDS[cell.place.kind]).lower(), "name": names[cell.place]}
    return Box(
        code=str(cell),
        label=_("%(right)s: %(holder)s on %(place)s")
        % {"right": cell.right.label, "holder": names[cell.holder], "place": place},
        column=f"{column}-{cell.right}",
        ticked=ticked,
        ways=[(origin_in_words(cell, origin, names), origin_address(origin)) for origin in origins],
    )


def origin_address(origin: Origin) -> str:
    """The matrix where the access right itself is ticked."""
    return Question(by=BY_HOLDER, columns=(origin.holder,), rows=origin.place.kind, only_granted=True).address


def _note(record: Any) -> str:
    match record:
        case Queue():
            return str(record.channel)
        case User():
            kind = _("API client") if record.is_api_client else record.username if record.get_full_name() else ""
            return ", ".join(filter(None, [kind, "" if record.is_active else _("inactive")]))
    return ""


def _column(column: Item, question: Question, names: Mapping[Any, str]) -> Column:
    others = tuple(item for item in question.columns if item != column)
    return Column(
        code=str(column),
        kind=str(KIND_WORDS[column.kind]),
        name=names[column],
        address=question.with_(columns=(column,), only_granted=True),
        without=question.with_(columns=others) if others else "",
    )


def _pages(page: Page[Any], question: Question) -> dict[str, str]:
    links = {}
    if page.has_previous():
        links["previous"] = question.with_(page=str(page.previous_page_number()))
    if page.has_next():
        links["next"] = question.with_(page=str(page.next_page_number()))
    return links


def matrix_of(*items: Item, rows: str | None = None) -> str:
    """The address of the matrix with these holders, or these places, as columns."""
    by = BY_HOLDER if isinstance(items[0], Holder) else BY_PLACE
    return Question(by=by, columns=tuple(items), rows=rows or next(iter(KINDS[by]))).address
