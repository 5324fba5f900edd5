"""Whether a document is what the schema says, and whether its durations add up.

The schema is the one that came with the facts of specification 003; its ``producer`` profiles are what ours meet.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from jsonschema import Draft202012Validator
from jsonschema_rs import Draft202012Validator as QuickValidator

from conversations.session_facts import moment
from reporting.session_metadata.times import seconds

SCHEMA = Path(__file__).with_name("session_metadata.schema.json")


@cache
def _definition(profile: str) -> dict[str, Any]:
    schema = json.loads(SCHEMA.read_text())
    return {"$schema": schema["$schema"], "$defs": schema["$defs"], "$ref": f"#/$defs/{profile}"}


@cache
def _quick_validator(profile: str) -> Any:
    """Says whether, a thousand times as fast."""
    return QuickValidator(_definition(profile))


@cache
def _validator(profile: str) -> Any:
    """Says what."""
    return Draft202012Validator(_definition(profile))


def kind_of(document: Mapping[str, Any]) -> str:
    """``call`` or ``chat``: which type it names tells; empty where it names neither or both."""
    kinds = [kind for kind in ("call", "chat") if f"{kind}_type" in document]
    return kinds[0] if len(kinds) == 1 else ""


def faults_of(document: Any, *, as_producer: bool = False) -> list[str]:
    """What the schema finds wrong, each with where; for ours, as whoever makes such documents has to keep it."""
    if not isinstance(document, Mapping) or not (kind := kind_of(document)):
        return [_("It is no session: one of call_type and chat_type says which kind.")]
    profile = f"producer{kind.capitalize()}" if as_producer else kind
    if _quick_validator(profile).is_valid(document):
        return []
    return [_fault(error) for error in sorted(_validator(profile).iter_errors(document), key=_position)]


def _position(error: Any) -> str:
    return str(error.json_path)


def _fault(error: Any) -> str:
    """Where and which rule, without the value: it may be what a customer said."""
    where = error.json_path.removeprefix("$").removeprefix(".")
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        return _("%(where)smissing: %(names)s") % {"where": f"{where}: " if where else "", "names": ", ".join(missing)}
    return _("%(where)s: breaks “%(rule)s: %(value)s”") % {
        "where": where or _("the document"),
        "rule": error.validator,
        "value": str(error.validator_value)[:80],
    }


# Durations (facts, section 0.2)


def sums_that_differ(document: Mapping[str, Any]) -> list[str]:
    """Which durations do not add up. A document that does not tell a sum, or not its parts, is not asked."""
    length = f"{kind_of(document)}_duration"
    return [*_sums(document, length), *_spans(document, length)]


def _sums(document: Mapping[str, Any], length: str) -> Iterator[str]:
    for name, rows, parts in (
        (length, "handle_durations", (length, "acw_duration", "bcw_duration")),
        ("wait_duration", "queue_durations", ("queue_duration",)),
        ("hold_duration", "handle_durations", ("hold_duration",)),
    ):
        told, listed = document.get(name), document.get(rows)
        if not _is_number(told) or not isinstance(listed, list):
            continue
        added = sum(_number(row, part) for row in listed for part in parts)
        if added != told:
            yield _("%(name)s is %(told)s, and %(rows)s add up to %(added)s") % {
                "name": name,
                "told": told,
                "rows": rows,
                "added": added,
            }


def _spans(document: Mapping[str, Any], length: str) -> Iterator[str]:
    for rows, name, ends in (
        ("queue_durations", "queue_duration", ("ended_at",)),
        ("participants", length, ("ended_at", "finished_at")),
        ("consumer_handle_durations", length, ("ended_at",)),
    ):
        begins = "connected_at" if rows == "participants" else "started_at"
        for position, row in enumerate(_rows(document, rows)):
            span = _span(row.get(begins), [row.get(end) for end in ends])
            if _is_number(row.get(name)) and span is not None and abs(span - row[name]) > 1:
                yield _("%(rows)s[%(position)s].%(name)s is %(told)s, and its times are %(span)s seconds apart") % {
                    "rows": rows,
                    "position": position,
                    "name": name,
                    "told": row[name],
                    "span": span,
                }


def _rows(document: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    rows = document.get(name)
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def _span(start: Any, ends: Sequence[Any]) -> int | None:
    end = next((end for end in ends if isinstance(end, str)), None)
    return seconds(moment(start), moment(end)) if isinstance(start, str) and end else None


def _number(row: Any, name: str) -> Any:
    value = row.get(name) if isinstance(row, Mapping) else None
    return value if _is_number(value) else 0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
