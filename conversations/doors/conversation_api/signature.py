"""Who sent this body: signatures of the Conversation API."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings

ALGORITHM = "HmacSHA256"
LONGEST_NONCE = 128

_HEADER = "x-sinch-webhook-signature"
_SECONDS = re.compile(r"[0-9]{1,11}", re.ASCII)


@dataclass(frozen=True)
class Signature:
    """What the headers of a callback say about its body."""

    digest: str
    nonce: str
    timestamp: str

    @classmethod
    def read(cls, headers: Mapping[str, str]) -> Signature | None:
        """The signature, or None where a part is missing, malformed or of another algorithm."""
        digest = headers.get(_HEADER, "")
        nonce = headers.get(f"{_HEADER}-nonce", "")
        timestamp = headers.get(f"{_HEADER}-timestamp", "")
        complete = digest and 0 < len(nonce) <= LONGEST_NONCE and _SECONDS.fullmatch(timestamp)
        if not complete or headers.get(f"{_HEADER}-algorithm", ALGORITHM) != ALGORITHM:
            return None
        return cls(digest, nonce, timestamp)

    def fits(self, body: bytes, secret: str) -> bool:
        """Whether the secret signed these bytes; takes as long for a wrong signature as for a right one."""
        expected = sign(secret, body, nonce=self.nonce, timestamp=self.timestamp)
        return bool(secret) and hmac.compare_digest(expected.encode(), self.digest.encode())

    def is_recent(self, *, now: datetime) -> bool:
        """Whether it was made within CALLBACK_SIGNATURE_WINDOW of now, before or after."""
        try:
            made_at = datetime.fromtimestamp(int(self.timestamp), UTC)
        except (OverflowError, ValueError, OSError):
            return False
        return abs(now - made_at) <= settings.CALLBACK_SIGNATURE_WINDOW


def sign(secret: str, body: bytes, *, nonce: str, timestamp: str) -> str:
    """``base64(HMAC-SHA256(secret, body.nonce.timestamp))``, over the bytes as they were sent."""
    signed = b".".join((body, nonce.encode(), timestamp.encode()))
    return base64.b64encode(hmac.digest(secret.encode(), signed, "sha256")).decode()
