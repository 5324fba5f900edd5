"""One name for one thing, one thing for one name."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
IDIOMS = {"Command", "Kind", "Media", "Meta", "Outcome", "State", "Status"}
"""What Django asks for, and choices that stand inside the model they belong to."""


def test_no_two_classes_share_a_name():
    found: dict[str, list[str]] = defaultdict(list)
    for application in ("channels_cfg", "conversations", "reporting", "config"):
        for file in sorted((ROOT / application).rglob("*.py")):
            if "migrations" not in file.parts:
                classes = (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.ClassDef))
                for node in classes:
                    found[node.name].append(f"{file.relative_to(ROOT)}:{node.lineno}")

    assert {name: places for name, places in found.items() if len(places) > 1 and name not in IDIOMS} == {}
