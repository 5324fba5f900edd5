"""A change set on its way through a page: previewed, agreed to, applied, and offered to be undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from channels_cfg.admin.safeguards.change_reason import MISSING
from channels_cfg.admin.safeguards.typed_confirmation import ask_to_confirm, confirmation_context, is_confirmed
from channels_cfg.admin.safeguards.undo import with_undo
from channels_cfg.history.change_reason import LONGEST_WHY, why_is_required
from channels_cfg.history.change_set import NotApplied, S, StalePreview, apply
from channels_cfg.models import User

AGREED_TO = "agreed_to"


class Confirming(Generic[S]):
    """One request that previews what ``propose`` proposes, or confirms it. What was missing is in ``context``, for the
    preview that is shown again; ``admin/_confirm_changes.html`` shows it."""

    def __init__(
        self,
        request: HttpRequest,
        propose: Callable[[], S],
        *,
        preview: Callable[[], S] | None = None,
        was_previewed: bool = True,
    ) -> None:
        """``preview`` proposes the same with more to show; ``was_previewed`` is whether the page shows it at all before
        it is confirmed."""
        assert isinstance(request.user, User)  # the pages of the configurator ask for it
        self.request, self.by = request, request.user
        self.propose = propose
        self.preview = preview or propose
        self.change_set = self.preview()
        self.agreed_to = request.POST.get(AGREED_TO) if was_previewed else self.change_set.fingerprint
        self.is_stale = False
        self.why_errors: list[Any] = []
        self.refusal = ""

    @property
    def why(self) -> str:
        return self.request.POST.get("why", "").strip()[:LONGEST_WHY]

    def is_ready(self) -> bool:
        """Whether what was previewed is what would be done, and why was said where that is asked."""
        self.is_stale = self.agreed_to != self.change_set.fingerprint
        self.why_errors = [MISSING] if not self.why and why_is_required() else []
        return not (self.is_stale or self.why_errors)

    def is_confirmed(self) -> bool:
        asked = self.change_set.confirmation
        return asked is None or is_confirmed(self.request, asked)

    def ask(self, **context: Any) -> HttpResponse | None:
        """The page that asks for typed words, or None where nothing is dangerous or they were typed."""
        asked = self.change_set.confirmation
        return ask_to_confirm(self.request, admin.site, asked, context=context) if asked else None

    def apply(self, **facts: Any) -> bool:
        """Whether it was done, as one settings version by who is signed in."""
        try:
            self.change_set = apply(self.propose, agreed_to=self.agreed_to, by=self.by, why=self.why, **facts)
        except NotApplied as refused:
            self.change_set = self.preview()
            self.is_stale = isinstance(refused, StalePreview)
            self.refusal = refused.reason
            return False
        return True

    def applied(self) -> bool:
        """Whether everything was said that it takes, and it was done."""
        return self.is_ready() and self.is_confirmed() and self.apply()

    def done(self, sentence: str, address: str) -> HttpResponse:
        """The way on, with what is now true, what to beware of, and the way back."""
        messages.success(self.request, with_undo(self.request, sentence, self.change_set.version))
        for warning in self.change_set.warnings:
            messages.warning(self.request, warning)
        return HttpResponseRedirect(address)

    @property
    def context(self) -> dict[str, Any]:
        """What a template needs to show the preview and to ask for what is missing."""
        asked = self.change_set.confirmation
        return {
            **(confirmation_context(self.request, asked) if asked else {}),
            "agreed_to": self.change_set.fingerprint,
            "is_stale": self.is_stale,
            "refusal": self.refusal,
            "lost_columns": self.change_set.lost_columns_in_words(),
            "why_typed": self.why,
            "why_errors": self.why_errors,
        }
