"""The mark in every form that a page shows: to whom and on which page it was shown, and that it is this one."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.core import signing
from django.http import HttpRequest

MARK = "_form"
ONCE = "X-Sent-Once"
"""The header in which a script asks to have a form counted once."""
SHOWN_FOR = timedelta(days=7)


@dataclass(frozen=True)
class FormMark:
    user: int
    nonce: str
    page: str

    @classmethod
    def of(cls, request: HttpRequest) -> FormMark | None:
        """The mark of the form that was sent; None for what no form sent, or a script that stays on its page and
        does not ask to have it counted once."""
        stays_on_page = request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate"
        if stays_on_page and ONCE not in request.headers:
            return None
        try:
            return cls(*signing.loads(request.POST.get(MARK, ""), salt=MARK, max_age=SHOWN_FOR))
        except signing.BadSignature:
            return None


def new_mark(request: HttpRequest) -> str:
    """What a form carries that is shown now; signed, so that nobody sends one that was shown to somebody else."""
    return signing.dumps([request.user.pk, secrets.token_urlsafe(9), request.get_full_path()], salt=MARK)
