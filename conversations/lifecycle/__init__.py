"""The one place where a conversation changes state.

Each action is one transaction: it locks the conversation, checks the state, writes the change, a timeline event and the
rows that cause later work. A repeated action changes nothing and is no error; an impossible one says which state the
conversation is in and which it would need.

    received ─→ queued ─→ allocated ─→ accepted ─→ wrap-up ─→ handled
       │           │  ↖ rejected │         │ ↘ transferred: back to queued or allocated
       └───────────┴─────────────┴── abandoned (or false attempt) when it ends unaccepted
"""

from conversations.lifecycle.admission import QueueRefuses, why_turned_away
from conversations.lifecycle.arriving import enqueue, enter_ivr, prefer, receive
from conversations.lifecycle.changes import TakenByAnother, WrongChannel, WrongState, locked, save, tell
from conversations.lifecycle.consulting import (
    NobodyConsulted,
    accept_consultation,
    conference,
    consult,
    end_consultation,
)
from conversations.lifecycle.ending import end, handle
from conversations.lifecycle.holding import hold
from conversations.lifecycle.offering import Offer, offer
from conversations.lifecycle.participants import connect, leave
from conversations.lifecycle.reordered import began_earlier, ended_earlier, spoke_late
from conversations.lifecycle.serving import accept, allocate, reject, transfer, withdraw
from conversations.lifecycle.silence import end_if_silent, silent_calls
from conversations.lifecycle.taking_in import ArrivingTask, take_in

__all__ = [
    "ArrivingTask",
    "NobodyConsulted",
    "Offer",
    "QueueRefuses",
    "TakenByAnother",
    "WrongChannel",
    "WrongState",
    "accept",
    "accept_consultation",
    "allocate",
    "began_earlier",
    "conference",
    "connect",
    "consult",
    "end",
    "end_consultation",
    "end_if_silent",
    "ended_earlier",
    "enqueue",
    "enter_ivr",
    "handle",
    "hold",
    "leave",
    "locked",
    "offer",
    "prefer",
    "receive",
    "reject",
    "save",
    "silent_calls",
    "spoke_late",
    "take_in",
    "tell",
    "transfer",
    "why_turned_away",
    "withdraw",
]
