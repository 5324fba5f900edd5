"""Contacts from a file: CSV or a workbook, a row a contact, the columns as the form's fields.

Rows are judged before anything is written, some hundreds at a time, so that a long file costs no more memory than its
bytes and one number for each identifier in it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from channels_cfg.configuration_file.nodes import FileProblem, UnreadableFile, unreadable
from channels_cfg.configuration_file.tables import rows_in, why_unusable
from channels_cfg.near_names import did_you_mean
from channels_cfg.positions import Position
from conversations.contact_pages.form import ContactForm
from conversations.contacts import records
from conversations.contacts.custom_fields import check_custom_fields
from conversations.contacts.identifiers import holders_by_key
from conversations.models import ExternalContact

MOST_ROWS = 100_000
BATCH = 500

Cells = tuple[int, Sequence[str]]


@dataclass(frozen=True)
class JudgedRow:
    """What becomes of a row, counted as spreadsheets do: ``contact_id`` is made, or, unless it ``is_new``, changed.
    ``why`` says why it is refused, empty where it is not."""

    number: int
    name: str
    contact_id: uuid.UUID | None = None
    is_new: bool = False
    why: str = ""
    details: records.Details = field(default_factory=lambda: records.Details({}))

    def refused(self, form: ContactForm) -> JudgedRow:
        return replace(self, why=_in_words(form))


def headings() -> list[str]:
    """The columns that are known."""
    return [str(field.label) for field in ContactForm().fields.values()]


def batches_of(content: bytes) -> tuple[list[str], Iterator[list[Cells]]]:
    """The form's field of each column, and the rows that are not empty, a batch at a time. Raises ``UnreadableFile``,
    also while the batches are read."""
    rows = rows_in(content)
    columns = _columns(next(rows, []))
    filled = _filled(rows)
    return columns, iter(lambda: list(islice(filled, BATCH)), [])


def _filled(rows: Iterator[list[str]]) -> Iterator[Cells]:
    count = 0
    for number, cells in enumerate(rows, start=2):
        if not any(map(str.strip, cells)):
            continue
        count += 1
        if count > MOST_ROWS:
            raise unreadable(_("The file has more than %(most)s rows. Send it in parts.") % {"most": f"{MOST_ROWS:,}"})
        yield number, cells
    if not count:
        raise unreadable(_("The file has headings, but no rows."))


def _columns(cells: Sequence[str]) -> list[str]:
    """Raises ``UnreadableFile`` with all that is wrong with the headings."""
    fields = ContactForm().fields
    known = {text.lower(): name for name, field in fields.items() for text in (name, str(field.label))}
    named = [" ".join(cell.split()) for cell in cells]
    while named and not named[-1]:
        named.pop()
    names, problems = [], []
    for number, heading in enumerate(named, start=1):
        name = known.get(heading.lower(), "")
        position = Position(1, number, _("column %(number)s") % {"number": number})
        if not name:
            near = did_you_mean(heading, headings())
            text = _("“%(heading)s” is no column of contacts.%(near)s") % {"heading": heading[:80], "near": near}
            problems.append(FileProblem(position, "", text))
        elif name in names:
            text = _("The column “%(heading)s” is here twice. Remove one.") % {"heading": heading}
            problems.append(FileProblem(position, "", text))
        names.append(name)
    if problems or not names:
        raise UnreadableFile(*(problems or [FileProblem(Position(1, 1), "", _("The file is empty."))]))
    return names


# Judging


class Judge:
    """Says what becomes of rows, one batch after the other. A row is about the contact that has one of its
    identifiers, here or in a row before it; what it leaves empty stays as it is."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = columns
        self.fields = ContactForm().fields
        self._of_rows: dict[int, uuid.UUID] = {}
        """Whose each identifier of the rows so far is, by its hash."""

    def judged(self, batch: Sequence[Cells]) -> list[JudgedRow]:
        read = [self._read(number, cells) for number, cells in batch]
        holders = holders_by_key([one for _row, form in read if form for one in form.identifiers])
        known = ExternalContact.objects.in_bulk(set(holders.values()))
        return [self._judge(row, form, holders, known) if form else row for row, form in read]

    def _read(self, number: int, cells: Sequence[str]) -> tuple[JudgedRow, ContactForm | None]:
        texts = {name: cell.strip() for name, cell in zip(self.columns, cells, strict=False) if cell.strip()}
        unusable = [f"{name}: {why}" for name, cell in texts.items() if (why := why_unusable(cell))]
        if any(map(str.strip, cells[len(self.columns) :])):
            unusable.append(_("There is a cell without a heading."))
        if unusable:
            return JudgedRow(number, "", why=" ".join(unusable)), None
        form = ContactForm(texts, fields=self.fields)
        row = JudgedRow(number, " ".join(filter(None, (texts.get("first_name"), texts.get("last_name")))))
        return (row, form) if form.is_valid() else (row.refused(form), None)

    def _judge(
        self,
        row: JudgedRow,
        form: ContactForm,
        holders: Mapping[tuple[str, str, str, str], uuid.UUID],
        known: Mapping[uuid.UUID, ExternalContact],
    ) -> JudgedRow:
        keys = [identifier.key for identifier in form.identifiers]
        found = {holders.get(key) or self._of_rows.get(hash(key)) for key in keys} - {None}
        contact_id = next(iter(found), None) or uuid.uuid4()
        row = replace(row, contact_id=contact_id, is_new=not found)
        try:
            if len(found) > 1:
                raise ValidationError(
                    {"first_name": _("Its identifiers belong to several contacts. Merge those first.")}
                )
            details = _details(row, form, known.get(contact_id))
        except ValidationError as failure:
            form.refuse(failure)
            return row.refused(form)
        self._of_rows |= {hash(key): contact_id for key in keys}
        return replace(row, details=details)


