from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reporting.management.periods import add_period, period_of
from reporting.session_metadata.folder_check import CheckedFile, check_folder, missing_sessions, told_twice


class Command(BaseCommand):
    help = (
        "Read the session metadata files of a folder, ours or anybody's, and say which are not valid, which durations "
        "do not add up and, of a period, which of our sessions are missing. Exit status 1 where something is."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)
        add_period(parser, what="have to be there")
        parser.add_argument("--ours", action="store_true", help="Ask of each what our own files keep")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        if not folder.is_dir():
            raise CommandError(f"There is no folder {folder}.")
        period = period_of(options)
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
