"""Calls of the demonstration, as its telephone system tells of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import QuerySet

from channels_cfg.demo import made
from channels_cfg.models import Channel, IvrDefinition, Queue, User
from conversations import lifecycle
from conversations.doors.voice.calls import NewCall, take_in
from conversations.doors.voice.ivr import go_through
from conversations.models import Conversation

PAST_CALLS = 4
LANGUAGES = "12"  # the keys of Finnish and English


def load_demo_calls(
    queues: QuerySet[Queue], *, telephone: User, agent: User, customers: Sequence[tuple[str, str]], now: datetime
) -> None:
    """Some that are over, one whose caller left in the IVR, one that waits and one that is offered."""
    queue = queues.filter(channel__kind=Channel.Kind.VOICE).order_by("name").first()
    if queue is None:
        return
    numbers = [number for number, _name in customers]
    for place in range(PAST_CALLS):
        at = now - timedelta(days=1 + place, hours=2)
        keys = (LANGUAGES[place % 2], "1234567")
        call, began = _call(queue, f"demo-{place}", telephone, at, numbers[place], keys=keys)
        lifecycle.accept(call.pk, by=agent, now=began + timedelta(seconds=30))
        lifecycle.hold(call.pk, by=agent, now=began + timedelta(seconds=90))
        lifecycle.hold(call.pk, by=agent, now=began + timedelta(seconds=140), resume=True)
        over = began + timedelta(seconds=300)
        lifecycle.end(call.pk, by=agent, ended_by=Conversation.Party.CUSTOMER, now=over)
        lifecycle.handle(call.pk, by=agent, now=over + timedelta(seconds=20))
    gone, at = _call(queue, "demo-gone", telephone, now - timedelta(hours=5), numbers[4], keys=())
    lifecycle.end(gone.pk, by=telephone, ended_by=Conversation.Party.CUSTOMER, now=at + timedelta(seconds=25))
    _call(queue, "demo-waiting", telephone, now - timedelta(minutes=2), numbers[1])
    offered, _began = _call(queue, "demo-offered", telephone, now - timedelta(minutes=1), numbers[3])
    lifecycle.allocate(offered.pk, agent=agent, now=now - timedelta(seconds=15))


def _call(
    queue: Queue, call_id: str, telephone: User, at: datetime, customer: str, *, keys: Sequence[str] = ("1", "1234567")
) -> tuple[Conversation, datetime]:
    """One that came to the IVR, where there is one, and pressed these keys; and when it did so last."""
    ivr = made(IvrDefinition).filter(channel=queue.channel).first()
    told = NewCall(
        call_id,
        queue.channel,
        queue=None if ivr else queue,
        ivr=ivr,
        customer_address=customer,
        sip_headers={"X-ACME-customerType": "gold" if int(customer) % 2 else "silver"},
    )
    call, _is_new = take_in(told, by=telephone, now=at)
    for entered in (None, *keys) if ivr else ():
        at += timedelta(seconds=7)
        go_through(call.pk, by=telephone, now=at, entered=entered)
    return call, at