def _details(row: JudgedRow, form: ContactForm, contact: ExternalContact | None) -> records.Details:
    """What is written. Of a contact that a row before made nothing is known yet. Raises ``ValidationError``."""
    details = form.details()
    records.check_each_once(details.identifiers)
    if row.is_new:
        ExternalContact(**details.fields).clean()
        check_custom_fields(details.fields["custom_fields"])
        return records.Details(details.fields | {"id": row.contact_id}, details.identifiers)
    fields = {name: value for name, value in details.fields.items() if name in form.data}
    if address := {part: text for part, text in details.fields["address"].items() if text}:
        fields["address"] = (contact.address if contact else {}) | address
    if custom := details.fields["custom_fields"]:
        fields["custom_fields"] = (contact.custom_fields if contact else {}) | custom
        if contact:
            check_custom_fields(fields["custom_fields"], before=contact.custom_fields)
    return records.Details(fields, details.identifiers)


def _in_words(form: ContactForm) -> str:
    """What is wrong with each field, by its label."""
    said = {name: " ".join(map(str, messages)) for name, messages in form.errors.items()}
    return " ".join(
        words if name == NON_FIELD_ERRORS else f"{form.fields[name].label}: {words}" for name, words in said.items()
    )


# Writing


def write(rows: Sequence[JudgedRow], *, now: datetime) -> list[JudgedRow]:
    """Make and change the contacts; those rows that cannot be written, since others have changed something meanwhile,
    with the reason."""
    new, known = [row for row in rows if row.is_new], [row for row in rows if not row.is_new]
    try:
        with transaction.atomic():
            records.create_several([row.details for row in new], now=now)
        new = []
    except IntegrityError:  # one of them is there meanwhile: each alone says which
        pass
    return [failed for row in [*new, *known] if (failed := _written(row, now=now))]


def _written(row: JudgedRow, *, now: datetime) -> JudgedRow | None:
    assert row.contact_id  # it was judged, and is not refused
    try:
        with transaction.atomic():
            if row.is_new:
                records.create(row.details, now=now)
            else:
                records.change(row.contact_id, row.details, now=now, only_add=True)
    except (ValidationError, records.IdentifierTaken, ExternalContact.DoesNotExist) as failure:
        return replace(row, why=_why(failure))
    return None


def _why(failure: Exception) -> str:
    if isinstance(failure, ExternalContact.DoesNotExist):
        return _("The contact was deleted meanwhile.")
    return " ".join(failure.messages) if isinstance(failure, ValidationError) else str(failure)
