"""Migrations that have been released are not rewritten: whoever has run them would never run them again.

Their digests stand in ``released_migrations.txt``, a line each. A release adds its new ones, and changes no line:

    python -m tests.architecture.test_released_migrations
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
RELEASED = Path(__file__).with_name("released_migrations.txt")
APPLICATIONS = ("config", "channels_cfg", "conversations", "reporting")


def lines(project: Path) -> Iterator[str]:
    """``digest  path`` of each migration, as ``sha256sum`` writes it."""
    for application in APPLICATIONS:
        for file in sorted(project.glob(f"{application}/migrations/[0-9]*.py")):
            yield f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(project).as_posix()}"


def rewritten(released: str, project: Path) -> list[str]:
    """The released migrations that are gone or say something else now."""
    there = set(lines(project))
    return [line.partition("  ")[2] for line in released.splitlines() if line not in there]


def test_no_released_migration_is_rewritten():
    assert rewritten(RELEASED.read_text(), PROJECT) == []


def test_a_released_migration_that_is_changed_or_gone_is_found(tmp_path: Path):
    folder = tmp_path / "config" / "migrations"
    folder.mkdir(parents=True)
    for name in ("0001_initial", "0002_more", "0003_new"):
        (folder / f"{name}.py").write_text(name)
    released = "\n".join(list(lines(tmp_path))[:2])
    assert rewritten(released, tmp_path) == []

    (folder / "0001_initial.py").write_text("something else")
    (folder / "0002_more.py").unlink()

    assert rewritten(released, tmp_path) == ["config/migrations/0001_initial.py", "config/migrations/0002_more.py"]


if __name__ == "__main__":
    RELEASED.write_text("".join(f"{line}\n" for line in lines(PROJECT)))
