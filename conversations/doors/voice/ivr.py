"""A call in an IVR: what its caller enters, and what the telephone system does then."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from channels_cfg.ivr.walk import CallPosition, Outcome, begin, go_on
from channels_cfg.models import IvrDefinition, User
from conversations import lifecycle
from conversations.doors.voice.good_pairs import attach_good_pairs
from conversations.lifecycle import WrongChannel, WrongState
from conversations.models import Conversation, IvrRun, Leg, State

IN_IVR, ENDED = "in_ivr", "ended"


@dataclass(frozen=True)
class NextStep:
    """What the telephone system says and waits for. ``state`` is ``in_ivr``, ``ended``, or that of the call once it has
    left the IVR; ``variables`` are told as long as there are any."""

    step: str = ""
    prompt: str = ""
    expects: str = "nothing"
    variables: dict[str, str] = field(default_factory=dict)
    state: str = IN_IVR
    queue: str | None = None


def enter(conversation: Conversation, definition: IvrDefinition, *, now: datetime, by: User) -> None:
    """The call is in the IVR, and has yet to come to its first step."""
    lifecycle.enter_ivr(conversation.pk, now=now, by=by)
    IvrRun.objects.create(conversation=conversation, definition=definition)


@transaction.atomic
def go_through(
    conversation_id: uuid.UUID,
    *,
    by: User,
    now: datetime,
    entered: str | None = None,
    timed_out: bool = False,
    at_step: str | None = None,
) -> NextStep:
    """Begin, or go on with what the caller entered. An entry that was meant for another step than the call is at, as
    ``at_step`` tells, changes nothing. Raises ``WrongState`` where the call never was in an IVR."""
    conversation = lifecycle.locked(conversation_id)
    run = IvrRun.objects.filter(conversation=conversation).select_related("definition").first()
    if run is None:
        if not conversation.legs.filter(purpose=Leg.Purpose.WORKFLOW).exists():
            raise WrongState(conversation, State.RECEIVED)
        return _as_it_is(conversation)
    position = CallPosition.from_json(run.position)
    if not position.step:
        outcome = begin(run.definition, at=now)
    elif at_step not in (None, position.step):
        outcome = go_on(run.definition, position, at=now)
    else:
        outcome = go_on(run.definition, position, entered=entered, timed_out=timed_out, at=now)
    return _follow(conversation, run, outcome, by=by, now=now)


def _follow(conversation: Conversation, run: IvrRun, outcome: Outcome, *, by: User, now: datetime) -> NextStep:
    said = NextStep(outcome.position.step, outcome.prompt, outcome.expects, dict(outcome.position.variables))
    if outcome.queue is None and not outcome.ended:
        run.position = outcome.position.as_json()
        run.save(update_fields=["position"])
        return said
    if outcome.queue is not None:
        attach_good_pairs(conversation, outcome.attached, at=now, by=by)
        try:
            with transaction.atomic():
                lifecycle.enqueue(conversation.pk, queue=outcome.queue, now=now, by=by)
        except WrongChannel:  # the queue has moved; nobody is left in a menu that leads nowhere
            lifecycle.end(conversation.pk, now=now, by=by)
    else:
        lifecycle.end(conversation.pk, now=now, by=by)
    after = _as_it_is(lifecycle.locked(conversation.pk))
    return NextStep(said.step, said.prompt, said.expects, said.variables, after.state, after.queue)


def _as_it_is(conversation: Conversation) -> NextStep:
    state = conversation.state if conversation.is_active else ENDED
    return NextStep(state=state, queue=conversation.queue.name if conversation.queue else None)
