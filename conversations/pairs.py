"""Pairs of attached data as they come in: flat, checked, measured. Words only, no database.

A value is text, number, boolean or null in JSON terms; an object is flattened with dots, an array with indexes
(rule 2 of the domain).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Protocol

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from channels_cfg.key_names import BadKeyName, check_key_name

Value = str | int | float | bool | None
Pairs = dict[str, Value]


class PairLimits(Protocol):
    """How much may be attached."""

    @property
    def value_characters(self) -> int: ...
    @property
    def pairs_per_conversation(self) -> int: ...
    @property
    def bytes_per_conversation(self) -> int: ...


MAX_DEPTH = 20

_NAMELESS = object()
"""Stands for what is below an empty name, which has no path of its own."""


class RefusedPairs(ValidationError):
    """Pairs that break the rules: ``complaints`` tells for each key what is wrong and the way out. Values are not
    repeated."""

    def __init__(self, complaints: Mapping[str, str]) -> None:
        self.complaints = dict(complaints)
        super().__init__({key: [complaint] for key, complaint in complaints.items()})


def refuse_all(data: Mapping[str, Any]) -> RefusedPairs:
    """What is said of pairs for a conversation that carries none."""
    words = _("Mail of a mail server carries no attached data and keeps none. Use an e-mail task instead.")
    return RefusedPairs(dict.fromkeys(map(str, data), words))


def flatten(data: Mapping[str, Any]) -> Pairs:
    """``{"customer_data": {"id": 7}, "tickets": ["a"]}`` → ``{"customer_data.id": 7, "tickets.0": "a"}``."""
    return dict(_leaves(None, data, depth=0))


def _leaves(path: str | None, value: Any, *, depth: int) -> Iterator[tuple[str, Any]]:
    """Each value with its path; the path of the whole is None, since even an empty text is the name of something."""
    if depth > MAX_DEPTH:
        raise RefusedPairs(
            {
                (path or "").split(".")[0][:128]: _("Nested more than %(most)s levels deep. Send it flatter.")
                % {"most": MAX_DEPTH}
            }
        )
    if isinstance(value, Mapping) and (value or path is None):
        for name, inner in value.items():
            if path is not None and not name:
                yield f"{path}.", _NAMELESS
            else:
                yield from _leaves(name if path is None else f"{path}.{name}", inner, depth=depth + 1)
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from _leaves(f"{path}.{index}", inner, depth=depth + 1)
    else:
        yield path or "", value


def check_pairs(data: Mapping[str, Any], *, settings: PairLimits) -> Pairs:
    """Return the flat pairs with their keys in NFC, or raise ``RefusedPairs`` that names every bad one."""
    good: Pairs = {}
    complaints: dict[str, str] = {}
    for sent, value in _leaves(None, data, depth=0):
        try:
            key = check_key_name(sent)
            if value is _NAMELESS:
                raise ValidationError(
                    _("The name at position %(position)s is empty. Give every value a name.")
                    % {"position": len(sent) + 1}
                )
            if key in good:
                complaints[sent] = _("The same key is there twice, perhaps spelt another way. Send it once.")
            good[key] = check_value(value, longest=settings.value_characters)
        except BadKeyName as bad:
            complaints[sent] = bad.messages[0]
        except ValidationError as bad:
            complaints[sent] = bad.messages[0]
    if complaints:
        raise RefusedPairs(complaints)
    return good


def good_names(data: Mapping[str, Any]) -> list[str]:
    """The names of the flat pairs that can be keys, as ``check_pairs`` returns them."""
    good = []
    for sent, _value in _leaves(None, data, depth=0):
        with suppress(BadKeyName):
            good.append(check_key_name(sent))
    return good


def check_value(value: Any, *, longest: int) -> Value:
    """Return a value that can be stored, or say what is wrong with it without repeating it."""
    if isinstance(value, str):
        if "\x00" in value:
            raise ValidationError(
                _("Character %(position)s of the value is NUL, which cannot be stored.")
                % {"position": value.index(chr(0)) + 1}
            )
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise ValidationError(
                _("Character %(position)s of the value is half a surrogate pair.") % {"position": error.start + 1}
            ) from error
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValidationError(_("The value is not a finite number."))
    elif not isinstance(value, int | float | bool | None):
        raise ValidationError(_("The value is empty, or not text, a number, true, false or null."))
    if len(as_text(value)) > longest:
        raise ValidationError(
            _("The value has %(count)s characters; at most %(longest)s are stored. Shorten it.")
            % {"count": len(as_text(value)), "longest": longest}
        )
    return value


def check_size(
    adding: Mapping[str, Value],
    *,
    to: Mapping[str, Value],
    settings: PairLimits,
    sent: Mapping[str, Value],
) -> None:
    """Refuse the write whole where it would make the pairs of a conversation exceed the limits: ``RefusedPairs`` for
    each name that was ``sent``. A write that makes nothing larger is no reason to refuse.

    What comes as a message is measured alone, ``to`` nothing: messages come in any order and their senders wait for no
    answer, so the first to arrive must not keep the others out. Several may go over together.
    """
    together = {**to, **adding}
    size, before = (len(json.dumps(dict(pairs), ensure_ascii=False).encode()) for pairs in (together, to))
    if len(together) > max(settings.pairs_per_conversation, len(to)):
        complaint = _("The conversation would have %(count)s keys; at most %(most)s are stored.") % {
            "count": len(together),
            "most": settings.pairs_per_conversation,
        }
    elif size > max(settings.bytes_per_conversation, before):
        complaint = _("The conversation would have %(size)s bytes of attached data; at most %(most)s are stored.") % {
            "size": size,
            "most": settings.bytes_per_conversation,
        }
    else:
        return
    raise RefusedPairs(
        dict.fromkeys(sent, _("%(complaint)s Nothing of this write was stored.") % {"complaint": complaint})
    )


def as_text(value: Value) -> str:
    """The value as people read it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)
