"""Contacts from a file: CSV or a workbook, a row a contact, the columns as the form's fields."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from channels_cfg.configuration_file.nodes import FileProblem, UnreadableFile
from channels_cfg.configuration_file.tables import rows_in, why_unusable
from channels_cfg.near_names import did_you_mean
from channels_cfg.positions import Position
from conversations.contact_pages.form import ContactForm
from conversations.contacts import records
from conversations.contacts.identifiers import holders
from conversations.models import ExternalContact

MOST_ROWS = 1000
"""Whoever sends the file waits for it."""
MOST_BYTES = 1024 * 1024


@dataclass(frozen=True)
class ImportedRow:
    """What becomes of a row, counted as spreadsheets do; ``why`` it is refused, empty where it is not."""

    number: int
    name: str
    is_new: bool = False
    why: str = ""


def headings() -> list[str]:
    """The columns that are known."""
    return [str(field.label) for field in ContactForm().fields.values()]


@transaction.atomic
def import_contacts(content: bytes, *, now: datetime, is_trial: bool) -> list[ImportedRow]:
    """Make or change a contact for each row: all, or, where one is refused, none. A trial changes nothing.

    A row is about the contact that has one of its identifiers; what it leaves empty stays as it is. Raises
    ``UnreadableFile``.
    """
    if len(content) > MOST_BYTES:
        raise _unreadable(
            _("The file is larger than %(most)s MiB. Send it in parts.") % {"most": MOST_BYTES // 1024**2}
        )
    rows = rows_in(content)
    columns = _columns(next(rows, []))
    done = [_imported(number, cells, columns, now=now) for number, cells in _filled(rows)]
    if not done:
        raise _unreadable(_("The file has headings, but no rows."))
    transaction.set_rollback(is_trial or any(row.why for row in done))
    return done


def _filled(rows: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    filled = ((number, cells) for number, cells in enumerate(rows, start=2) if any(map(str.strip, cells)))
    for count, (number, cells) in enumerate(filled, start=1):
        if count > MOST_ROWS:
            raise _unreadable(_("The file has more than %(most)s rows. Send it in parts.") % {"most": MOST_ROWS})
        yield number, cells


def _unreadable(text: str) -> UnreadableFile:
    return UnreadableFile(FileProblem(Position(1, 1), "", text))


def _columns(cells: Sequence[str]) -> list[str]:
    """The form's field of each column. Raises ``UnreadableFile`` with all that is wrong with the headings."""
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


def _imported(number: int, cells: Sequence[str], columns: Sequence[str], *, now: datetime) -> ImportedRow:
    texts = {name: cell.strip() for name, cell in zip(columns, cells, strict=False) if cell.strip()}
    unusable = [f"{name}: {why}" for name, cell in texts.items() if (why := why_unusable(cell))]
    if len(cells) > len(columns) and any(map(str.strip, cells[len(columns) :])):
        unusable.append(_("There is a cell without a heading."))
    if unusable:
        return ImportedRow(number, "", why=" ".join(unusable))
    form = ContactForm(texts)
    name = " ".join(filter(None, (texts.get("first_name"), texts.get("last_name"))))
    if not form.is_valid():
        return ImportedRow(number, name, why=_in_words(form))
    try:
        with transaction.atomic():
            return ImportedRow(number, name, is_new=_write(form, texts, now=now))
    except (ValidationError, records.IdentifierTaken) as failure:
        form.refuse(failure)
        return ImportedRow(number, name, why=_in_words(form))


def _write(form: ContactForm, texts: dict[str, str], *, now: datetime) -> bool:
    """Whether the contact is new."""
    found = holders(form.identifiers)
    details = form.details()
    if len(found) > 1:
        raise ValidationError({"first_name": _("Its identifiers belong to several contacts. Merge those first.")})
    if not found:
        records.create(details, now=now)
        return True
    contact = ExternalContact.objects.get(pk=found[0])
    fields = {name: value for name, value in details.fields.items() if name in texts}
    if address := {part: text for part, text in details.fields["address"].items() if text}:
        fields["address"] = contact.address | address
    if custom := details.fields["custom_fields"]:
        fields["custom_fields"] = contact.custom_fields | custom
    records.change(contact.pk, records.Details(fields, details.identifiers), now=now, only_add=True)
    return False


def _in_words(form: ContactForm) -> str:
    """What is wrong with each field, by its label."""
    said = {name: " ".join(map(str, messages)) for name, messages in form.errors.items()}
    return " ".join(
        words if name == NON_FIELD_ERRORS else f"{form.fields[name].label}: {words}" for name, words in said.items()
    )
