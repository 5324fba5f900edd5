"""Pairs as the key catalogue has them: under a key's own name, their values checked against its rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from django.utils.translation import gettext as _

from channels_cfg.keys.catalogue import known_keys
from channels_cfg.models import AttachedKey
from channels_cfg.value_rules import BrokenRule
from conversations.attached_data.write_result import WriteResult
from conversations.pairs import Pairs, RefusedPairs


@dataclass(frozen=True)
class KnownPairs:
    """``pairs`` by the keys' own names, and of each the name it was sent under.

    ``flags`` tells the rules that values break which are stored all the same; ``invalid`` names the keys whose values
    are dropped; ``left_out`` answers for the pairs, by the name they were sent under, that go no further.
    """

    pairs: Pairs = field(default_factory=dict)
    sent_as: dict[str, str] = field(default_factory=dict)
    flags: dict[str, str] = field(default_factory=dict)
    invalid: list[str] = field(default_factory=list)
    left_out: dict[str, WriteResult] = field(default_factory=dict)

    def as_sent(self, results: Mapping[str, WriteResult]) -> dict[str, WriteResult]:
        """Results on the keys as results on what was sent, with what the catalogue has to say."""
        return self.left_out | {self.sent_as[key]: self._as_sent(key, result) for key, result in results.items()}

    def _as_sent(self, key: str, result: WriteResult) -> WriteResult:
        reasons = [str(result.reason)]
        if result.outcome == "stored" and key in self.flags:
            reasons.append(_("Stored with a flag: %(rule)s") % {"rule": self.flags[key]})
        if self.sent_as[key] != key:
            reasons.append(_("“%(name)s” is another name of %(key)s.") % {"name": self.sent_as[key], "key": key})
        return replace(result, reason=" ".join(filter(None, reasons)), key=key)


def by_catalogue(sent: Pairs, *, keys: Mapping[str, AttachedKey] | None = None) -> KnownPairs:
    """What the catalogue makes of the pairs; one query, or none where the caller has the ``known_keys``.

    Raises ``RefusedPairs`` that names every value which its key's rules refuse. Where a key comes under several names,
    its own name counts, or else the first.
    """
    if keys is None:
        keys = known_keys(sent) if sent else {}
    known = KnownPairs()
    refused: dict[str, str] = {}
    for name in sorted(sent, key=lambda name: name in keys and keys[name].name != name):
        key = keys.get(name)
        own = key.name if key else name
        if own in known.sent_as:
            known.left_out[name] = WriteResult(
                "superseded",
                _("“%(name)s” came with it, and both are names of the key %(own)s.")
                % {"name": known.sent_as[own], "own": own},
            )
            continue
        known.sent_as[own] = name
        try:
            known.pairs[own] = key.parse(sent[name]) if key else sent[name]
        except BrokenRule as broken:
            assert key is not None  # it has rules
            match key.on_violation:
                case AttachedKey.OnViolation.REFUSE:
                    refused[name] = broken.messages[0]
                case AttachedKey.OnViolation.FLAG:
                    known.pairs[own] = sent[name]
                    known.flags[own] = broken.rule
                case AttachedKey.OnViolation.DROP:
                    known.invalid.append(own)
                    known.left_out[name] = WriteResult("dropped", broken.messages[0])
    if refused:
        raise RefusedPairs(refused)
    return known
