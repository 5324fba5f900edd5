"""One live conversation side by side: what is there now, and what its end will leave."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from channels_cfg.key_names import check_key_list, split_key_list
from channels_cfg.models import Right
from conversations.attached_data.retention_preview import (
    LEVELS,
    PreviewedKey,
    Proposal,
    level_in_words,
    preview_retention,
    propose,
)
from conversations.attached_data.settings import settings_of
from conversations.key_usage.observations import characters_in_words
from conversations.models import Conversation, ValueType
from conversations.pii_detectors import Hit
from conversations.signed_in import page_for_people, viewer


@page_for_people
@require_safe
def after_the_end(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Found by whoever may serve the conversation or view its history; values show to whom they show on the desk."""
    user = viewer(request)
    in_history = Conversation.objects.granting(Right.VIEW_HISTORY, to=user)
    allowed = in_history | Conversation.objects.granting(Right.SERVE, to=user)
    conversation = get_object_or_404(allowed.with_places(), pk=pk)
    counted = settings_of(conversation).statistics_keys
    proposal, wrong = _proposal(request, conversation)
    rows = preview_retention(conversation, viewer=user, judged_by=counted.value, proposal=proposal)
    context: dict[str, Any] = {
        "conversation": conversation,
        "may_view_history": in_history.filter(pk=pk).exists(),
        "rows": [(key, _looks(key)) for key in rows] if conversation.is_active else [],
        "counted": counted,
        "counted_from": level_in_words(counted.origin, channel=conversation.channel, queue=conversation.queue),
        "levels": [
            (level, level_in_words(level, channel=conversation.channel, queue=conversation.queue))
            for level in LEVELS
            if level != "queue" or conversation.queue
        ],
        "proposal": proposal,
        "proposed_from": proposal
        and level_in_words(proposal.effective.origin, channel=conversation.channel, queue=conversation.queue),
        "asked": request.GET.get("keys", ""),
        "asked_level": request.GET.get("level", ""),
        "wrong": wrong,
    }
    return render(request, "history/after_the_end.html", context)


def _proposal(request: HttpRequest, conversation: Conversation) -> tuple[Proposal | None, list[str]]:
    """The list that is asked about, or what is wrong with it."""
    typed, level = request.GET.get("keys", ""), request.GET.get("level", "")
    if not typed.strip() or level not in LEVELS:
        return None, []
    try:
        return propose(conversation, check_key_list(split_key_list(typed)), level=level), []
    except ValidationError as bad:
        return None, bad.messages


def _looks(key: PreviewedKey) -> str:
    """How the value looks, for whom it is not shown: ``text, 8–15 characters, card number``."""
    observation = key.observation
    looks = [
        str(ValueType(observation.value_type).label).lower(),
        _("%(lengths)s characters") % {"lengths": characters_in_words([observation.length_bucket])},
    ]
    return ", ".join([*looks, *(str(Hit(hit).label) for hit in sorted(observation.hits))])
