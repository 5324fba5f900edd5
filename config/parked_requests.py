"""Requests that have been asked too early: they wait without a thread until there is something to answer.

A view that finds nothing new names in ``WAITS_FOR`` the topics that it waits for. The worker keeps the connection and
asks the application again once one of them is heard, or answers 204 after ``LONGEST``. Other web servers send the
view's answer at once.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from conversations.topics import WAITS_FOR

LONGEST = 25.0  # seconds; proxies give up after a minute
MOST = 600  # of one process, which takes a thousand connections
CROWD = 8  # more that wait for the same topic are asked one after another
SECONDS_BETWEEN_ITS_MEMBERS = 0.02
ACROSS_ORIGINS = "Access-Control-"
REMEMBERED = 60.0  # seconds; no request takes longer

Connection = TypeVar("Connection")


class WaitsForNews(Exception):
    """Raised in the place of an answer that says there is nothing yet. ``headers`` of it are part of any such answer:
    without them a page of another origin may not read it."""

    def __init__(self, topics: frozenset[str], headers: str = "") -> None:
        super().__init__(topics)
        self.topics, self.headers = topics, headers


def raising_too_early(application: WSGIApplication) -> WSGIApplication:
    """The application, except that it raises ``WaitsForNews`` where it names what it waits for."""

    def asked(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        named: list[str] = []
        across: list[str] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            named[:] = [value for name, value in headers if name == WAITS_FOR]
            across[:] = [f"{name}: {value}\r\n" for name, value in headers if name.startswith(ACROSS_ORIGINS)]
            return start_response(status, headers, exc_info)

        answer = application(environ, start)
        if named:
            if close := getattr(answer, "close", None):
                close()
            raise WaitsForNews(frozenset(named[0].split()), "".join(across))
        return answer

    return asked


@dataclass
class Sent:
    """What came over a connection, when a thread last got it, and until when it may wait."""

    data: bytes
    given_at: float
    until: float
    topics: frozenset[str] = field(default_factory=frozenset)
    headers: str = ""


class ParkedRequests(Generic[Connection]):
    """Who waits for what. ``ask`` is called with those that are to be asked again; all of it in one thread."""

    def __init__(self, ask: Callable[[Connection, Sent], None]) -> None:
        self.ask = ask
        self.sent: dict[Connection, Sent] = {}
        self.waiting: defaultdict[str, set[Connection]] = defaultdict(set)
        self.heard_at: dict[str, float] = {}
        self.crowd: dict[Connection, None] = {}
        self.next_of_crowd_at = 0.0

    def __len__(self) -> int:
        return len(self.sent)

    def park(self, connection: Connection, sent: Sent, *, listening_since: float) -> None:
        """Let it wait, or ask it again at once where a topic was heard after a thread got it, or may have been."""
        if listening_since >= sent.given_at or any(
            self.heard_at.get(topic, 0.0) >= sent.given_at for topic in sent.topics
        ):
            self.ask(connection, sent)
            return
        self.sent[connection] = sent
        for topic in sent.topics:
            self.waiting[topic].add(connection)

    def remove(self, connection: Connection) -> Sent:
        sent = self.sent.pop(connection)
        self.crowd.pop(connection, None)
        for topic in sent.topics:
            self.waiting[topic].discard(connection)
            if not self.waiting[topic]:
                del self.waiting[topic]
        return sent

    def hear(self, topics: Iterable[str]) -> None:
        """Those that few wait for are asked at once. A crowd, one after another, so that nobody waits behind it."""
        now = time.monotonic()
        for topic in topics:
            self.heard_at[topic] = now
            waiting = list(self.waiting.get(topic, ()))
            if len(waiting) > CROWD:
                self.crowd.update(dict.fromkeys(waiting))
            else:
                for connection in waiting:
                    self.ask(connection, self.remove(connection))

    def ask_next_of_crowd(self) -> None:
        now = time.monotonic()
        if self.crowd and now >= self.next_of_crowd_at:
            self.next_of_crowd_at = now + SECONDS_BETWEEN_ITS_MEMBERS
            connection = next(iter(self.crowd))
            self.ask(connection, self.remove(connection))

    def overdue(self) -> list[Connection]:
        """Those that have waited for the longest that any may; what was heard long ago is forgotten."""
        now = time.monotonic()
        self.heard_at = {topic: at for topic, at in self.heard_at.items() if now - at < REMEMBERED}
        return [connection for connection, sent in self.sent.items() if now >= sent.until]
