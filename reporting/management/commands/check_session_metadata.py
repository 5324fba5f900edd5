from argparse import ArgumentParser
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from reporting.session_metadata.folder_check import CheckedFile, check_folder, missing_sessions, told_twice


class Command(BaseCommand):
    help = (
        "Read the session metadata files of a folder, ours or anybody's, and say which are not valid, which durations "
        "do not add up and, of a period, which of our sessions are missing. Exit status 1 where something is."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--from", dest="start", metavar="TIME", help="Sessions that ended then or later …")
        parser.add_argument("--to", dest="end", metavar="TIME", help="… and before then have to be there")
        parser.add_argument("--ours", action="store_true", help="Ask of each what our own files keep")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        if not folder.is_dir():
            raise CommandError(f"There is no folder {folder}.")
        period = _period(options["start"], options["end"])
        checked = []
        for file in check_folder(folder, as_producer=options["ours"]):
            checked.append(file)
            self._tell(file)
        twice = told_twice(checked)
        for (kind, number), paths in twice.items():
            self.stdout.write(f"{kind} {number}: told by several files: {', '.join(paths)}")
        missing = list(missing_sessions(checked, *period)) if period else []
        for kind, number in missing:
            self.stdout.write(f"{kind} {number}: missing")
        bad = sum(not file.is_good for file in checked)
        self.stdout.write(f"Files: {len(checked)}. Not good: {bad}. Told twice: {len(twice)}. Missing: {len(missing)}.")
        if bad or twice or missing:
            raise SystemExit(1)

    def _tell(self, file: CheckedFile) -> None:
        for fault in file.faults:
            self.stdout.write(f"{file.path}: not valid: {fault}")
        for difference in file.sums:
            self.stdout.write(f"{file.path}: does not add up: {difference}")


def _period(start: str | None, end: str | None) -> tuple[datetime, datetime] | None:
    if not start and not end:
        return None
    if not start or not end:
        raise CommandError("A period needs both --from and --to.")
    period = _moment(start), _moment(end)
    if period[0] >= period[1]:
        raise CommandError("The period ends before it begins.")
    return period


def _moment(text: str) -> datetime:
    """A date is its first moment; without an offset, both count in the portal's time zone."""
    try:
        day: date | None = parse_date(text)
        at = datetime.combine(day, time.min) if day else parse_datetime(text)
    except ValueError:
        at = None
    if at is None:
        raise CommandError(f"{text} is no time. Examples: 2026-03-01, 2026-03-01T08:00:00+02:00")
    return at if at.tzinfo else timezone.make_aware(at, timezone.get_default_timezone())
