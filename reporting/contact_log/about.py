"""What a file of the Contact Log says of itself: what was asked, on which clock, how it was counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reporting.contact_log.columns import LogColumn
from reporting.contact_log.query import LogQuery
from reporting.contact_log.words.asked_words import conditions_in_words
from reporting.models import ReportFile

COUNTED_BY = gettext_lazy("Conversations by the time they were received; each once, also after a transfer.")


def about_rows(
    file: ReportFile, query: LogQuery, columns: Sequence[LogColumn], rows: int, *, complete_up_to: datetime | None
) -> Iterator[tuple[str, str]]:
    """Name and words of each thing that a reader of the rows wants to know."""
    yield from about(file, query, _("Contact Log"), complete_up_to=complete_up_to)
    yield _("Rows"), str(rows)
    for column in columns:
        if column.heading:
            yield _("Column “%(heading)s”") % {"heading": column.heading}, column.label(query.zone)


def about(
    file: ReportFile, query: LogQuery, report: str, *, complete_up_to: datetime | None
) -> Iterator[tuple[str, str]]:
    """The same of whatever answers the query. ``complete_up_to`` is of the moment at which the log was read."""
    zone = query.zone
    yield _("Report"), report
    yield _("From"), f"{query.start.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    yield _("To before"), f"{query.end.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    yield _("Time zone"), str(zone)
    yield _("Counted by"), str(COUNTED_BY)
    if complete_up_to:
        yield _("Complete up to"), f"{complete_up_to.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    if conditions := conditions_in_words(query, file.owner):
        yield _("Conditions"), "; ".join(words for words, _without in conditions)
    made = {"moment": f"{timezone.now().astimezone(zone):%Y-%m-%d %H:%M:%S}", "owner": file.owner}
    yield _("Made"), _("%(moment)s for %(owner)s") % made
    yield _("File"), str(file.pk)
