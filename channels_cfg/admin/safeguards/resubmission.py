"""What was typed in a form, carried through a page that asks something before it is saved."""

from __future__ import annotations

from collections.abc import Iterable

from cryptography.fernet import InvalidToken
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from channels_cfg.form_mark import MARK
from channels_cfg.models.encrypted import decrypt, encrypt

RESUBMITTED = "_carried"
_OWN = ("csrfmiddlewaretoken", MARK, RESUBMITTED)


def carry(typed: QueryDict, *, without: Iterable[str] = ()) -> str:
    """One text for a hidden field. Encrypted, since a form may hold a secret that was just typed."""
    kept = typed.copy()
    for name in (*_OWN, *without):
        kept.pop(name, None)
    return encrypt(kept.urlencode())


def unpack(request: HttpRequest) -> None:
    """Let ``request.POST`` be what was typed in the form, and the answers that were given since; done for every page
    before its view begins."""
    if RESUBMITTED not in request.POST:
        return
    try:
        typed = QueryDict(decrypt(request.POST[RESUBMITTED]), mutable=True)
    except InvalidToken as broken:
        raise SuspiciousOperation(_("What was carried through the page was changed on the way.")) from broken
    for name, answers in request.POST.lists():
        if name not in _OWN:
            typed.setlist(name, answers)
    request.POST = typed  # type: ignore[assignment]  # a form does not mind that it may change
