"""Pairs as the key catalogue has them: under a key's own name, their values checked against its rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from channels_cfg.keys.catalogue import known_keys
from channels_cfg.models import AttachedKey
from channels_cfg.value_rules import BrokenRule
from conversations.pairs import Pairs, RefusedPairs


@dataclass(frozen=True)
class Verdict:
    """What became of one pair: ``stored``, ``unchanged``, ``superseded`` or ``dropped``, and why.

    ``key`` is the name it goes by; empty where the catalogue left the pair out.
    """

    verdict: str
    reason: str | Promise = ""
    key: str = ""

    def as_json(self) -> dict[str, str]:
        return {"verdict": self.verdict, "reason": str(self.reason)}


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
    left_out: dict[str, Verdict] = field(default_factory=dict)

    def told(self, verdicts: Mapping[str, Verdict]) -> dict[str, Verdict]:
        """Verdicts on the keys as verdicts on what was sent, with what the catalogue has to say."""
        return self.left_out | {self.sent_as[key]: self._told(key, verdict) for key, verdict in verdicts.items()}

    def _told(self, key: str, verdict: Verdict) -> Verdict:
        reasons = [str(verdict.reason)]
        if verdict.verdict == "stored" and key in self.flags:
            reasons.append(_("Stored with a flag: %(rule)s") % {"rule": self.flags[key]})
        if self.sent_as[key] != key:
            reasons.append(_("“%(name)s” is another name of %(key)s.") % {"name": self.sent_as[key], "key": key})
        return replace(verdict, reason=" ".join(filter(None, reasons)), key=key)


def by_catalogue(sent: Pairs) -> KnownPairs:
    """What the catalogue makes of the pairs; one query.

    Raises ``RefusedPairs`` that names every value which its key's rules refuse. Where a key comes under several names,
    its own name counts, or else the first.
    """
    keys = known_keys(sent) if sent else {}
    known = KnownPairs()
    refused: dict[str, str] = {}
    for name in sorted(sent, key=lambda name: name in keys and keys[name].name != name):
        key = keys.get(name)
        own = key.name if key else name
        if own in known.sent_as:
            known.left_out[name] = Verdict(
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
                    known.left_out[name] = Verdict("dropped", broken.messages[0])
    if refused:
        raise RefusedPairs(refused)
    return known
