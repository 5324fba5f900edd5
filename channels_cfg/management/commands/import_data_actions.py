"""``manage.py import_data_actions FILE…``"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from channels_cfg.action_publishing import ImportedAction, import_action, in_words
from channels_cfg.data_actions.faults import ActionFault
from channels_cfg.data_actions.published_file import read_action
from channels_cfg.history.change_reason import changing_settings


class Command(BaseCommand):
    help = (
        "Takes in data actions as Genesys Cloud exports them: publishes each that can run, keeps the others as drafts, "
        "and says for every file what is wrong with it. A file that is no data action is refused; the others are "
        "imported all the same."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="files such as Get-User.custom.json")
        parser.add_argument("--why", default="", help="the reason, for the change log")

    def handle(self, *, files: list[Path], why: str, **options: Any) -> None:
        imported, drafts, warnings = 0, 0, 0
        with changing_settings(why=why, command="import_data_actions"):
            for file in files:
                if made := self._imported(file):
                    imported, drafts = imported + 1, drafts + (not made.is_published)
                    warnings += len(made.findings)
        refused = len(files) - imported
        self.stdout.write(
            _("%(imported)d imported (%(drafts)d of them as drafts), %(refused)d refused, %(warnings)d warnings.")
            % {"imported": imported, "drafts": drafts, "refused": refused, "warnings": warnings}
        )
        if refused:
            raise CommandError(_("%(refused)d of the files were refused.") % {"refused": refused})

    def _refuse(self, file: Path, why: str | None) -> None:
        self.stdout.write(_("%(file)s: refused: %(why)s") % {"file": file, "why": why})

    def _imported(self, file: Path) -> ImportedAction | None:
        """What became of the file; None where it was refused."""
        try:
            definition, not_kept = read_action(file.read_bytes())
            made = import_action(definition)
        except OSError as error:
            self._refuse(file, error.strerror)
            return None
        except ActionFault as fault:
            self._refuse(file, f"{fault.at}: {fault.message}" if fault.at.line else fault.message)
            return None
        except ValidationError as refused:
            self._refuse(file, in_words(refused))
            return None
        words = _("imported") if made.is_published else _("imported as a draft")
        self.stdout.write(f"{file}: {words}: {made.action}")
        made.findings[:0] = not_kept
        for finding in made.findings:
            self.stdout.write(f"    {finding}")
        return made
