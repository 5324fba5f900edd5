"""A name that nothing has, and the one that may be meant."""

from __future__ import annotations

import difflib
from collections.abc import Collection

from django.utils.translation import gettext as _

from channels_cfg.key_names import is_invisible, shown_character

MOST_COMPARED = 2_000
"""A name is compared with so many others for one that is near; finding it by another case costs the same for any."""


def did_you_mean(name: str, known: Collection[str]) -> str:
    """`` Did you mean “queues”?`` where a known name is near, else nothing. What cannot be seen in the name is told."""
    hidden = [(at, character) for at, character in enumerate(name, start=1) if is_invisible(character)]
    seen = "".join(character for character in name if not is_invisible(character))
    by_lower = {item.lower(): item for item in reversed(list(known))}
    near = by_lower.get(seen.lower(), "")
    if not near and len(known) <= MOST_COMPARED:
        near = next(iter(difflib.get_close_matches(seen[:200], known, n=1, cutoff=0.6)), "")
    said = [_("Did you mean “%(near)s”?") % {"near": near}] if near and near != name else []
    if hidden:
        position, character = hidden[0]
        named = {"position": position, "character": shown_character(character)}
        said.insert(0, _("Character %(position)s is %(character)s.") % named)
    return "".join(f" {sentence}" for sentence in said)
