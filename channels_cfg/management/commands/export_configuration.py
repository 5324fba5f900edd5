"""``manage.py export_configuration [--output FILE]``"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from channels_cfg.configuration_file.writing import export


class Command(BaseCommand):
    help = "Writes all settings as one YAML file, without passwords, API keys and secrets."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--output", type=Path, help="the file to write; without it, the terminal")

    def handle(self, *, output: Path | None, **options: Any) -> None:
        text = export()
        if output is None:
            self.stdout.write(text, ending="")
        else:
            output.write_text(text, encoding="utf-8")
