"""``manage.py apply_configuration FILE [--plan]``"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from channels_cfg.configuration_file import wording
from channels_cfg.configuration_file.draft import Environment
from channels_cfg.configuration_file.nodes import UnreadableFile
from channels_cfg.configuration_file.plan import Plan
from channels_cfg.configuration_file.planning import plan_file
from channels_cfg.configuration_file.reading import read_yaml
from channels_cfg.history.change_reason import why_is_required
from channels_cfg.history.change_set import NotApplied, apply


class Command(BaseCommand):
    help = (
        "Sets everything as a configuration file says: all of it, or nothing. References to secrets, "
        "{secret: env:NAME}, are looked up in the environment of this command."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="the YAML file; - reads standard input")
        parser.add_argument("--plan", action="store_true", help="only say what would be done")
        parser.add_argument("--why", default="", help="the reason, for the change log")
        parser.add_argument(
            "--no-input",
            action="store_false",
            dest="ask",
            help="remove records, show sensitive keys and add keys that look alike without asking at a terminal",
        )

    def handle(self, *, file: Path, plan: bool, why: str, ask: bool, **options: Any) -> None:
        try:
            root = read_yaml(_content(file))
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        except UnreadableFile as unreadable:
            raise CommandError("\n".join(f"{file}, {problem}" for problem in unreadable.problems)) from unreadable

        def make_plan() -> Plan:
            return plan_file(root, environment=Environment(os.environ))

        planned = make_plan()
        if problems := planned.problems:
            raise CommandError("\n".join(f"{file}, {problem}" for problem in problems))
        self.stdout.write(wording.text(planned))
        if plan or planned.is_empty:
            return
        if not why and why_is_required():
            raise CommandError("The system settings ask for a reason. Add --why “…”. Nothing was changed.")
        wanted = planned.words_to_type
        if ask and wanted and sys.stdin.isatty() and input(f"Type “{wanted}” to go on: ").strip() != wanted:
            raise CommandError("Nothing was changed.")
        try:
            apply(make_plan, agreed_to=planned.fingerprint, why=why, command="apply_configuration")
        except NotApplied as not_applied:
            raise CommandError(f"{not_applied.reason} Nothing was changed.") from not_applied
        self.stdout.write("Applied.")


def _content(file: Path) -> bytes:
    return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
