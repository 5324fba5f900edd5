"""What visitors show: a token that nobody guesses, and of which only a digest is stored."""

from __future__ import annotations

import hashlib
import re

DOOR_NAME = "web_chat"

FEWEST_DIFFERENT = 16
"""Characters of a token; of 43 drawn at random about 31 differ."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


class BadToken(Exception):
    """It is not what 32 random bytes look like."""


def digest_of(token: str) -> str:
    """What is stored of the token. It is random, so that a plain digest tells nothing. Raises ``BadToken``."""
    if not _TOKEN.fullmatch(token) or len(set(token)) < FEWEST_DIFFERENT:
        raise BadToken
    return hashlib.sha256(token.encode()).hexdigest()
