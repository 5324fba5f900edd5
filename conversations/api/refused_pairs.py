"""What a caller is told whose pairs break the rules."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from channels_cfg.api.problems import Problem
from conversations.pairs import RefusedPairs, flatten


def refusal_of(refused: RefusedPairs, sent: Mapping[str, Any]) -> Problem:
    """All or nothing: the good pairs of the same request are not stored either."""
    reasons = dict.fromkeys(_keys(sent), "Not stored, since another pair of the same request was refused.")
    reasons |= refused.complaints
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "Nothing was stored. Correct what errors names, and post again.",
        errors={key: [complaint] for key, complaint in refused.complaints.items()},
        verdicts={key: {"verdict": "rejected", "reason": reason} for key, reason in reasons.items()},
    )


def _keys(sent: Mapping[str, Any]) -> list[str]:
    try:
        return list(flatten(sent))
    except RefusedPairs:  # too deep to have keys
        return []
