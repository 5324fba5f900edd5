"""Working on a run: ask, read, save and set. The conversation waits for none of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_cfg import jobs
from channels_cfg.integrations.action_calls import SAFE
from channels_cfg.integrations.configuration import Configuration, ConfigurationFaults
from channels_cfg.integrations.paths import MISSING
from channels_cfg.integrations.placeholders import UnusableValue
from channels_cfg.jobs import announce
from channels_cfg.models import Authentication, Integration, Job
from channels_cfg.outgoing import NoAnswer, NotInTime, Refused, TooLarge
from channels_cfg.request_authentication import forget_token
from conversations.integrations import effects, endpoints
from conversations.integrations.answers import Answered, storable
from conversations.integrations.asking import MASK, NotAsked, request_of, secrets_of, send
from conversations.integrations.debugging import is_open
from conversations.integrations.payload import payload_of, wanted_by
from conversations.integrations.response import Outcome, needs_body, outcome_of, values_with_answer, why_it_failed
from conversations.models import Conversation, IntegrationRun

MOST_CALLS = 3
LONGEST = timedelta(minutes=3)
BESIDE = 3
"""So many more are worked on than requests are out, so that no turn is lost to reading and writing."""
NOT_FOUND = 404
BUSY = (429, 503)

Result = IntegrationRun.Outcome


@dataclass
class Call:
    """One run at work."""

    held: IntegrationRun
    integration: Integration
    conversation: Conversation
    read: Configuration
    known: dict[str, Authentication]
    payload: dict[str, Any]
    shown: dict[str, Any]
    is_well: bool = True
    """Whether nothing was wrong with the host before."""


class _Failed(Exception):
    """It can be done no more. Says why, in words without data."""

    def __init__(self, words: str, result: Result = Result.FAILED) -> None:
        super().__init__(words)
        self.result = result


def work(held: IntegrationRun) -> None:
    """Do a run that the caller holds. Raises ``TryLater``, ``NoLongerHeld``."""
    try:
        _work(held)
    except _Failed as failed:
        reason = str(failed)[: jobs.LONGEST_REASON]
        finish(held, Job.State.FAILED, outcome=failed.result, reason=reason, calls=held.calls)


def finish(held: IntegrationRun, state: str, **facts: Any) -> None:
    jobs.finish(held, state, **facts)
    if held.awaited:
        announce(IntegrationRun)


def _work(held: IntegrationRun) -> None:
    call = _call_of(held)
    name = call.integration.endpoint_name
    if name:
        _wait_for_its_rest(call, name)
    _note_that_it_is_asked(held, is_safe=call.read.method in SAFE)
    try:
        answered, seconds = send(call.integration, call.read, call.payload, call.known)
    except UnusableValue as unusable:
        raise _Failed(str(unusable)) from None
    except Refused as refused:
        raise _Failed(str(refused)) from None
    except NotAsked as not_asked:
        _again_if(not_asked.may_retry, call, str(not_asked))
        raise _Failed(str(not_asked)) from None
    except NotInTime as late:
        endpoints.failed(name, now=timezone.now())
        raise _Failed(str(late), Result.TIMED_OUT) from None
    except TooLarge as large:
        raise _Failed(str(large)) from None
    except NoAnswer as none:
        endpoints.failed(name, now=timezone.now())
        _again_if(call.read.method in SAFE or not none.may_have_arrived, call, str(none))
        raise _Failed(str(none)) from None
    else:
        _use(call, answered, seconds)


def _note_that_it_is_asked(held: IntegrationRun, *, is_safe: bool) -> None:
    """So that whoever takes over from a worker that died meanwhile does nothing twice that is not safe."""
    if held.calls and held.interruptions and not is_safe:
        raise _Failed(_("Its worker was interrupted: it is not known whether it was asked. It is not asked again."))
    held.calls += 1
    if not is_safe:
        jobs.note(held, calls=held.calls)


def _call_of(held: IntegrationRun) -> Call:
    rows = IntegrationRun.objects.select_related(
        "integration__debug_window", "conversation__channel", "conversation__queue", "conversation__agent"
    )
    run = rows.filter(pk=held.pk).defer("exchange").first()
    if run is None:
        raise jobs.NoLongerHeld
    integration = run.integration
    if integration is None or not integration.enabled:
        raise _Failed(_("The integration was removed or switched off."))
    known = secrets_of(integration)
    integration.given_authentications = {name: one.kind for name, one in known.items()}
    try:
        read = integration.read()
    except ConfigurationFaults as refused:
        raise _Failed(_("Its configuration: %(fault)s") % {"fault": refused.faults[0]}) from None
    if not run.conversation.is_active and run.event != Integration.AnsweredEvent.ENDED and read.method == "GET":
        raise _Failed(_("The conversation had ended before."))
    payload = payload_of(run, run.conversation, wanted=wanted_by(f"{integration.endpoint} {integration.configuration}"))
    try:
        shown = request_of(integration, read, payload, secrets=dict.fromkeys(known, MASK)).shown()
    except UnusableValue as unusable:
        raise _Failed(str(unusable)) from None
    return Call(held, integration, run.conversation, read, known, payload, shown)


def _wait_for_its_rest(call: Call, name: str) -> None:
    now, held = timezone.now(), call.held
    until, call.is_well = endpoints.rests_until(name, now=now)
    if until is None:
        return
    words = _("The other system has failed several times and is left alone for a moment.")
    if held.is_exhausted(now=now):
        raise _Failed(words)
    raise jobs.TryLater(words, after=until - now)


def _again_if(is_safe: bool, call: Call, words: str) -> None:
    """Raise ``TryLater``, unless it was asked often enough."""
    held = call.held
    may_go_on = is_safe and held.calls < MOST_CALLS and not held.is_exhausted(now=timezone.now())
    if may_go_on and endpoints.may_retry(call.integration.endpoint_name):
        jobs.note(held, calls=held.calls)
        raise jobs.TryLater(words, after=held.pause)


def _use(call: Call, answered: Answered, seconds: float) -> None:
    name = call.integration.endpoint_name
    if answered.status >= 500 or answered.status == 429:
        endpoints.failed(name, now=timezone.now())
        jobs.note(call.held, status=answered.status, seconds=seconds)
        _again_if(_may_be_asked_twice(call.read, answered), call, why_it_failed(call.read, answered))
    elif name and not call.is_well:
        endpoints.answered(name)
    if answered.status == 401 and forget_token(call.known.get(call.read.authentication)):
        _again_if(True, call, why_it_failed(call.read, answered))
    with transaction.atomic():
        _write(call, answered, seconds)


def _may_be_asked_twice(read: Configuration, answered: Answered) -> bool:
    """Who is busy has done nothing; of several calls, those before may have."""
    if answered.timed_out:
        return False
    return read.method in SAFE or (answered.status in BUSY and not read.calls)


def _write(call: Call, answered: Answered, seconds: float) -> None:
    """Everything that comes of an answer, in one transaction."""
    now = timezone.now()
    held, read = call.held, call.read
    conversation = Conversation.objects.locked(call.conversation.pk)
    window = is_open(call.integration, now=now)
    facts: dict[str, Any] = {"status": answered.status, "seconds": seconds, "calls": held.calls}
    if conversation.is_active or window:
        facts["exchange"] = _exchange(call, answered)
    if answered.status == NOT_FOUND and needs_body(read):
        finish(held, Job.State.DONE, outcome=Result.NOTHING, **facts)
        return
    if words := why_it_failed(read, answered):
        outcome = Result.TIMED_OUT if answered.timed_out else Result.FAILED
        finish(held, Job.State.FAILED, outcome=outcome, reason=words[: jobs.LONGEST_REASON], **facts)
        return
    values = values_with_answer(call.integration, call.payload, call.shown, answered, seconds)
    brought = outcome_of(read, values, is_debugged=window)
    try:
        notes, done = _bring(held, conversation, brought)
    except effects.NotDone as refused:
        finish(held, Job.State.FAILED, outcome=Result.FAILED, reason=str(refused)[: jobs.LONGEST_REASON], **facts)
        return
    finish(held, Job.State.DONE, outcome=_result(brought, done), sets=done, notes=notes, reason="", **facts)


def _exchange(call: Call, answered: Answered) -> dict[str, Any]:
    body = {"text": answered.text[:20_000]} if answered.body is MISSING else {"body": answered.body}
    response = {"status": answered.status, "headers": dict(answered.headers), **body}
    asked = call.shown | ({"actions": list(answered.calls)} if answered.calls else {})
    return storable({"payload": call.payload, "request": asked, "response": response})


def _bring(held: IntegrationRun, conversation: Conversation, outcome: Outcome) -> tuple[list[str], list[str]]:
    """Save and set; notes without values, and what was set. Raises ``NotDone``, having changed nothing."""
    notes = [_("%(name)s: left out") % {"name": name} for name in outcome.left_out]
    if not conversation.is_active:
        if outcome.save or outcome.sets:
            notes.append(_("The conversation had ended: nothing was attached or set."))
        return notes, []
    if outcome.save:
        notes += effects.save(held, conversation, outcome.save)
    if not outcome.sets:
        return notes, []
    earlier = IntegrationRun.objects.filter(group=held.group, position__lt=held.position)
    taken = {kind for sets in earlier.values_list("sets", flat=True) for kind in sets}
    done = []
    for kind in (kind for kind in effects.IN_ORDER if kind in outcome.sets):
        if kind in taken:
            notes.append(_("%(kind)s: an earlier integration has set it") % {"kind": kind})
            continue
        try:
            with transaction.atomic():
                effects.set_one(held, conversation, kind, outcome.sets[kind], now=timezone.now())
        except effects.NotDone as refused:
            notes.append(f"{kind}: {refused}")
        else:
            done.append(kind)
    return notes, done


def _result(outcome: Outcome, done: list[str]) -> Result:
    if outcome.save or done:
        return Result.SAVED
    return Result.NOTHING if outcome.has_dynamic else Result.SENT
