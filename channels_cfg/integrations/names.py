"""What placeholders may stand for, in the words of the vendor's documentation, and what is near a name that is none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from channels_cfg.integrations.paths import Path, in_words
from channels_cfg.integrations.placeholders import EVERYTHING
from channels_cfg.near_names import did_you_mean

OPEN: Mapping[str, Any] = {}
"""Below it stands whatever was attached or answered."""

_QUEUE = {"id": None, "name": None, "address": None}
_AGENT = {"id": None, "name": None, "number": None, "chat_address": None}
CONTACT: Mapping[str, Any] = {
    **dict.fromkeys(("id", "guid", "source", "channel_type", "channel_sub_type", "direction", "created", "language")),
    **dict.fromkeys(("priority", "skills", "required_agents"), OPEN),
    **dict.fromkeys(("queue", "forwarding_queue"), _QUEUE),
    **dict.fromkeys(("agent", "preferred_agent", "transferring_agent"), _AGENT),
    **dict.fromkeys(("attached_data", "cad"), OPEN),
}
_BOTH: Mapping[str, Any] = {"event": {"name": None, "datetime": None}, "contact": CONTACT}
_SHORT = ("config_id", "method", "url", "status", "duration")
IN_RESPONSE: Mapping[str, Any] = {
    **_BOTH,
    "response": {"body": OPEN, "headers": OPEN, "status": None, "duration": None, "debug": OPEN},
    "request": {"method": None, "url": None, "query_params": OPEN},
    **dict.fromkeys(_SHORT),
    **dict.fromkeys(("query_params", "debug", "*"), OPEN),
}

_DEBUGGING: frozenset[Path] = frozenset(
    [
        *((name,) for name in (*_SHORT, "query_params", "debug")),
        *(("request", name) for name in ("method", "url", "query_params")),
        *(("response", name) for name in ("status", "duration", "debug")),
        EVERYTHING,
    ]
)


def in_request(authentications: Iterable[str]) -> Mapping[str, Any]:
    """What a request may name; the authentications are those that hold a key."""
    return {**_BOTH, "authentications": dict.fromkeys(authentications)}


def bringing(known: Mapping[str, Any], names: Iterable[str]) -> Mapping[str, Any]:
    """As ``known``, where the body of the response holds what calls of these names brought."""
    return {**known, "response": {**known.get("response", {}), "body": dict.fromkeys(names, OPEN)}}


def is_debugging(path: Path) -> bool:
    """Whether it tells about the call rather than what was answered."""
    return path[:1] in _DEBUGGING or path[:2] in _DEBUGGING


def uses_attached_data(path: Path) -> bool:
    """Whether it stands for what was attached before."""
    return path[:2] in (("contact",), ("contact", "attached_data"), ("contact", "cad"))


def why_unknown(path: Path, known: Mapping[str, Any]) -> str:
    """Why the path stands for nothing that there is, and what may be meant; empty where it may stand for something."""
    below: Any = known
    for depth, step in enumerate(path):
        if below is OPEN:
            return ""
        if not below or step not in below:
            near = did_you_mean(in_words(path[: depth + 1]), list(_all(known, ()))) or _listed(below, path[:depth])
            return _("There is no {%(path)s} here.%(near)s") % {"path": in_words(path)[:100], "near": near}
        below = below[step]
    return ""


def _listed(below: Mapping[str, Any] | None, above: Path) -> str:
    if not below:
        return ""
    names = ", ".join(in_words((*above, name)) for name in sorted(below) if name != "*")
    return " " + _("There are: %(names)s.") % {"names": names}


def every_name(known: Mapping[str, Any]) -> list[str]:
    """As they are written, for completion."""
    return list(_all(known, ()))


def _all(known: Mapping[str, Any], above: Path) -> Iterator[str]:
    for name, below in known.items():
        yield in_words((*above, name))
        if below:
            yield from _all(below, (*above, name))
