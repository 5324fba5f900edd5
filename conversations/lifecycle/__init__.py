"""The one place where a conversation changes state.

Each action is one transaction: it locks the conversation, checks the state, writes the change, a timeline event and the
rows that cause later work. A repeated action changes nothing and is no error; an impossible one says which state the
conversation is in and which it would need.

    received ─→ queued ─→ allocated ─→ accepted ─→ wrap-up ─→ handled
       │           │  ↖ rejected │         │ ↘ transferred: back to queued or allocated
       └───────────┴─────────────┴── abandoned (or false attempt) when it ends unaccepted
"""

from conversations.lifecycle.arriving import enqueue, receive
from conversations.lifecycle.changes import TakenByAnother, WrongChannel, WrongState, locked
from conversations.lifecycle.ending import end, handle
from conversations.lifecycle.reordered import began_earlier, ended_earlier
from conversations.lifecycle.serving import accept, allocate, hold, reject, transfer, withdraw

__all__ = [
    "TakenByAnother",
    "WrongChannel",
    "WrongState",
    "accept",
    "allocate",
    "began_earlier",
    "end",
    "ended_earlier",
    "enqueue",
    "handle",
    "hold",
    "locked",
    "receive",
    "reject",
    "transfer",
    "withdraw",
]
