"""LibreOffice, which opens a workbook of the Contact Log without a screen and says what it shows."""

from __future__ import annotations

import csv
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

LONGEST = 600
"""Seconds in which it has to read a workbook."""
_AS_SHOWN = "44,34,76,1,,0,false,true,false,false,false,-1"
"""How it exports: commas, double quotes, UTF-8, cells as they are shown, every sheet to a file of its own."""
_OFFSET = re.compile(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)[+-]\d\d:\d\d$")
_HARMLESS = re.compile(r"^'(?=[-=+@\t\r])")
_ZEROS = re.compile(r"^(-?\d+)\.0*$|^(-?\d+\.\d*[1-9])0+$")


def sheets(workbook: Path) -> dict[str, list[list[str]]]:
    """The cells of each sheet, by its name."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [
                *("soffice", "--headless", f"-env:UserInstallation=file://{folder}/profile"),
                *("--convert-to", f"csv:Text - txt - csv (StarCalc):{_AS_SHOWN}", "--outdir", folder, str(workbook)),
            ],
            check=True,
            capture_output=True,
            timeout=LONGEST,
        )
        files = sorted(Path(folder).glob("*.csv"))
        return {file.stem.removeprefix(f"{workbook.stem}-"): list(_cells(file)) for file in files}


def shown_of(csv_file: Path) -> list[list[str]]:
    """What a sheet shows of a CSV file that the portal wrote of the same rows: times without their offset, numbers
    without zeros that say nothing, TRUE and FALSE, and texts without the apostrophe that keeps a program from taking
    them for formulas."""
    return [list(map(_shown, row)) for row in _cells(csv_file)]


def _shown(cell: str) -> str:
    if cell in ("true", "false"):
        return cell.upper()
    without = _ZEROS.sub(lambda number: number[1] or number[2], _OFFSET.sub(r"\1 \2", cell))
    return _HARMLESS.sub("", without)


def _cells(file: Path) -> Iterator[list[str]]:
    with file.open(newline="", encoding="utf-8-sig") as lines:
        yield from csv.reader(lines)
