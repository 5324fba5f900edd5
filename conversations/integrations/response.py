"""What a response brings, worked out without changing anything: what would be saved, and what would be set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from channels_cfg.integrations.configuration import Configuration
from channels_cfg.integrations.names import is_debugging
from channels_cfg.integrations.paths import MISSING, Path, look_up
from channels_cfg.integrations.placeholders import Placeholder, fill, fill_tree, parse_text
from channels_cfg.models import Integration
from conversations.integrations.answers import Answered


@dataclass(frozen=True)
class Outcome:
    """``save`` is what is attached; ``left_out`` names what stands for nothing, or for debugging alone; ``sets`` holds
    the value of each thing that is set."""

    save: Mapping[str, Any] = field(default_factory=dict)
    sets: Mapping[str, Any] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    has_dynamic: bool = False
    """Whether anything was to be saved that the answer decides."""


def values_with_answer(
    integration: Integration, payload: Mapping[str, Any], shown: Mapping[str, Any], answered: Answered, seconds: float
) -> dict[str, Any]:
    """What placeholders stand for once there is an answer. ``shown`` is the request with its secrets masked."""
    has_body = answered.body is not MISSING
    told = {"body": answered.body} if has_body else {"text": answered.text}
    response = {"status": answered.status, "headers": dict(answered.headers), "duration": seconds}
    debug = {"config_id": integration.pk, "request": dict(shown), **response, **told}
    return {
        **payload,
        "response": {**response, **({"body": answered.body} if has_body else {}), "debug": debug},
        "request": dict(shown),
        "config_id": integration.pk,
        "method": shown["method"],
        "url": shown["url"],
        "query_params": shown["query_params"],
        "status": answered.status,
        "duration": seconds,
        "debug": debug,
        "*": debug,
    }


def outcome_of(read: Configuration, values: Mapping[str, Any], *, is_debugged: bool) -> Outcome:
    def find(path: Path) -> Any:
        if path[:2] == ("response", "headers") and len(path) > 2:
            path = (*path[:2], str(path[2]).lower(), *path[3:])
        return look_up(values, path)

    leaves = list(_leaves(read.save, ""))
    hidden = set() if is_debugged else {name for name, value in leaves if _has(value, is_debugging)}
    saved = _without(read.save, hidden, "")
    missing = [
        name for name, value in leaves if name not in hidden and isinstance(value, str) and fill(value, find) is MISSING
    ]
    sets = {}
    for kind, rules in read.sets.items():
        for rule in rules:
            if all(condition.holds(find) for condition in rule.conditions):
                value = fill_tree(rule.value, find)
                if value is not MISSING:
                    sets[kind] = value
                    break
    return Outcome(
        save=_without_empty(fill_tree(saved, find)),
        sets=sets,
        left_out=(*missing, *sorted(hidden)),
        has_dynamic=any(_has(value, lambda path: path[:1] == ("response",)) for _name, value in leaves),
    )


def _leaves(tree: Any, above: str) -> Iterator[tuple[str, Any]]:
    for name, below in tree.items() if isinstance(tree, dict) else enumerate(tree):
        called = f"{above}.{name}" if above else str(name)
        if isinstance(below, dict | list):
            yield from _leaves(below, called)
        else:
            yield called, below


def _has(value: Any, fits: Any) -> bool:
    if not isinstance(value, str):
        return False
    return any(isinstance(part, Placeholder) and fits(part.path) for part in parse_text(value))


def _without(tree: Any, hidden: set[str], above: str) -> Any:
    if isinstance(tree, dict):
        named = {name: f"{above}.{name}" if above else str(name) for name in tree}
        return {name: _without(below, hidden, named[name]) for name, below in tree.items() if named[name] not in hidden}
    if isinstance(tree, list):
        return [
            _without(below, hidden, f"{above}.{number}")
            for number, below in enumerate(tree)
            if f"{above}.{number}" not in hidden
        ]
    return tree


def _without_empty(tree: Any) -> Any:
    """Without objects and lists in which nothing is left: they are no values of attached data."""
    if isinstance(tree, dict):
        kept = {name: _without_empty(below) for name, below in tree.items()}
        return {name: below for name, below in kept.items() if below not in ({}, [])}
    if isinstance(tree, list):
        return [below for item in tree if (below := _without_empty(item)) not in ({}, [])]
    return tree


def why_it_failed(read: Configuration, answered: Answered) -> str:
    """Why nothing can be done with the answer, in words; empty where something can."""
    if answered.why_failed:
        return answered.why_failed
    if 300 <= answered.status < 400:
        return _("It answered with a redirect (%(status)s), which is not followed.") % {"status": answered.status}
    if answered.status >= 400:
        return _("It answered with %(status)s.") % {"status": answered.status}
    if answered.body is MISSING and needs_body(read):
        return _("Its answer cannot be used. %(why)s") % {"why": answered.why_no_body}
    return ""


def needs_body(read: Configuration) -> bool:
    """Whether the answer's body is used."""
    rules = [rule for rules in read.sets.values() for rule in rules]
    trees = [read.save, {str(number): rule.value for number, rule in enumerate(rules)}]
    texts = [value for tree in trees for _name, value in _leaves(tree, "")]
    named = [placeholder.path for rule in rules for one in rule.conditions for placeholder in one.placeholders]
    return any(_has(text, _is_of_body) for text in texts) or any(map(_is_of_body, named))


def _is_of_body(path: Path) -> bool:
    return path[:2] == ("response", "body")
