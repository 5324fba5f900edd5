"""What the form of the report offers, and what is chosen in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_cfg.models import QueueGroup, Right, User
from conversations.attached_data.kept_condition import KeptCondition, Operator
from conversations.attached_data.reasons import REASONS
from conversations.filters import is_id
from conversations.models import Conversation, State
from conversations.periods import Period
from reporting.contact_log.asked import COMPARISONS, CUSTOM, FIELDS, KEY, NO_DATA, NONE, OTHER_QUEUE
from reporting.contact_log.intervals import INTERVALS
from reporting.contact_log.kept_key import Missing
from reporting.contact_log.measures import MEASURES
from reporting.contact_log.query import MOST_KEYS, LogQuery, kept_key_names, place, word_for
from reporting.contact_log.words.group_words import GroupWords, grouping_label
from reporting.models import ContactLogEntry


def form_facts(params: QueryDict, query: LogQuery, user: User) -> dict[str, Any]:
    """What the form offers: nothing that the viewer's rights do not cover."""
    granted = ContactLogEntry.objects.granting(Right.VIEW_REPORTS, to=user)
    entries = granted.received_during(query.start, query.end)
    keys = kept_key_names(query, entries)[:MOST_KEYS]
    names = ("channel", "queue", "agent", "messaging_channel", "disposition")
    places = list(entries.order_by().values_list("channel", place(), *names[2:]).distinct())
    choices = {name: _choices(name, {place[position] for place in places}) for position, name in enumerate(names)}
    choices["queue_group"] = _queue_groups({place[1] for place in places})
    choices["direction"] = [(code, str(label)) for code, label in Conversation.Direction.choices]
    groupings = [*FIELDS.items(), *((f"{KEY}{key}", key) for key in keys)]
    groupings += [(by, grouping_label(by)) for by in query.groupings if by not in dict(groupings)]
    groupings = _with_chosen(groupings, [*params.getlist("by"), *params.getlist("across")])
    return {
        "periods": _with_chosen([*Period.choices, (CUSTOM, _("From … to …"))], params.getlist("period")),
        "chosen_period": params.get("period") or query.period or CUSTOM,
        "intervals": _with_chosen(_INTERVALS, params.getlist("interval")),
        "chosen_interval": params.get("interval"),
        "groupings": groupings,
        "chosen_groupings": [*params.getlist("by"), "", ""][
            : max(2, len(query.group_by) + 1, len(params.getlist("by")))
        ],
        "comparisons": [*COMPARISONS.items(), *_other_queues(choices["queue"])],
        "chosen_across": params.get("across", ""),
        "empties": [("", "0"), (NO_DATA, _("no data"))],
        "chosen_empty": NO_DATA if query.empty_is_no_data else "",
        "first_measure": query.shown_measures[0],
        "measures": _measures(query),
        "filters": _filters(choices, params),
        "states": [(state.value, state.label) for state in _STATES],
        "chosen_states": query.fields.get("state", ()),
        "offered_keys": keys,
        "operators": [*Operator.choices, *((code, _("has no value: ") + REASONS[code]) for code in _OFFERED_REASONS)],
        "zone_name": params.get("zone", str(query.zone)),
    }


def _filters(choices: Mapping[str, Sequence[tuple[str, str]]], params: QueryDict) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "label": FIELDS[name],
            "choices": _with_chosen(offered, params.getlist(name)),
            "chosen": params.getlist(name),
        }
        for name, offered in choices.items()
    ]


NO_INTERVAL = "none"
_INTERVALS = [*((name, kind.label) for name, kind in INTERVALS.items()), (NO_INTERVAL, gettext_lazy("None"))]
_STATES = (State.WRAP_UP, State.HANDLED, State.ABANDONED, State.FALSE_ATTEMPT)
_OFFERED_REASONS = ("not_provided", "not_kept", "abandoned")


def _measures(query: LogQuery) -> list[tuple[str, str, str, bool]]:
    """Name, label, definition and whether it is chosen: those chosen first, in their order."""
    names = [*query.shown_measures, *(name for name in MEASURES if name not in query.shown_measures)]
    return [
        (name, str(MEASURES[name].label), str(MEASURES[name].definition), name in query.shown_measures)
        for name in names
    ]


def _choices(name: str, found: set[Any]) -> list[tuple[str, str]]:
    words = GroupWords.of(name, found)
    choices = [(word_for(name, value), words.word(value)) for value in found]
    return sorted(choices, key=lambda choice: choice[1].casefold())


def _other_queues(queues: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(f"{OTHER_QUEUE}{pk}", _("Queue %(name)s") % {"name": name}) for pk, name in queues if is_id(pk)]


def _queue_groups(queues: set[Any]) -> list[tuple[str, str]]:
    """The groups of queues that have conversations here, and none."""
    groups = QueueGroup.objects.filter(queues__in=[queue for queue in queues if queue]).distinct().order_by("name")
    return [*((str(group.pk), group.name) for group in groups), (NONE, _("In no queue group"))]


def typed(params: QueryDict, complaints: dict[str, list[str]]) -> dict[str, Any]:
    """What was typed where it makes no sense, so that it is mended rather than typed again."""
    dates = {name: params.get(name) for name in ("received_after", "received_before")}
    typed: dict[str, Any] = {"typed_dates": dates if dates.keys() & complaints.keys() else {}}
    for name, parse in (("kept", KeptCondition.parse), ("missing", Missing.parse)):
        for written in params.getlist(name) if name in complaints else ():
            try:
                parse(written)
            except ValidationError:
                key, sign, text = re.fullmatch(r"([^=~:]*)([=~:]?)(.*)", written, re.DOTALL).groups()  # type: ignore[union-attr]
                typed["typed_kept"] = {"key": key, "sign": text if sign == ":" else sign, "text": text}
    return typed


def _with_chosen(choices: Sequence[tuple[Any, Any]], chosen: Sequence[str]) -> list[tuple[Any, Any]]:
    return [*choices, *((value, value) for value in chosen if value not in dict(choices))]
