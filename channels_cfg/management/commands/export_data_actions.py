"""``manage.py export_data_actions FOLDER``"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from channels_cfg.data_actions.published_file import write_action
from channels_cfg.models import DataAction


def file_name_of(action: DataAction) -> str:
    """``Get-User.custom.json``, as Genesys Cloud names the file."""
    name = re.sub(r"[^\w.-]+", "-", action.name).strip("-.")[:100] or "data-action"
    return f"{name}.{action.action_type}.json"


class Command(BaseCommand):
    help = "Writes every data action into a file of its own, in the format of Genesys Cloud. No secret is in them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="FOLDER")

    def handle(self, *, folder: Path, **options: Any) -> None:
        written: set[str] = set()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for action in DataAction.objects.order_by("name"):
                name = file_name_of(action)
                name = f"{action.pk}-{name}" if name.lower() in written else name
                written.add(name.lower())
                (folder / name).write_text(write_action(action.definition()), encoding="utf-8")
        except OSError as error:
            raise CommandError(_("%(folder)s: %(why)s") % {"folder": folder, "why": error.strerror}) from error
        self.stdout.write(_("%(count)d data actions were written.") % {"count": len(written)})
