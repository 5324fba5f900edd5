"""Another administrator's change in between: shown as a difference of three, never overwritten.

A page carries what it was filled with. Where that is something else by the time it is saved, each difference is shown
as it was, as it is by now, and as it was typed; nothing is saved before somebody chose.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from channels_cfg.admin.safeguards.resubmission import RESUBMITTED, carry
from channels_cfg.history.change_log import ChangeHistory

CHOICE = "_choice-"
SHOWN = "_shown"
"""What the page that asks showed as theirs; the answers count for that and nothing later."""
THEIRS, MINE = "theirs", "mine"
RECENT_CHANGES = 50


@dataclass(frozen=True)
class FieldConflict:
    """One setting that somebody else changed meanwhile. ``choice`` is the name of the answer."""

    choice: str
    label: str
    was: str
    theirs: str
    mine: str
    both_changed: bool


@dataclass
class Comparison:
    """What a page was filled with, what is stored by now, and what was typed."""

    differences: list[FieldConflict] = field(default_factory=list)
    only_mine: list[FieldConflict] = field(default_factory=list)
    added_by_them: list[str] = field(default_factory=list)

    def compare(
        self,
        name: str,
        label: str,
        states: Sequence[Any],
        in_words: Callable[[Any], str],
        value: Callable[[Any], Any] = lambda state: state,
    ) -> None:
        """Note a setting that would be saved differently from what is stored: as it was, as it is, and as typed. Where
        it is gone and was left alone here, it stays gone."""
        was, theirs, mine = map(value, states)
        if mine == theirs or (theirs is None and mine == was):
            return
        before, by_now, typed = map(in_words, states)
        difference = FieldConflict(f"{CHOICE}{name}", label, before, by_now, typed, was not in (theirs, mine))
        (self.only_mine if was == theirs else self.differences).append(difference)

    def is_answered(self, typed: QueryDict, *, shows_now: bool) -> bool:
        """Whether every difference was chosen about, looking at what is stored now."""
        answers = [typed.get(difference.choice) for difference in self.differences]
        return not answers or (shows_now and all(answer in (THEIRS, MINE) for answer in answers))


def ask_whose(
    request: HttpRequest,
    record: models.Model,
    comparison: Comparison,
    *,
    now: str,
    history: ChangeHistory,
    since: datetime | None = None,
    **context: Any,
) -> HttpResponse:
    """The page that asks whose values count, with who saved since then and when; everything that was typed comes back
    with the answers, and ``now``, what is stored by now, as ``SHOWN``."""
    newest = history[:RECENT_CHANGES]
    changes = [change for change in newest if since is not None and change.at > since] or newest[:1]
    answered = [name for name in request.POST if name.startswith(CHOICE)]
    context = {
        **admin.site.each_context(request),
        "title": _("Changed by somebody else in between"),
        "subtitle": str(record),
        "comparison": comparison,
        "people": list(dict.fromkeys(change.by for change in changes)),
        "changed_at": changes[0].at if changes else None,
        "asked_again": bool(answered) and any(difference.both_changed for difference in comparison.differences),
        "carried_name": RESUBMITTED,
        # What they chose is about the state this page shows; a later change is asked about anew.
        "carried": carry(request.POST, without=answered),
        "loaded_name": SHOWN,
        "loaded": now,
        **context,
    }
    return TemplateResponse(request, "admin/changed_in_between.html", context, status=409)
